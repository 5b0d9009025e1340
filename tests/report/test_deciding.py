from __future__ import annotations

import dataclasses
import math

from pytest_xraynoise.report.deciding import deciding, worst_label
from pytest_xraynoise.report.junit import properties
from pytest_xraynoise.report.limits import lower_is_better
from pytest_xraynoise.results import (
    LadderResult,
    LimitCheck,
    MetricValue,
    Rung,
    RungResult,
    TestRecord,
    Verdict,
)
from tests.report.factory import classifier, document, judged

NAMES = (
    "noise", "metric", "clean", "worst", "drop", "severity", "limit", "low", "high", "verdict",
    "device", "seed",
)  # fmt: skip


def drop_check(severity: int | None, observed: float, *, metric: str = "auroc") -> LimitCheck:
    limit = f"max_{metric}_drop=0.05"
    return LimitCheck(limit, metric, severity, None, observed, 0.05, observed > 0.05)


def record_with(*checks: LimitCheck) -> TestRecord:
    status = "fail" if any(c.broken for c in checks) else "pass"
    verdict = Verdict("fail" if status == "fail" else "pass", "", checks)
    return TestRecord("t", "failed", verdict, result=classifier(samples=80, strips=0))


def severity_of(record: TestRecord) -> int | None:
    chosen = deciding(record)
    assert chosen is not None
    return chosen.severity


def test_the_first_broken_check_decides() -> None:
    assert (
        severity_of(record_with(drop_check(1, 0.01), drop_check(3, 0.06), drop_check(5, 0.3))) == 3
    )


def test_else_the_check_closest_to_its_limit() -> None:
    checks = (drop_check(1, 0.01), drop_check(4, 0.049), drop_check(5, -0.2))
    assert severity_of(record_with(*checks)) == 4
    assert severity_of(record_with(drop_check(2, math.nan), drop_check(3, 0.0))) == 3


def test_without_checks_it_is_the_largest_drop() -> None:
    record = record_with()
    assert severity_of(record) == 5
    assert severity_of(dataclasses.replace(record, verdict=None)) == 5


def test_a_mean_over_rungs_has_no_severity() -> None:
    record = record_with(drop_check(None, 0.07))
    chosen = deciding(record)
    assert chosen is not None
    assert record.result is not None
    curve = record.result.metric("auroc")
    drops = [curve.drop(severity=s) for s in range(1, 6)]
    assert chosen.severity is None
    assert math.isclose(chosen.drop, sum(drops) / 5)
    assert math.isclose(chosen.worst, chosen.clean - chosen.drop)
    assert dict(properties(record))["xraynoise.severity"] == "mean"


def test_a_check_on_something_not_measured_is_passed_over() -> None:
    assert severity_of(record_with(drop_check(9, 0.9), drop_check(2, 0.04))) == 2
    assert severity_of(record_with(drop_check(2, 0.9, metric="baseline"))) == 5


def test_the_direction_of_a_metric_is_read_off_its_drops() -> None:
    result = classifier(samples=80, strips=0)
    assert lower_is_better(result, "ece")
    assert not lower_is_better(result, "auroc")
    flat = RungResult(Rung(0, None, ""), {"hd95": MetricValue(3.0, 0.0)})
    still = LadderResult("n", "l", "segmentation", (), (flat,), (), {})
    assert lower_is_better(still, "hd95")


def test_the_worst_label_lost_most() -> None:
    result = classifier(samples=80, strips=0)
    found = worst_label(result, "auroc", 5)
    assert found is not None
    labels = result.metric("auroc").by_label
    assert found[1].drop == max(curve.drop(severity=5) for curve in labels.values())
    assert worst_label(classifier(labels=("A",), samples=80, strips=0), "auroc", 5) is None


def test_a_result_has_exactly_the_named_properties() -> None:
    found = properties(document().tests[1])
    assert [name for name, _ in found] == [f"xraynoise.{name}" for name in NAMES]
    values = dict(found)
    assert values["xraynoise.limit"] == "max_auroc_drop=0.05"
    assert values["xraynoise.verdict"] == "fail"
    assert values["xraynoise.severity"] == "3"
    assert values["xraynoise.device"] == "cuda:0"
    low, drop, high = (float(values[f"xraynoise.{n}"]) for n in ("low", "drop", "high"))
    assert low < drop < high
    clean, worst = float(values["xraynoise.clean"]), float(values["xraynoise.worst"])
    assert math.isclose(clean - worst, drop, abs_tol=2e-6)
    assert drop > 0.05


def test_an_error_has_a_verdict_and_nothing_invented() -> None:
    assert properties(document().tests[3]) == [("xraynoise.verdict", "error")]


def test_properties_hold_no_character_that_xml_forbids() -> None:
    result = classifier(samples=80, strips=0).replace(noise="a\x00b\x1b[1m\ud800")
    assert dict(properties(judged(result, "max_auroc_drop=0.05")))["xraynoise.noise"] == "a�b�"
