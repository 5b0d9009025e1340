"""The tests of a report by model: a page of its own for each where a run tested several."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.matrix import UNKNOWN
from pytest_xraynoise.report.page import State, counts
from pytest_xraynoise.report.slugs import slug

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.report.rows import Row
    from pytest_xraynoise.results import TestRecord


@dataclass(frozen=True, slots=True)
class Group:
    """The tests of one model: where they stand, how they ended, their places in the report."""

    model: str
    slug: str
    counts: tuple[tuple[State, str], ...]
    indices: tuple[int, ...]
    data: str


def groups(records: Sequence[TestRecord], rows: Sequence[Row]) -> tuple[Group, ...]:
    """One group for each model, that with the first record first; one in all for a single model.

    Tests that were not measured have no model and come last; beside a single model they stay in
    its group.
    """
    models = list(dict.fromkeys(row.model for row in rows if row.model))
    if len(models) < 2:
        everything = tuple(range(len(rows)))
        return (Group(models[0] if models else "", "", (), everything, ""),) if rows else ()
    found = []
    for model in [*models, ""]:
        mine = tuple(i for i, row in enumerate(rows) if row.model == model)
        if mine:
            data = dict.fromkeys(r.dataset for i in mine if (r := records[i].result) and r.dataset)
            found.append(
                Group(
                    model or UNKNOWN,
                    slug("model", model),
                    tuple(counts([records[i] for i in mine])),
                    mine,
                    ", ".join(data),
                )
            )
    return tuple(found)
