from __future__ import annotations

import base64
import dataclasses
import math
import re
from html.parser import HTMLParser
from pathlib import Path

import numpy as np
import pytest

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report import page, svg
from pytest_xraynoise.report.chart import degradation_chart
from pytest_xraynoise.report.curve import level, points, sparkline
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import render, write_html
from pytest_xraynoise.report.overlay import overlay
from pytest_xraynoise.report.sections import section
from pytest_xraynoise.report.strips import shares, strip_views
from pytest_xraynoise.results import LadderResult, LimitCheck, TestRecord, Verdict
from tests.report.factory import (
    ENVIRONMENT,
    chest,
    classifier,
    document,
    found_mask,
    judged,
    png,
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
    assert "script" not in drawn.tags
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
    assert {f"test-{i}" for i in range(1, 6)} <= anchors


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
    assert "white outline: the truth" in drawn.text


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
    assert "script" not in found.tags
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


@pytest.mark.parametrize(
    ("outcomes", "title"),
    [
        (["passed"], "The test passed"),
        (["passed", "passed"], "All 2 tests passed"),
        (["passed", "xfailed"], "No test failed; 1 of 2 tests passed"),
        (["error"], "1 of 1 test could not be evaluated"),
        (["failed", "passed"], "1 of 2 tests failed"),
        (["xpassed", "failed"], "1 of 2 tests failed"),
        (["xpassed"], "No test failed; 0 of 1 test passed"),
    ],
)
def test_the_title_is_the_verdict(outcomes: list[str], title: str) -> None:
    assert page.title([TestRecord("t", outcome) for outcome in outcomes]) == title


def test_without_failures_the_closest_call_comes_first() -> None:
    result = classifier("gaussian", ("A",), (1, 1, 0.99, 0.98, 0.97, 0.96), samples=80, strips=0)
    loose = judged(result, "max_auroc_drop=0.5")
    tight = judged(result, "max_auroc_drop=0.1")
    found = page.hero([loose, tight])
    assert found is not None
    assert not found.failed
    assert found.index == 1
    assert "max_auroc_drop=0.1" in found.sentence


def test_an_expected_failure_is_never_the_worst_failure() -> None:
    records = document().tests
    assert page.hero([records[4]]) is None
    assert page.state(records[4]).word == "expected failure"


def test_failures_come_first() -> None:
    kinds = [page.state(record).kind for record in page.worst_first(document().tests)]
    assert kinds == ["fail", "fail", "error", "xfail", "pass"]


def test_the_heatmap_puts_the_worst_label_first() -> None:
    heat = section(0, document().tests[1], 0).heatmap
    assert heat is not None
    worst = [max(float(cell.text) for cell in cells) for _, cells in heat.rows]
    assert worst == sorted(worst, reverse=True)
    assert max(cell.strength for _, cells in heat.rows for cell in cells) == 1.0


def test_the_band_is_the_interval_of_the_drop() -> None:
    result = classifier(samples=80, strips=0)
    clean = result.clean["auroc"]
    for point in points(result, "auroc")[1:]:
        interval = result.metric("auroc").interval(severity=point.severity)
        assert math.isclose(point.low, clean - interval.high)
        assert math.isclose(point.high, clean - interval.low)
    rising = points(result, "ece")[1]
    assert math.isclose(rising.value, 0.06)
    assert rising.low < rising.value < rising.high


@pytest.mark.parametrize(
    ("limit", "metric", "lower", "expected"),
    [
        ("max_auroc_drop=0.05", "auroc", False, 0.85),
        ("max_relative_auroc_drop=0.05", "auroc", False, 0.855),
        ("min_auroc=0.05", "auroc", False, 0.05),
        ("max_ece_increase=0.05", "ece", True, 0.95),
        ("max_ece=0.05", "ece", True, 0.05),
        ("baseline auroc:0.01", "auroc", False, None),
    ],
)
def test_a_limit_stands_at_its_level(
    limit: str, metric: str, lower: bool, expected: float | None
) -> None:
    check = LimitCheck(limit, metric, 1, None, 0.0, 0.05, False)
    found = level(check, 0.9, lower=lower)
    assert found == (None if expected is None else pytest.approx(expected))


def test_of_two_limits_the_tighter_is_drawn() -> None:
    result = classifier(samples=80, strips=0)
    checks = [
        LimitCheck("min_auroc=0.8", "auroc", 1, None, 0.9, 0.8, False),
        LimitCheck("max_auroc_drop=0.5", "auroc", 1, None, 0.1, 0.5, False),
    ]
    assert points(result, "auroc", None, checks)[1].limit == 0.8


def test_a_chart_is_small_named_themed_and_the_same_every_time() -> None:
    record = document().tests[1]
    assert record.result is not None
    assert record.verdict is not None
    first, again = (
        degradation_chart(record.result, "auroc", checks=record.verdict.checks, name="c")
        for _ in range(2)
    )
    assert first == again
    assert len(first) < 40_000
    assert "severity 3 (12 photons at white): 0.900, beyond the limit" in first
    assert 'role="img" aria-labelledby="c-title c-desc"' in first
    for leftover in ("http", "<style", "<metadata", "<?xml", "#0102", "font-family"):
        assert leftover not in first
    assert set(re.findall(r'id="([^"]+)"', first)) >= set(re.findall(r"url\(#([^)]+)\)", first))
    assert svg.ACCENT not in first
    assert "var(--accent)" in first


def test_a_chart_of_missing_values_is_still_drawn() -> None:
    result = classifier(samples=80, strips=0)
    rungs = []
    for rung in result.rungs:
        value = dataclasses.replace(rung.metrics["auroc"], value=math.nan, drop=math.nan, labels={})
        rungs.append(dataclasses.replace(rung, metrics={"auroc": value}))
    empty = result.replace(rungs=tuple(rungs))
    assert degradation_chart(empty, "auroc").startswith("<svg")
    assert sparkline(points(empty, "auroc")) == ""
    Page(render(Document({}, (judged(empty, "max_auroc_drop=0.05", outcome="failed"),))))


def test_a_single_clean_rung_is_still_a_page() -> None:
    result = segmenter(strips=0)
    alone: LadderResult = result.replace(rungs=result.rungs[:1])
    Page(render(Document({}, (TestRecord("t", "passed", result=alone),))))


def test_the_overlay_shows_prediction_and_truth() -> None:
    from io import BytesIO

    from PIL import Image

    _, mask = chest(1, 64)
    found = found_mask(mask, 3, 1)
    data = base64.b64decode(overlay(png(found), png(mask)))
    picture = np.asarray(Image.open(BytesIO(data)).convert("RGBA"))
    assert picture.shape == (192, 192, 4)
    corner = np.argwhere((found == 0) & (mask == 0))[0] * 3 + 1
    assert picture[corner[0], corner[1], 3] == 0
    inside = np.argwhere(found == 2)[len(np.argwhere(found == 2)) // 2] * 3 + 1
    assert picture[inside[0], inside[1], 3] > 0
    white = (picture[..., :3] > 240).all(-1) & (picture[..., 3] > 200)
    assert white.any()
    plain = np.asarray(Image.open(BytesIO(base64.b64decode(overlay(png(found))))).convert("RGBA"))
    assert not ((plain[..., :3] > 240).all(-1) & (plain[..., 3] > 200)).any()


@pytest.mark.parametrize("bad", ["not base64!", base64.b64encode(b"<svg onload=1>").decode()])
def test_only_png_gets_into_the_page(bad: str) -> None:
    result = classifier(samples=60, strips=1)
    frame = dataclasses.replace(result.strips[0].frames[0], image=bad)
    strip = dataclasses.replace(result.strips[0], frames=(frame,))
    with pytest.raises(ReportError, match="not a base64 PNG"):
        strip_views(result.replace(strips=(strip,)), 1)
    with pytest.raises(ReportError, match="not a base64 PNG"):
        overlay(bad)


def test_strips_come_worst_degraded_first() -> None:
    result = classifier(samples=60, strips=3)
    shuffled = result.replace(strips=result.strips[::-1])
    by_degradation = sorted(result.strips, key=lambda strip: -strip.degradation)
    views = strip_views(shuffled, 3)
    assert [view.sample_id for view in views] == [strip.sample_id for strip in by_degradation]


def test_many_labels_are_cut_to_the_true_and_the_changed() -> None:
    labels = tuple(f"finding {i}" for i in range(14))
    result = classifier(labels=labels, samples=120, strips=2)
    for view, strip in zip(
        strip_views(result, 2), sorted(result.strips, key=lambda s: -s.degradation), strict=True
    ):
        shown = {score.label for score in view.frames[0].scores}
        assert len(shown) == 6
        assert view.left_out == 8
        truths = [t for t in strip.truth.split(", ") if t in labels]
        assert set(truths[:6]) <= shown or len(truths) > 6


def test_pictures_keep_within_their_budget() -> None:
    failed, passed = document().tests[1], document().tests[0]
    assert failed.result is not None
    size = sum(len(frame.image) for frame in failed.result.strips[0].frames)
    assert shares([passed, failed], budget=0) == [0, 0]
    assert shares([passed, failed], budget=int(size * 1.2)) == [0, 1]
    assert shares([passed, failed]) == [1, 3]
    assert section(0, failed, 1).strips_left_out == 2


def test_a_limit_on_the_mean_has_its_own_row_and_line() -> None:
    result = classifier(samples=80, strips=0)
    check = LimitCheck("max_auroc_drop=0.05", "auroc", None, None, 0.07, 0.05, True)
    record = TestRecord("t", "failed", Verdict("fail", "", (check,)), result=result)
    block = section(0, record, 0).blocks[0]
    assert (block.rows[-1].severity, block.rows[-1].drop, block.rows[-1].state) == (
        "mean",
        "0.070",
        "fail",
    )
    assert f"limit {result.clean['auroc'] - 0.05:.3f}" in block.chart


def test_limits_on_labels_are_shown_with_the_mean() -> None:
    result = classifier(samples=200, strips=0)
    record = judged(result, "max_auroc_drop=0.05", label="Pneumothorax")
    titles = [block.title for block in section(0, record, 0).blocks]
    assert titles == ["AUROC of Pneumothorax", "AUROC, mean of 6 labels"]
    macro = judged(result, "max_auroc_drop=0.9")
    assert record.verdict is not None
    assert macro.verdict is not None
    both = Verdict("fail", "", macro.verdict.checks + record.verdict.checks)
    blocks = section(0, dataclasses.replace(record, verdict=both), 0).blocks
    assert [b.title for b in blocks] == ["AUROC of Pneumothorax", "AUROC, mean of 6 labels"]
    Page(render(Document({}, (dataclasses.replace(record, verdict=both),))))
