"""The known noises in words, for ``pytest --xraynoise-noises`` and ``xraynoise noises``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.noise.ladders import ladder
from pytest_xraynoise.noise.registry import get, names

if TYPE_CHECKING:
    from collections.abc import Iterator


def noise_lines() -> Iterator[str]:
    """Each kind with its parameters and units, and each of its ladders, mildest rung first."""
    for name in names():
        kind = get(name)
        yield name
        if kind.summary:
            yield f"    {kind.summary}"
        for parameter in kind.parameters:
            yield f"    {parameter.keyword}: {parameter.unit}"
        for other in kind.alternatives:
            yield f"    or {other.keyword}: {other.unit}"
        if kind.options:
            yield f"    settings: {', '.join(kind.options)}"
        for which in kind.ladders:
            mark = " (default)" if which == kind.default_ladder else ""
            yield f"    ladder {which}{mark}"
            for rung in ladder(name, which).rungs:
                values = ", ".join(f"{k}={v:g}" for k, v in rung.parameters.items())
                yield f"        {rung.severity}  {values}"
