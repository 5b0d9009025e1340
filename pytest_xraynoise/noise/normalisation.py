"""A model's own normalisation, applied in the same pass as the noise."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from numbers import Real
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import NoiseError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    import torch

Numbers = float | Sequence[float]


@dataclass(frozen=True, slots=True)
class Normalisation:
    """(y - mean) / std in float32, subtraction first, for each channel.

    Attributes:
        mean, std: one value for all channels, or one for each; std above 0.
    """

    mean: tuple[float, ...]
    std: tuple[float, ...]

    @classmethod
    def of(cls, mean: Any, std: Any, channels: int) -> Normalisation:
        """Check and pair the values that a user wrote.

        Raises:
            NoiseError: values that are not finite numbers, a std of 0 or less, or a number of
                values that fits neither all channels nor each.
        """
        means, stds = _values("mean", mean), _values("std", std)
        wanted = max(len(means), len(stds))
        for name, values in (("mean", means), ("std", stds)):
            if len(values) not in (1, channels):
                raise NoiseError(
                    f"normalise: {len(values)} values of {name} for images of {channels} "
                    "channel(s); give one value, or one for each channel"
                )
        if min(stds) <= 0:
            raise NoiseError(f"normalise: std={std!r}; every std must be above 0")
        return cls(means * (wanted // len(means)), stds * (wanted // len(stds)))

    @property
    def arrays(self) -> tuple[npt.NDArray[np.float32], npt.NDArray[np.float32]]:
        """Mean and std, each (D,) float32."""
        import numpy as np

        return np.array(self.mean, dtype=np.float32), np.array(self.std, dtype=np.float32)

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(N, C, H, W) float32 normalised; (N, D, H, W) where C = 1 and there are D values."""
        import torch

        mean, std = (torch.from_numpy(values).to(images.device) for values in self.arrays)
        return (images - mean[:, None, None]) / std[:, None, None]


def _values(name: str, value: Any) -> tuple[float, ...]:
    plain = value.tolist() if hasattr(value, "tolist") else value
    listed = plain if isinstance(plain, list | tuple) else [plain]
    for one in listed:
        number = isinstance(one, Real) and not isinstance(one, bool)
        if not number or not math.isfinite(float(one)):
            raise NoiseError(f"normalise: {name}={value!r}; expected finite numbers")
    if not listed:
        raise NoiseError(f"normalise: {name} is empty; give one value, or one for each channel")
    return tuple(float(one) for one in listed)
