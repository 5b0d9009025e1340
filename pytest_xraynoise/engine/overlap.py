"""The numbers that a predicted mask and a true mask have together, image by image."""

from __future__ import annotations

import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise import metrics
from pytest_xraynoise.engine import surface
from pytest_xraynoise.errors import DataError, MetricError
from pytest_xraynoise.metrics.segmentation import (
    area_error_from_counts,
    dice_from_counts,
    empty_from_counts,
    iou_from_counts,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from pytest_xraynoise.engine.rows import Array
    from pytest_xraynoise.engine.surface import Spacing


class Overlap:
    """Masks of a batch at one severity, with their pixel counts.

    Attributes:
        predicted, true: (N, K, H, W) bool, False where not labelled.
        known: (N, K or 1, H, W) bool, where pixels are labelled.
        labelled: (N, K) bool, whether an image is labelled for a class anywhere.
        spacing: of the mask pixels of each image in mm, pixels when None.
        true_area: pixels of the true masks, (N, K), NaN where not labelled.
    """

    def __init__(
        self,
        predicted: torch.Tensor,
        true: torch.Tensor,
        known: torch.Tensor,
        spacing: Sequence[Spacing] | None,
    ) -> None:
        self.predicted, self.true = predicted & known, true & known
        self.known = known
        self.labelled = known.flatten(2).any(2).cpu().numpy()
        self.spacing = spacing
        self.true_area = self._count(self.true)

    def at(self, predicted: torch.Tensor) -> Overlap:
        """Other predictions of the same images; what is known of the truth is not counted again."""
        other = copy.copy(self)
        for counted in ("area", "shared"):
            other.__dict__.pop(counted, None)
        other.predicted = predicted & self.known
        return other

    @cached_property
    def area(self) -> Array:
        """Pixels of the predicted masks, (N, K), NaN where not labelled."""
        return self._count(self.predicted)

    @cached_property
    def shared(self) -> Array:
        """Pixels in both masks, (N, K), NaN where not labelled."""
        return self._count(self.predicted & self.true)

    def of_labelled(self, values: Array) -> Array:
        """``values`` (N, K), NaN where not labelled."""
        return np.where(self.labelled, values, np.nan)

    def _count(self, masks: torch.Tensor) -> Array:
        pixels = masks.flatten(2)
        if pixels.device.type == "cpu":  # torch sums booleans a hundred times slower than NumPy
            return self.of_labelled(np.count_nonzero(pixels.numpy(), axis=2).astype(np.float64))
        return self.of_labelled(pixels.sum(2).cpu().double().numpy())


@dataclass
class Measures:
    """Which numbers each image gets: Dice and IoU always, others when a metric reads them.

    Attributes:
        names: the others.
        tolerance: of ``nsd``.
        unit: of distances, once the first batch was seen: ``mm`` or ``pixels``.
    """

    names: tuple[str, ...] = ()
    tolerance: float = 2.0
    unit: str = field(default="", init=False)

    @property
    def distances(self) -> bool:
        """Whether any of the numbers is a distance."""
        return any(name in surface.NAMES for name in self.names)

    def of(self, overlap: Overlap) -> dict[str, Array]:
        """Every number of a batch, (N, K) each.

        Raises:
            DataError: when pixel pitches are declared for some batches only.
            MetricError: when a metric of the user gives something else than (N, K) finite numbers.
        """
        if self.distances:
            self._check_unit("pixels" if overlap.spacing is None else "mm")
        counts = (overlap.shared, overlap.area, overlap.true_area)
        found = {"dice": dice_from_counts(*counts), "iou": iou_from_counts(*counts)}
        return found | {n: self._other(n, overlap) for n in self.names if n not in found}

    def _other(self, name: str, overlap: Overlap) -> Array:
        if name == "empty_masks":
            return empty_from_counts(overlap.area, overlap.true_area)
        if name == "area_error":
            return area_error_from_counts(overlap.area, overlap.true_area)
        if name in surface.NAMES:
            masks = (overlap.predicted, overlap.true)
            made = surface.surface_numbers(name, *masks, overlap.spacing, self.tolerance)
            return overlap.of_labelled(made)
        return overlap.of_labelled(_of_user(name, overlap))

    def _check_unit(self, unit: str) -> None:
        if self.unit and unit != self.unit:
            raise DataError(
                "some samples have a pixel pitch and others have none: distances would be in mm "
                "and in pixels; declare the pitch of all samples or of none"
            )
        self.unit = unit


def _of_user(name: str, overlap: Overlap) -> Array:
    """The numbers of a metric that was registered with a function of masks."""
    function = metrics.get(name).masks
    if function is None:
        raise MetricError(f"{name} has no function of masks; make it with Metric.from_masks")
    predicted, true = overlap.predicted.cpu().numpy(), overlap.true.cpu().numpy()
    values = np.asarray(function(predicted, true), dtype=np.float64)
    if values.shape != predicted.shape[:2] or np.isinf(values).any():
        raise MetricError(
            f"{name} must give finite numbers of shape (N, K) = {predicted.shape[:2]}, and NaN for "
            f"an image that does not count; got shape {values.shape}"
        )
    return values
