"""What the schema junit-10 of Jenkins' xUnit plugin allows, in our own words.

pytest's family ``xunit2`` follows that schema. One element more is allowed here, properties of a
test case, which readers know and the schema does not: see ``docs/ci.md``.
"""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

NUMBER = r"[0-9]+(\.[0-9]{0,3})?"
TEXT = ".*"
# element: ({attribute: (required, form)}, {child: how many at most, None for any number})
RULES: dict[str, tuple[dict[str, tuple[bool, str]], dict[str, int | None]]] = {
    "testsuites": (
        {
            "name": (False, TEXT),
            "time": (False, NUMBER),
            "tests": (False, TEXT),
            "failures": (False, TEXT),
            "errors": (False, TEXT),
        },
        {"testsuite": None},
    ),
    "testsuite": (
        {
            "name": (True, TEXT),
            "tests": (True, TEXT),
            "failures": (True, TEXT),
            "errors": (True, TEXT),
            "skipped": (False, TEXT),
            "time": (False, NUMBER),
            "timestamp": (False, TEXT),
            "hostname": (False, TEXT),
        },
        {"properties": 1, "testcase": None},
    ),
    "testcase": (
        {"name": (True, TEXT), "time": (False, TEXT), "classname": (False, TEXT)},
        {
            "properties": 1,
            "skipped": None,
            "error": None,
            "failure": None,
            "system-out": None,
            "system-err": None,
        },
    ),
    "properties": ({}, {"property": None}),
    "property": ({"name": (True, TEXT), "value": (True, TEXT)}, {}),
    **{
        name: ({"type": (False, TEXT), "message": (False, TEXT)}, {})
        for name in ("failure", "error", "skipped")
    },
    "system-out": ({}, {}),
    "system-err": ({}, {}),
}
WITHOUT_TEXT = ("testsuites", "testsuite", "testcase", "properties", "property")


def assert_valid(element: ET.Element) -> None:
    """Fail on anything below ``element`` that the schema would refuse."""
    attributes, children = RULES[element.tag]
    for name, (required, form) in attributes.items():
        assert not required or name in element.attrib, f"{element.tag} lacks {name}"
        if name in element.attrib:
            assert re.fullmatch(form, element.attrib[name], re.DOTALL), (name, element.attrib[name])
    assert set(element.attrib) <= set(attributes), element.tag
    for child in element:
        assert child.tag in children, f"{child.tag} in {element.tag}"
        most = children[child.tag]
        assert most is None or len(element.findall(child.tag)) <= most
        assert_valid(child)
    if element.tag in WITHOUT_TEXT:
        texts = [element.text, *(child.tail for child in element)]
        assert not "".join(text or "" for text in texts).strip()
