"""Rows and columns that read nothing."""

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
class DeadLines(NoiseKind):
    """A share of the rows and the same share of the columns reads 0."""

    name = "dead-lines"
    parameters = (Parameter("fraction", "of the rows and of the columns", high=1.0),)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        "xraynoise": {"fraction": (0.005, 0.01, 0.02, 0.05, 0.1)}
    }
    default_ladder = "xraynoise"
    words = 2
    stream_number = 8
    summary = "rows and columns that read 0, as if readout lines had failed; no physical dose"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        import numpy as np

        fraction = np.float32(parameters["fraction"])
        rows, columns = field.uniform(0)[:, :1] < fraction, field.uniform(1)[:1, :] < fraction
        return np.where(rows | columns, np.float32(0), image)
