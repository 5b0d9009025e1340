"""What a model is made of, fed to a hash: tensors, structure, attributes, containers, and code."""

from __future__ import annotations

import dataclasses
import enum
import functools
import types
from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from pytest_xraynoise.engine.cache.code_digest import (
    PLAIN,
    CodeDigest,
    NotFingerprintableError,
)

_TORCH = (torch.dtype, torch.device, torch.Size, torch.layout, torch.memory_format)
_MODULE_OWN = frozenset(vars(torch.nn.Module())) - {"training"}
_HOOKS = tuple(name for name in _MODULE_OWN if name.endswith("_hooks"))


class Digest(CodeDigest):
    """Feeds what it is given to a hash, with everything that belongs to it."""

    def add(self, thing: Any) -> None:
        """Feed anything that belongs to a model.

        Raises:
            NotFingerprintableError: for what hides its state.
        """
        if isinstance(thing, PLAIN + _TORCH):
            self._say(type(thing).__name__, repr(thing))
            return
        if isinstance(thing, enum.Enum):
            self._say("enum", type(thing).__qualname__, thing.name)
            return
        if id(thing) in self._seen:
            self._say("again", str(self._seen[id(thing)][0]))
            return
        self._seen[id(thing)] = (len(self._seen), thing)
        self._object(thing)

    def _object(self, thing: Any) -> None:
        if isinstance(thing, torch.nn.Module):
            self._module(thing)
        elif isinstance(thing, torch.Tensor):
            self._tensor(thing)
        elif isinstance(thing, np.ndarray | np.generic):
            self._array(np.asarray(thing))
        elif isinstance(thing, types.ModuleType):
            self._say("module", thing.__name__)
        elif isinstance(thing, type):
            self._class(thing)
        elif isinstance(thing, list | tuple):
            self._say(type(thing).__name__, str(len(thing)))
            for part in thing:
                self.add(part)
        elif isinstance(thing, set | frozenset):
            self._say("set", str(len(thing)), repr(sorted(map(repr, thing))))
        elif isinstance(thing, Mapping):
            self._say("mapping", str(len(thing)))
            for key, value in thing.items():
                self.add(key)
                self.add(value)
        elif isinstance(thing, functools.partial):
            self._say("partial")
            for part in (thing.func, thing.args, thing.keywords):
                self.add(part)
        elif isinstance(thing, types.MethodType):
            self._say("method", thing.__func__.__qualname__)
            self._reached(thing.__func__)
            self.add(thing.__self__)
        elif isinstance(thing, types.FunctionType):
            self._function(thing)
        elif isinstance(thing, types.BuiltinFunctionType):
            self._say("builtin", str(thing.__module__), thing.__qualname__)
        else:
            self._instance(thing)

    def _module(self, module: torch.nn.Module) -> None:
        self._say("nn.Module", repr(module))
        for name, each in module.named_modules():
            self._say("at", name)
            if any(getattr(each, hooks, None) for hooks in _HOOKS):
                raise NotFingerprintableError(f"{type(each).__name__} has hooks")
            self._class(type(each))
            for attribute in sorted(vars(each).keys() - _MODULE_OWN - {"training"}):
                self._say("attribute", attribute)
                self.add(vars(each)[attribute])
        for name, tensor in module.named_parameters(remove_duplicate=False):
            self._say("parameter", name)
            self._tensor(tensor)
        for name, buffer in module.named_buffers(remove_duplicate=False):
            self._say("buffer", name)
            self._tensor(buffer)

    def _tensor(self, tensor: torch.Tensor) -> None:
        if tensor.is_meta or tensor.layout is not torch.strided or tensor.is_quantized:
            raise NotFingerprintableError(f"a tensor of layout {tensor.layout}")
        self._say("tensor", str(tensor.dtype), str(tuple(tensor.shape)))
        whole = tensor.detach().cpu().contiguous()
        self._update(whole.reshape(-1).view(torch.uint8).numpy().tobytes())

    def _array(self, array: np.ndarray[Any, Any]) -> None:
        if array.dtype.hasobject:
            raise NotFingerprintableError("an array of objects")
        self._say("array", array.dtype.str, str(array.shape))
        self._update(np.ascontiguousarray(array).tobytes())

    def _instance(self, thing: Any) -> None:
        self._class(type(thing))
        if dataclasses.is_dataclass(thing):
            state = {f.name: getattr(thing, f.name) for f in dataclasses.fields(thing)}
        elif hasattr(thing, "__dict__") and not hasattr(type(thing), "__slots__"):
            state = vars(thing)
            # An object of C may hold anything beside what it shows.
            if not any(isinstance(v, types.FunctionType) for v in vars(type(thing)).values()):
                raise NotFingerprintableError(f"a {type(thing).__name__}")
        else:
            raise NotFingerprintableError(f"a {type(thing).__name__}")
        for name in sorted(state):
            self._say("attribute", name)
            self.add(state[name])
