"""Samples that do not show an event say little about a rare one."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt
import pytest
import scipy.stats
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.judge import decide, parse_limits
from pytest_xraynoise.judge.units import Units
from pytest_xraynoise.results import LadderResult, LimitCheck
from tests.judge.spread import measured

Array = npt.NDArray[np.float64]
LEVEL = 0.025


@given(st.integers(1, 500), st.floats(0.001, 0.999))
def test_the_chance_is_that_of_the_binomial_distribution(count: int, distance: float) -> None:
    units = Units(count, 1.0)
    assert units.unseen(distance) == pytest.approx(scipy.stats.binom.pmf(0, count, distance))
    wanted = math.ceil(units.needed(distance, LEVEL))
    assert Units(max(1, wanted), 1.0).unseen(distance) <= LEVEL + 1e-12
    assert wanted < 2 or Units(wanted - 1, 1.0).unseen(distance) > LEVEL - 1e-12


def test_a_share_of_the_number() -> None:
    assert Units(10, 0.5).unseen(0.1) == pytest.approx(0.8**10)
    assert Units(10, 0.5).unseen(0.5) == 0.0
    assert Units(10, 0.5).unseen(0.6) == 0.0  # these units alone cannot do it


def films(positives: int, negatives: int, lost: int = 0) -> tuple[Array, dict[int, Array]]:
    """All called right on the clean images; ``lost`` positives missed on the noisy ones."""
    targets = np.r_[np.ones(positives), np.zeros(negatives)]
    clean = np.where(targets == 1, 0.9, 0.1)
    noisy = clean.copy()
    noisy[:lost] = 0.2
    return targets, {0: clean, 1: noisy}


def checked(result: LadderResult, **limits: float) -> LimitCheck:
    return decide(result, parse_limits(limits), mode="confident-pass").checks[0]


@pytest.mark.parametrize(
    ("positives", "status"), [(2, "inconclusive"), (121, "inconclusive"), (122, "pass")]
)
def test_nothing_lost_shows_no_more_than_the_number_of_positives(
    positives: int, status: str
) -> None:
    result = measured(*films(positives, 100), "sensitivity")
    found = checked(result, max_sensitivity_drop=0.03)
    assert (found.low, found.high) == (0.0, 0.0)
    assert found.status == status
    assert found.p == pytest.approx(0.97**positives)
    if status == "inconclusive":
        assert found.needed is not None
        share = positives / (positives + 100)
        assert found.needed == pytest.approx(122 / share, rel=0.1)  # rounded up to two digits


@pytest.mark.parametrize(("positives", "limit"), [(12, 0.2), (30, 0.12), (60, 0.08)])
def test_a_limit_that_is_just_broken_seldom_holds(positives: int, limit: float) -> None:
    """Exactly, by every number of losses that may be seen where the true loss is the limit."""
    wrong = 0.0
    for lost in range(positives + 1):
        result = measured(*films(positives, 40, lost), "sensitivity")
        status = checked(result, max_sensitivity_drop=limit).status
        if lost / positives > limit and status != "pass":
            break
        if status == "pass":
            wrong += float(scipy.stats.binom.pmf(lost, positives, limit))
    assert wrong <= LEVEL


def test_a_gain_counts_for_the_limit() -> None:
    targets, scores = films(50, 50)
    scores[0][:10] = 0.2  # missed on the clean images, found on the noisy ones
    found = checked(measured(targets, scores, "sensitivity"), max_sensitivity_drop=0.03)
    assert found.observed == pytest.approx(-0.2)
    assert found.status == "pass"
    assert found.p is not None
    assert found.p >= 0.77**50


def test_two_of_two_lost_are_no_proof_either() -> None:
    result = measured(*films(2, 98, lost=2), "sensitivity")
    assert checked(result, max_sensitivity_drop=0.5).status == "inconclusive"
    result = measured(*films(40, 98, lost=40), "sensitivity")
    assert checked(result, max_sensitivity_drop=0.5).status == "fail"


@pytest.mark.parametrize(
    ("count", "status"), [(2, "inconclusive"), (71, "inconclusive"), (72, "pass")]
)
def test_a_perfect_auroc_on_both_sides(count: int, status: str) -> None:
    """The smaller class decides; DeLong's standard error is 0."""
    result = measured(*films(count, 200), "auroc")
    assert checked(result, max_auroc_drop=0.05).status == status


def test_an_interval_with_a_width_is_trusted() -> None:
    draw = np.random.default_rng(0)
    targets = np.r_[np.ones(60), np.zeros(60)]
    clean = 1 / (1 + np.exp(-(2 * targets - 1 + draw.normal(size=120))))
    result = measured(targets, {0: clean, 1: clean * 0.98 + 0.01 * draw.random(120)}, "auroc")
    found = checked(result, max_auroc_drop=0.05)
    assert found.status == "pass"
    assert found.p is not None
    assert found.p < 0.95**60


def test_patients_count_and_not_their_images() -> None:
    targets, scores = films(150, 150)
    groups = tuple(f"p{n % 2}" for n in range(300))
    result = measured(targets, scores, "sensitivity", groups=groups)
    verdict = decide(result, parse_limits({"max_sensitivity_drop": 0.03}), mode="confident-pass")
    assert verdict.status == "inconclusive"
    assert "groups would settle it (2 were used)" in verdict.headline
    assert verdict.findings[0].text.startswith(
        "Nodule has 2 groups with a positive sample and 2 with a negative one"
    )
    alone = measured(targets, scores, "sensitivity", groups=tuple(map(str, range(300))))
    assert checked(alone, max_sensitivity_drop=0.03).status == "pass"


def test_a_mean_over_labels_is_as_well_known_as_the_rarest_label() -> None:
    many, few = films(300, 300), films(3, 597)
    targets = np.stack([many[0], few[0]], axis=1)
    scores = {s: np.stack([many[1][s], few[1][s]], axis=1) for s in (0, 1)}
    result = measured(
        targets, scores, "sensitivity", task="multilabel", labels=("Effusion", "Nodule")
    )
    found = checked(result, max_sensitivity_drop=0.1)
    assert found.status == "inconclusive"
    assert found.p == pytest.approx(0.8**3)


def test_images_that_have_the_class() -> None:
    """A lesion in 12 of 500 images, never lost."""
    targets = np.zeros((500, 1))
    targets[:12] = 40.0
    empty = np.where(targets > 0, 0.0, np.nan)
    dice = np.where(targets > 0, 0.9, np.nan)
    per_image = {"empty_masks": {0: empty, 1: empty}, "dice": {0: dice, 1: dice}}
    result = measured(
        targets,
        {0: dice, 1: dice},
        "empty_masks",
        task="segmentation",
        labels=("lesion",),
        per_image=per_image,
    )
    found = checked(result, max_empty_masks=0.1)
    assert found.status == "inconclusive"
    assert found.p == pytest.approx(0.9**12)
    assert checked(result, max_empty_masks=0.4).status == "pass"


def test_few_images_of_a_class_are_told() -> None:
    dice = np.full((500, 2), 0.9)
    dice[3:, 1] = np.nan
    result = measured(
        np.ones((500, 2)),
        {0: dice, 1: dice - 0.01},
        "dice",
        task="segmentation",
        labels=("lung", "lesion"),
        per_image={"dice": {0: dice, 1: dice - 0.01}},
    )
    found = decide(result, parse_limits({"max_dice_drop": 0.5})).findings
    assert [(one.kind, one.label) for one in found] == [("few samples", "lesion")]
    assert "dice of lesion is defined in 3 images only" in found[0].text


def test_at_the_limit_itself_nothing_is_shown() -> None:
    result = measured(*films(400, 100), "sensitivity")
    found = checked(result, max_sensitivity_drop=0.0)
    assert found.status == "inconclusive"
    assert found.needed is None
