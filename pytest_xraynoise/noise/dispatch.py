"""The one place that knows which backend serves which batch."""

from __future__ import annotations

import functools
import logging
from typing import TYPE_CHECKING

from pytest_xraynoise.noise.backends.reference import ReferenceBackend

if TYPE_CHECKING:
    from pytest_xraynoise.noise.backends.interface import Backend, Request

_LOG = logging.getLogger(__name__)


def backend_for(request: Request) -> Backend:
    """The fastest backend for the batch's device and kind; all give the same images.

    Kinds without a fused form, and devices without kernels, are served on the CPU and copied back.
    """
    if not request.kind.has_fused:
        return _reference()
    return _cuda() if request.images.device.type == "cuda" else _cpu()


@functools.cache
def _cuda() -> Backend:
    try:
        from pytest_xraynoise.noise.backends.cuda import CudaBackend
    except ImportError as error:
        _LOG.warning(
            "noise for CUDA is made on the CPU and copied, because Triton cannot be imported "
            "(%s); the images are the same: pip install triton",
            error,
        )
        return _cpu()
    return CudaBackend()


@functools.cache
def _reference() -> Backend:
    return ReferenceBackend()


@functools.cache
def _cpu() -> Backend:
    try:
        from pytest_xraynoise.noise.backends.cpu import CpuBackend
    except ImportError as error:
        _LOG.warning(
            "noise is made by NumPy, because Numba cannot be imported (%s); the compiled kernels "
            "give the same images about ten times faster: pip install 'pytest-xraynoise[fast]'",
            error,
        )
        return _reference()
    return CpuBackend()


def forget() -> None:
    """Look again for what is installed, and say again what is missing."""
    _reference.cache_clear()
    _cuda.cache_clear()
    _cpu.cache_clear()
