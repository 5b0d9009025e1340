"""The curve of one metric: its numbers, its picture, and what it says when it is pointed at."""

from __future__ import annotations

import dataclasses
import itertools
import math
import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.report import svg
from pytest_xraynoise.report.chart import degradation_chart
from pytest_xraynoise.report.curve import level, points, sparkline
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import render
from pytest_xraynoise.report.plane import SIZE, Plane, apart, limits
from pytest_xraynoise.report.tips import tips
from pytest_xraynoise.results import LimitCheck
from tests.report.factory import classifier, document, judged
from tests.report.test_html import Page


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


BASELINE = {0: 0.97, 1: 0.96, 2: 0.95, 3: 0.91, 4: 0.80, 5: 0.70}


def test_the_baseline_is_a_second_curve() -> None:
    record = document().tests[1]
    assert record.result is not None
    alone = degradation_chart(record.result, "auroc")
    both = degradation_chart(record.result, "auroc", baseline=BASELINE)
    assert "baseline" not in alone
    assert both.count("var(--baseline)") > 6
    assert ">baseline</text>" in both
    assert "severity 3 (12 photons at white): 0.900, baseline 0.910" in both
    assert "Baseline 0.910" in both


def test_every_rung_says_its_numbers_and_knows_its_place() -> None:
    record = document().tests[1]
    assert record.result is not None
    assert record.verdict is not None
    chart = degradation_chart(record.result, "auroc", checks=record.verdict.checks)
    hits = re.findall(r'<rect class="hit"[^>]*data-y="([\d.]+)"><title>([^<]*)</title>', chart)
    assert len(hits) == 6
    assert hits[3][1].splitlines()[0] == "Severity 3: 12 photons at white"
    assert re.fullmatch(r"Drop 0\.\d+ \[0\.\d+, 0\.\d+\]", hits[3][1].splitlines()[2])
    assert hits[3][1].splitlines()[3] == "max_auroc_drop=0.05: broken"
    # the curve falls, and the places go down the picture with it
    heights = [float(y) for y, _ in hits]
    assert heights == sorted(heights)
    path = re.search(r'd="M ([\d. L]+)" style="fill: none; stroke: var\(--accent\)', chart)
    assert path is not None
    drawn = [float(pair.split()[1]) for pair in path[1].split("L")]
    assert heights == pytest.approx(drawn, abs=0.06)


def test_as_many_digits_are_said_as_show_the_crossing() -> None:
    result = classifier(samples=80, strips=0)
    check = LimitCheck("max_auroc_drop=0.05", "auroc", 1, None, 0.0504, 0.05, True)
    assert re.search(r"AUROC 0\.\d{4}$", tips(result, "auroc", None, [check], {})[1][1])


@given(
    st.lists(st.floats(-1e3, 1e3), min_size=1, max_size=8),
    st.floats(0.01, 50),
)
def test_names_are_moved_apart_and_keep_their_order(places: list[float], least: float) -> None:
    moved = apart(places, least)
    ranked = [moved[i] for i in sorted(range(len(places)), key=lambda i: places[i])]
    assert all(b - a >= least - 1e-4 for a, b in itertools.pairwise(ranked))
    assert sum(moved) / len(moved) == pytest.approx(sum(places) / len(places), abs=1e-3)


@given(st.lists(st.floats(allow_nan=True, allow_infinity=True), max_size=6))
def test_the_plane_holds_every_finite_value(values: list[float]) -> None:
    values = [v for v in values if not abs(v) > 1e100 or not math.isfinite(v)]
    low, high = limits(values)
    assert low < high
    assert all(low <= v <= high for v in values if math.isfinite(v))


def test_letters_are_the_browsers_and_escaped() -> None:
    plane = Plane.of(2, 0, 1)
    plane.text(10, SIZE[1] - 20, "<b>&\x00", svg.INK, va="bottom", ha="right", small=True)
    assert plane.texts == [
        '<text x="10.0" y="17.7" font-size="9.5" text-anchor="end" '
        f'style="fill: {svg.INK}">&lt;b&gt;&amp;\ufffd</text>'
    ]
    assert plane.texts[0] in plane.svg()


def test_a_curve_of_equal_values_has_a_scale() -> None:
    plane = Plane.of(3, *limits([0.5, 0.5, 0.5]))
    plane.grid()
    plane.line(range(3), [0.5] * 3, svg.ACCENT)
    assert "NaN" not in plane.svg()
