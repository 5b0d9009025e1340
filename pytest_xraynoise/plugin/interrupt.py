"""What was to run and did not: after Ctrl-C, after ``-x``, and when a worker dies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.plugin.collection import case_of
from pytest_xraynoise.plugin.placement import plain_id
from pytest_xraynoise.plugin.places import place_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import pytest

    from pytest_xraynoise.results import TestRecord

INTERRUPTED = "the run was interrupted while this test ran"
NOT_RUN = "the run ended before this test began"


def planned(items: Iterable[pytest.Item]) -> list[dict[str, Any]]:
    """The marked items, in plain values that go over a wire."""
    found = []
    for item in items:
        case = case_of(item)
        if case is not None:
            file, line = place_of(item)
            found.append(
                {
                    "key": item.nodeid,
                    "nodeid": plain_id(item),
                    "noise": case.request.noise,
                    "limits": [limit.text for limit in case.limits],
                    "file": file,
                    "line": line,
                }
            )
    return found


class Ledger:
    """Which marked tests there are, which began, and which have said how they ended.

    Keys are pytest's own ids, which have a group appended under ``--dist=loadgroup``.
    """

    def __init__(self) -> None:
        self._plan: dict[str, dict[str, Any]] = {}
        self._begun: set[str] = set()
        self._ended: set[str] = set()

    def plan(self, tests: list[dict[str, Any]]) -> None:
        """Take down the tests of a session; every worker tells the same ones."""
        for test in tests:
            self._plan.setdefault(test["key"], test)

    def begin(self, key: str) -> None:
        """A test begins."""
        self._begun.add(key)

    def end(self, key: str) -> None:
        """A test has ended, whatever came of it."""
        self._ended.add(key)

    def knows(self, key: str) -> bool:
        """Whether this is a marked test."""
        return key in self._plan

    def record(self, key: str, outcome: str, message: str) -> TestRecord:
        """The record of a marked test that left none itself."""
        from pytest_xraynoise.results import TestRecord, Verdict

        test = self._plan[key]
        return TestRecord(
            nodeid=test["nodeid"],
            outcome=outcome,
            verdict=Verdict("error", message) if outcome == "error" else None,
            limits=tuple(test["limits"]),
            message=message,
            file=test["file"],
            line=test["line"],
            noise=test["noise"],
        )

    @property
    def ids(self) -> set[str]:
        """The marked tests, as reports call them."""
        return {test["nodeid"] for test in self._plan.values()}

    def unfinished(self) -> list[TestRecord]:
        """The tests that were interrupted, and those that were not run."""
        return [
            self.record(key, "interrupted", INTERRUPTED)
            if key in self._begun
            else self.record(key, "not run", NOT_RUN)
            for key in self._plan
            if key not in self._ended
        ]
