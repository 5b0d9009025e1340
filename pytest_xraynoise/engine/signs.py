"""Signs of a model, function or dataset: everything that it reaches, walked once.

Containers, objects, closures and the globals that code names are followed to their end. What cannot
be read, or is too much, becomes a sign that equals no other: it is then measured again.
"""

from __future__ import annotations

import array
import contextlib
import datetime as dt
import functools
import inspect
import numbers
import os
import types
import zlib
from collections import deque
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pytest_xraynoise.engine.bits import UnreadableError, array_sign, bytes_checksum, tensor_sign
from pytest_xraynoise.engine.followed import (
    class_parts,
    code_parts,
    code_sign,
    is_closed,
    is_library,
    slots,
)

if TYPE_CHECKING:
    from collections.abc import Iterable

PLAIN = (int, float, bool, str, bytes, type(None))
"""Types whose values say all that there is to them."""

_EXACT = frozenset(PLAIN)
_TOLD = (complex, range, slice, type(Ellipsis), os.PathLike, dt.date, dt.timedelta)
_TOLD_TORCH = (torch.dtype, torch.device, torch.Size, torch.layout, torch.memory_format)
_MODULE_OWN = frozenset(vars(torch.nn.Module()))
_FORWARD_HOOKS = ("_forward_hooks", "_forward_pre_hooks")
_MEMBERS = (list, tuple, set, frozenset, deque)
_MOST = 2**20  # objects that one walk visits


class Walk:
    """Collects the signs of one thing in :attr:`signs`."""

    def __init__(self) -> None:
        self.signs: list[Any] = []
        # Kept while walking, so that no id is used twice.
        self._seen: dict[int, tuple[int, Any]] = {}
        self._walked: set[int] = set()  # classes

    def add(self, thing: Any) -> None:
        """The signs of ``thing`` and of all that it reaches.

        Raises:
            UnreadableError: for more objects than can be looked at, and what hides its state.
        """
        if type(thing) in _EXACT:
            self.signs.append(_plain(thing))
        elif id(thing) in self._seen:
            self.signs.append(("again", self._seen[id(thing)][0]))
        elif len(self._seen) >= _MOST:
            raise UnreadableError("too many objects")
        else:
            self._seen[id(thing)] = (len(self._seen), thing)
            self._value(thing)

    def _value(self, thing: Any) -> None:
        if isinstance(thing, _TOLD + _TOLD_TORCH):
            self.signs.append((type(thing).__qualname__, repr(thing)))
        elif isinstance(thing, torch.nn.Module):
            self._module(thing)
        elif isinstance(thing, torch.Tensor):
            self.signs.append(tensor_sign(thing))
            self._named(getattr(thing, "__dict__", {}).items())
        elif isinstance(thing, np.ndarray | np.generic):
            self._array(np.asarray(thing))
            self._named(getattr(thing, "__dict__", {}).items())  # the mask of a masked one
        elif isinstance(thing, bytearray | memoryview | array.array):
            self.signs.append(bytes_checksum(memoryview(thing).tobytes()))
        elif isinstance(thing, types.ModuleType):
            self.signs.append((thing.__name__, id(thing)))
        elif isinstance(thing, type):
            self._class(thing)
        elif isinstance(thing, types.FunctionType):
            self._function(thing)
        elif isinstance(thing, types.MethodType):
            self.add(thing.__func__)
            self.add(thing.__self__)
        elif isinstance(thing, functools.partial):
            self._members("partial", (thing.func, thing.args, thing.keywords))
            self._named(vars(thing).items())
        else:
            self._object(thing)

    def _object(self, thing: Any) -> None:
        kind = type(thing)
        root = kind.__module__.partition(".")[0]
        self._class(kind)
        members = isinstance(thing, (*_MEMBERS, dict, types.MappingProxyType))
        if members:
            self._container(thing)
        elif isinstance(thing, PLAIN):  # of a derived type
            self.signs.append(repr(thing))
        elif root == "pandas" and hasattr(thing, "to_numpy"):
            return self._table(thing)
        elif root == "PIL" and hasattr(thing, "tobytes"):
            self.signs.append((thing.mode, thing.size, bytes_checksum(thing.tobytes())))
            return None
        elif is_closed(kind):
            self.signs.append(id(thing))
            if (inner := getattr(thing, "__wrapped__", None)) is not None:
                self.add(inner)
            # A method of C is bound to what it reads.
            if isinstance(thing, types.BuiltinFunctionType | types.MethodWrapperType):
                self.add(thing.__self__)
            return None
        state = [*getattr(thing, "__dict__", {}).items(), *slots(thing)]
        if not state and not members and not hasattr(thing, "__dict__"):
            self._hidden(thing)
        if hasattr(kind, "__len__") and not members:
            with contextlib.suppress(TypeError, NotImplementedError):  # streams have none
                self.signs.append(len(thing))
        self._named(state)
        return None

    def _hidden(self, thing: Any) -> None:
        """Of an object without attributes: it is known by its identity, or not at all."""
        kind = type(thing)
        if not is_library(kind) and not any("__slots__" in vars(each) for each in kind.__mro__):
            raise UnreadableError(f"a {kind.__qualname__}")
        self.signs.append((id(thing), repr(thing) if isinstance(thing, numbers.Number) else None))

    def _container(self, thing: Any) -> None:
        self.signs.append((type(thing).__qualname__, len(thing)))
        if isinstance(thing, Mapping):
            self._members("keys", list(thing))
            self._members("values", list(thing.values()))
        else:
            self._members("members", thing)

    def _members(self, name: str, members: Iterable[Any]) -> None:
        values = list(members)
        if _EXACT.issuperset(map(type, values)):
            self.signs.append((name, zlib.crc32(repr(values).encode("utf-8", "replace"))))
            return
        self.signs.append((name, len(values)))
        for value in values:
            self.add(value)

    def _named(self, parts: Iterable[tuple[Any, Any]]) -> None:
        for name, part in list(parts):
            self.signs.append(name)
            self.add(part)

    def _array(self, values: np.ndarray[Any, Any]) -> None:
        if values.dtype.kind == "O":
            self.signs.append(values.shape)
            self._members("objects", values.reshape(-1).tolist())
        elif values.dtype.hasobject:
            raise UnreadableError("an array of records with objects")
        else:
            self.signs.append(array_sign(values))

    def _table(self, thing: Any) -> None:
        """Of pandas: the values by columns, which may be views that are edited in place."""
        axes = (thing.index, thing.columns) if hasattr(thing, "columns") else ()
        for axis in axes or ((thing.index,) if hasattr(thing, "index") else ()):
            self._members("axis", axis.tolist())
        columns = [thing.iloc[:, n] for n in range(thing.shape[1])] if thing.ndim == 2 else [thing]
        for column in columns:
            values = column.to_numpy()
            # Whether there was a copy is up to pandas, so the place in memory says nothing.
            if values.dtype.hasobject:
                self._members("column", values.tolist())
            else:
                self.signs.append((str(values.dtype), *array_sign(values)[4:]))

    def _class(self, kind: type) -> None:
        self.signs.append((kind.__module__, kind.__qualname__, id(kind)))
        for each in kind.__mro__:
            if not is_library(each) and id(each) not in self._walked:
                self._walked.add(id(each))
                self._named(class_parts(each))

    def _function(self, function: types.FunctionType) -> None:
        self.signs.append((function.__qualname__, id(function), code_sign(function.__code__)))
        for name, cell in zip(
            function.__code__.co_freevars, function.__closure__ or (), strict=True
        ):
            with contextlib.suppress(ValueError):  # not bound yet
                self._named([(name, cell.cell_contents)])
        self._named([("defaults", function.__defaults__), ("named", function.__kwdefaults__)])
        self._named(vars(function).items())
        self._named(code_parts(function))

    def _module(self, module: torch.nn.Module) -> None:
        for name, each in module.named_modules():
            self.signs.append((name, id(each), id(inspect.getattr_static(each, "forward", None))))
            self._class(type(each))
            own = [part for hook in _FORWARD_HOOKS for part in getattr(each, hook).values()]
            self._members("hooks", own)
            state = [(k, v) for k, v in vars(each).items() if k not in _MODULE_OWN]
            self._named([*state, *slots(each)])
            if isinstance(each, torch.jit.ScriptModule):  # keeps code and settings in C++
                self.signs.append(each._c.dump_to_str(True, True, False))
                self._named(each.named_parameters(recurse=False))
                self._named(each.named_buffers(recurse=False))
            else:
                self._named(each._parameters.items())
                self._named(each._buffers.items())


def _plain(value: Any) -> Any:
    """So that 1, 1.0 and True differ, and 0.0 and -0.0."""
    return (type(value).__name__, repr(value) if isinstance(value, float) else value)
