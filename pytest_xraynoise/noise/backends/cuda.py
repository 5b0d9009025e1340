"""The Triton kernel as a backend: one launch for a batch, and no wait for the device."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager, nullcontext
from typing import TYPE_CHECKING

import numpy as np
import torch
import triton

from pytest_xraynoise.noise.backends.cuda_kernels import noise_kernel
from pytest_xraynoise.noise.backends.interface import Made, Request
from pytest_xraynoise.noise.spec.coefficients import LANES
from pytest_xraynoise.noise.spec.poisson import RECIPROCALS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.noise.normalisation import Normalisation


class CudaBackend:
    """Fused kernels on the batch's own device; a further rung draws its numbers again.

    On a GPU drawing costs less than reading a stored field would. What is kept for further rungs
    is what the numbers are a function of.
    """

    name = "triton"

    def draw(self, request: Request) -> torch.Tensor:
        """(2 + N,) int64 on the batch's device: seed, stream, and the key of each sample."""
        words = np.concatenate([np.array([request.seed, request.stream], np.uint64), request.keys])
        return _on_its_way(torch.from_numpy(words.view(np.int64)), request.images.device)

    def make(
        self,
        request: Request,
        parameters: Mapping[str, float],
        field: torch.Tensor | None,
        normalise: Normalisation | None = None,
    ) -> Made:
        """The batch at one rung."""
        fused = request.kind.fused(parameters)
        if fused is None:
            raise TypeError(f"noise {request.kind.name!r} has no fused form")
        images = request.images.contiguous()
        batch, channels, height, width = images.shape
        pixels = height * width
        blocks = triton.cdiv(pixels, LANES * 4 // request.kind.words)
        outputs = request.outputs or channels
        made = images.new_empty((batch, outputs, height, width))
        partial = torch.empty((batch, blocks, 2), dtype=torch.float32, device=images.device)
        photons = np.float32(fused.photons or 1)
        words = self.draw(request) if field is None else field
        arguments = (
            images,
            made,
            partial,
            _mean_and_std(normalise, outputs, images.device),
            words[2:],
            words[:2],
            _reciprocals(images.device),
            pixels,
            channels,
            outputs,
            float(photons),
            float(np.float32(1) / photons),
            float(np.float32(fused.sigma or 0)),
        )
        with _on(images.device):
            noise_kernel[(batch, blocks)](  # type: ignore[index]
                *arguments,
                WORDS=request.kind.words,
                COUNTS=fused.photons is not None,
                READS=fused.sigma is not None,
                CLIP=request.clip,
                NORMED=normalise is not None,
                BLOCK=LANES,
                **_options(),
            )
        sums = partial.sum(dim=1, dtype=torch.float64).div_(channels * pixels).float()
        return Made(made, sums[:, 0], sums[:, 1])


def _on(device: torch.device) -> AbstractContextManager[object]:
    """Triton launches on the current device, which need not be the batch's."""
    return torch.cuda.device(device) if device.type == "cuda" else nullcontext()


def _on_its_way(words: torch.Tensor, device: torch.device) -> torch.Tensor:
    """A copy on the device, for which nobody waits."""
    if device.type != "cuda":
        return words
    try:
        return words.pin_memory().to(device, non_blocking=True)
    except RuntimeError:  # no memory that could be locked: the copy is then waited for
        return words.to(device)


def _mean_and_std(
    normalise: Normalisation | None, outputs: int, device: torch.device
) -> torch.Tensor:
    """(2 outputs,) float32, one value for each output channel."""
    mean, std = (np.zeros(1), np.ones(1)) if normalise is None else normalise.arrays
    each = [np.broadcast_to(values, (outputs,)) for values in (mean, std)]
    return _constants(np.concatenate(each).astype(np.float32).tobytes(), device)


@functools.lru_cache(maxsize=64)
def _constants(values: bytes, device: torch.device) -> torch.Tensor:
    return torch.from_numpy(np.frombuffer(values, np.float32).copy()).to(device)


@functools.cache
def _reciprocals(device: torch.device) -> torch.Tensor:
    return torch.from_numpy(RECIPROCALS).to(device)


def _options() -> dict[str, bool]:
    """Compiler options: no fused multiply-add, or the bits would differ from the CPU's."""
    interpreted = type(noise_kernel).__name__ == "InterpretedFunction"
    return {} if interpreted else {"enable_fp_fusion": False}
