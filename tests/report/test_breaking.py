"""The breaking point in every report, from the same values."""

from __future__ import annotations

from pytest_xraynoise.report.breaking import breaking_line, breaking_lines, facts, number
from pytest_xraynoise.report.deciding import deciding
from pytest_xraynoise.report.junit import properties
from pytest_xraynoise.report.terminal import failure_text
from pytest_xraynoise.results import BreakingPoint, LimitCheck, TestRecord, Verdict
from tests.judge.test_breaking import Toy, falling

POINT = BreakingPoint(
    keyword="dose",
    unit="of the reference dose",
    parameter=0.1125,
    low=0.09,
    high=0.14,
    held=0.115,
    broke=0.11,
    limit="max_auroc_drop=0.05",
    metric="auroc",
    evaluations=12,
    passes=4,
    reading="holds down to 0.113 of the reference dose (interval 0.09 to 0.14)",
    label="No\x1bdule",
    searched=True,
    clinical="0.113 of the reference dose (DI -9.49)",
)


def record(point: BreakingPoint | None = POINT, *checks: LimitCheck) -> TestRecord:
    result = Toy("lowdose", falling(0.02)).ladder().replace(breaking_point=point)
    given = checks or (LimitCheck("max_auroc_drop=0.05", "auroc", 4, None, 0.07, 0.05, True),)
    status = "fail" if any(check.broken for check in given) else "pass"
    return TestRecord("a.py::test_it", "failed", Verdict(status, "why", given), (), result)  # type: ignore[arg-type]


def test_one_line_with_the_limit_and_the_label() -> None:
    one = record()
    assert one.result is not None
    line = breaking_line(one.result)
    assert line.startswith("Breaking point: holds down to 0.113 of the reference dose")
    assert line.endswith("(max_auroc_drop=0.05 of No\N{REPLACEMENT CHARACTER}dule)")
    assert line in failure_text(one)
    assert dict(properties(one))["xraynoise.breaking_point"] == "0.1125"
    names = dict(facts(one.result))
    assert names["breaking point found by"] == (
        "12 settings in 4 passes over the data; dose 0.115 held and 0.11 broke"
    )
    assert names["breaking point reads as"] == POINT.clinical


def test_below_the_summary_stand_those_that_were_searched_for() -> None:
    from dataclasses import replace

    estimated = record(replace(POINT, searched=False))
    lines = [line for _, line in breaking_lines([record(), estimated, record(None)], 60)]
    assert lines[0] == "Breaking points"
    assert len(lines) == 2
    assert lines[1].startswith("  test_it: holds down to 0.113 of the reference dose")
    assert all(len(line) <= 60 for line in lines)
    assert breaking_lines([estimated], 60) == []


def test_without_one_nothing_is_said() -> None:
    one = record(None)
    assert one.result is not None
    assert breaking_line(one.result) == ""
    assert facts(one.result) == ()
    assert number(one.result) is None
    assert "xraynoise.breaking_point" not in dict(properties(one))
    assert "Breaking point" not in failure_text(one)


def test_what_must_hold_decides_a_report_only_where_no_limit_explains_it() -> None:
    kept = LimitCheck("max_auroc_drop=0.05", "auroc", 2, None, 0.016, 0.05, False)
    stands = LimitCheck("min_dose=0.4", "auroc", 2, None, 0.3999, 0.4, False)
    lacks = LimitCheck("min_dose=0.4", "auroc", 3, None, 0.45, 0.4, True)
    broken = LimitCheck("max_auroc_drop=0.05", "auroc", 1, None, 0.07, 0.05, True)
    for checks, limit, severity in (
        ((kept, stands), "max_auroc_drop=0.05", 2),
        ((kept, lacks), "min_dose=0.4", 3),
        ((broken, lacks), "max_auroc_drop=0.05", 1),
    ):
        chosen = deciding(record(POINT, *checks))
        assert chosen is not None
        assert chosen.check is not None
        assert (chosen.check.limit, chosen.severity) == (limit, severity)
