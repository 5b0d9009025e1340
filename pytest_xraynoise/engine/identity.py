"""Whether a model or a dataset is still what it was: by cheap signs, within one process."""

from __future__ import annotations

import dataclasses
import functools
import os
import types
import weakref
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Iterator

_PLAIN = (int, float, bool, str, bytes, type(None))
_MOST = 64  # members of a container that are looked at
_ELEMENTS = 2**20  # elements of an array that are summed


class Held:
    """A reference that neither keeps its object alive nor takes another for it.

    Ids are used again once an object is gone, so an id alone says nothing. What cannot be referred
    to weakly (a list, a tuple) is kept.
    """

    def __init__(self, value: Any) -> None:
        self._method = isinstance(value, types.MethodType)
        self._weak: weakref.ref[Any] | None
        try:
            self._weak = weakref.WeakMethod(value) if self._method else weakref.ref(value)
            self._strong = None
        except TypeError:
            self._weak, self._strong = None, value

    @property
    def strong(self) -> bool:
        """Whether the object is kept alive by this reference."""
        return self._strong is not None

    @property
    def gone(self) -> bool:
        """Whether the object is no more."""
        return self._weak is not None and self._weak() is None

    def holds(self, value: Any) -> bool:
        """Whether this is the object; a bound method is made anew whenever it is looked up."""
        mine = self._strong if self._weak is None else self._weak()
        return mine is value or (self._method and mine is not None and bool(mine == value))


def opaque(value: Any) -> list[Any]:
    """The objects within a setting that plain values do not tell apart: functions and the like."""
    if isinstance(value, (*_PLAIN, os.PathLike)):
        return []
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [o for f in dataclasses.fields(value) for o in opaque(getattr(value, f.name))]
    if isinstance(value, Mapping):
        return [o for part in value.values() for o in opaque(part)]
    if isinstance(value, list | tuple | set | frozenset):
        return [o for part in value for o in opaque(part)]
    return [value]


def fingerprint(thing: Any) -> tuple[Any, ...]:
    """Signs that change when somebody trains, edits or rebuilds ``thing``.

    Looked at are every parameter and buffer (storage, version counter and a checksum of the bits),
    plain attributes and hooks of every module; and of what is no module: tensors, arrays, modules
    and plain values among its attributes, its closure, and the globals that its code names.
    """
    return tuple(_signs(thing, depth=2))


def _signs(thing: Any, depth: int) -> Iterator[Any]:
    if isinstance(thing, torch.nn.Module):
        yield from _module(thing)
    elif isinstance(thing, torch.Tensor):
        yield _tensor(thing, whole=False)
    elif isinstance(thing, np.ndarray):
        yield _array(thing)
    elif isinstance(thing, _PLAIN):
        yield thing
    elif depth:
        if hasattr(type(thing), "__len__") and not isinstance(thing, type):
            yield _length(thing)
        for name, part in _parts(thing):
            if not isinstance(part, types.ModuleType | type):
                yield name
                yield from _signs(part, depth - 1)


def _parts(thing: Any) -> Iterator[tuple[Any, Any]]:
    if isinstance(thing, list | tuple):
        yield from enumerate(thing[:_MOST])
        return
    if isinstance(thing, dict):
        yield from list(thing.items())[:_MOST]
        return
    if isinstance(thing, functools.partial):
        yield from enumerate((thing.func, *thing.args, *thing.keywords.values()))
    if isinstance(thing, types.MethodType):
        yield "self", thing.__self__
    if isinstance(thing, types.FunctionType):
        for name, cell in zip(thing.__code__.co_freevars, thing.__closure__ or (), strict=True):
            yield name, _inside(cell)
        for name in thing.__code__.co_names:
            if isinstance(value := thing.__globals__.get(name), torch.nn.Module | torch.Tensor):
                yield name, value
    yield from list(getattr(thing, "__dict__", {}).items())[:_MOST]


def _inside(cell: Any) -> Any:
    try:
        return cell.cell_contents
    except ValueError:  # not bound yet
        return None


def _module(module: torch.nn.Module) -> Iterator[Any]:
    for name, each in module.named_modules():
        plain = [(k, v) for k, v in vars(each).items() if isinstance(v, _PLAIN) and k != "training"]
        hooks = [*each._forward_hooks.values(), *each._forward_pre_hooks.values()]
        yield name, type(each), tuple(plain), tuple(map(id, hooks))
    for name, tensor in module.named_parameters():
        yield name, _tensor(tensor, whole=True)
    for name, buffer in module.named_buffers():
        yield name, _tensor(buffer, whole=True)


def _tensor(tensor: torch.Tensor, *, whole: bool) -> tuple[Any, ...]:
    try:
        version: int | None = tensor._version
    except RuntimeError:  # made in inference mode
        version = None
    try:
        place: int | None = tensor.data_ptr()
    except RuntimeError:  # meta, fake and lazy tensors have no memory
        return version, tuple(tensor.shape)
    flat = tensor.detach()
    # Changes through ``tensor.data`` count no version, so the bits of weights are looked at too.
    total = _checksum(flat if whole else flat.reshape(-1)[:: 1 + flat.numel() // _ELEMENTS])
    return version, place, tuple(tensor.shape), tensor.dtype, total


def _checksum(values: torch.Tensor) -> float | int:
    if values.is_sparse or values.is_quantized or values.numel() == 0:
        return 0
    if values.dtype == torch.float32 and values.is_contiguous():
        return int(values.view(torch.int32).sum(dtype=torch.int64))
    if values.dtype.is_complex:
        values = torch.view_as_real(values)
    return float(values.double().nansum())


def _array(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    few = array.reshape(-1)[:: 1 + array.size // _ELEMENTS]
    total = float(np.nansum(few)) if few.dtype.kind in "buif" else 0.0
    return array.shape, array.dtype.str, array.__array_interface__["data"][0], total


def _length(thing: Any) -> int | None:
    try:
        return len(thing)
    except (TypeError, NotImplementedError):  # loaders over streams have none
        return None
