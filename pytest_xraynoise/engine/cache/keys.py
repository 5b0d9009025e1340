"""What a model is made of: weights, structure, settings and code, as one digest.

The digest covers, bit by bit: every parameter and buffer with its name, type and shape; the
structure (``repr``); the attributes of every module that are no tensors; and for every class and
function that comes along, the whole source file that defines it, so that helpers beside it count.
The globals that this code reads belong to it, with what they are made of: functions of the user's
own are followed through their modules, and so are the methods of the user's own classes. A global
that cannot be read makes the whole not fingerprintable. Of installed packages count the source
files, and of the globals that their code reads modules, tensors, arrays and plain values; of torch
and of this package the versions.
"""

from __future__ import annotations

import hashlib
import platform
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise import __version__
from pytest_xraynoise.engine.cache.content import Digest
from pytest_xraynoise.noise.spec import SPEC_VERSION

if TYPE_CHECKING:
    from pytest_xraynoise.engine.execution import Execution

FORMAT = 3
"""Of the entries; raised on every change of what they hold."""


def content_digest(*things: Any) -> str:
    """The digest of a model, or of other callables.

    Raises:
        NotFingerprintableError: for lambdas, closures, hooks, and objects that hide their state.
    """
    hashed = hashlib.sha256()
    for thing in things:
        Digest(hashed.update).add(thing)
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
