"""The top of the HTML report: counts, the worst failure, the facts, the table of tests."""

from __future__ import annotations

import math
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report.curve import points, sparkline
from pytest_xraynoise.report.deciding import Deciding, deciding, margin, worst_label
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.text import elide, one_line
from pytest_xraynoise.report.words import (
    decimals_that_differ,
    interval,
    is_inconclusive,
    metric_name,
    number,
    split_id,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_xraynoise.report.document import Document
    from pytest_xraynoise.results import LadderResult, TestRecord

_STATES = {
    "failed": ("fail", "failed"),
    "error": ("error", "error"),
    "inconclusive": ("open", "inconclusive"),
    "xpassed": ("xpass", "unexpected pass"),
    "xfailed": ("xfail", "expected failure"),
    "skipped": ("skip", "skipped"),
    "interrupted": ("skip", "interrupted"),
    "not run": ("skip", "not run"),
    "passed": ("pass", "passed"),
}
_MANY = {
    "error": "errors",
    "expected failure": "expected failures",
    "unexpected pass": "unexpected passes",
}
_UNFINISHED = ("interrupted", "not run")
_MOST_NAMES = 4


@dataclass(frozen=True, slots=True)
class State:
    """How a test ended: ``kind`` picks colour and icon, ``word`` is what people read."""

    kind: str
    word: str


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table of tests."""

    anchor: str
    state: State
    test: str
    file: str
    noise: str
    metric: str = ""
    clean: str = ""
    worst: str = ""
    drop: str = ""
    interval: str = ""
    severity: str = ""
    limit: str = ""
    spark: str = ""
    note: str = ""


@dataclass(frozen=True, slots=True)
class Hero:
    """The one test to look at first: a failure if there is one, else the closest call."""

    index: int
    failed: bool
    who: str
    sentence: str
    worst_label: str
    anchor: str


def state(record: TestRecord) -> State:
    """The state of a record."""
    if is_inconclusive(record):
        return State(*_STATES["inconclusive"])
    return State(*_STATES.get(record.outcome, ("skip", one_line(record.outcome))))


def anchor(index: int) -> str:
    """The id of a test's section; counted, because a test id may hold any character."""
    return f"test-{index + 1}"


def worst_first(records: Sequence[TestRecord]) -> list[TestRecord]:
    """Failures, errors, expected failures, skips, passes; each in the order in which they ran."""
    kinds = list(dict.fromkeys(kind for kind, _ in _STATES.values()))
    return sorted(records, key=lambda record: kinds.index(state(record).kind))


def counts(records: Sequence[TestRecord]) -> list[tuple[State, str]]:
    """States with their number in words, failures first: ``2 failed``, ``1 error``."""
    found = Counter(state(record) for record in records)
    order = [State(*pair) for pair in _STATES.values()]
    known = [s for s in order if s in found] + [s for s in found if s not in order]
    return [(s, f"{found[s]} {_plural(s.word, found[s])}") for s in known]


def _plural(word: str, count: int) -> str:
    return _MANY.get(word, word) if count > 1 else word


def title(records: Sequence[TestRecord]) -> str:
    """The verdict of the run in one line, and how much of it did not run."""
    left = sum(record.outcome in _UNFINISHED for record in records)
    ran = [record for record in records if record.outcome not in _UNFINISHED]
    return f"{_verdict(ran)}; {left} not finished" if left else _verdict(ran)


def _verdict(records: Sequence[TestRecord]) -> str:
    if not records:
        return "No robustness test ran"
    failed = sum(state(r).kind == "fail" for r in records)
    errors = sum(state(r).kind == "error" for r in records)
    undecided = sum(state(r).kind == "open" for r in records)
    tests = "1 test" if len(records) == 1 else f"{len(records)} tests"
    if failed:
        more = f", {errors} could not be evaluated" if errors else ""
        more += f", {undecided} inconclusive" if undecided else ""
        return f"{failed} of {tests} failed{more}"
    if errors:
        more = f", {undecided} inconclusive" if undecided else ""
        return f"{errors} of {tests} could not be evaluated{more}"
    if undecided:
        return f"No test failed its limits; {undecided} of {tests} inconclusive"
    passed = sum(state(r).kind == "pass" for r in records)
    if passed == len(records):
        return f"All {tests} passed" if passed > 1 else "The test passed"
    return f"No test failed; {passed} of {tests} passed"


def hero(records: Sequence[TestRecord]) -> Hero | None:
    """The failure furthest beyond its limit, else the pass closest to its limit."""
    judged: list[tuple[int, TestRecord, Deciding]] = []
    for i, record in enumerate(records):
        chosen = deciding(record)
        if chosen is not None and chosen.check is not None and record.outcome != "xfailed":
            judged.append((i, record, chosen))
    failed = [item for item in judged if item[1].outcome == "failed" and item[2].broken]
    if failed:
        index, record, chosen = max(failed, key=lambda item: _worst_margin(item[1]))
    elif judged:
        index, record, chosen = min(judged, key=lambda item: _margin(item[2]))
    else:
        return None
    result = record.result
    assert result is not None  # noqa: S101  (deciding found a number in it)
    sentence = headline(record) if failed else _closest(chosen)
    return Hero(
        index, bool(failed), result.model, sentence, _finding(result, chosen), anchor(index)
    )


def rows(records: Sequence[TestRecord]) -> list[Row]:
    """The table of tests, in the order of ``records``."""
    return [_row(i, record) for i, record in enumerate(records)]


def facts(document: Document) -> list[tuple[str, str]]:
    """What is needed to repeat the run, as (name, value); what is not known is left out."""
    environment = document.environment
    results = [record.result for record in document.tests if record.result is not None]
    commit = environment.get("commit")
    if commit and environment.get("dirty"):
        commit = f"{commit} with uncommitted changes"
    devices = [environment.get("device"), *(r.settings.get("device") for r in results)]
    device = devices[0] or _distinct(devices)
    packages = environment.get("packages") or {}
    started = str(environment.get("started") or "")
    found: list[tuple[str, Any]] = [
        ("Model", _distinct(r.model for r in results)),
        ("Data", _distinct(r.dataset for r in results)),
        ("Device", device),
        ("Seed", _distinct(r.settings.get("seed") for r in results)),
        ("Started", started.replace("T", " ").replace("+00:00", " UTC")),
        ("Commit", commit),
        ("Python", environment.get("python")),
        ("Platform", environment.get("platform")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in packages.items())),
    ]
    return [(name, str(value)) for name, value in found if value]


def command(document: Document) -> str:
    """The command line that ran the tests, empty if it is not known."""
    import shlex

    return shlex.join(str(word) for word in document.environment.get("command") or [])


def _distinct(values: Iterable[object]) -> str:
    names = list(dict.fromkeys(str(v) for v in values if v not in (None, "")))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more


def _margin(chosen: Deciding) -> float:
    return margin(chosen.check) if chosen.check else math.inf


def _worst_margin(record: TestRecord) -> float:
    """How far beyond its limits a test is at its worst; -inf if that is not a number."""
    found = [margin(check) for check in record.verdict.broken] if record.verdict else []
    return max((m for m in found if math.isfinite(m)), default=-math.inf)


def _closest(chosen: Deciding) -> str:
    check = chosen.check
    assert check is not None  # noqa: S101  (only judged tests come here)
    decimals = decimals_that_differ(check.observed, check.threshold)
    where = "on average" if chosen.severity is None else f"at severity {chosen.severity}"
    return (
        f"{metric_name(check.metric)} came closest to a limit: "
        f"{number(check.observed, decimals)} {where}, held to {one_line(check.limit)}"
    )


def _finding(result: LadderResult, chosen: Deciding) -> str:
    severity = chosen.worst_severity or result.metric(chosen.metric).worst_severity
    worst = worst_label(result, chosen.metric, severity)
    if worst is None or chosen.label is not None:
        return ""
    before = result.metric(chosen.metric).rungs[result.severities[0]].labels.get(worst[0])
    start = number(before.value if before else None)
    name = metric_name(chosen.metric)
    end = f"{number(worst[1].value)} at severity {severity}"
    return f"{elide(one_line(worst[0]), 40)}: {name} {start} → {end}"


def _broke_at(chosen: Deciding) -> str:
    if not chosen.broken:
        return ""
    return "mean" if chosen.severity is None else str(chosen.severity)


def _row(index: int, record: TestRecord) -> Row:
    chosen, result = deciding(record), record.result
    file, test = split_id(record.nodeid)
    noise = one_line(record.noise or (result.noise if result else ""))
    start = (anchor(index), state(record), test, file, noise)
    if chosen is None or result is None:
        note = elide(headline(record) or one_line(record.message), 160)
        return Row(*start, note=note)
    check = chosen.check
    decimals = decimals_that_differ(check.observed, check.threshold) if check else 3
    name = metric_name(chosen.metric)
    checks = record.verdict.checks if record.verdict else ()
    return Row(
        *start,
        metric=name if chosen.label is None else f"{name}, {one_line(chosen.label)}",
        clean=number(chosen.clean, decimals),
        worst=number(chosen.worst, decimals),
        drop=number(chosen.drop, decimals),
        interval=interval(chosen.low, chosen.high, decimals),
        severity=_broke_at(chosen),
        limit=one_line(check.limit) if check else "",
        spark=sparkline(points(result, chosen.metric, chosen.label, checks)),
        note=one_line(record.message) if record.outcome == "xfailed" else "",
    )
