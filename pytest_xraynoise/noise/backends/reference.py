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
        source = request.images.cpu().numpy()
        made = np.empty(source.shape, dtype=np.float32)
        shift = np.zeros(len(source), dtype=np.float32)
        clipped = np.zeros(len(source), dtype=np.float32)
        for index, sample in enumerate(source):
            drawn = _field(request, index) if field is None else field[index]
            for channel, image in enumerate(sample):
                made[index, channel] = request.kind.apply(image, drawn, parameters)
            if request.clip:
                shift[index], clipped[index] = _clip(made[index])
        device = request.images.device
        images, told, cut = (torch.from_numpy(array) for array in (made, shift, clipped))
        if normalise is not None:
            images = normalise(images)
        return Made(images.to(device), told.to(device), cut.to(device))


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
