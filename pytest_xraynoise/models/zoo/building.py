"""From a name of the zoo to a model; nothing is downloaded."""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any, get_args

from pytest_xraynoise.errors import ModelError, SpecError, unknown
from pytest_xraynoise.models.zoo.architectures import (
    ARCHITECTURES,
    IMAGE_SIZES,
    SIZES,
    TASKS,
    Size,
    Variant,
    ZooTask,
)
from pytest_xraynoise.models.zoo.model import ZooModel

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from torch import nn


def names(task: str | None = None) -> tuple[str, ...]:
    """Names that :func:`build` knows, in alphabetical order.

    Args:
        task: only those for "classification" or "segmentation".

    Raises:
        SpecError: another task.
    """
    if task is not None and task not in TASKS:
        raise SpecError(unknown("task", task, TASKS))
    return tuple(sorted(name for name, a in ARCHITECTURES.items() if task in (None, a.task)))


def build(
    name: str,
    *,
    labels: Sequence[str],
    task: ZooTask | None = None,
    size: Size = "small",
    image_size: int | tuple[int, int] | None = None,
    in_channels: int = 1,
    **options: Any,
) -> ZooModel:
    """A freshly initialised model; ``torch.manual_seed`` before it fixes the weights.

    Args:
        name: one of :func:`names`.
        labels: names of the outputs: findings, classes or masks, one output for each.
        task: verified against the architecture's own; None for no check.
        size: "small" trains within minutes on two cores, "study" is of the usual size.
        image_size: that it is mostly used at, in pixels: one number or (height, width). Position
            embeddings and attention windows are made for it; images of other sizes run too.
            By default 128 for "small" and 224 for "study".
        in_channels: 1 for radiographs.
        **options: passed on: ``timm.create_model`` takes ``drop_rate`` and the like,
            segmentation-models-pytorch takes ``encoder_name``, ``decoder_channels`` and the like.

    Returns:
        A module for float intensities (N, in_channels, H, W) in [0, 1]: logits (N, K), or
        (N, K, H, W).

    Raises:
        SpecError: an unknown name, size or task, labels that are no names, a number that is not
            positive.
        ModelError: the library is not installed, or refuses the options.
    """
    if name not in ARCHITECTURES:
        raise SpecError(unknown("model", name, ARCHITECTURES))
    if size not in get_args(Size):
        raise SpecError(unknown("size", size, SIZES))
    architecture = ARCHITECTURES[name]
    _check_task(name, task, architecture.task)
    outputs = _names_of(labels)
    side = _image_size(IMAGE_SIZES[size] if image_size is None else image_size)
    _whole("in_channels", in_channels)
    variant = architecture.variant(size)
    network = _network(name, variant, architecture.task, len(outputs), in_channels, side, options)
    return ZooModel(
        network,
        labels=outputs,
        task=architecture.task,
        architecture=name,
        size=size,
        image_size=side,
        stride=_stride(variant, options),
    )


def _network(
    name: str,
    variant: Variant,
    task: ZooTask,
    outputs: int,
    channels: int,
    side: tuple[int, int],
    options: dict[str, Any],
) -> nn.Module:
    settings = {**variant.options, **({"img_size": side} if variant.sized else {}), **options}
    if task == "classification":
        create = _from("timm").create_model
        settings = {"pretrained": False, "in_chans": channels, "num_classes": outputs} | settings
        return _call(name, create, variant.source, **settings)
    create = getattr(_from("segmentation_models_pytorch"), variant.source)
    settings = {"encoder_weights": None, "in_channels": channels, "classes": outputs} | settings
    return _call(name, create, **settings)


def _stride(variant: Variant, options: dict[str, Any]) -> int:
    """Of a segmenter whose encoder is another than the variant's, at least its deepest stride."""
    deepened = variant.stride > 1 and {"encoder_name", "encoder_depth"} & options.keys()
    return (
        max(variant.stride, 2 ** int(options.get("encoder_depth", 5)))
        if deepened
        else (variant.stride)
    )


def _check_task(name: str, asked: str | None, own: ZooTask) -> None:
    if asked is None or asked == own:
        return
    if asked not in TASKS:
        raise SpecError(unknown("task", asked, TASKS))
    raise SpecError(f"{name!r} is for {own}, not {asked}; for {asked}: {', '.join(names(asked))}")


def _names_of(labels: Sequence[str]) -> tuple[str, ...]:
    listed = () if isinstance(labels, str) else tuple(labels)
    if not listed or not all(isinstance(label, str) and label for label in listed):
        raise SpecError(f"labels={labels!r}; expected a list of names, one for each output")
    if len(set(listed)) != len(listed):
        raise SpecError(f"labels={list(listed)!r} names a label twice")
    return listed


def _image_size(said: int | tuple[int, int]) -> tuple[int, int]:
    pair = tuple(said) if isinstance(said, (tuple, list)) else (said, said)
    if len(pair) != 2:
        raise SpecError(f"image_size={said!r}; expected a number or (height, width)")
    height, width = (_whole("image_size", one) for one in pair)
    return height, width


def _whole(word: str, value: Any) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or value < 1:
        raise SpecError(f"{word} is {value!r}; expected a whole number, 1 or more")
    return value


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
    except (TypeError, ValueError, KeyError, RuntimeError, AssertionError) as error:
        raise ModelError(f"the model {name!r} refuses {options}: {error}") from error
