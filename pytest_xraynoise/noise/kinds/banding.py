"""Row and column noise of the readout lines."""

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
class Banding(NoiseKind):
    """One offset for each row and one for each column, sigma / sqrt(2) each, sigma together."""

    name = "banding"
    parameters = (Parameter("sigma", "of full scale", high=1e3),)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        "xraynoise": {"sigma": (0.01, 0.02, 0.04, 0.08, 0.16)}
    }
    default_ladder = "xraynoise"
    words = 2
    stream_number = 6
    summary = "row and column offsets of the readout lines; a stress test, no physical dose"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        import numpy as np

        each = np.float32(parameters["sigma"]) * np.float32(0.5**0.5)
        rows, columns = field.normal(0)[:, :1], field.normal(1)[:1, :]
        return image + (rows * each + columns * each)
