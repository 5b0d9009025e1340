"""The operating-point panel: numbers against scikit-learn, and what the page shows of them."""

from __future__ import annotations

import dataclasses
import json

import numpy as np
import pytest
import torch
from sklearn.metrics import recall_score

from pytest_xraynoise import evaluate
from pytest_xraynoise.report.deciding import deciding
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import render
from pytest_xraynoise.report.json import dumps
from pytest_xraynoise.report.operating_point import Operating, operating
from pytest_xraynoise.report.panel_charts import operating_chart, reliability_chart
from pytest_xraynoise.results import LadderResult, TestRecord
from tests.report.factory import classifier, judged, segmenter
from tests.report.test_html import HOSTILE, Page


def found_in(result: LadderResult, **settings: object) -> Operating:
    result = result.replace(settings={**result.settings, **settings})
    found = operating(result, deciding(judged(result, "max_auroc_drop=0.05")))
    assert found is not None
    return found


def test_rates_at_given_thresholds_are_recalls() -> None:
    result = classifier(samples=200, strips=0)
    thresholds = dict(zip(result.labels, (0.2, 0.3, 0.4, 0.35, 0.25, 0.5), strict=True))
    found = found_in(result, thresholds=thresholds, operating_point="given threshold")
    limits = np.array(list(thresholds.values()))
    for row in found.rows:
        said = result.scores(severity=row.severity) >= limits
        hits = [recall_score(t, s) for t, s in zip(result.targets.T, said.T, strict=True)]
        alarms = [
            recall_score(t, s, pos_label=0) for t, s in zip(result.targets.T, said.T, strict=True)
        ]
        assert row.sensitivity == pytest.approx(np.mean(hits))
        assert row.specificity == pytest.approx(np.mean(alarms))
    worst = result.scores(severity=5) >= limits
    for label in found.labels:
        k = result.labels.index(label.label)
        assert label.threshold == f"{thresholds[label.label]:.3f}"
        assert label.sensitivity[1] == f"{recall_score(result.targets[:, k], worst[:, k]):.3f}"
    assert found.point == "given threshold"
    assert found.worst == 5


def test_without_thresholds_the_youden_index_of_the_clean_images_is_taken() -> None:
    result = classifier("gaussian", ("Pneumonia",), samples=150, strips=0)
    found = found_in(result)
    truth, clean = result.targets == 1, result.scores(severity=0)
    best = max((clean[truth] >= t).mean() + (clean[~truth] < t).mean() for t in np.unique(clean))
    first = found.rows[0]
    assert first.sensitivity + first.specificity == pytest.approx(best)
    assert found.labels == ()
    assert "Youden" in found.point
    said = result.scores(severity=3) >= float(found.threshold)
    assert found.rows[3].sensitivity == pytest.approx(recall_score(truth, said), abs=0.02)


class Texture(torch.nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        steps = images[..., 1:] - images[..., :-1]
        return 900 * ((steps**2).mean((1, 2, 3)) - 0.0008)


@pytest.fixture(scope="module")
def measured() -> LadderResult:
    """A brittle model on a checkerboard, twice drawn."""
    generator = torch.Generator().manual_seed(2)
    target = (torch.arange(60) % 2).float()
    line = torch.arange(16)
    board = ((line[:, None] + line[None]) % 2).float() * 2 - 1
    images = 0.5 + 0.02 * target[:, None, None] * board
    images = images + 0.012 * torch.randn(60, 16, 16, generator=generator)
    data = (images[:, None].clamp(0, 1), target)
    return evaluate(Texture(), data, noise="gaussian", sigma=[0.01, 0.03], repeats=2, strips=1)


def test_what_was_measured_is_what_is_shown(measured: LadderResult) -> None:
    found = operating(measured, None)
    assert found is not None
    for row in found.rows:
        for name in ("sensitivity", "specificity"):
            assert getattr(row, name) == measured.metric(name).value(severity=row.severity)
    assert found.ece == tuple(f"{measured.metric('ece').value(severity=s):.3f}" for s in (0, 2))
    assert found.clean is not None
    assert found.noisy is not None
    assert found.clean.count.sum() == 60
    assert found.noisy.count.sum() == 120  # both draws
    assert found.clean.ece == pytest.approx(measured.metric("ece").value(severity=0))
    recomputed = operating(_without(measured, "sensitivity"), None)
    assert recomputed is not None
    for a, b in zip(found.rows, recomputed.rows, strict=True):
        assert a.sensitivity == pytest.approx(b.sensitivity)
        assert a.specificity == pytest.approx(b.specificity)


def _without(result: LadderResult, metric: str) -> LadderResult:
    rungs = tuple(
        dataclasses.replace(r, metrics={n: v for n, v in r.metrics.items() if n != metric})
        for r in result.rungs
    )
    return result.replace(rungs=rungs)


def test_it_is_drawn_again_from_a_file(measured: LadderResult) -> None:
    document = Document({}, (TestRecord("a.py::t", "passed", result=measured),))
    back = Document.from_dict(json.loads(dumps(document)))
    assert render(back) == render(document)
    text, found = Page(render(back)).text, operating(measured, deciding(document.tests[0]))
    assert found is not None
    assert "Operating point and calibration" in text
    assert f"Threshold {found.threshold}: Youden index on the clean images" in text
    assert f"severity {found.worst}, {found.worst_noise}{found.ece[1]}" in text  # cell by cell


def test_charts_say_their_numbers_and_are_the_same_every_time() -> None:
    found = found_in(classifier(samples=120, strips=0))
    chart = operating_chart(found, "a")
    assert chart == operating_chart(found, "a")
    assert f"severity 5 (3 photons at white): sensitivity {found.rows[5].texts[0]}" in chart
    assert chart.count("var(--accent)") >= 7
    drawn = reliability_chart(found, "b")
    assert "predicted probability and how often it is true" in drawn
    assert len(chart) < 9_000
    assert len(drawn) < 12_000


def test_there_is_none_without_scores_targets_classes_or_noise() -> None:
    result = classifier(samples=80, strips=0)
    assert operating(segmenter(strips=0), None) is None
    assert operating(result.replace(_targets=None), None) is None
    assert operating(result.replace(_scores={}), None) is None
    assert operating(result.replace(rungs=result.rungs[:1]), None) is None
    assert operating(result.replace(_targets=np.zeros_like(result.targets)), None) is None
    shorter = result.replace(_targets=result.targets[:5])
    assert operating(shorter, None) is None  # a file that somebody wrote by hand


def test_a_label_of_one_class_has_no_threshold_and_no_row() -> None:
    result = classifier(samples=80, strips=0)
    targets = result.targets.copy()
    targets[:, 2] = 0
    found = operating(result.replace(_targets=targets), None)
    assert found is not None
    assert len(found.labels) == 5
    assert result.labels[2] not in {row.label for row in found.labels}


def test_classes_are_judged_by_the_one_that_was_chosen() -> None:
    rng = np.random.default_rng(5)
    base = classifier(labels=("a", "b", "c"), samples=90, strips=0)
    scores = {s: rng.dirichlet([1.0, 1.0, 1.0], 90) for s in base.severities}
    classes = rng.integers(0, 3, 90).astype(np.float64)
    result = base.replace(task="multiclass", _targets=classes, _scores=scores)
    found = operating(result, None)
    assert found is not None
    assert found.pooled == "probability of the class it chose"
    assert found.clean is not None
    assert found.clean.count.sum() == 90
    assert found.clean.predicted.min() >= 1 / 3


def test_hostile_labels_are_text() -> None:
    labels = (HOSTILE, "</svg><script>", "c")
    result = classifier(labels=labels, samples=80, strips=0)
    result = result.replace(
        settings={**result.settings, "operating_point": HOSTILE, "thresholds": {"c": 0.3}}
    )
    page = Page(render(Document({}, (judged(result, "max_auroc_drop=0.05"),))))
    assert page.handlers == []
    assert page.tags.count("script") == Page(render(Document({}, ()))).tags.count("script")
