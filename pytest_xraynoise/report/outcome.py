"""How a run ended in one line, which failure to look at first, and why a test ended as it did."""

from __future__ import annotations

import math
import re
from collections import Counter
from typing import TYPE_CHECKING

from pytest_xraynoise.report.deciding import margin
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import is_inconclusive

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import TestRecord

# In the order in which they are told; (one, several).
_WORDS: dict[str, tuple[str, str]] = {
    "error": ("error", "errors"),
    "inconclusive": ("inconclusive", "inconclusive"),
    "xpassed": ("unexpected pass", "unexpected passes"),
    "xfailed": ("expected failure", "expected failures"),
    "skipped": ("skipped", "skipped"),
    "interrupted": ("interrupted", "interrupted"),
    "not run": ("not run", "not run"),
}
# pytest's own lines that say what an assertion compared.
_ASSERTION = re.compile(r"^E\s+(?P<text>\S.*)$", re.MULTILINE)


def tally(records: Sequence[TestRecord]) -> str:
    """How a run ended: ``2 of 5 tests failed, 1 error, 1 expected failure``."""
    counts = Counter(_state(record) for record in records)
    tests = "1 test" if len(records) == 1 else f"{len(records)} tests"
    if counts["failed"]:
        first = f"{counts['failed']} of {tests} failed"
    elif counts["passed"] == len(records) and records:
        return f"all {tests} passed" if len(records) > 1 else "1 test passed"
    else:
        first = f"{counts['passed']} of {tests} passed"
    known = [word for word in _WORDS if counts[word]]
    others = [word for word in counts if word not in ("failed", "passed", *_WORDS)]
    told = [f"{counts[w]} {_WORDS[w][counts[w] > 1]}" for w in known]
    return ", ".join([first, *told, *(f"{counts[w]} {one_line(w)}" for w in others)])


def worst_failure(records: Sequence[TestRecord]) -> TestRecord | None:
    """The failure furthest beyond its limit; without one the first other failure, then error."""
    failed = [record for record in records if record.outcome == "failed"]
    errors = [record for record in records if record.outcome == "error"]
    return max(failed, key=beyond) if failed else next(iter(errors), None)


def beyond(record: TestRecord) -> float:
    """How far a test is beyond its limits at its worst; -inf where that is no number."""
    found = [margin(check) for check in record.verdict.broken] if record.verdict else []
    return max((each for each in found if math.isfinite(each)), default=-math.inf)


def reason(record: TestRecord) -> str:
    """One line: what decided a test.

    The headline of a verdict that failed; of a test that failed by an assertion of its own, what
    that compared; of an expected failure or a skip without a verdict, why.
    """
    own = record.outcome == "failed" and (record.verdict is None or record.verdict.action != "fail")
    if own and record.message:
        found = _ASSERTION.search(record.message)
        lines = [line for line in record.message.splitlines() if line.strip()]
        text = one_line(found["text"] if found else lines[-1] if lines else "")
        return text.removeprefix("AssertionError: ")
    return headline(record)


def _state(record: TestRecord) -> str:
    if is_inconclusive(record) and record.outcome != "failed":
        return "inconclusive"
    return record.outcome
