"""How the numbers of one metric vary together along a ladder, were other samples drawn."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    FloatArray = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class Spread:
    """The joint uncertainty of the clean value and of the drop at every noisy rung.

    All rungs are measured on the same samples, so what is said about several of them at once (a
    mean over rungs, one rung against another, a drop relative to clean) needs them together. The
    numbers are in the order clean value, then the drop at each of ``severities``.

    Attributes:
        severities: the noisy rungs, S of them.
        sign: 1 where higher is better (value = clean - drop), -1 where lower is.
        covariance: (1 + S, 1 + S), for a normal approximation (DeLong); None with ``resampled``.
        resampled: (1 + S, B), each number in each of B resamples, NaN where a resample does not
            define it; None with ``covariance``.
        method: ``delong``, ``bootstrap`` or ``bootstrap by group``.
    """

    severities: tuple[int, ...]
    sign: float
    covariance: FloatArray | None = None
    resampled: FloatArray | None = None
    method: str = "bootstrap"
