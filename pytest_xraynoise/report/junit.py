"""The ``xraynoise.*`` properties of a JUnit test case, and those of the suite."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report import comparison_text
from pytest_xraynoise.report.breaking import number
from pytest_xraynoise.report.deciding import deciding
from pytest_xraynoise.report.limit_status import limit_statuses
from pytest_xraynoise.report.outcome import tally
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import distinct

if TYPE_CHECKING:
    from pytest_xraynoise.report.document import Document
    from pytest_xraynoise.results import LadderResult, TestRecord


def properties(record: TestRecord) -> list[tuple[str, str]]:
    """Names and values of the properties, in a fixed order; what is not known is left out.

    ``metric`` and ``limit`` are those of the first broken limit, else of the limit that is closest
    to being broken; ``severity`` is the mildest rung that breaks it. ``worst``, ``drop``, ``low``
    and ``high`` are at the rung where the metric is worst. Numbers have six significant digits,
    ``limit`` is the word and number as written, and the severity of a mean over rungs is ``mean``.

    Where they apply there are also ``limits`` (each of several limits with ``pass``, ``fail`` or
    ``inconclusive``), ``decide`` with ``p`` and ``adjusted_p`` (in a confident mode), ``needed``
    (samples that would settle it), ``breaking_point`` (the parameter at which the first limit
    breaks), ``repeats``, and ``findings``.
    """
    found: list[tuple[str, str | None]] = []
    chosen = deciding(record)
    result = record.result
    found.append(("noise", record.noise or (result.noise if result is not None else None)))
    if chosen is not None:
        found += [
            ("metric", chosen.metric),
            ("clean", _number(chosen.clean)),
            ("worst", _number(chosen.worst)),
            ("drop", _number(chosen.drop)),
            ("severity", "mean" if chosen.severity is None else str(chosen.severity)),
            ("limit", chosen.check.limit if chosen.check else None),
            ("low", _number(chosen.low)),
            ("high", _number(chosen.high)),
        ]
    found.append(("verdict", _verdict(record)))
    if result is not None:
        found += [(name, _setting(result.settings.get(name))) for name in ("device", "seed")]
        found += _further(record, result)
    found += comparison_text.properties(record.comparison)
    return [(f"xraynoise.{name}", one_line(value)) for name, value in found if value is not None]


def suite_properties(document: Document) -> list[tuple[str, str]]:
    """Names and values of the suite's properties: what repeats the run; the unknown is left out."""
    environment = document.environment
    packages = environment.get("packages") or {}
    results = [record.result for record in document.tests if record.result is not None]
    dirty = environment.get("dirty")
    found: list[tuple[str, Any]] = [
        ("version", packages.get("pytest-xraynoise")),
        ("noise_spec", environment.get("noise_spec")),
        ("tests", len(document.tests)),
        ("summary", tally(document.tests)),
        ("model", distinct(result.model for result in results)),
        ("dataset", distinct(result.dataset for result in results)),
        ("device", environment.get("device")),
        ("seed", distinct(result.settings.get("seed") for result in results)),
        ("started", environment.get("started")),
        ("commit", environment.get("commit")),
        ("dirty", None if dirty is None else str(dirty).lower()),
        ("python", environment.get("python")),
        ("platform", environment.get("platform")),
        ("torch", packages.get("torch")),
    ]
    told = [(name, one_line(str(value))) for name, value in found if value is not None]
    return [(f"xraynoise.{name}", value) for name, value in told if value]


def _further(record: TestRecord, result: LadderResult) -> list[tuple[str, str | None]]:
    verdict, chosen = record.verdict, deciding(record)
    check = chosen.check if chosen is not None else None
    found: list[tuple[str, str | None]] = []
    if verdict is not None and len(statuses := limit_statuses(verdict)) > 1:
        found.append(("limits", "; ".join(f"{s.limit}: {s.status}" for s in statuses)))
    if verdict is not None and verdict.mode != "point":
        found.append(("decide", verdict.mode))
        if check is not None:
            found += [("p", _number(check.p)), ("adjusted_p", _number(check.adjusted_p))]
    if check is not None and check.needed is not None:
        found.append(("needed", str(check.needed)))
    found.append(("breaking_point", number(result)))
    if result.repeats > 1:
        found.append(("repeats", str(result.repeats)))
    if verdict is not None and verdict.findings:
        found.append(("findings", "; ".join(finding.text for finding in verdict.findings)))
    return found


def _verdict(record: TestRecord) -> str:
    if record.verdict is not None:
        return record.verdict.status
    return "error" if record.outcome == "error" else record.outcome


def _number(value: float | None) -> str | None:
    return None if value is None or not math.isfinite(value) else f"{value:.6g}"


def _setting(value: object) -> str | None:
    return None if value is None else str(value)
