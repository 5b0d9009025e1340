"""Small models by name, through timm and segmentation-models-pytorch; nothing is downloaded."""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ModelError, SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from torch import nn


@dataclass(frozen=True, slots=True)
class Architecture:
    """One entry of the zoo.

    Attributes:
        task: "classification", (N, C, H, W) -> (N, classes) logits; or "segmentation",
            (N, C, H, W) -> (N, classes, H, W) logits.
        source: class of segmentation-models-pytorch, or model name of timm.
        options: default options, which the caller's override.
    """

    task: str
    source: str
    options: dict[str, Any]


_SMALL = {"encoder_name": "resnet18"}

_ZOO: dict[str, Architecture] = {
    "resnet": Architecture("classification", "resnet10t", {}),
    "resnet18": Architecture("classification", "resnet18", {}),
    "densenet": Architecture("classification", "densenet121", {}),
    "efficientnet": Architecture("classification", "efficientnet_b0", {}),
    "mobilenet": Architecture("classification", "mobilenetv3_small_050", {}),
    "unet": Architecture(
        "segmentation",
        "Unet",
        {**_SMALL, "encoder_depth": 4, "decoder_channels": (64, 32, 16, 16)},
    ),
    "unet++": Architecture("segmentation", "UnetPlusPlus", _SMALL),
    "deeplabv3": Architecture("segmentation", "DeepLabV3", _SMALL),
    "deeplabv3+": Architecture("segmentation", "DeepLabV3Plus", _SMALL),
    "fpn": Architecture("segmentation", "FPN", _SMALL),
}


def names(task: str | None = None) -> tuple[str, ...]:
    """Names that :func:`build` knows, in alphabetical order.

    Args:
        task: only those for "classification" or "segmentation".

    Raises:
        SpecError: another task.
    """
    tasks = ("classification", "segmentation")
    if task is not None and task not in tasks:
        raise SpecError(unknown("task", task, tasks))
    return tuple(sorted(name for name, a in _ZOO.items() if task in (None, a.task)))


def build(name: str, *, in_channels: int = 1, classes: int, **options: Any) -> nn.Module:
    """A freshly initialised model that returns logits.

    Args:
        name: one of :func:`names`.
        in_channels: 1 for radiographs.
        classes: labels (classification) or masks (segmentation).
        **options: passed on: ``timm.create_model`` takes ``drop_rate`` and the like,
            segmentation-models-pytorch takes ``encoder_name``, ``encoder_depth``,
            ``decoder_channels`` and the like.

    Returns:
        A module for float images (N, in_channels, H, W): logits (N, classes), or
        (N, classes, H, W) where H and W divide by the encoder's stride.

    Raises:
        SpecError: unknown name, or a number that is not positive.
        ModelError: the library is not installed, or refuses the options.
    """
    if name not in _ZOO:
        raise SpecError(unknown("model", name, _ZOO))
    for word, value in (("in_channels", in_channels), ("classes", classes)):
        if value < 1:
            raise SpecError(f"{word} is {value!r}; expected 1 or more")
    architecture = _ZOO[name]
    settings = {**architecture.options, **options}
    if architecture.task == "classification":
        settings = {"pretrained": False, "in_chans": in_channels, "num_classes": classes} | settings
        create = _from("timm").create_model
        return _call(name, create, architecture.source, **settings)
    settings = {"encoder_weights": None, "in_channels": in_channels, "classes": classes} | settings
    create = getattr(_from("segmentation_models_pytorch"), architecture.source)
    return _call(name, create, **settings)


def _from(library: str) -> Any:
    try:
        return importlib.import_module(library)
    except ImportError as error:
        raise ModelError(
            f"the model zoo needs {library}, which cannot be imported ({error}); "
            "install it with: pip install 'pytest-xraynoise[zoo]'"
        ) from error


def _call(name: str, create: Callable[..., nn.Module], *args: Any, **options: Any) -> nn.Module:
    try:
        return create(*args, **options)
    except (TypeError, ValueError, KeyError, RuntimeError) as error:
        raise ModelError(f"the model {name!r} refuses {options}: {error}") from error
