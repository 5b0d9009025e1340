"""Collect per-image numbers of a segmenter over all rungs."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import torch

from pytest_xraynoise.engine.classification import Scored
from pytest_xraynoise.engine.outputs import SLACK
from pytest_xraynoise.engine.overlap import Measures, Overlap
from pytest_xraynoise.engine.rows import Array, GrowingRows
from pytest_xraynoise.engine.targets import column
from pytest_xraynoise.errors import DataError, ModelError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.engine.surface import Spacing

Masks = torch.Tensor
"""Boolean (N, K, H, W), a channel for each class that is judged."""


@dataclass
class Segmentation:
    """Numbers of each image and class by severity; masks themselves are dropped batch by batch.

    Attributes:
        names: the foreground classes of the model, in order.
        exclusive: whether a pixel has one class (argmax over outputs with a background at 0) or
            each output is a mask of its own.
        outputs: auto, logits or probabilities; for independent masks only.
        labels: the classes to judge, all when None.
        measures: which numbers each image gets.

    Raises:
        SpecError: for a label that is not among the names.
    """

    names: tuple[str, ...]
    exclusive: bool
    outputs: str
    labels: tuple[str, ...] | None = None
    measures: Measures = field(default_factory=Measures)
    logits: bool | None = None
    ids: list[str] = field(default_factory=list)
    areas: GrowingRows = field(default_factory=GrowingRows)
    numbers: dict[str, dict[int, GrowingRows]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self._columns = [column(self.names, name) for name in self.labels or self.names]

    def true_masks(self, targets: torch.Tensor, ids: Sequence[str]) -> tuple[Masks, torch.Tensor]:
        """Masks of the targets, and where they are labelled, (N, K or 1, H, W).

        One foreground class is 1, or 255 in an image that holds 255; -1 and NaN are not labelled.

        Raises:
            DataError: for mask values that are no class of this model; names the sample.
        """
        masks = targets if targets.ndim == 4 else targets[:, None]
        if self.exclusive and masks.shape[1] > 1:
            masks = _class_ids(masks, ids)
        if masks.is_floating_point():
            masks = torch.nan_to_num(masks, nan=-1.0)
        else:
            masks = masks.to(torch.int32)  # unsigned types cannot be compared with -1
        known = masks != -1
        count = len(self.names)
        if self.exclusive and count > 1:
            classes = torch.arange(1, count + 1, device=masks.device).view(1, -1, 1, 1)
            whole = masks == masks.round() if masks.is_floating_point() else known
            good = whole & (masks >= 0) & (masks <= count)
            _refuse(known & ~good, masks, ids, f"class ids from 0 to {count}, and -1 for ignored")
            return self._judged(masks == classes), known
        full = (masks == 255).flatten(1).any(1).view(-1, 1, 1, 1)
        true = masks == torch.where(full, 255, 1)
        allowed = "0 and 1, or 0 and 255, and -1 for ignored"
        _refuse(known & ~true & (masks != 0), masks, ids, allowed)
        return self._judged(true), known if self.exclusive else self._judged(known)

    def predicted_masks(self, raw: Mapping[int, torch.Tensor]) -> dict[int, Masks]:
        """Masks of raw outputs by severity: argmax, or above one half.

        Raises:
            ModelError: for outputs outside [0, 1] after they were taken for probabilities.
        """
        outputs = {s: o if o.ndim == 4 else o[:, None] for s, o in raw.items()}
        if self.exclusive:
            return {severity: self._by_argmax(output) for severity, output in outputs.items()}
        ends = [output.aminmax() for output in outputs.values()]
        low, high = min(float(end.min) for end in ends), max(float(end.max) for end in ends)
        outside = low < -SLACK or high > 1 + SLACK
        if self.logits is None:
            self.logits = outside if self.outputs == "auto" else self.outputs == "logits"
        if outside and not self.logits:
            raise ModelError(
                f"the model's outputs were taken for probabilities, but now range from {low:g} to "
                f"{high:g}; say outputs='logits'"
            )
        half = 0.0 if self.logits else 0.5
        return {severity: self._judged(output > half) for severity, output in outputs.items()}

    def add(
        self,
        ids: Sequence[str],
        true: Masks,
        known: torch.Tensor,
        predicted: Mapping[int, Masks],
        spacing: Sequence[Spacing] | None = None,
    ) -> Array:
        """Keep one batch; return the loss of mean Dice from clean to the worst rung, (N,).

        An image that is not labelled anywhere for a class does not count for it (NaN). ``spacing``
        is that of the mask pixels of each image in mm, pixels when None.
        """
        first = next(iter(predicted))
        overlap = Overlap(predicted[first], true, known, spacing)
        batch = {
            severity: self.measures.of(overlap if severity == first else overlap.at(masks))
            for severity, masks in predicted.items()
        }
        # Nothing is kept before everything is there: memory may run out, and the batch come again.
        for severity, found in batch.items():
            for name, values in found.items():
                self.numbers.setdefault(name, {}).setdefault(severity, GrowingRows()).add(values)
        self.areas.add(overlap.true_area)
        self.ids += ids
        if 0 not in batch:
            return np.zeros(len(ids))
        return lost_dice({severity: found["dice"] for severity, found in batch.items()})

    @property
    def truth(self) -> Array:
        """Pixels of the true masks of all samples."""
        return self.areas.array

    def rows(self) -> dict[int, dict[str, Array]]:
        """The numbers of all samples by key and name."""
        keys = next(iter(self.numbers.values()))
        return {
            key: {name: rungs[key].array.copy() for name, rungs in self.numbers.items()}
            for key in keys
        }

    def finish(self) -> Scored:
        """Per-image numbers of all samples."""
        per_image = {
            name: {severity: rows.array for severity, rows in rungs.items()}
            for name, rungs in self.numbers.items()
        }
        dice = per_image["dice"]
        return Scored(
            task="segmentation",
            labels=self.labels or self.names,
            ids=tuple(self.ids),
            targets=self.areas.array.copy(),
            scores=dice,
            lost=lost_dice(dice),
            per_image=per_image,
            unit=self.measures.unit,
        )

    def _by_argmax(self, output: torch.Tensor) -> Masks:
        classes = torch.arange(1, output.shape[1], device=output.device).view(1, -1, 1, 1)
        return self._judged(output.argmax(1, keepdim=True) == classes)

    def _judged(self, masks: torch.Tensor) -> torch.Tensor:
        return masks if self.labels is None else masks[:, self._columns]


def lost_dice(dice: Mapping[int, Array]) -> Array:
    """Loss of the mean Dice over classes from clean to the worst rung; 0 without labels. (N,)."""
    noisy = [dice[0] - values for severity, values in dice.items() if severity]
    if not noisy:
        return np.zeros(len(dice[0]))
    counted = np.maximum((~np.isnan(dice[0])).sum(1), 1)
    losses = [np.nan_to_num(loss).sum(1) / counted for loss in noisy]
    return np.asarray(np.max(losses, axis=0), dtype=np.float64)


def is_one_hot(masks: torch.Tensor) -> bool:
    """Whether every pixel of (N, K, H, W) has exactly one channel set: exclusive classes."""
    binary = bool(((masks == 0) | (masks == 1)).all())
    return binary and bool((masks.sum(1) == 1).all())


def _class_ids(masks: torch.Tensor, ids: Sequence[str]) -> torch.Tensor:
    """(N, 1, H, W) class ids of one-hot masks.

    Raises:
        DataError: when a pixel has no class or several, though the first batch had one each.
    """
    for row, ident in zip(masks, ids, strict=True):
        if not is_one_hot(row[None]):
            raise DataError(
                f"the masks of sample {ident!r} are not one-hot, but those before were: each pixel "
                "must be 1 in exactly one of the channels (background included)"
            )
    return masks.to(torch.int32).argmax(1, keepdim=True)


def _refuse(bad: torch.Tensor, masks: torch.Tensor, ids: Sequence[str], allowed: str) -> None:
    rows = bad.flatten(1).any(1)
    if bool(rows.any()):
        row = int(rows.nonzero()[0])
        values = sorted(set(masks[row][bad[row]].cpu().double().tolist()))[:5]
        shown = ", ".join(f"{value:g}" for value in values)
        raise DataError(
            f"the mask of sample {ids[row]!r} holds {shown}; this model's masks hold {allowed}"
        )
