"""What a run says of itself: ``model.json``, and what two runs are told apart by."""

from __future__ import annotations

import importlib.metadata
import platform
from typing import TYPE_CHECKING, Any

from pytest_xraynoise import __version__
from pytest_xraynoise.training.files import WEIGHTS

if TYPE_CHECKING:
    from pytest_xraynoise.training.recipe import Recipe
    from pytest_xraynoise.training.samples import Samples

FORMAT = 1
"""Of ``model.json``; raised on every incompatible change."""
_LIBRARIES = ("torch", "timm", "segmentation-models-pytorch", "numpy")


def model_card(kind: str, recipe: Recipe, data: dict[str, Any], **more: Any) -> dict[str, Any]:
    """The card of a model before it is trained; all of it decides the weights, but the versions.

    Args:
        kind: ``model`` or ``denoiser``.
        recipe: how it is trained.
        data: of :func:`data_card`.
        more: task, labels, image size.
    """
    said = recipe.to_dict()
    return {
        "format": FORMAT,
        "kind": kind,
        "architecture": said.pop("architecture"),
        "size": said.pop("size"),
        "options": said.pop("options"),
        **more,
        "weights": WEIGHTS,
        "training": said,
        "data": data,
        "versions": versions(),
    }


def data_card(samples: Samples, held: Samples | None) -> dict[str, Any]:
    """What was trained on, and what was held out."""
    return {"training": _told(samples), "validation": None if held is None else _told(held)}


def versions() -> dict[str, str]:
    """Of this package, Python and the libraries that weights depend on."""
    found = {"pytest-xraynoise": __version__, "python": platform.python_version()}
    for library in _LIBRARIES:
        try:
            found[library] = importlib.metadata.version(library)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found


def differences(one: dict[str, Any], other: dict[str, Any]) -> list[str]:
    """What two cards do not agree on, but for versions, ``data.training: a, now b``."""
    found = []
    for name in sorted({*one, *other} - {"versions"}):
        a, b = one.get(name), other.get(name)
        if isinstance(a, dict) and isinstance(b, dict):
            found += [f"{name}.{inner}" for inner in differences(a, b)]
        elif a != b:
            found.append(f"{name}: {a!r} there, {b!r} now")
    return found


def _told(samples: Samples) -> dict[str, Any]:
    return {"name": samples.name, "samples": len(samples), "fingerprint": samples.fingerprint}
