"""How functions are compiled with Numba (extra ``fast``). Imported only where a kernel is."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar, cast

import numba

F = TypeVar("F", bound=Callable[..., Any])


def compiled(function: F) -> F:
    """Compile without the GIL; division by zero as in NumPy, so that loops vectorise."""
    return cast("F", numba.njit(nogil=True, error_model="numpy")(function))


def reducing(function: F) -> F:
    """As :func:`compiled`, for sums of ones, which are exact in any order."""
    return cast("F", numba.njit(nogil=True, error_model="numpy", fastmath={"reassoc"})(function))


def cached(function: F) -> F:
    """As :func:`compiled`, kept on disk where Numba finds a place to write.

    Numba's cache watches the file of the cached function alone, so a cached function stands in one
    file with what it calls, or that file carries a number that is raised with any change of it.
    """
    try:
        return cast("F", numba.njit(nogil=True, error_model="numpy", cache=True)(function))
    except RuntimeError:  # no directory that Numba may write its cache to
        return compiled(function)
