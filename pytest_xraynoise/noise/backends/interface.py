"""What the dispatcher asks of a backend."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

from pytest_xraynoise.noise.spec.philox import stream_word

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt
    import torch

    from pytest_xraynoise.noise.interface import NoiseKind
    from pytest_xraynoise.noise.normalisation import Normalisation


@dataclass(frozen=True, slots=True)
class Request:
    """A checked batch and what its random numbers are a function of.

    Attributes:
        images: (N, C, H, W) float32 on any device; C = 1 where all channels were the same.
        kind: the noise.
        keys: (N,) uint64, one for each sample.
        seed, draw: the noise's seed and realisation.
        clip: whether to cut the result to [0, 1].
        outputs: channels of the result, each of them the same where C = 1; None for C.
    """

    images: torch.Tensor
    kind: NoiseKind
    keys: npt.NDArray[np.uint64]
    seed: int
    draw: int
    clip: bool
    outputs: int | None = None

    @property
    def stream(self) -> int:
        """The fourth counter word."""
        return stream_word(self.kind.stream, self.draw)


@dataclass(frozen=True, slots=True)
class Made:
    """A batch at one rung: images (N, outputs, H, W), mean_shift and clipped (N,), all float32."""

    images: torch.Tensor
    mean_shift: torch.Tensor
    clipped: torch.Tensor


class Backend(Protocol):
    """A way to compute the frozen function. Every backend returns the same images, bit for bit."""

    name: str

    def draw(self, request: Request) -> Any:
        """The field of the batch, in the backend's own form, for :meth:`make`."""

    def make(
        self,
        request: Request,
        parameters: Mapping[str, float],
        field: Any,
        normalise: Normalisation | None = None,
    ) -> Made:
        """The batch at one rung; with ``field`` None the random numbers are drawn on the way.

        With ``normalise`` each output channel is normalised last. What clipping did is told in
        intensities all the same.
        """
