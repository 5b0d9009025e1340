"""Which model stood which noise: the overview of a run with several of either."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.deciding import deciding, margin
from pytest_xraynoise.report.page import State, state, worst_first
from pytest_xraynoise.report.text import one_line
from pytest_xraynoise.report.words import decimals_that_differ, metric_name, number

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.report.rows import Row
    from pytest_xraynoise.results import TestRecord

UNKNOWN = "not measured"
"""Stands for the model of a test that did not get as far as a measurement."""


@dataclass(frozen=True, slots=True)
class MatrixCell:
    """The worst test of one model under one noise.

    ``detail`` is its drop in words, ``broke`` where its limit broke, ``count`` the tests behind it.
    """

    state: State
    slug: str
    detail: str
    broke: str
    count: int
    failed: int


@dataclass(frozen=True, slots=True)
class Matrix:
    """Rows of (model, cells); a cell is None where no test is of that model and noise."""

    noises: tuple[str, ...]
    rows: tuple[tuple[str, tuple[MatrixCell | None, ...]], ...]


def matrix(records: Sequence[TestRecord], rows: Sequence[Row]) -> Matrix | None:
    """The overview; None where there is one model and one noise only.

    ``rows`` are the lines of the table for the same records.
    """
    models = list(dict.fromkeys(row.model or UNKNOWN for row in rows))
    noises = list(dict.fromkeys(row.noise or UNKNOWN for row in rows))
    if all(len(set(names) - {UNKNOWN}) < 2 for names in (models, noises)):
        return None
    models.sort(key=lambda name: name == UNKNOWN)
    noises.sort(key=lambda name: (name == UNKNOWN, name))
    pairs = list(zip(records, rows, strict=True))

    def cell(model: str, noise: str) -> MatrixCell | None:
        mine = [
            (record, row)
            for record, row in pairs
            if (row.model or UNKNOWN) == model and (row.noise or UNKNOWN) == noise
        ]
        return _cell(mine) if mine else None

    return Matrix(
        tuple(noises), tuple((model, tuple(cell(model, n) for n in noises)) for model in models)
    )


def _cell(mine: Sequence[tuple[TestRecord, Row]]) -> MatrixCell:
    kind = state(worst_first([record for record, _ in mine])[0]).kind
    alike = [(record, row) for record, row in mine if row.state.kind == kind]
    record, row = max(alike, key=lambda pair: _distance(pair[0], kind))
    chosen = deciding(record)
    detail = broke = ""
    if chosen is not None and record.result is not None:
        check = chosen.check
        decimals = decimals_that_differ(check.observed, check.threshold) if check else 3
        name = metric_name(chosen.metric)
        if chosen.label is not None:
            name = f"{name}, {one_line(chosen.label)}"
        ends = (number(chosen.clean, decimals), number(chosen.worst, decimals))
        detail = f"{name} {ends[0]} → {ends[1]}, drop {number(chosen.drop, decimals)}"
        if chosen.broken and chosen.severity is not None:
            rung = next(r.rung for r in record.result.rungs if r.severity == chosen.severity)
            broke = f"broke at {rung.severity}: {one_line(rung.label)}"
        elif chosen.broken:
            broke = "broke on average"
    failed = sum(r.state.kind == "fail" for _, r in mine)
    return MatrixCell(row.state, row.slug, detail, broke, len(mine), failed)


def _distance(record: TestRecord, kind: str) -> float:
    """Of failures the one furthest beyond its limit counts, of others the closest to it."""
    chosen = deciding(record)
    if chosen is None or chosen.check is None:
        return -math.inf
    found = margin(chosen.check)
    return found if kind == "fail" else -found
