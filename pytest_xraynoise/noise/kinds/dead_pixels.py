"""Pixels that read nothing."""

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
class DeadPixels(NoiseKind):
    """A share of the pixels reads 0; those dead at one severity are dead at all higher ones."""

    name = "dead-pixels"
    parameters = (Parameter("fraction", "of the pixels", high=1.0),)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        "xraynoise": {"fraction": (0.001, 0.003, 0.01, 0.03, 0.1)}
    }
    default_ladder = "xraynoise"
    words = 1
    stream_number = 7
    summary = "pixels that read 0, as if the defect map had failed; no physical dose"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        import numpy as np

        dead = field.uniform() < np.float32(parameters["fraction"])
        return np.where(dead, np.float32(0), image)
