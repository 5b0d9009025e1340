"""Ray, when it is asked for and where it is installed."""

from __future__ import annotations

import importlib
from typing import Any

from pytest_xraynoise.errors import SpecError

MISSING = (
    "engine 'ray' needs the package ray, which is not installed here; "
    "pip install 'pytest-xraynoise[ray]', or leave the engine 'local'"
)


def need_ray() -> Any:
    """The package ray.

    Raises:
        SpecError: where it is not installed.
    """
    try:
        return importlib.import_module("ray")
    except ImportError as error:
        raise SpecError(f"{MISSING} ({error})") from error
