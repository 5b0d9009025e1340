"""At which sizes and pixel pitches noise was added, for the report and the clinical readings."""

from __future__ import annotations

import statistics
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.data.resize import resized_pitch, size_text

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy.typing as npt

    from pytest_xraynoise.data.resize import Size
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.results import Rung

UNCHANGED = "after the dataset's transforms, before xray_preprocess"


class Resolution:
    """What the samples of a run say about resolution.

    Args:
        request: what was asked for.
        size: the model's size where the data declare a resize.
        sizes: (N, 2) height and width of the native images.
        pitches: (N,) their pixel pitch in mm, NaN where none is declared.
    """

    def __init__(
        self,
        request: LadderRequest,
        size: Size | None,
        sizes: npt.NDArray[np.int64],
        pitches: npt.NDArray[np.float64],
    ) -> None:
        self._kind = request.kind
        self._native = request.noise_at == "native"
        self._stated = request.pixel_pitch
        self._size = size
        native: list[Size] = [(height, width) for height, width in sizes.tolist()]
        self._sizes = set(native)
        self._pitches = [
            self._pitch(one, pitch)
            for one, pitch in zip(native, pitches.tolist(), strict=True)
            if not np.isnan(pitch)
        ]

    def read(self, rungs: Sequence[Rung]) -> tuple[Rung, ...]:
        """The rungs with their clinical reading at the pitch that the images turned out to have."""
        if self._stated is not None or not self._pitches:
            return tuple(rungs)
        pitch = statistics.median_low(self._pitches)
        low, high = min(self._pitches), max(self._pitches)
        note = f" (the median of pixels of {low:.4g} to {high:.4g} mm)" if low < high else ""
        at = float(f"{pitch:.4g}")
        return tuple(
            replace(rung, reading=self._kind.reading(rung.parameters, at) + note)
            if rung.severity
            else rung
            for rung in rungs
        )

    def settings(self) -> dict[str, Any]:
        """What reports say about resolution and pitch."""
        low, high = min(self._pitches, default=None), max(self._pitches, default=None)
        pitch: float | list[float | None] | None = low if low == high else [low, high]
        return {
            "noise_applied": self._applied(),
            "noise_at": "native" if self._native else "model",
            "resize": None if self._size is None else list(self._size),
            "pixel_pitch": pitch if self._stated is None else self._stated,
        }

    def _pitch(self, native: Size, pitch: float) -> float:
        """The pitch where the noise is added."""
        if self._size is None or self._native:
            return pitch
        return resized_pitch(pitch, native, self._size)

    def _applied(self) -> str:
        if self._size is None:
            note = "; noise_at='native' changes nothing, as the data declare no resize"
            return f"{UNCHANGED}{note if self._native else ''}"
        model, found = size_text(self._size), sorted(self._sizes, key=lambda s: (s[0] * s[1], s))
        native = " to ".join(size_text(size) for size in dict.fromkeys((found[0], found[-1])))
        if self._native:
            return f"at {native}, before the resize to {model}"
        return f"at {model}, after the resize from {native}"
