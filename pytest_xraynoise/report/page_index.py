"""What the script of the HTML report knows of the tests: data, in a block that is never run."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report.matrix import UNKNOWN
from pytest_xraynoise.report.text import clean, elide

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.report.models_view import Group
    from pytest_xraynoise.report.rows import Row
    from pytest_xraynoise.results import TestRecord

_LONGEST = 2000  # characters of a test that the search looks at


def page_index(
    records: Sequence[TestRecord], rows: Sequence[Row], groups: Sequence[Group]
) -> dict[str, Any]:
    """Plain data: ``tests`` in the order of ``rows``, and ``models`` by their address.

    The template writes it with jinja's ``tojson``, which escapes ``<``, ``>``, ``&``, ``'`` and
    everything beyond ASCII, U+2028 and U+2029 among it.
    """
    return {
        "tests": [_test(record, row) for record, row in zip(records, rows, strict=True)],
        "models": {group.slug: clean(group.model) for group in groups if group.slug},
    }


def _test(record: TestRecord, row: Row) -> dict[str, Any]:
    labels = record.result.labels if record.result else ()
    words = [
        row.state.word, record.nodeid, row.model, row.noise, row.metric, row.limit,
        row.holds, row.reading, row.note, *labels, *record.limits,
    ]  # fmt: skip
    return {
        "id": row.slug,
        "kind": row.state.kind,
        "model": clean(row.model or UNKNOWN),
        "noise": clean(row.noise or UNKNOWN),
        "text": elide(clean(" ".join(filter(None, words))).lower(), _LONGEST),
        "keys": {k: clean(v) if isinstance(v, str) else v for k, v in row.keys.items()},
    }
