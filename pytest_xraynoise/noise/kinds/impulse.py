"""Salt and pepper: single pixels that read nothing or everything."""

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
class Impulse(NoiseKind):
    """A share of the pixels becomes 0 or 1, half each; ladder of ImageNet-C (arXiv 1903.12261).

    Pixels that are hit at one severity are hit, in the same colour, at all higher ones.
    """

    name = "impulse"
    parameters = (Parameter("amount", "of the pixels", high=1.0),)
    ladders: ClassVar[Mapping[str, Mapping[str, Sequence[float]]]] = {
        "imagenet-c": {"amount": (0.03, 0.06, 0.09, 0.17, 0.27)}
    }
    words = 1
    stream_number = 5
    summary = "salt and pepper; a stress test, no physical dose"

    def apply(
        self, image: npt.NDArray[np.float32], field: Field, parameters: Mapping[str, float]
    ) -> npt.NDArray[np.float32]:
        """See :class:`NoiseKind`."""
        import numpy as np

        hit = field.uniform() < np.float32(parameters["amount"])
        salt = (field.words() & np.uint32(1)).astype(np.float32)
        return np.where(hit, salt, image)
