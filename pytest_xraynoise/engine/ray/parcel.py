"""Objects on their way to the cluster: pickled once here, unpacked once in each actor.

Ray pickles what it sends, within the user's own cluster, and so does this; nothing is read from
files. Tensors arrive on the CPU, whatever GPU they were on here.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import pickle
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt
import torch

from pytest_xraynoise.errors import DataError, ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_xraynoise.errors import XrayNoiseError

Bytes = npt.NDArray[np.uint8]

_INSTALLED = ("site-packages", "dist-packages")


@dataclass(frozen=True)
class Parcel:
    """One object, pickled.

    Attributes:
        what: ``model``, ``data`` or ``task``.
        token: of its content; the same bytes need not be sent twice.
        box: the bytes, as an array that processes of one machine share.
    """

    what: str
    token: str
    box: Bytes


def packed(value: Any, what: str, remedy: str = "") -> Parcel:
    """Pickle an object.

    Classes and functions of conftest files and test modules go along themselves, because nobody can
    import those elsewhere; everything else is named, and imported where it arrives.

    Raises:
        ModelError, DataError: for what cannot be pickled, with what to do.
    """
    from ray import cloudpickle

    stream = io.BytesIO()
    try:
        with _by_value(cloudpickle):
            torch.save(value, stream, pickle_module=cloudpickle, pickle_protocol=5)
    except Exception as error:
        raise _kind(what)(
            f"the {what} cannot be sent to the Ray cluster, because it cannot be pickled: "
            f"{type(error).__name__}: {error}. {remedy}"
        ) from error
    content = stream.getbuffer()
    token = hashlib.blake2b(content, digest_size=16).hexdigest()
    return Parcel(what, token, np.frombuffer(content, dtype=np.uint8))


def unpacked(what: str, box: Bytes, where: str) -> Any:
    """The object again.

    Raises:
        ModelError, DataError: for what cannot be unpickled here.
    """
    try:
        return torch.load(
            io.BytesIO(box.data), map_location="cpu", pickle_module=pickle, weights_only=False
        )
    except Exception as error:
        hint = ""
        if isinstance(error, ImportError):
            hint = "; install it on every node, or keep the code on storage that all nodes share"
        raise _kind(what)(
            f"the {what} could not be unpacked on {where}: {type(error).__name__}: {error}{hint}"
        ) from error


def _kind(what: str) -> type[XrayNoiseError]:
    return DataError if what == "data" else ModelError


@contextlib.contextmanager
def _by_value(cloudpickle: Any) -> Iterator[None]:
    """Let the code of conftest files and test modules travel with what uses it."""
    known = set(cloudpickle.list_registry_pickle_by_value())
    modules = [
        module
        for name, module in list(sys.modules.items())
        if name not in known and _is_test(getattr(module, "__file__", None), name, module)
    ]
    for module in modules:
        cloudpickle.register_pickle_by_value(module)
    try:
        yield
    finally:
        for module in modules:
            cloudpickle.unregister_pickle_by_value(module)


def _is_test(file: Any, name: str, module: Any) -> bool:
    if not isinstance(file, str) or getattr(module, "__name__", None) != name:
        return False
    path = Path(file)
    test = path.stem == "conftest" or path.stem.startswith("test_") or path.stem.endswith("_test")
    return test and not any(part in _INSTALLED for part in path.parts)
