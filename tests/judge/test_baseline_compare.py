"""A measurement held against a baseline."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.errors import MetricError, SpecError
from pytest_xraynoise.judge.baseline import Entry, entry_from_dict, entry_of, entry_to_dict
from pytest_xraynoise.judge.comparable import IncomparableError
from pytest_xraynoise.judge.compare import compare, missing
from pytest_xraynoise.judge.expression import parse_rules
from pytest_xraynoise.judge.ruled import ROUNDING, regressions
from pytest_xraynoise.results import Comparison, Difference, LadderResult
from pytest_xraynoise.results.serialize.comparison import comparison_from_dict, comparison_to_dict
from pytest_xraynoise.stats import delong, delong_macro, paired_bootstrap
from tests.judge.measured import LABELS, multilabel, segmentation
from tests.judge.measured import result as measured

BEFORE, WORSE = multilabel(2.0, model=1), multilabel(1.4, model=2)


def entry(result: LadderResult, **changes: Any) -> Entry:
    return entry_of("t.py::a", result, library="1", noise_spec=2).replace(**changes)


def stored(result: LadderResult) -> Entry:
    """As it comes out of a baseline without its side file."""
    return entry_from_dict("t.py::a", entry_to_dict(entry(result)))


def held(before: Entry, now: Entry, rules: str = "", **words: Any) -> Comparison:
    return compare(before, now, parse_rules(rules) if rules else (), name="main", **words)


def number(found: Comparison, metric: str, severity: int, label: str | None = None) -> Difference:
    (each,) = [
        d for d in found.differences if (d.metric, d.severity, d.label) == (metric, severity, label)
    ]
    return each


@pytest.mark.parametrize("severity", [0, 1, 2])
def test_auroc_is_paired_with_delong_at_each_rung(severity: int) -> None:
    found = held(entry(BEFORE), entry(WORSE))
    before, now = (r.scores(severity=severity) for r in (BEFORE, WORSE))
    wanted = delong_macro(WORSE.targets, now, before)
    each = number(found, "auroc", severity)
    assert each.method == "delong"
    assert each.difference == pytest.approx(wanted.estimate, abs=1e-6)
    assert (each.low, each.high) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
    one = delong(WORSE.targets[:, 1], now[:, 1], before[:, 1])
    label = number(found, "auroc", severity, LABELS[1])
    assert (label.low, label.high) == pytest.approx((one.low, one.high), abs=1e-6)


def test_brier_is_paired_with_the_bootstrap_and_its_loss_is_an_increase() -> None:
    each = number(held(entry(BEFORE), entry(WORSE)), "brier", 1)
    errors = [((r.targets - r.scores(severity=1)) ** 2).mean(1) for r in (WORSE, BEFORE)]
    as_kept = np.argsort(WORSE.ids)  # resamples draw places, and samples are kept by id
    wanted = paired_bootstrap(np.mean, *(x[as_kept] for x in errors))
    assert each.method == "bootstrap"
    assert each.difference == pytest.approx(wanted.estimate, abs=1e-6)
    assert (each.low, each.high) == pytest.approx((wanted.low, wanted.high), abs=1e-6)
    assert not each.higher_is_better
    assert each.loss == pytest.approx(each.difference)


def test_sensitivity_is_read_at_each_models_own_operating_point() -> None:
    each = number(held(entry(BEFORE), entry(WORSE)), "sensitivity", 2)
    assert each.method == "bootstrap"
    for result, value in ((BEFORE, each.baseline), (WORSE, each.now)):
        limits = [result.settings["thresholds"][name] for name in LABELS]
        said = result.scores(severity=2) >= np.array(limits)
        rates = [said[result.targets[:, k] == 1, k].mean() for k in range(3)]
        assert value == pytest.approx(np.mean(rates))


def test_a_segmentation_is_paired_image_by_image() -> None:
    before, now = segmentation(0.9), segmentation(0.85, model=2)
    each = number(held(entry(before), entry(now)), "dice", 1, "left")
    gap = now.scores(severity=1)[:, 0] - before.scores(severity=1)[:, 0]
    assert each.difference == pytest.approx(gap.mean(), abs=1e-6)
    half = 1.96 * gap.std() / np.sqrt(len(gap))
    assert (each.low, each.high) == pytest.approx(
        (gap.mean() - half, gap.mean() + half), abs=0.3 * half
    )


def test_a_model_against_itself_lost_nothing_whatever_the_rule() -> None:
    found = held(entry(BEFORE), entry(BEFORE), "auroc:0 accuracy/*:0 brier:0% sensitivity:0")
    assert found.status == "pass"
    assert {d.difference for d in found.differences} == {0.0}
    assert {(d.low, d.high) for d in found.differences} == {(0.0, 0.0)}
    assert not found.better
    assert not found.worse


def test_a_model_against_its_own_stored_summary_lost_nothing() -> None:
    found = held(stored(BEFORE), entry(BEFORE), "auroc:0 accuracy/*:0 brier:0% sensitivity:0")
    assert found.status == "pass"


def test_the_order_of_samples_does_not_matter() -> None:
    order = np.random.default_rng(3).permutation(200).tolist()
    turned = held(entry(BEFORE), entry(multilabel(1.4, model=2, order=order)))
    plain = held(entry(BEFORE), entry(WORSE))
    for one, other in zip(plain.differences, turned.differences, strict=True):
        assert (one.metric, one.severity, one.label) == (other.metric, other.severity, other.label)
        numbers = (other.now, other.low, other.high)
        assert numbers == pytest.approx((one.now, one.low, one.high), abs=1e-9)


def test_without_the_side_file_intervals_are_combined_and_that_is_said() -> None:
    paired = held(entry(BEFORE), entry(WORSE))
    apart = held(stored(BEFORE), entry(WORSE))
    for severity in (0, 1, 2):
        one, other = number(paired, "auroc", severity), number(apart, "auroc", severity)
        assert other.method == "independent"
        assert other.difference == pytest.approx(one.difference, abs=1e-8)
        values = [r.rungs[severity].metrics["auroc"] for r in (BEFORE, WORSE)]
        half = math.hypot(*((v.value_high or 0) - v.value for v in values))
        assert (other.high or 0) - other.difference == pytest.approx(half, rel=1e-3)
        assert (other.high or 0) - (other.low or 0) > (one.high or 0) - (one.low or 0), "wider"
    assert any("as if the two runs were independent" in note for note in apart.notes)
    assert not paired.notes


def test_samples_that_do_not_give_the_reported_number_are_not_trusted() -> None:
    metrics = {**BEFORE.rungs[1].metrics}
    metrics["auroc"] = replace(metrics["auroc"], value=metrics["auroc"].value - 0.01)
    rungs = (BEFORE.rungs[0], replace(BEFORE.rungs[1], metrics=metrics), BEFORE.rungs[2])
    found = held(entry(BEFORE.replace(rungs=rungs)), entry(WORSE))
    assert number(found, "auroc", 1).method == "independent"
    assert number(found, "brier", 1).method == "bootstrap"
    assert any(note.startswith("auroc: its value cannot be read off") for note in found.notes)


@pytest.mark.parametrize(
    ("rules", "status", "where"),
    [
        ("auroc:0.01", "fail", {("auroc", 0), ("auroc", 1), ("auroc", 2)}),
        ("auroc@2:0.01", "fail", {("auroc", 2)}),
        ("auroc:0.9", "pass", set()),
        ("auroc:0.9 auroc@1:0.001", "fail", {("auroc", 1)}),
        ("auroc:0.001 auroc@1:0.9", "fail", {("auroc", 0), ("auroc", 2)}),
        ("brier:99%", "pass", set()),
        ("dice:0.001", "told", set()),
        ("", "told", set()),
    ],
)
def test_what_a_rule_fails(rules: str, status: str, where: set[tuple[str, int]]) -> None:
    found = held(entry(BEFORE), entry(WORSE), rules)
    assert found.status == status
    assert {(d.metric, d.severity) for d in found.regressed} == where


def test_a_share_is_a_share_of_the_baseline() -> None:
    each = number(held(entry(BEFORE), entry(WORSE), "auroc:5%"), "auroc", 1)
    assert each.allowed == pytest.approx(0.05 * each.baseline)


def test_one_label_or_each() -> None:
    one = held(entry(BEFORE), entry(WORSE), "auroc/Nodule:0.001")
    assert {d.label for d in one.regressed} == {"Nodule"}
    each = held(entry(BEFORE), entry(WORSE), "auroc/*:0.001 auroc/Mass:0.9")
    assert {d.label for d in each.regressed} == {"Nodule", "Effusion"}
    assert each.headline.startswith("auroc of ")


MODES: tuple[Any, ...] = ("confident-fail", "point", "confident-pass")
THOUSANDTHS = st.integers(0, 500).map(lambda n: n / 1000)


@given(THOUSANDTHS, THOUSANDTHS, THOUSANDTHS, THOUSANDTHS)
def test_the_modes_are_ordered(loss: float, down: float, up: float, allowed: float) -> None:
    """What fails with confidence fails by the point, and that fails the strictest mode."""
    each = Difference(
        "auroc", 1, None, 0.9, 0.9 - loss, True, -loss - up, -loss + down, allowed=allowed
    )
    (certain,), (point,), (strict,) = (regressions([each], mode, 0.95) for mode in MODES)
    assert certain.regressed <= point.regressed <= strict.regressed
    # One look alone says what its interval says, but for the rounding of a p-value.
    low, high = loss - down, loss + up
    assert certain.regressed == (low > allowed + ROUNDING) or abs(low - allowed) < 1e-6
    assert strict.regressed == (high > allowed + ROUNDING) or abs(high - allowed) < 1e-6


def test_modes_decide_by_the_whole_interval() -> None:
    loss = number(held(entry(BEFORE), entry(WORSE)), "auroc", 1)
    low, high = loss.loss_interval or (0, 0)
    between = f"auroc@1:{(loss.loss + low) / 2:.6f}"
    assert held(entry(BEFORE), entry(WORSE), between).status == "fail"
    assert held(entry(BEFORE), entry(WORSE), between, decide="confident-fail").status == "pass"
    above = f"auroc@1:{(loss.loss + high) / 2:.6f}"
    assert held(entry(BEFORE), entry(WORSE), above).status == "pass"
    assert held(entry(BEFORE), entry(WORSE), above, decide="confident-pass").status == "fail"


def test_many_looks_share_the_chance_of_a_wrong_word() -> None:
    """A loss that is sure when it is looked at alone, and not as one of nine."""
    looks = [
        (each.loss_interval[0], each)
        for each in held(entry(BEFORE), entry(WORSE)).differences
        if each.metric == "auroc" and each.label is not None and each.loss_interval
    ]
    low, one = max(looks, key=lambda pair: pair[0])
    allowed = f"{max(0.0, low - 0.001):.6f}"
    assert float(allowed) > 0
    alone = f"auroc@{one.severity}/{one.label}:{allowed}"
    assert held(entry(BEFORE), entry(WORSE), alone, decide="confident-fail").status == "fail"
    every = f"auroc/*:{allowed}"
    assert held(entry(BEFORE), entry(WORSE), every, decide="confident-fail").status == "pass"
    assert held(entry(BEFORE), entry(WORSE), every).status == "fail"


def test_without_an_interval_nothing_is_confident() -> None:
    targets = np.zeros((40, 3))
    targets[:20, 0] = targets[:20, 1] = targets[0, 2] = 1
    scores = {s: np.clip(0.4 + 0.2 * targets - 0.01 * s, 0, 1) for s in (0, 1)}
    films = tuple(map(str, range(40)))
    found = measured("multilabel", LABELS, targets, scores, {}, films, {}, ("auroc",))
    with pytest.raises(MetricError, match="has no interval"):
        held(entry(found), entry(found), "auroc/Effusion:0.1", decide="confident-pass")
    assert held(entry(found), entry(found), "auroc/Effusion:0.1").status == "pass"


def test_a_test_without_limits_or_rules_is_judged_by_the_interval_of_its_main_metric() -> None:
    worse = held(entry(BEFORE), entry(WORSE), must_judge=True)
    assert worse.status == "fail"
    assert {d.metric for d in worse.regressed} == {"auroc"}
    assert {d.label for d in worse.regressed} == {None}
    assert held(entry(BEFORE), entry(BEFORE), must_judge=True).status == "pass"
    assert held(entry(WORSE), entry(BEFORE), must_judge=True).status == "pass"


def test_better_by_more_than_the_interval_is_told() -> None:
    found = held(entry(WORSE), entry(BEFORE), "auroc:0.01")
    assert found.status == "pass"
    assert {d.severity for d in found.better if d.metric == "auroc"} == {0, 1, 2}
    assert "lost nothing" in found.headline


@pytest.mark.parametrize(
    ("other", "reason"),
    [
        (multilabel(seed=1), "the same sample ids, but other targets"),
        (multilabel(n=199), r"other data \(200 samples then, 199 now\)"),
        (multilabel(seed=0).replace(ids=tuple(f"x{k}" for k in range(200))), "ids of the 200"),
        (multilabel(severities=(0, 1)), r"other rungs \(0 \(clean\), 1 \(100 .* then, 0"),
        (multilabel().replace(noise="gaussian"), "other noise .poisson then, gaussian now"),
        (multilabel().replace(ladder="own"), "other ladder"),
        (multilabel().replace(labels=("A", "B", "C")), "other labels"),
        (multilabel(seed_=0).replace(settings={"seed": 9}), r"other seed \(0 then, 9 now\)"),
        (multilabel(noise_at="native"), r"other noise_at \(model then, native now\)"),
        (multilabel(resize=[64, 64]), r"other resize \(None then, \[64, 64\] now\)"),
        (multilabel(subset=50), r"other subset \(None then, 50 now\)"),
        (multilabel(repeats=3), r"other repeats \(1 then, 3 now\)"),
    ],
)
def test_another_measurement_is_refused_by_name(other: LadderResult, reason: str) -> None:
    with pytest.raises(IncomparableError, match=reason) as caught:
        held(entry(BEFORE), entry(other))
    assert "t.py::a cannot be compared with the baseline 'main'" in str(caught.value)
    assert "--xraynoise-save" in str(caught.value)


def test_another_version_of_the_noise_is_refused() -> None:
    with pytest.raises(IncomparableError, match=r"version 3 of the noise .* version 2"):
        held(entry(BEFORE), entry(BEFORE, noise_spec=3))
    found = held(entry(BEFORE), entry(BEFORE, noise_spec=None))
    assert any("version of the noise is not known" in note for note in found.notes)


def test_a_baseline_of_before_repeats_is_one_draw() -> None:
    old = BEFORE.replace(settings={k: v for k, v in BEFORE.settings.items() if k != "repeats"})
    assert held(entry(old), entry(BEFORE)).status == "told"


def test_a_number_that_is_not_defined_is_no_pass() -> None:
    metrics = {**BEFORE.rungs[1].metrics}
    metrics["auroc"] = replace(metrics["auroc"], value=float("nan"))
    rungs = (BEFORE.rungs[0], replace(BEFORE.rungs[1], metrics=metrics), BEFORE.rungs[2])
    broken = BEFORE.replace(rungs=rungs)
    with pytest.raises(MetricError, match="auroc at severity 1 is not defined in the baseline"):
        held(stored(broken), entry(BEFORE), "auroc:0.01")
    with pytest.raises(MetricError, match="auroc at severity 1 is not defined now"):
        held(stored(BEFORE), entry(broken), "auroc:0.01")
    assert held(stored(broken), entry(BEFORE)).status == "told"


def test_nan_scores_are_not_paired() -> None:
    empty = {s: np.full_like(x, np.nan) for s, x in BEFORE._scores.items()}
    found = held(entry(BEFORE), entry(WORSE.replace(_scores=empty)))
    assert {d.method for d in found.differences} == {"independent"}
    assert any("not at hand" in note for note in found.notes)


@pytest.mark.parametrize(
    ("rules", "says"),
    [
        ("f1:0.1", "f1 was not measured now; name it in a limit"),
        ("auroc@7:0.1", "severity 7 was not run; 0, 1, 2 were"),
        ("auroc/Module:0.1", "unknown label 'Module'; did you mean 'Nodule'"),
    ],
)
def test_a_rule_about_what_was_not_measured(rules: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        held(entry(BEFORE), entry(WORSE), rules)


def test_a_share_of_nothing_is_refused() -> None:
    metrics = {n: replace(v, value=0.0) for n, v in BEFORE.rungs[0].metrics.items()}
    rungs = (replace(BEFORE.rungs[0], metrics=metrics), *BEFORE.rungs[1:])
    with pytest.raises(MetricError, match="is 0 in the baseline, so a share of it"):
        held(stored(BEFORE.replace(rungs=rungs)), entry(BEFORE), "auroc:1%")


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(["", "auroc:0.01", "brier:1% auroc/*:0.2"]), st.booleans())
def test_a_comparison_reads_back_as_it_was_written(rules: str, paired: bool) -> None:
    found = held(entry(BEFORE) if paired else stored(BEFORE), entry(WORSE), rules)
    assert comparison_from_dict(comparison_to_dict(found)) == found
    lost = missing("main", "t.py::a", "main.json")
    assert comparison_from_dict(comparison_to_dict(lost)) == lost


def test_the_headline_shows_the_crossing() -> None:
    each = number(held(entry(BEFORE), entry(WORSE)), "auroc", 1)
    found = held(entry(BEFORE), entry(WORSE), f"auroc@1:{each.loss - 1e-5:.7f}")
    assert found.status == "fail"
    shown = float(found.headline.split("lost ")[1].split()[0])
    assert shown > float(f"{each.loss - 1e-5:.7f}")
    assert "at severity 1 (100 photons at white) against the baseline 'main'" in found.headline


@pytest.mark.slow
def test_the_paired_interval_covers_the_true_difference() -> None:
    """Two models of equal skill: 95% intervals hold 0 in 93% to 97% of 600 data sets."""
    hits = 0
    for trial in range(600):
        one, other = (
            entry_of("a", multilabel(2.0, n=80, seed=trial, model=m, severities=(0,)))
            for m in (1, 2)
        )
        each = number(compare(one, other, name="main"), "auroc", 0)
        hits += (each.low or 0) <= 0 <= (each.high or 0)
    assert 0.93 <= hits / 600 <= 0.97
