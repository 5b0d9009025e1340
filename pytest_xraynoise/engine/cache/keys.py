"""What a model is made of: weights, structure, settings and code, as one digest.

The digest covers, bit by bit: every parameter and buffer with its name, type and shape; the
structure (``repr``); the attributes of every module that are no tensors; and for every class and
function that comes along, the whole source file that defines it, so that helpers beside it count.
Code that these files import from elsewhere is not followed, but for the versions of torch and of
this package.
"""

from __future__ import annotations

import dataclasses
import enum
import functools
import hashlib
import inspect
import platform
import types
from collections.abc import Mapping
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pytest_xraynoise import __version__
from pytest_xraynoise.noise.spec import SPEC_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_xraynoise.engine.execution import Execution

FORMAT = 1
"""Of the entries; raised on every change of what they hold."""

_PLAIN = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis), PurePath)
_TORCH = (torch.dtype, torch.device, torch.Size, torch.layout, torch.memory_format)
_MODULE_OWN = frozenset(vars(torch.nn.Module())) - {"training"}
_HOOKS = tuple(name for name in _MODULE_OWN if name.endswith("_hooks"))


class NotFingerprintableError(Exception):
    """What something is made of cannot be told; the message says of what."""


def content_digest(*things: Any) -> str:
    """The digest of a model, or of other callables.

    Raises:
        NotFingerprintableError: for lambdas, closures, hooks, and objects that hide their state.
    """
    hashed = hashlib.sha256()
    for thing in things:
        _Digest(hashed.update).add(thing)
    return hashed.hexdigest()


def versions(how: Execution, device: str) -> dict[str, Any]:
    """What a result depends on beside the model, the data and the noise."""
    return {
        "format": FORMAT,
        "version": __version__,
        "noise": SPEC_VERSION,
        "torch": torch.__version__,
        "machine": platform.machine(),
        "device": device,
        "batch_size": how.batch_size,
        "precision": how.precision,
        "channels_last": how.channels_last,
        "compile": how.compile,
        "tf32": _precision_switches(),
    }


def _precision_switches() -> list[str]:
    names = ("backends.cuda.matmul", "backends.cudnn", "backends.cudnn.conv", "backends.mkldnn")
    found = []
    for name in names:
        part: Any = torch
        for step in name.split("."):
            part = getattr(part, step, None)
        found.append(str(getattr(part, "fp32_precision", None)))
    return found


class _Digest:
    """Feeds what it is given to a hash, with everything that belongs to it."""

    def __init__(self, update: Callable[[bytes], object]) -> None:
        self._update = update
        self._seen: dict[int, tuple[int, Any]] = {}  # kept, so that no id is used twice

    def add(self, thing: Any) -> None:
        if isinstance(thing, _PLAIN + _TORCH):
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

    def _function(self, function: types.FunctionType) -> None:
        if function.__name__ == "<lambda>":
            raise NotFingerprintableError("a lambda")
        if function.__closure__:
            raise NotFingerprintableError(f"{function.__qualname__}, a closure")
        self._say("function", function.__module__, function.__qualname__)
        self._file(function)
        self.add(function.__defaults__)
        self.add(function.__kwdefaults__)
        for name in function.__code__.co_names:
            value = function.__globals__.get(name)
            if isinstance(value, torch.nn.Module | torch.Tensor | np.ndarray):
                self._say("global", name)
                self.add(value)

    def _class(self, kind: type) -> None:
        for each in kind.__mro__:
            self._say("class", each.__module__, each.__qualname__)
            if each.__module__.partition(".")[0] not in ("builtins", "torch", "abc", "typing"):
                self._file(each)

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

    def _file(self, thing: Any) -> None:
        try:
            path = inspect.getsourcefile(thing)
            if path is None:
                raise OSError
            self._say("file", _file_digest(path, Path(path).stat().st_mtime_ns))
        except (OSError, TypeError):
            name = getattr(thing, "__qualname__", type(thing).__name__)
            raise NotFingerprintableError(f"{name}, whose source is not at hand") from None

    def _say(self, *words: str) -> None:
        """Words with their lengths, so that no two lists of words feed the same bytes."""
        for word in words:
            data = word.encode("utf-8", "surrogatepass")
            self._update(f"{len(data)}:".encode() + data)


@functools.lru_cache(maxsize=4096)
def _file_digest(path: str, changed: int) -> str:
    """Of a source file; read once while it does not change."""
    del changed
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
