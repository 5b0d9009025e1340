"""How tests ended, in the words and the order of the HTML report."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import is_inconclusive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import TestRecord

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


@dataclass(frozen=True, slots=True)
class State:
    """How a test ended: ``kind`` picks colour and icon, ``word`` is what people read."""

    kind: str
    word: str


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
