"""Which names code reads from around it, and whose code it is."""

from __future__ import annotations

import dis
import functools
import site
import sys
import sysconfig
import types
from pathlib import Path
from typing import Any

_HERE = Path(__file__).resolve().parents[2]  # of this package
_READ_WHOLE = ("torch", "numpy", "builtins")


@functools.lru_cache(maxsize=4096)
def global_names(code: types.CodeType) -> tuple[str, ...]:
    """The names that code, and the code inside it, looks up in its module; in order, each once."""
    found: dict[str, None] = {}
    for each in _nested(code):
        for step in dis.get_instructions(each):
            if "GLOBAL" in step.opname or step.opname == "LOAD_NAME":
                found[str(step.argval)] = None
    return tuple(found)


@functools.lru_cache(maxsize=4096)
def all_names(code: types.CodeType) -> tuple[str, ...]:
    """The names of globals and attributes that code, and the code inside it, uses."""
    return tuple(dict.fromkeys(name for each in _nested(code) for name in each.co_names))


def _nested(code: types.CodeType) -> list[types.CodeType]:
    inside = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    return [code, *(each for one in inside for each in _nested(one))]


@functools.lru_cache(maxsize=4096)
def is_installed(path: str) -> bool:
    """Whether a source file is of Python, of an installed package, or of this package.

    Such files change with a version; the values beside their code are settings and caches that no
    user sets as a rule.
    """
    if path.startswith("<"):
        return False
    place = Path(path).resolve()
    return any(place.is_relative_to(root) for root in _installed_roots())


def is_own_module(module: types.ModuleType) -> bool:
    """Whether a module is the user's own, with its source in a file."""
    path = getattr(module, "__file__", None)
    return isinstance(path, str) and path.endswith(".py") and not is_installed(path)


def is_own(thing: type | types.FunctionType) -> bool:
    """Whether a class or function is defined in a module of the user's own."""
    module = sys.modules.get(str(thing.__module__))
    return module is not None and is_own_module(module)


def is_public_name(thing: Any) -> bool:
    """Whether a callable is what its name says in torch, NumPy or Python, whose versions are told.

    NumPy's functions and torch's operators are objects of C, which show nothing but this name.
    """
    module, name = getattr(thing, "__module__", None), getattr(thing, "__name__", None)
    if not callable(thing) or not isinstance(module, str) or not isinstance(name, str):
        return False
    if module.partition(".")[0] not in _READ_WHOLE:
        return False
    return getattr(sys.modules.get(module), name, None) is thing


@functools.cache
def _installed_roots() -> tuple[Path, ...]:
    names = ("stdlib", "platstdlib", "purelib", "platlib")
    found = {sysconfig.get_paths()[name] for name in names}
    found |= {site.getusersitepackages(), *site.getsitepackages()}
    return (_HERE, *(Path(root).resolve() for root in sorted(found)))
