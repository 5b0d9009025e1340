"""What code refers to: the globals that it names, and the members of classes."""

from __future__ import annotations

import functools
import sys
import types
import zlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

# Libraries whose code nobody edits while tests run; what their objects hold still counts.
_LIBRARIES = sys.stdlib_module_names | frozenset(
    (
        "pytest_xraynoise",
        "torch",
        "torchvision",
        "torchaudio",
        "torchxrayvision",
        "numpy",
        "scipy",
        "sklearn",
        "skimage",
        "pandas",
        "PIL",
        "cv2",
        "monai",
        "timm",
        "transformers",
        "lightning",
        "pytorch_lightning",
        "torchmetrics",
        "pyarrow",
        "onnxruntime",
        "pydicom",
        "nibabel",
        "SimpleITK",
        "matplotlib",
        "tqdm",
        "pytest",
        "_pytest",
        "pluggy",
    )
)
# Objects that are nobody's settings: told apart by identity.
_CLOSED = frozenset(
    (
        "builtins",
        "logging",
        "threading",
        "_thread",
        "multiprocessing",
        "concurrent",
        "asyncio",
        "weakref",
        "_weakref",
        "importlib",
        "_frozen_importlib",
        "_frozen_importlib_external",
        "zipimport",
        "inspect",
        "itertools",
        "operator",
        "re",
        "random",
        "_random",
        "io",
        "_io",
        "contextvars",
        "_contextvars",
        "typing",
        "warnings",
        "abc",
        "_abc",
        "functools",
        "numpy",
        "onnxruntime",
        "pyarrow",
        "tqdm",
        "pytest",
        "_pytest",
        "pluggy",
    )
)
_OPEN_TORCH = ("torch.utils.data", "torch.nn", "torch.distributions")
_SAID = frozenset(
    (
        "__doc__",
        "__module__",
        "__dict__",
        "__weakref__",
        "__annotations__",
        "__abstractmethods__",
        "_abc_impl",
        "__firstlineno__",
        "__static_attributes__",
        "__dataclass_fields__",
        "__dataclass_params__",
        "__parameters__",
        "__orig_bases__",
        "__match_args__",
        "__annotate_func__",
        "__annotations_cache__",
        "__annotate__",
        "__qualname__",
        "__slots__",
    )
)
_DESCRIPTORS = (types.MemberDescriptorType, types.GetSetDescriptorType)


def is_library(kind: type) -> bool:
    """Whether a class comes from a library, so that its code is not looked at."""
    return _root(kind.__module__) in _LIBRARIES


def is_closed(kind: type) -> bool:
    """Whether objects of a class are told apart by identity alone."""
    module = str(kind.__module__)
    if kind.__qualname__.startswith("pybind11"):  # how C++ keeps functions
        return True
    if _root(module) == "torch":
        return not module.startswith(_OPEN_TORCH)
    return _root(module) in _CLOSED


def slots(thing: Any) -> Iterator[tuple[str, Any]]:
    """What an object keeps in slots."""
    for each in type(thing).__mro__:
        for name, member in list(vars(each).items()):
            if isinstance(member, types.MemberDescriptorType):
                yield name, getattr(thing, name, None)


def class_parts(kind: type) -> Iterator[tuple[str, Any]]:
    """The methods and attributes of a class itself."""
    for name, value in list(vars(kind).items()):
        if name in _SAID or isinstance(value, _DESCRIPTORS):
            continue
        if isinstance(value, staticmethod | classmethod):
            yield name, value.__func__
        elif isinstance(value, property):
            yield name, value.fget
        elif isinstance(value, functools.cached_property):
            yield name, value.func
        else:
            yield name, value


def code_sign(code: types.CodeType) -> int:
    """A checksum of what a function does, whatever it is called on."""
    inner = [c for c in code.co_consts if isinstance(c, types.CodeType)]
    consts = [c for c in code.co_consts if not isinstance(c, types.CodeType)]
    text = repr((code.co_names, code.co_varnames, consts, list(map(code_sign, inner))))
    return zlib.crc32(text.encode("utf-8", "replace"), zlib.crc32(code.co_code))


def code_parts(function: types.FunctionType) -> Iterator[tuple[str, Any]]:
    """The globals that the code of a function names, also those behind modules of the user."""
    if _root(str(function.__globals__.get("__name__"))) in _LIBRARIES:
        return
    names = sorted(_names(function.__code__))
    modules: list[types.ModuleType] = []
    for name in names:
        found = function.__globals__.get(name, sys.modules.get(name))
        if isinstance(found, types.ModuleType):
            modules.append(found)
        elif name in function.__globals__:
            yield name, found
    seen: set[str] = set()
    while modules:
        module = modules.pop()
        if module.__name__ in seen or _root(module.__name__) in _LIBRARIES:
            continue
        seen.add(module.__name__)
        for name in names:
            value = vars(module).get(name)
            if isinstance(value, types.ModuleType):
                modules.append(value)
            elif name in vars(module) and name not in _SAID:
                yield f"{module.__name__}.{name}", value


def _names(code: types.CodeType) -> set[str]:
    inner = [_names(c) for c in code.co_consts if isinstance(c, types.CodeType)]
    return set(code.co_names).union(*inner)


def _root(module: str) -> str:
    return module.partition(".")[0]
