"""One test item as the reports show it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results.comparison import Comparison
    from pytest_xraynoise.results.ladder import LadderResult
    from pytest_xraynoise.results.panels import Panel
    from pytest_xraynoise.results.verdict import Verdict


@dataclass(frozen=True, slots=True)
class TestRecord:
    """One test item as the reports show it.

    Attributes:
        nodeid: pytest's name of the item.
        outcome: pytest's word: passed, failed, error, skipped, xfailed, xpassed. Also interrupted,
            and not run for a test that a run ended before.
        verdict: the decision, None when the ladder did not get that far.
        limits: the limits as written.
        result: what was measured, None after an error.
        message: error or failure text, or the reason of an expected failure.
        file, line: where the marker stands (1-based), for annotations.
        duration: seconds, evaluation included.
        noise: the kind of noise of a test without a result.
        comparison: against a baseline, None where it was not compared.
        panels: what the hook ``pytest_xraynoise_report_panels`` added.
    """

    __test__ = False

    nodeid: str
    outcome: str
    verdict: Verdict | None = None
    limits: Sequence[str] = ()
    result: LadderResult | None = None
    message: str = ""
    file: str = ""
    line: int = 0
    duration: float = 0.0
    noise: str = ""
    comparison: Comparison | None = None
    panels: tuple[Panel, ...] = ()
