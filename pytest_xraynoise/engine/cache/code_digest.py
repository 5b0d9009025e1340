"""The code behind a model or a function, with what it reads from around it, fed to a hash."""

from __future__ import annotations

import functools
import hashlib
import inspect
import logging
import types
from abc import ABC, abstractmethod
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

from pytest_xraynoise.engine.cache.code import (
    all_names,
    global_names,
    is_installed,
    is_own,
    is_own_module,
    is_public_name,
)

if TYPE_CHECKING:
    from collections.abc import Callable

PLAIN = (int, float, complex, bool, str, bytes, type(None), type(Ellipsis), PurePath)
"""Types whose values say all that there is to them."""

_NUMBERS = (torch.nn.Module, torch.Tensor, np.ndarray)
_READ = (*_NUMBERS, *PLAIN)
_TYPING = (types.GenericAlias, types.UnionType)
_VERSIONED = ("builtins", "torch", "abc", "typing", "pytest_xraynoise")


class NotFingerprintableError(Exception):
    """What something is made of cannot be told; the message says of what."""


class CodeDigest(ABC):
    """Feeds code to a hash; what is no code is for the class that inherits from it."""

    def __init__(self, update: Callable[[bytes], object]) -> None:
        self._update = update
        self._seen: dict[int, tuple[int, Any]] = {}  # kept, so that no id is used twice
        self._walked: set[type] = set()

    @abstractmethod
    def add(self, thing: Any) -> None:
        """Feed anything."""

    def _function(self, function: types.FunctionType) -> None:
        if function.__name__ == "<lambda>":
            raise NotFingerprintableError("a lambda")
        if function.__closure__:
            raise NotFingerprintableError(f"{function.__qualname__}, a closure")
        self._file(function)
        self._body(function)

    def _reached(self, thing: Any) -> None:
        """Something that code reads, or that a class holds: a lambda is told by its code here."""
        if isinstance(thing, logging.Logger):
            self._say("logger", thing.name)  # what is logged changes no result
        elif isinstance(thing, types.FunctionType):
            if self._first(thing):
                self._body(thing)
        elif isinstance(thing, type):
            self._say("class", thing.__module__, thing.__qualname__)
            if is_own(thing) and self._first(thing):
                self._class(thing)
        elif isinstance(thing, functools._lru_cache_wrapper):
            self._reached(thing.__wrapped__)
        elif isinstance(thing, inspect.Signature):
            self._say("signature", str(thing))
        elif isinstance(thing, np.ufunc):
            self._say("ufunc", thing.__name__)
        elif type(thing).__module__ == "typing" or isinstance(thing, _TYPING):
            self._say("typing", repr(thing))
        elif is_public_name(thing):
            self._say("name", thing.__module__, thing.__name__)
        else:
            self.add(thing)

    def _first(self, thing: Any) -> bool:
        """Whether something is met for the first time; said where it is not."""
        if id(thing) in self._seen:
            self._say("again", str(self._seen[id(thing)][0]))
            return False
        self._seen[id(thing)] = (len(self._seen), thing)
        return True

    def _body(self, function: types.FunctionType) -> None:
        """Code, defaults, closure and the globals that it reads."""
        code = function.__code__
        self._say("function", str(function.__module__), function.__qualname__)
        self._code(code)
        installed = is_installed(code.co_filename)
        if not installed:
            if not code.co_filename.startswith("<"):  # of generated methods the code tells all
                self._file(function)
            for part in (*(function.__defaults__ or ()), *(function.__kwdefaults__ or {}).values()):
                self._reached(part)
            for name in sorted(vars(function)):
                if not name.startswith(("__", "_torch")):
                    self._say("attribute", name)
                    self._reached(vars(function)[name])
        self._cells(function)
        for name in global_names(code):
            if name in function.__globals__:
                self._say("global", name)
                self._global(function.__globals__[name], code, installed)

    def _cells(self, function: types.FunctionType) -> None:
        # A decorator of an installed package around a function of the user's own is read whole.
        whole = not is_installed(function.__code__.co_filename) or is_own(function)
        cells = zip(function.__code__.co_freevars, function.__closure__ or (), strict=True)
        for name, cell in cells:
            self._say("cell", name)
            try:
                value = cell.cell_contents
            except ValueError:  # empty
                continue
            if whole or isinstance(value, (types.FunctionType, types.MethodType, *_READ)):
                self._reached(value)

    def _global(self, value: Any, code: types.CodeType, installed: bool) -> None:
        """What code reads by name; of installed packages only what may hold weights or settings."""
        if installed:
            if isinstance(value, _READ):
                self.add(value)
            elif isinstance(value, types.FunctionType) and self._same_package(value, code):
                self._reached(value)
        elif isinstance(value, types.ModuleType):
            self._say("module", value.__name__)
            if is_own_module(value):
                for name in all_names(code):
                    if name in vars(value) and not isinstance(vars(value)[name], types.ModuleType):
                        self._say("of module", name)
                        self._reached(vars(value)[name])
        else:
            self._reached(value)

    @staticmethod
    def _same_package(function: types.FunctionType, code: types.CodeType) -> bool:
        """Whether a function lies beside or below the folder of other code, but for torch's."""
        root = str(function.__module__).partition(".")[0]
        folder = Path(code.co_filename).parent
        return root not in _VERSIONED and folder in Path(function.__code__.co_filename).parents

    def _code(self, code: types.CodeType) -> None:
        """What a function does; its text alone does not tell lambdas of one file apart."""
        self._say("code", code.co_code.hex(), repr((code.co_names, code.co_varnames)))
        for constant in code.co_consts:
            if isinstance(constant, types.CodeType):
                self._code(constant)
            else:
                self._say("constant", _told(constant))

    def _class(self, kind: type) -> None:
        for each in kind.__mro__:
            self._say("class", each.__module__, each.__qualname__)
            if each.__module__.partition(".")[0] in _VERSIONED:
                continue
            self._file(each)
            if each not in self._walked:
                self._walked.add(each)
                self._members(each)

    def _members(self, kind: type) -> None:
        """What the methods of a class read, and the numbers that it holds."""
        own = is_own(kind)
        for name, value in sorted(vars(kind).items()):
            if isinstance(value, _READ) and own and not name.startswith("__"):
                self._say("member", name)
                self.add(value)
            for function in _functions_of(value):
                self._say("member", name)
                self._reached(function)

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


def _told(constant: Any) -> str:
    """A constant of code, by value: which of them are one object differs from run to run."""
    if isinstance(constant, tuple):
        return f"({','.join(map(_told, constant))})"
    if isinstance(constant, frozenset):
        return f"{{{','.join(sorted(map(_told, constant)))}}}"
    return repr(constant)


def _functions_of(member: Any) -> list[types.FunctionType]:
    """The functions behind a member of a class: a method, a property, or what wraps one."""
    found: list[Any] = [member]
    if isinstance(member, staticmethod | classmethod):
        found = [member.__func__]
    elif isinstance(member, property):
        found = [member.fget, member.fset, member.fdel]
    elif isinstance(member, functools.cached_property):
        found = [member.func]
    elif isinstance(member, functools._lru_cache_wrapper):
        found = [member.__wrapped__]
    return [one for one in found if isinstance(one, types.FunctionType)]


@functools.lru_cache(maxsize=4096)
def _file_digest(path: str, changed: int) -> str:
    """Of a source file; read once while it does not change."""
    del changed
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()
