"""A denoiser in reports: the drop with it, and without."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.text import cut, elide, one_line
from pytest_xraynoise.report.words import number, split_id

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.report.deciding import Deciding
    from pytest_xraynoise.results import LadderResult, MetricValue, TestRecord


def denoising_line(result: LadderResult, chosen: Deciding) -> str:
    """``with denoiser gaussian: drop 0.03 (without: 0.12); on clean images it costs 0.01``.

    The drops are those at the rung that is shown first; all are from the clean images through the
    bare model. Empty without a denoiser.
    """
    found = result.denoising
    if found is None or chosen.metric not in found.clean.metrics:
        return ""
    name, label = chosen.metric, chosen.label
    severity = chosen.worst_severity or 0
    behind = _drop(result.metric(name).rungs.get(severity), label)
    bare = _drop(found.metric(name).rungs.get(severity), label)
    cost = _drop(found.clean.metrics[name], label)
    drops = f"drop {number(behind)} (without: {number(bare)})"
    return f"with denoiser {one_line(found.name)}: {drops}; on clean images it costs {number(cost)}"


def denoising_lines(
    records: Sequence[tuple[TestRecord, Deciding | None]], width: int
) -> list[tuple[str, str]]:
    """One line below the summary for each test with a denoiser: (style, line)."""
    lines = []
    for record, chosen in records:
        if record.result is not None and chosen is not None:
            line = denoising_line(record.result, chosen)
            test = elide(split_id(record.nodeid)[1], max(width // 3, 1))
            lines += [("plain", cut(f"{test}: {line}", width))] if line else []
    return lines


def _drop(value: MetricValue | None, label: str | None) -> float | None:
    if value is None:
        return None
    chosen = value if label is None else value.labels.get(label)
    return None if chosen is None else chosen.drop
