"""The NumPy reference: slow, exact, for every kind and every device (the images visit the CPU)."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from pytest_xraynoise.noise.backends.interface import Made, Request
from pytest_xraynoise.noise.field import Field

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.noise.normalisation import Normalisation


class ReferenceBackend:
    """Sample by sample, channel by channel, in NumPy."""

    name = "numpy"

    def draw(self, request: Request) -> Sequence[Field]:
        """One :class:`Field` for each sample."""
        return [_field(request, index) for index in range(len(request.images))]

    def make(
        self,
        request: Request,
        parameters: Mapping[str, float],
        field: Sequence[Field] | None,
        normalise: Normalisation | None = None,
    ) -> Made:
        """The batch at one rung."""
        source = request.images.cpu().contiguous().numpy()
        outputs = request.outputs or source.shape[1]
        made = torch.empty((len(source), outputs, *source.shape[2:]), dtype=torch.float32)
        shift = np.zeros(len(source), dtype=np.float32)
        clipped = np.zeros(len(source), dtype=np.float32)
        for index, sample in enumerate(source):
            drawn = _field(request, index) if field is None else field[index]
            noisy = np.stack([request.kind.apply(image, drawn, parameters) for image in sample])
            if request.clip:
                shift[index], clipped[index] = _clip(noisy)
            one = torch.from_numpy(noisy)[None]
            made[index] = (one if normalise is None else normalise(one))[0]
        device = request.images.device
        told, cut = torch.from_numpy(shift), torch.from_numpy(clipped)
        return Made(made.to(device), told.to(device), cut.to(device))


def _field(request: Request, index: int) -> Field:
    height, width = request.images.shape[-2:]
    return Field(
        (height, width),
        request.kind.words,
        seed=request.seed,
        key=int(request.keys[index]),
        stream=request.stream,
    )


def _clip(sample: npt.NDArray[np.float32]) -> tuple[float, float]:
    """Cut to [0, 1] in place; return the change of the mean and the fraction that was cut."""
    cut = np.minimum(np.maximum(sample, np.float32(0)), np.float32(1))
    shift = float((cut - sample).mean(dtype=np.float64))
    fraction = float(np.count_nonzero(cut != sample)) / sample.size
    sample[...] = cut
    return shift, fraction
