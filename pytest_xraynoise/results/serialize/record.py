"""One test: its record, its verdict and its ladder, side by side."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.record import TestRecord
from pytest_xraynoise.results.serialize.comparison import comparison_from_dict, comparison_to_dict
from pytest_xraynoise.results.serialize.ladder import ladder_from_dict, ladder_to_dict
from pytest_xraynoise.results.serialize.panels import panel_from_dict, panel_to_dict
from pytest_xraynoise.results.serialize.values import number, to_float
from pytest_xraynoise.results.serialize.verdict import verdict_from_dict, verdict_to_dict

if TYPE_CHECKING:
    from collections.abc import Mapping


def record_to_dict(record: TestRecord) -> dict[str, Any]:
    """One test as the JSON report holds it: the record, its verdict and its ladder, side by side.

    A test without a verdict has ``headline`` null, and ``verdict`` ``"error"`` if that is how it
    ended; a test without a result has ``ladder`` and ``task`` null and no rungs.
    """
    verdict: dict[str, Any] = {
        "verdict": "error" if record.outcome == "error" else None,
        "headline": None,
        "checks": [],
    }
    if record.verdict is not None:
        verdict = verdict_to_dict(record.verdict)
    return {
        "nodeid": record.nodeid,
        "outcome": record.outcome,
        **verdict,
        "limits": list(record.limits),
        "message": record.message,
        "file": record.file,
        "line": record.line,
        "duration": number(record.duration),
        **(_NO_LADDER if record.result is None else ladder_to_dict(record.result)),
        "noise": record.noise or (record.result.noise if record.result is not None else None),
        "comparison": None if record.comparison is None else comparison_to_dict(record.comparison),
        "panels": [panel_to_dict(panel) for panel in record.panels],
    }


def record_from_dict(data: Mapping[str, Any]) -> TestRecord:
    """The inverse of :func:`record_to_dict`.

    Raises:
        KeyError, TypeError, ValueError: if ``data`` is not what :func:`record_to_dict` writes.
    """
    compared = data.get("comparison")
    return TestRecord(
        nodeid=data["nodeid"],
        outcome=data["outcome"],
        verdict=None if data["headline"] is None else verdict_from_dict(data),
        limits=tuple(data["limits"]),
        result=None if data["ladder"] is None else ladder_from_dict(data),
        message=data["message"],
        file=data["file"],
        line=data["line"],
        duration=to_float(data["duration"]),
        noise="" if data["ladder"] is not None else data["noise"] or "",
        comparison=None if compared is None else comparison_from_dict(compared),
        panels=tuple(panel_from_dict(panel) for panel in data.get("panels", ())),
    )


_NO_LADDER: Mapping[str, Any] = {
    "noise": None,
    "ladder": None,
    "task": None,
    "rungs": [],
    "ids": [],
    "targets": None,
    "scores": {},
}
