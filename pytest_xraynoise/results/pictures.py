"""Samples along a ladder, for pictures."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping


@dataclass(frozen=True, slots=True)
class StripFrame:
    """One sample at one severity, for pictures. Images are base64 PNG (grey, at most 160 px).

    ``prediction`` maps labels to scores in [0, 1] (classification) or to Dice (segmentation).
    ``mask`` is a base64 PNG of the predicted label map (0 = background, k = label k), or None.
    """

    severity: int
    image: str
    prediction: Mapping[str, float] = field(default_factory=dict)
    mask: str | None = None


@dataclass(frozen=True, slots=True)
class Strip:
    """One sample through the whole ladder. ``degradation`` orders strips, worst first."""

    sample_id: str
    truth: str
    degradation: float
    frames: tuple[StripFrame, ...]
    truth_mask: str | None = None
