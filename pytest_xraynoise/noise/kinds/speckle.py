"""Multiplicative noise: x + x sigma z."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar

from pytest_xraynoise.noise.interface import NoiseKind, Parameter

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field


@dataclass(frozen=True, kw_only=True)
class Speckle(NoiseKind):
    """Noise in proportion to the intensity; ladder of ImageNet-C (arXiv 1903.12261)."""

    name = "speckle"
    parameters = (Parameter("sigma", "of the intensity", high=1e3),)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        "imagenet-c": {"sigma": (0.15, 0.2, 0.35, 0.45, 0.6)}
    }
    words = 1
    stream_number = 4
    summary = "multiplicative noise, x + x sigma z; a stress test, no physical dose"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        return image + (image * image.dtype.type(parameters["sigma"])) * field.normal()
