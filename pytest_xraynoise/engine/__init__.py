"""One pass over the data for all rungs of a ladder. Loads torch when a ladder is run."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.request import LadderRequest

if TYPE_CHECKING:
    from pytest_xraynoise.engine.evaluation import evaluate, run_request

__all__ = ["LadderRequest", "evaluate", "run_request"]


def __getattr__(name: str) -> Any:
    if name in ("evaluate", "run_request"):
        module = importlib.import_module("pytest_xraynoise.engine.evaluation")
        value = getattr(module, name)
        globals()[name] = value
        return value
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
