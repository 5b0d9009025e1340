"""The per-image strip plot: its median and worst tenth, and which images are drawn."""

from __future__ import annotations

from functools import cache

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.metrics.tail import worst_decile
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import render
from pytest_xraynoise.report.panel_charts import per_image_chart
from pytest_xraynoise.report.per_image import MOST_DOTS, jitter, per_image
from pytest_xraynoise.results import LadderResult
from tests.report.factory import classifier, judged, segmenter
from tests.report.test_html import Page


@cache
def a_segmentation() -> LadderResult:
    return segmenter(samples=3, strips=0)


def with_dice(rows: np.ndarray) -> LadderResult:
    """A segmentation whose images have these Dice values, a little less at each severity."""
    base = a_segmentation()
    scores = {s: np.clip(rows - 0.05 * s, 0, 1) for s in base.severities}
    return base.replace(_scores=scores)


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 400), st.integers(0, 99))
def test_median_and_worst_tenth_are_of_all_images(count: int, seed: int) -> None:
    rows = np.random.default_rng(seed).random((count, 1))
    found = per_image(with_dice(rows))
    assert found is not None
    first = found.columns[0]
    assert found.images == count
    assert first.median == pytest.approx(float(np.median(rows)))
    assert first.worst_decile == pytest.approx(worst_decile(rows, rows).value)
    assert len(first.dots) == min(count, MOST_DOTS) == found.drawn
    assert first.dots[0] == rows.min()
    assert first.dots[-1] == rows.max()
    assert list(first.dots) == sorted(first.dots)


def test_a_dot_is_the_mean_over_the_labels_that_an_image_has() -> None:
    rows = np.array([[0.2, 0.4], [np.nan, 0.8], [np.nan, np.nan], [0.6, 0.6]])
    found = per_image(with_dice(rows))
    assert found is not None
    assert found.columns[0].dots == pytest.approx((0.3, 0.6, 0.8))
    assert found.images == 3


@given(st.integers(2, 300))
def test_dots_are_spread_the_same_every_time(count: int) -> None:
    shifts = jitter(count)
    assert (np.abs(shifts) <= 1).all()
    assert len(np.unique(shifts)) == count
    np.testing.assert_array_equal(shifts[: count // 2], jitter(count // 2))


def test_the_chart_has_a_dot_for_each_image_and_stays_small() -> None:
    rows = np.random.default_rng(1).random((1000, 2))
    found = per_image(with_dice(rows))
    assert found is not None
    chart = per_image_chart(found, "c")
    assert chart.count("h0") == 6 * MOST_DOTS
    assert len(chart) < 16_000
    assert chart == per_image_chart(found, "c")
    assert f"severity 0 (clean): median {np.median(rows.mean(1)):.3f}" in chart


def test_the_page_shows_it_for_segmentations_only() -> None:
    lungs = Page(render(Document({}, (judged(segmenter(strips=0), "max_dice_drop=0.1"),)))).text
    assert "Dice of each image, mean of its labels" in lungs
    assert "A dot for each of 12 images." in lungs
    findings = classifier(samples=60, strips=0)
    assert per_image(findings) is None
    assert per_image(segmenter(strips=0).replace(_scores={})) is None
    other = Page(render(Document({}, (judged(findings, "max_auroc_drop=0.1"),)))).text
    assert "Dice of each image" not in other
