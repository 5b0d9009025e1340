from __future__ import annotations

import dataclasses
from html.parser import HTMLParser
from pathlib import Path

import pytest

from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import _environment, render, write_html
from pytest_xraynoise.report.rows import rows
from pytest_xraynoise.report.scripts import scripts
from pytest_xraynoise.report.sections import section
from pytest_xraynoise.results import LadderResult, LimitCheck, TestRecord, Verdict
from tests.report.factory import (
    ENVIRONMENT,
    classifier,
    document,
    judged,
    segmenter,
)

VOID = {"meta", "link", "img", "br", "hr", "input", "use", "path", "polyline", "circle"}
HOSTILE = "<script>alert(1)</script>\"'&\x00\x1b[31m\ud800🫁 \u202eصدر"


class Page(HTMLParser):
    """Collects tags, ids, addresses and text; fails on tags that do not match."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.tags: list[str] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.handlers: list[str] = []
        self.words: list[str] = []
        self._open: list[str] = []
        self.feed(text)
        self.close()
        assert self._open == []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        for name, value in attrs:
            if name == "id":
                self.ids.append(value or "")
            if name in ("src", "href"):
                self.addresses.append(value or "")
            if name.startswith("on"):
                self.handlers.append(name)
        if tag not in VOID:
            self._open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self._open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self._open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.words.append(data)

    @property
    def text(self) -> str:
        return " ".join("".join(self.words).split())


@pytest.fixture(scope="module")
def drawn() -> Page:
    return Page(render(document()))


def test_the_page_asks_the_network_for_nothing(drawn: Page) -> None:
    assert drawn.handlers == []
    assert {a[:1] if a.startswith("#") else a[:5] for a in drawn.addresses} == {"#", "data:"}
    text = render(document())
    assert "http:" not in text
    assert "https:" not in text
    assert "@import" not in text
    assert "default-src 'none'" in text


def test_ids_are_unique_and_every_anchor_leads_somewhere(drawn: Page) -> None:
    assert len(drawn.ids) == len(set(drawn.ids))
    anchors = {a[1:] for a in drawn.addresses if a.startswith("#")}
    assert anchors <= set(drawn.ids)
    assert {f"test-{i}" for i in range(1, 6)} <= set(drawn.ids)
    assert {row.slug for row in rows(document().tests)} <= anchors


def test_the_top_says_what_broke(drawn: Page) -> None:
    top = drawn.text[drawn.text.index("Robustness to") : drawn.text.index("All tests")]
    for part in (
        "2 of 5 tests failed, 1 could not be evaluated",
        "1 error",
        "1 expected failure",
        "1 passed",
        "unet-resnet34 (lungs)",
        "Dice fell by",
        "0.12 of full scale",
    ):
        assert part in top


def test_what_is_needed_to_repeat_the_run_is_there(drawn: Page) -> None:
    for part in (
        "densenet121 (ChestX-ray14)",
        "cuda:0 (NVIDIA H100)",
        "torch 2.6.0",
        str(ENVIRONMENT["commit"]),
        "pytest tests/robustness --xraynoise-report --xraynoise-json=noise.json",
        "2026-03-14 09:26:53 UTC",
    ):
        assert part in drawn.text


def test_each_test_has_curve_table_heatmap_and_strips(drawn: Page) -> None:
    assert drawn.text.count("What the model saw and said") == 4
    assert sum(tag == "svg" for tag in drawn.tags) > 4
    assert "Drop in AUROC by label and severity" in drawn.text
    assert "60 photons at white" in drawn.text
    assert "ModelError: the model returned NaN" in drawn.text
    assert "known to be brittle until retrained with noise" in drawn.text
    assert "white line: the truth" in drawn.text


def hostile_document() -> Document:
    labels = (HOSTILE, "</style><b>", "plain$x^2$")
    result = classifier(labels=labels, samples=60, strips=1).replace(
        model=HOSTILE, dataset=HOSTILE, noise=HOSTILE, excluded={HOSTILE: HOSTILE}
    )
    record = judged(result, "max_auroc_drop=0.05", nodeid=f"a.py::{HOSTILE}" + "x" * 10_000)
    error = TestRecord(HOSTILE, "error", message=f"</pre>{HOSTILE}")
    return Document({"command": [HOSTILE], "platform": HOSTILE}, (record, error))


def test_hostile_text_is_shown_and_nothing_else(tmp_path: Path) -> None:
    write_html(hostile_document(), tmp_path / "page.html")
    text = (tmp_path / "page.html").read_text("utf-8")
    found = Page(text)
    assert found.tags.count("script") == 1 + len(scripts(_environment()).texts)
    assert text.count("</style>") == 1
    assert "<script>alert(1)</script>\"'&�" in "".join(found.words)
    assert "🫁" in text
    assert "صدر" in text
    assert "x" * 10_000 in text
    assert "\x00" not in text
    assert "\x1b" not in text


def test_an_empty_document_is_a_page() -> None:
    found = Page(render(Document({}, ())))
    assert "No robustness test ran" in found.text


def test_a_single_clean_rung_is_still_a_page() -> None:
    result = segmenter(strips=0)
    alone: LadderResult = result.replace(rungs=result.rungs[:1])
    Page(render(Document({}, (TestRecord("t", "passed", result=alone),))))


def test_a_limit_on_the_mean_has_its_own_row_and_line() -> None:
    result = classifier(samples=80, strips=0)
    check = LimitCheck("max_auroc_drop=0.05", "auroc", None, None, 0.07, 0.05, True)
    record = TestRecord("t", "failed", Verdict("fail", "", (check,)), result=result)
    block = section(0, record).blocks[0]
    assert (block.rows[-1].severity, block.rows[-1].drop, block.rows[-1].state) == (
        "mean",
        "0.070",
        "fail",
    )
    assert f"limit {result.clean['auroc'] - 0.05:.3f}" in block.chart


def test_limits_on_labels_are_shown_with_the_mean() -> None:
    result = classifier(samples=200, strips=0)
    record = judged(result, "max_auroc_drop=0.05", label="Pneumothorax")
    titles = [block.title for block in section(0, record).blocks]
    assert titles == ["AUROC of Pneumothorax", "AUROC, mean of 6 labels"]
    macro = judged(result, "max_auroc_drop=0.9")
    assert record.verdict is not None
    assert macro.verdict is not None
    both = Verdict("fail", "", macro.verdict.checks + record.verdict.checks)
    blocks = section(0, dataclasses.replace(record, verdict=both)).blocks
    assert [b.title for b in blocks] == ["AUROC of Pneumothorax", "AUROC, mean of 6 labels"]
    Page(render(Document({}, (dataclasses.replace(record, verdict=both),))))
