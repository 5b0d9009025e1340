"""Weights from a file into a model. Nothing is unpickled but tensors."""

from __future__ import annotations

import pickle
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeGuard, TypeVar

import torch

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    import os

    from torch import nn

    Tensors = dict[str, torch.Tensor]

Model = TypeVar("Model", bound="nn.Module")

_UNDER = ("state_dict", "model_state_dict", "model", "weights")
"""Keys under which trainers keep the weights; the first one is Lightning's."""

_PICKLES = (b"PK", b"\x80")
"""How files start that torch.save wrote, now and before 1.6."""

_SHOWN = 5


def load_weights(model: Model, path: str | os.PathLike[str]) -> Model:
    """Load a checkpoint into a model, whole or not at all.

    The names may have a prefix (``model.`` of Lightning, ``module.`` of data-parallel training,
    ``_orig_mod.`` of ``torch.compile``); what lies beside the prefix belongs to the trainer and is
    left out. A model of the zoo takes the weights of the network that it wraps as well.

    Args:
        model: any module; its parameters and buffers are overwritten.
        path: a ``.safetensors`` file, or what ``torch.save`` wrote of a state_dict, alone or under
            the key ``state_dict`` (Lightning), ``model_state_dict``, ``model`` or ``weights``.

    Returns:
        The model itself.

    Raises:
        ModelError: a file that cannot be read or holds more than tensors; weights of another
            architecture: names the keys that are missing, unexpected or of another shape, and the
            model of the zoo that they look like.
    """
    file = Path(path)
    weights = read_weights(file)
    own = model.state_dict()
    found = _without_prefix(weights, own)
    wrong = _Difference.between(found, own)
    if wrong:
        raise ModelError(f"{file} does not fit {_called(model)}: {wrong}{_advice(weights, own)}")
    model.load_state_dict(found)
    return model


def read_weights(path: Path) -> Tensors:
    """The tensors of a checkpoint by name, on the CPU.

    Raises:
        ModelError: a file that cannot be read, or holds more than tensors.
    """
    try:
        with path.open("rb") as file:
            start = file.read(9)
    except OSError as error:
        raise ModelError(f"cannot read the weights {path}: {error}") from error
    try:
        if path.suffix == ".safetensors" or start[8:] == b"{":
            from safetensors.torch import load_file

            return load_file(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch and safetensors raise what their formats raise
        if isinstance(error, pickle.UnpicklingError) and start.startswith(_PICKLES):
            raise ModelError(
                f"{path} holds more than tensors, and nothing else is unpickled here; save the "
                "weights alone: torch.save(model.state_dict(), path)"
            ) from error
        raise ModelError(
            f"{path} is no checkpoint that can be read ({type(error).__name__}: "
            f"{_first_line(error)}); expected .safetensors, or a state_dict that torch.save wrote"
        ) from error
    return _tensors(content, path)


def _tensors(content: Any, path: Path) -> Tensors:
    if isinstance(content, Mapping):
        for part in (content, *(content.get(key) for key in _UNDER)):
            if _is_state_dict(part):
                return dict(part)
        got = f"a mapping with the keys {', '.join(sorted(map(str, content))[:_SHOWN])}"
    else:
        got = f"a {type(content).__name__}"
    raise ModelError(
        f"{path} holds {got}; expected tensors by name (a state_dict), alone or under one of the "
        f"keys {', '.join(_UNDER)}"
    )


def _is_state_dict(part: Any) -> TypeGuard[Mapping[str, torch.Tensor]]:
    return (
        isinstance(part, Mapping)
        and len(part) > 0
        and all(isinstance(k, str) and isinstance(v, torch.Tensor) for k, v in part.items())
    )


def _without_prefix(weights: Tensors, own: Tensors) -> Tensors:
    """The weights under the names of the model: the change of prefix that fits most of them."""
    best, most = weights, len(weights.keys() & own.keys())
    for added in ("", *sorted(_prefixes(own))):
        for taken in ("", *sorted(_prefixes(weights))):
            renamed = {
                added + name.removeprefix(taken): tensor
                for name, tensor in weights.items()
                if name.startswith(taken)
            }
            fitting = len(renamed.keys() & own.keys())
            if fitting > most:
                best, most = renamed, fitting
    return best


def _prefixes(names: Mapping[str, Any]) -> set[str]:
    """Leading parts of names, of up to three steps, that more than one name in two has."""
    found: dict[str, int] = {}
    for name in names:
        steps = name.split(".")
        for count in range(1, min(4, len(steps))):
            start = ".".join(steps[:count]) + "."
            found[start] = found.get(start, 0) + 1
    return {start for start, count in found.items() if 2 * count > len(names)}


@dataclass(frozen=True, slots=True)
class _Difference:
    """How the keys of a checkpoint differ from those of a model."""

    missing: tuple[str, ...]
    unexpected: tuple[str, ...]
    reshaped: tuple[str, ...]

    @classmethod
    def between(cls, weights: Tensors, own: Tensors) -> _Difference:
        return cls(
            tuple(name for name in own if name not in weights),
            tuple(name for name in weights if name not in own),
            tuple(
                f"{name}: {_shape(weights[name])} in the file, {_shape(own[name])} in the model"
                for name in own
                if name in weights and weights[name].shape != own[name].shape
            ),
        )

    def __bool__(self) -> bool:
        return bool(self.missing or self.unexpected or self.reshaped)

    def __str__(self) -> str:
        parts = (
            ("missing", self.missing),
            ("unexpected", self.unexpected),
            ("of another shape", self.reshaped),
        )
        return "; ".join(f"{_counted(keys)} {what} ({_few(keys)})" for what, keys in parts if keys)


def _advice(weights: Tensors, own: Tensors) -> str:
    """Which model of the zoo the keys look like, where it is another one."""
    from pytest_xraynoise.models.zoo.likeness import likeness

    like = likeness(weights, own)
    return f". {like}" if like else ""


def _called(model: nn.Module) -> str:
    name = getattr(model, "xraynoise_name", None)
    return f"the model {name}" if isinstance(name, str) else f"a {type(model).__name__}"


def _counted(keys: tuple[str, ...]) -> str:
    return "1 key is" if len(keys) == 1 else f"{len(keys)} keys are"


def _few(keys: tuple[str, ...]) -> str:
    more = f", and {len(keys) - _SHOWN} more" if len(keys) > _SHOWN else ""
    return ", ".join(keys[:_SHOWN]) + more


def _shape(tensor: torch.Tensor) -> str:
    return str(tuple(tensor.shape))


def _first_line(error: Exception) -> str:
    return (str(error).strip().splitlines() or ["no details"])[0]
