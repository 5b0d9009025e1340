"""What the noise that decided a test is in a clinic."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from pytest_xraynoise.report.deciding import Deciding
    from pytest_xraynoise.results import LadderResult


def clinical_reading(result: LadderResult, chosen: Deciding) -> str:
    """The reading of the rung that broke the limit, or came closest to it.

    That of the rung with the largest drop where a mean over rungs decided; empty where the rung
    has none.
    """
    severity = chosen.severity or result.metric(chosen.metric).worst_severity
    for rung in result.rungs:
        if rung.severity == severity > 0 and rung.rung.reading:
            return one_line(rung.rung.reading)
    return ""
