"""Hostile text goes through every writer: what is written stays whole, and text stays text."""

from __future__ import annotations

import csv
import io
import json
import re
import unicodedata
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree as ET

import jsonschema
import pytest
import yaml
from markdown_it import MarkdownIt

from pytest_xraynoise.report import formats, junit
from pytest_xraynoise.report.csv import COLUMNS
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.github import annotation_lines, step_summary
from pytest_xraynoise.report.json import schema
from pytest_xraynoise.report.terminal import failure_text, one_line_summary, rungs, summary
from pytest_xraynoise.report.text import cells, one_line
from tests.report.hostile import TEXTS, hostile_document

XML_MAY_NOT = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")
OVERRIDES = re.compile("[\u202a-\u202e]")


def check_text(text: str) -> None:
    """Every terminal and file takes it, and nothing in it acts."""
    text.encode("utf-8")
    controls = {char for char in text if unicodedata.category(char) == "Cc"} - {"\n", "\t"}
    assert not controls
    assert not OVERRIDES.search(text)


def check_terminal(document: Document, text: str) -> None:
    for width in (60, 80, 120, 200):
        for lines in (summary, one_line_summary, rungs):
            for _, line in lines(document.tests, width):
                check_text(line)
                assert "\n" not in line
                assert cells(line) <= width
    for record in document.tests:
        check_text(failure_text(record).replace("\u202e", "").replace("\u202c", ""))


def check_junit(document: Document, text: str) -> None:
    root = ET.Element("properties")
    found = [p for r in document.tests for p in junit.properties(r)]
    for name, value in [*found, *junit.suite_properties(document)]:
        assert not XML_MAY_NOT.search(value)
        ET.SubElement(root, "property", name=name, value=value)
    back = ET.fromstring(ET.tostring(root, encoding="unicode"))
    assert ("xraynoise.noise", one_line(text)) in [(e.get("name"), e.get("value")) for e in back]


def check_json(document: Document, text: str) -> None:
    written = formats.render("json", document)
    assert written.isascii()
    data = json.loads(written)
    jsonschema.validate(data, schema())
    assert data["tests"][1]["nodeid"] == text, "JSON keeps text as it is"
    assert Document.from_dict(data).to_dict() == document.to_dict()


def check_csv(document: Document, text: str) -> None:
    written = formats.render("csv", document)
    check_text(written)
    rows = list(csv.reader(io.StringIO(written, newline=""), strict=True))
    assert {len(row) for row in rows} == {len(COLUMNS)}
    models = {row[list(COLUMNS).index("model")].lstrip("'") for row in rows[1:]}
    assert models == {one_line(text).lstrip("'"), ""}


class Tags(HTMLParser):
    """Counts tags, and keeps what is shown."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: dict[str, int] = {}
        self.attributes: set[str] = set()
        self.words: list[str] = []
        self.feed(page)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags[tag] = self.tags.get(tag, 0) + 1
        self.attributes |= {name for name, _ in attrs}

    def handle_data(self, data: str) -> None:
        self.words.append(data)


def check_html(document: Document, text: str) -> None:
    page = formats.render("html", document)
    page.encode("utf-8")
    assert not XML_MAY_NOT.search(page)
    found, plain = Tags(page), Tags(formats.render("html", hostile_document("plain")))
    assert found.tags.get("script") == plain.tags.get("script"), "a script of its own"
    assert found.tags.keys() == plain.tags.keys()
    assert found.attributes == plain.attributes
    assert one_line(text)[:40] in " ".join(" ".join(found.words).split())


def check_markdown(document: Document, text: str) -> None:
    for written in (
        formats.render("markdown", document),
        step_summary(document, {"GITHUB_RUN_ID": "1"}, [Path(f"{text[:40]}.html")], 1 << 20),
    ):
        check_text(written)
        shown = MarkdownIt("commonmark").enable("table").render(written)
        assert set(re.findall(r"<(\w+)", shown)) <= {
            "h2", "p", "strong", "table", "thead", "tbody", "tr", "th", "td",
        }  # fmt: skip
        rows = shown.split("<tbody>")[1].split("<tr>")[1:]
        assert len(rows) == 4
        assert all(row.count("<td") == 9 for row in rows)


def check_model_card(document: Document, text: str) -> None:
    written = formats.render("model-card", document)
    check_text(written)
    _, block, body = written.split("---\n", 2)
    (model,) = yaml.safe_load(block)["model-index"]
    assert model["name"] == one_line(text)
    assert model["results"][0]["dataset"]["name"].startswith(one_line(text))
    shown = MarkdownIt("commonmark").enable("table").render(body)
    assert set(re.findall(r"<(\w+)", shown)) <= {
        "h2", "h3", "p", "strong", "ul", "li", "table", "thead", "tbody", "tr", "th", "td",
    }  # fmt: skip


def check_github(document: Document, text: str) -> None:
    lines = annotation_lines(document.tests, Path("/w"), Path("/w"))
    assert len(lines) == 3
    for line in lines:
        check_text(line)
        assert len(line.splitlines()) == 1
        assert re.match(r"::error (file=[^:,]*,line=\d+,)title=[^:,]*::", line)


CHECKS = {
    "terminal": check_terminal,
    "JUnit": check_junit,
    "JSON": check_json,
    "CSV": check_csv,
    "HTML": check_html,
    "markdown": check_markdown,
    "model card": check_model_card,
    "GitHub": check_github,
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS.keys())
@pytest.mark.parametrize("check", CHECKS.values(), ids=CHECKS.keys())
def test_every_writer_takes_it(check: Callable[[Document, str], None], text: str) -> None:
    check(hostile_document(text), text)
