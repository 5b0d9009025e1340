from __future__ import annotations

import numpy as np
import pytest

from pytest_xraynoise.data.phantom import ChestPhantom
from pytest_xraynoise.data.phantom.findings import FINDINGS, Cardiomegaly, Finding, Pneumothorax

SIZE = 96
PHANTOM = ChestPhantom(400, size=SIZE, seed=17)


def _change(kind: type[Finding], index: int, severity: float, side: int) -> np.ndarray:
    """Display image with one finding minus the same patient in health, (H, W)."""
    found = PHANTOM.render(index, [kind(severity, side, (index, 99))])["image"][0]
    return np.asarray(found - PHANTOM.render(index, ())["image"][0])


@pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: kind.label)
@pytest.mark.parametrize("side", [-1, 1], ids=["right", "left"])
def test_a_finding_shows_where_it_is(kind: type[Finding], side: int) -> None:
    masks = PHANTOM.render(0, ())["masks"]
    own, other = (masks[0], masks[1]) if side > 0 else (masks[1], masks[0])
    change = np.abs(_change(kind, 0, 0.9, side))
    assert change.max() > 0.03
    if kind is Cardiomegaly:
        assert change[:20].max() < 0.01
    else:
        assert change[own > 0].max() > 5 * np.quantile(change[other > 0], 0.9)


@pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: kind.label)
def test_air_darkens_and_everything_else_whitens(kind: type[Finding]) -> None:
    changes = [_change(kind, k, 0.8, 1).sum() for k in range(4)]
    assert np.all(np.array(changes) * (-1 if kind is Pneumothorax else 1) > 0)


@pytest.mark.parametrize("kind", FINDINGS, ids=lambda kind: kind.label)
def test_severity_runs_from_subtle_to_obvious(kind: type[Finding]) -> None:
    sizes = [
        float(np.mean([np.abs(_change(kind, k, s, -1)).mean() for k in range(6)]))
        for s in (0.0, 0.5, 1.0)
    ]
    assert 0 < sizes[0] < sizes[1] < sizes[2]
    assert sizes[2] > 1.5 * sizes[0]


def test_cardiomegaly_widens_the_heart_beyond_half_the_chest() -> None:
    def ratio(masks: np.ndarray) -> float:
        spans = [np.flatnonzero(m.any(0)) for m in (masks[2], masks[:2].any(0))]
        return float(np.ptp(spans[0]) / np.ptp(spans[1]))

    small, large = [], []
    for k in range(12):
        small.append(ratio(PHANTOM.render(k, ())["masks"]))
        large.append(ratio(PHANTOM.render(k, [Cardiomegaly(0.9, 1, (k,))])["masks"]))
    assert np.mean(small) < 0.52
    assert np.mean(large) > 0.55


def test_targets_say_what_was_rendered() -> None:
    for k in range(6):
        found = PHANTOM.findings(k)
        target = PHANTOM[k]["target"]
        assert {f.label for f in found} == {
            label for label, t in zip(PHANTOM.labels, target, strict=True) if t
        }
        again = PHANTOM.render(k, found)
        np.testing.assert_array_equal(again["image"], PHANTOM[k]["image"])
        healthy = PHANTOM.render(k, ())
        assert not healthy["target"].any()
        assert np.array_equal(healthy["image"], again["image"]) == (len(found) == 0)


def test_prevalence_sides_and_number_of_findings() -> None:
    found = [PHANTOM.findings(k) for k in range(400)]
    counts = np.array([len(f) for f in found])
    assert (counts.min(), counts.max()) == (0, 3)
    for label in PHANTOM.labels:
        share = np.mean([any(f.label == label for f in each) for each in found])
        assert 0.17 < share < 0.31, label
    flat = [f for each in found for f in each]
    assert 0.4 < np.mean([f.side > 0 for f in flat]) < 0.6
    severity = np.array([f.severity for f in flat])
    assert severity.min() < 0.1
    assert severity.max() > 0.9


def test_prevalence_can_be_chosen() -> None:
    assert all(not ChestPhantom(20, prevalence=0.0).findings(k) for k in range(20))
    assert all(len(ChestPhantom(20, prevalence=1.0).findings(k)) == 3 for k in range(20))
