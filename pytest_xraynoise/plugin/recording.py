"""What an item measured: kept on the item, enforced in its call, sent with its report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from pytest_xraynoise.plugin import baselines
from pytest_xraynoise.plugin.collection import case_of
from pytest_xraynoise.plugin.html_rows import attach_curves
from pytest_xraynoise.plugin.panels import with_panels
from pytest_xraynoise.plugin.placement import plain_id
from pytest_xraynoise.plugin.places import place_of

if TYPE_CHECKING:
    from pytest_xraynoise.results import Comparison, LadderResult, TestRecord, Verdict

ATTRIBUTE = "xraynoise_records"
"""Where a test report carries its records, as JSON text that any xdist channel takes."""

_KEY = pytest.StashKey["list[Measured]"]()


@dataclass
class Measured:
    """One ladder of one item, as far as it came."""

    noise: str
    limits: tuple[str, ...]
    seed: int
    result: LadderResult | None = None
    verdict: Verdict | None = None
    enforced: bool = False
    comparison: Comparison | None = None


def begin(item: pytest.Item) -> None:
    """Open the record of a marked item, so that reports know it whatever happens next."""
    case = case_of(item)
    item.stash[_KEY] = []  # a rerun starts anew
    if case is not None:
        limits = case.limit_texts
        remember(item, Measured(case.request.noise, limits, case.request.seed))


def measured_by_marker(item: pytest.Item) -> Measured:
    """The open record of a marked item."""
    return item.stash[_KEY][0]


def remember(node: pytest.Item, measured: Measured) -> None:
    """Keep a ladder on its item."""
    node.stash.setdefault(_KEY, []).append(measured)


def enforce(item: pytest.Function) -> None:
    """Fail the item whose marker's limits are broken, or skip one that they cannot decide.

    Raises:
        pytest.skip.Exception: when the verdict is inconclusive and that is to skip.
        pytest.fail.Exception: with the ladder as a table, and no traceback; also when the ladder
            never ran, because somebody overrode the fixture that runs it.
    """
    marked = case_of(item) is not None
    checked: list[Measured] = item.stash.get(_KEY, [])
    baselines.hold_checks(item, checked, marked)
    if not marked:
        return
    measured = measured_by_marker(item)
    if measured.verdict is None:
        pytest.fail(
            "the ladder of @robust never ran: a fixture called 'robustness' of your own hides the "
            "one of pytest-xraynoise; give yours another name",
            pytrace=False,
        )
    if measured.verdict.action == "skip":
        pytest.skip(measured.verdict.headline)
    if measured.verdict.action == "fail":
        measured.enforced = True
        from pytest_xraynoise.report.terminal import failure_text

        pytest.fail(failure_text(_record(item, measured, "failed")), pytrace=False)


def attach(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put the records of an item on the report that ends it, and its properties for JUnit."""
    measured = item.stash.get(_KEY, [])
    if not measured or call.when == "teardown" or (call.when == "setup" and report.passed):
        return
    if call.when == "setup" and case_of(item) is not None:
        _undo_xfail(call, report)
    from pytest_xraynoise.report.junit import properties
    from pytest_xraynoise.results.serialize import record_to_dict

    outcome = _outcome(report, call)
    trouble = None if call.excinfo is None else call.excinfo.exconly()
    records = [_record(item, m, outcome, report, n, trouble) for n, m in enumerate(measured)]
    records = with_panels(item, records)
    attach_curves(item, report, records)
    others = [pair for pair in item.user_properties if not pair[0].startswith("xraynoise.")]
    item.user_properties[:] = [*others, *(p for record in records for p in properties(record))]
    report.user_properties[:] = item.user_properties
    setattr(report, ATTRIBUTE, json.dumps([record_to_dict(record) for record in records]))
    for each, record in zip(measured, records, strict=True):
        if outcome == "failed" and each.result is not None and not each.enforced:
            from pytest_xraynoise.report.terminal import failure_text

            report.sections.append(("xraynoise ladder", failure_text(record)))
    for each in measured:  # items live until the run ends; resamples need not
        if each.result is not None:
            each.result = each.result.without_spreads()


def _undo_xfail(call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """A model or dataset that cannot be evaluated is an error, also where a failure is expected.

    xfail is about the limits; with it a broken checkpoint would stay green for ever.
    """
    expected = call.excinfo is not None and isinstance(call.excinfo.value, pytest.xfail.Exception)
    if hasattr(report, "wasxfail") and not expected:
        del report.wasxfail
        report.outcome = "failed"


def _outcome(report: pytest.TestReport, call: pytest.CallInfo[None]) -> str:
    if hasattr(report, "wasxfail"):
        return "xfailed" if report.skipped else "xpassed"
    if report.failed and call.when == "setup":
        return "error"
    return report.outcome


def _record(
    item: pytest.Item,
    measured: Measured,
    outcome: str,
    report: pytest.TestReport | None = None,
    number: int = 0,
    trouble: str | None = None,
) -> TestRecord:
    from pytest_xraynoise.results import TestRecord, Verdict

    message = ""
    if report is not None:
        message = str(getattr(report, "wasxfail", "") or report.longreprtext)
    verdict = measured.verdict
    if verdict is None and outcome == "error":
        lines = (trouble or message or "error").removeprefix("Failed: ").strip().splitlines()
        verdict = Verdict("error", lines[0] if lines else "error")
    file, line = place_of(item)
    return TestRecord(
        nodeid=numbered_id(item, number),
        outcome=outcome,
        verdict=verdict,
        limits=measured.limits,
        result=measured.result,
        message=message,
        file=file,
        line=line,
        duration=0.0 if report is None else report.duration,
        noise=measured.noise if measured.result is None else "",
        comparison=measured.comparison,
    )


def numbered_id(item: pytest.Item, number: int) -> str:
    """What reports and baselines call the ladder of an item; further ones are counted from 2."""
    nodeid = plain_id(item)
    return nodeid if number == 0 else f"{nodeid} #{number + 1}"
