"""Whatever a model, a dataset or this package changes in the process is put back afterwards."""

from __future__ import annotations

import contextlib
import random
from typing import TYPE_CHECKING, Any

import numpy as np
import torch

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    Restore = Callable[[], object]

_FLAGS = tuple(
    (path, name)
    for path, names in (
        ("backends.cudnn", ("enabled", "benchmark", "benchmark_limit", "deterministic")),
        # The newer names come first: the old ones cannot be read while both disagree.
        ("backends", ("fp32_precision",)),
        ("backends.cudnn", ("fp32_precision",)),
        ("backends.cudnn.conv", ("fp32_precision",)),
        ("backends.cudnn.rnn", ("fp32_precision",)),
        ("backends.cuda.matmul", ("fp32_precision",)),
        ("backends.mkldnn", ("fp32_precision",)),
        ("backends.mkldnn.conv", ("fp32_precision",)),
        ("backends.mkldnn.matmul", ("fp32_precision",)),
        ("backends.mkldnn.rnn", ("fp32_precision",)),
        ("backends.cuda.matmul", ("allow_tf32",)),
        ("backends.cudnn", ("allow_tf32",)),
        ("backends.cuda.matmul", ("allow_fp16_reduced_precision_reduction",)),
        ("backends.cuda.matmul", ("allow_bf16_reduced_precision_reduction",)),
    )
    for name in names
)
"""Attributes under ``torch`` that change how a network computes; versions lack some of them."""


@contextlib.contextmanager
def preserved_state(device: torch.device) -> Iterator[None]:
    """Leave the process as it was found, also after an error.

    Put back are: the random state of ``random``, NumPy's global one, and torch's on the CPU and the
    accelerators in use; grad mode; autocast; the default dtype; torch's number of threads; the
    switches of cuDNN and of TF32; deterministic algorithms. What did not change is not touched.

    Args:
        device: where the model runs; its random state is kept even when nobody used it before.
    """
    keepers = (_keep_random, _keep_modes, _keep_flags, _keep_autocast)
    with contextlib.ExitStack() as stack:
        for keep in keepers:
            stack.callback(keep(device))
        yield


def _keep_random(device: torch.device) -> Restore:
    python, numbers = random.getstate(), np.random.get_state()  # noqa: NPY002
    cpu = torch.get_rng_state()
    used = device.type == "cuda" or torch.cuda.is_initialized()  # type: ignore[no-untyped-call]
    gpus = range(torch.cuda.device_count()) if used else range(0)
    states = [(index, torch.cuda.get_rng_state(index)) for index in gpus]
    metal = torch.mps.get_rng_state() if device.type == "mps" else None

    def restore() -> None:
        random.setstate(python)
        np.random.set_state(numbers)  # noqa: NPY002
        torch.set_rng_state(cpu)
        for index, state in states:
            torch.cuda.set_rng_state(state, index)
        if metal is not None:
            torch.mps.set_rng_state(metal)

    return restore


def _keep_modes(device: torch.device) -> Restore:
    del device
    grad, dtype, threads = (
        torch.is_grad_enabled(),
        torch.get_default_dtype(),
        torch.get_num_threads(),
    )
    deterministic = _deterministic()

    def restore() -> None:
        torch.set_grad_enabled(grad)
        torch.set_default_dtype(dtype)
        if torch.get_num_threads() != threads:
            torch.set_num_threads(threads)
        if _deterministic() != deterministic:  # setting it loads torch's compiler
            torch.use_deterministic_algorithms(deterministic[0], warn_only=deterministic[1])

    return restore


def _deterministic() -> tuple[bool, bool]:
    return (
        torch.are_deterministic_algorithms_enabled(),
        torch.is_deterministic_algorithms_warn_only_enabled(),
    )


def _keep_flags(device: torch.device) -> Restore:
    del device
    before = [(path, name, _read(path, name)) for path, name in _FLAGS]

    def restore() -> None:
        for path, name, value in before:
            if value is not None and _read(path, name) != value:
                setattr(_part(path), name, value)

    return restore


def _read(path: str, name: str) -> Any:
    """A switch; None where this version has none, or where old and new names contradict."""
    try:
        return getattr(_part(path), name)
    except (AttributeError, RuntimeError):
        return None


def _part(path: str) -> Any:
    part: Any = torch
    for step in path.split("."):
        part = getattr(part, step)
    return part


def _keep_autocast(device: torch.device) -> Restore:
    kinds = tuple(dict.fromkeys(("cpu", "cuda", device.type)))
    before = [(k, torch.is_autocast_enabled(k), torch.get_autocast_dtype(k)) for k in kinds]
    cache = torch.is_autocast_cache_enabled()

    def restore() -> None:
        for kind, enabled, dtype in before:
            if torch.is_autocast_enabled(kind) != enabled:
                torch.set_autocast_enabled(kind, enabled)
            if torch.get_autocast_dtype(kind) != dtype:
                torch.set_autocast_dtype(kind, dtype)
        torch.set_autocast_cache_enabled(cache)

    return restore
