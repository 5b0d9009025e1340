"""Results to plain dicts and lists and back: the JSON of one test, the cache and the xdist wire.

Numbers that JSON lacks (NaN, the infinities) become null; null comes back as NaN where a number
must stand and as None where the field may be empty. Everything else comes back exactly: Python
writes a float64 with the fewest digits that read back to the same bits.
"""

from __future__ import annotations

from pytest_xraynoise.results.serialize.ladder import ladder_from_dict, ladder_to_dict
from pytest_xraynoise.results.serialize.record import record_from_dict, record_to_dict
from pytest_xraynoise.results.serialize.values import plain
from pytest_xraynoise.results.serialize.verdict import verdict_from_dict, verdict_to_dict

__all__ = [
    "ladder_from_dict",
    "ladder_to_dict",
    "plain",
    "record_from_dict",
    "record_to_dict",
    "verdict_from_dict",
    "verdict_to_dict",
]
