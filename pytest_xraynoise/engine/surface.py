"""Distances between the contours of predicted and true masks, by MONAI.

``hd95``: the larger one of the two 95th percentiles of distances, from the predicted contour to the
true one and back. ``nsd``: the share of both contours that lies within a tolerance of the other
(normalised surface distance; Nikolov et al. 2021, DOI 10.2196/26151). A contour is the outermost
pixels of a mask.

====================  ============================  ==========
masks                 ``hd95``                      ``nsd``
====================  ============================  ==========
both empty            0                             1
one of them empty     the diagonal of the image     0
====================  ============================  ==========

Nothing to find and nothing said is right, as it is for Dice; a mask that is lost or made up is as
far off as the image allows. Distances are in mm where the data declare a pixel pitch, else in
pixels.
"""

from __future__ import annotations

import importlib
import importlib.util
import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    import torch

    from pytest_xraynoise.data import Batch
    from pytest_xraynoise.engine.rows import Array

NAMES = ("hd95", "nsd")
"""The per-image numbers that are made here."""

PERCENTILE = 95.0

Spacing = tuple[float, float]
"""Distance between the centres of neighbouring rows and columns, in mm."""


def check_available(name: str) -> None:
    """Refuse a metric whose library is not installed.

    Raises:
        SpecError: names the extra to install.
    """
    if importlib.util.find_spec("monai") is None:
        raise SpecError(
            f"{name} needs MONAI, which is not installed: pip install 'pytest-xraynoise[surface]'"
        )


def mask_spacing(batch: Batch, size: tuple[int, int]) -> list[Spacing] | None:
    """Spacing of the mask pixels of each sample, in mm; None where no pitch is declared.

    Args:
        batch: the pitches are those of its native images.
        size: height and width of the masks, that of the images after a resize.

    Raises:
        DataError: when some samples have a pitch and others have none.
    """
    bare = [i for i, pitch in zip(batch.ids, batch.pixel_pitch, strict=True) if pitch is None]
    if len(bare) == len(batch.ids):
        return None
    if bare:
        raise DataError(
            f"sample {bare[0]!r} has no pixel pitch, but others have one: distances would be in mm "
            "and in pixels; declare the pitch of all samples or of none"
        )
    spacing: list[Spacing] = [(1.0, 1.0)] * len(batch.ids)
    for part in batch.parts:
        for row in part.rows:
            pitch = float(batch.pixel_pitch[row] or 0.0)
            spacing[row] = (
                pitch * part.size[0] / size[0],
                pitch * part.size[1] / size[1],
            )
    return spacing


def surface_numbers(
    name: str,
    predicted: torch.Tensor,
    true: torch.Tensor,
    spacing: Sequence[Spacing] | None = None,
    tolerance: float = 2.0,
) -> Array:
    """``hd95`` or ``nsd`` of each image and class.

    Args:
        name: ``hd95`` or ``nsd``.
        predicted: (N, K, H, W) bool; pixels that are not labelled are False here and in ``true``.
        true: of the same shape.
        spacing: of each image, in mm; pixels when None.
        tolerance: of ``nsd``, in the same unit.

    Returns:
        (N, K) float64: ``hd95`` from 0 to the diagonal, ``nsd`` in [0, 1].
    """
    said, real = predicted.cpu(), true.cpu()  # the distance transforms run on the CPU
    some_said, some_real = (m.flatten(2).any(2).numpy() for m in (said, real))
    count, classes, height, width = said.shape
    steps = spacing or [(1.0, 1.0)] * count
    farthest = np.array([math.hypot(height * r, width * c) for r, c in steps])[:, None]
    lost, right = (farthest, 0.0) if name == "hd95" else (np.zeros((count, 1)), 1.0)
    values: Array = np.where(some_said == some_real, right, np.broadcast_to(lost, (count, classes)))
    rows, columns = np.nonzero(some_said & some_real)
    if len(rows):
        pairs = (said[rows, columns][:, None], real[rows, columns][:, None])
        each = [list(steps[row]) for row in rows.tolist()]
        values[rows, columns] = _by_monai(name, *pairs, each, tolerance)
    return values


def _by_monai(
    name: str,
    predicted: torch.Tensor,
    true: torch.Tensor,
    spacing: list[list[float]],
    tolerance: float,
) -> Array:
    """(M,) for (M, 1, H, W) masks, none of them empty."""
    words: dict[str, Any] = {"include_background": True, "spacing": spacing}
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # MONAI deprecates what it calls itself
        library: Any = importlib.import_module("monai.metrics")
        if name == "hd95":
            words["percentile"] = PERCENTILE
            made = library.compute_hausdorff_distance(predicted, true, **words)
        else:
            # A distance that equals the tolerance but for its rounding in float32 is within it.
            words["class_thresholds"] = [tolerance * (1 + 1e-6)]
            made = library.compute_surface_dice(predicted, true, **words)
    numbers: Array = made[:, 0].double().numpy()
    return numbers
