"""What an item measured: kept on the item, enforced in its call, sent with its report."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult, TestRecord, Verdict

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


def remember(node: pytest.Item, measured: Measured) -> None:
    """Keep a ladder on its item."""
    node.stash.setdefault(_KEY, []).append(measured)


def enforce(item: pytest.Function) -> None:
    """Fail the item whose marker's limits are broken.

    Raises:
        pytest.fail.Exception: with the ladder as a table, and no traceback.
    """
    for measured in item.stash.get(_KEY, []):
        if measured.verdict is not None and measured.verdict.status == "fail":
            measured.enforced = True
            from pytest_xraynoise.report.terminal import failure_text

            pytest.fail(failure_text(_record(item, measured, "failed")), pytrace=False)


def attach(item: pytest.Item, call: pytest.CallInfo[None], report: pytest.TestReport) -> None:
    """Put the records of an item on the report that ends it, and its properties for JUnit."""
    measured = item.stash.get(_KEY, [])
    if not measured or call.when == "teardown" or (call.when == "setup" and report.passed):
        return
    from pytest_xraynoise.report.junit import properties
    from pytest_xraynoise.serialize import record_to_dict

    outcome = _outcome(report, call)
    records = [_record(item, m, outcome, report, n) for n, m in enumerate(measured)]
    others = [pair for pair in item.user_properties if not pair[0].startswith("xraynoise.")]
    item.user_properties[:] = [*others, *(p for record in records for p in properties(record))]
    report.user_properties[:] = item.user_properties
    setattr(report, ATTRIBUTE, json.dumps([record_to_dict(record) for record in records]))
    for each, record in zip(measured, records, strict=True):
        if outcome == "failed" and each.result is not None and not each.enforced:
            from pytest_xraynoise.report.terminal import failure_text

            report.sections.append(("xraynoise ladder", failure_text(record)))
    item.stash[_KEY] = []  # a rerun starts anew


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
) -> TestRecord:
    from pytest_xraynoise.results import TestRecord, Verdict

    message = ""
    if report is not None:
        message = str(getattr(report, "wasxfail", "") or report.longreprtext)
    verdict = measured.verdict
    if verdict is None and outcome == "error":
        verdict = Verdict("error", message.strip().splitlines()[0] if message.strip() else "error")
    file, line, _ = item.location
    return TestRecord(
        nodeid=item.nodeid if number == 0 else f"{item.nodeid} #{number + 1}",
        outcome=outcome,
        verdict=verdict,
        limits=measured.limits,
        result=measured.result,
        message=message,
        file=file,
        line=(line or 0) + 1,
        duration=0.0 if report is None else report.duration,
        noise=measured.noise if measured.result is None else "",
    )
