"""How much of a page its pictures may take."""

from __future__ import annotations

_LEAST, _MOST = 4_000_000, 15_000_000
_FEW, _LOTS = 20, 200
_FIXED = 120_000
_PER_TEST = 48_000


def picture_budget(tests: int) -> int:
    """Characters of base64 that leave a page of ``tests`` tests below its size.

    A page is to stay below 4 MB for up to 20 tests and below 15 MB for 200, in between on a
    straight line. Curves, tables and panels take what ``_PER_TEST`` allows a test.
    """
    share = min(1.0, max(0.0, (tests - _FEW) / (_LOTS - _FEW)))
    page = _LEAST + share * (_MOST - _LEAST)
    return max(0, int(page) - _FIXED - _PER_TEST * tests)
