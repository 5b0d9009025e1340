"""The curve of a robust test in its row of pytest-html."""

from __future__ import annotations

import base64
import json
import re
import xml.etree.ElementTree as ET
from html.parser import HTMLParser
from typing import Any

import pytest

from tests.plugin.conftest import stdout

pytest.importorskip("pytest_html")


class Blob(HTMLParser):
    """The data that pytest-html puts into its page."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.data: dict[str, Any] = {}
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        blob = dict(attrs).get("data-jsonblob")
        if blob:
            self.data = json.loads(blob)


def curves(page: str) -> dict[str, list[str]]:
    """The curves of each row, as SVG documents, by the last part of the test's id."""
    found = {}
    for nodeid, rows in Blob(page).data["tests"].items():
        content = [each["content"] for row in rows for each in row["extras"]]
        found[nodeid.split("::", 1)[1]] = [
            base64.b64decode(data).decode()
            for text in content
            for data in re.findall(r'src="data:image/svg\+xml;base64,([^"]+)"', text)
        ]
    return found


@pytest.mark.parametrize("more", [(), ("-n", "2", "--self-contained-html")])
def test_each_row_has_its_curve(mixed: pytest.Pytester, more: tuple[str, ...]) -> None:
    run = mixed.runpytest_subprocess if more else mixed.runpytest_inprocess
    result = run("--html=page.html", *more, "-W", "error")
    result.assert_outcomes(passed=3, failed=2, errors=1, xfailed=1)
    assert "warning" not in stdout(result).lower()
    found = curves((mixed.path / "page.html").read_text("utf-8"))
    assert {name: len(each) for name, each in found.items()} == {
        "test_holds[poisson]": 1,
        "test_breaks[poisson]": 1,
        "test_breaks[gaussian]": 1,
        "test_expected[gaussian]": 1,
        "test_masks[gaussian]": 1,
        "test_error[poisson]": 0,
        "test_unmarked": 0,
    }
    broken = found["test_breaks[gaussian]"][0]
    root = ET.fromstring(broken)
    assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "var(" not in broken
    said = "".join(root.itertext())
    assert "AUROC along the ladder of gaussian noise" in said
    assert "beyond the limit" in said


def test_a_fixture_of_its_own_extras_keeps_them(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest_html
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(extras):
            extras.append(pytest_html.extras.html("<p>of the user</p>"))
        """
    )
    repo.runpytest_inprocess("--html=page.html", "-W", "error").assert_outcomes(passed=1)
    rows = Blob((repo.path / "page.html").read_text("utf-8")).data["tests"]
    content = [e["content"] for row in next(iter(rows.values())) for e in row["extras"]]
    assert sum("of the user" in each for each in content) == 1
    assert sum("data:image/svg+xml" in each for each in content) == 1


def test_an_id_that_pytest_html_cannot_read_has_no_curve_and_ends_nothing(
    repo: pytest.Pytester,
) -> None:
    repo.makepyfile(
        r"""
        import pytest
        from pytest_xraynoise import robust

        @pytest.mark.parametrize("folder", ["C:\\Users", "\\d"], ids=["C:\\Users", "\\d"])
        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(folder): ...
        """
    )
    result = repo.runpytest_inprocess("--html=page.html", "-W", "error")
    result.assert_outcomes(passed=2)
    assert "INTERNALERROR" not in stdout(result)


def test_without_its_option_nothing_is_drawn(repo: pytest.Pytester) -> None:
    repo.makeconftest((repo.path / "conftest.py").read_text() + LOADED)
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(): ...
        """
    )
    repo.runpytest_subprocess().assert_outcomes(passed=1)


LOADED = """

def pytest_sessionfinish():
    import sys
    assert "pytest_xraynoise.report.row_picture" not in sys.modules
    assert "matplotlib" not in sys.modules
"""
