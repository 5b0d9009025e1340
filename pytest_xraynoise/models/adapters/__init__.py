"""Models that were not made with this package: files of other formats, and torchxrayvision's.

Models of MONAI and every other ``nn.Module`` need no adapter.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pytest_xraynoise.models.adapters.exported import ExportedModel
    from pytest_xraynoise.models.adapters.loading import load_model
    from pytest_xraynoise.models.adapters.onnx import OnnxModel
    from pytest_xraynoise.models.adapters.scripted import ScriptedModel

_HOMES = {
    "ExportedModel": "exported",
    "OnnxModel": "onnx",
    "ScriptedModel": "scripted",
    "load_model": "loading",
}

__all__ = ["ExportedModel", "OnnxModel", "ScriptedModel", "load_model"]


def __getattr__(name: str) -> Any:
    if name in _HOMES:
        return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
