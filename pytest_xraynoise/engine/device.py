"""Which device a run uses."""

from __future__ import annotations

import torch

from pytest_xraynoise.errors import SpecError, unknown

KNOWN = ("auto", "cpu", "cuda", "mps")


def choose_device(name: str | torch.device) -> torch.device:
    """The device of a name: ``auto`` is cuda, else mps, else cpu. A device stands for its name.

    Raises:
        SpecError: for a name that means nothing, or a device that is not there; names those that
            are.
    """
    name = str(name)
    kind = name.split(":")[0]
    if kind not in KNOWN:
        raise SpecError(unknown("device", name, KNOWN))
    if name == "auto":
        if torch.cuda.is_available():
            return torch.device("cuda")
        return torch.device("mps" if torch.backends.mps.is_available() else "cpu")
    try:
        device = torch.device(name)
    except RuntimeError as error:
        raise SpecError(f"device {name!r}: expected auto, cpu, cuda, cuda:N or mps") from error
    if kind == "cuda":
        count = torch.cuda.device_count() if torch.cuda.is_available() else 0
        if (device.index or 0) >= count:
            raise SpecError(
                f"device {name!r} is not there: {count} CUDA device(s) are visible; {_here()}"
            )
    if kind == "mps" and not torch.backends.mps.is_available():
        raise SpecError(f"device 'mps' is not there on this machine; {_here()}")
    return device


def devices() -> tuple[str, ...]:
    """Every device of this machine that torch can use, the CPU first."""
    cuda = torch.cuda.device_count() if torch.cuda.is_available() else 0
    mps = ("mps",) if torch.backends.mps.is_available() else ()
    return ("cpu", *(f"cuda:{index}" for index in range(cuda)), *mps)


def _here() -> str:
    return f"use auto or one of those that are: {', '.join(devices())}"


def device_label(device: torch.device) -> str:
    """The device for reports: ``cuda:0 (NVIDIA H100)`` or ``cpu``."""
    if device.type == "cuda":
        return f"{device} ({torch.cuda.get_device_name(device)})"
    return str(device)
