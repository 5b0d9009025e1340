"""Collect per-image overlap of a segmenter over all rungs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import torch

from pytest_xraynoise.engine.classification import Array, Scored, column
from pytest_xraynoise.errors import DataError, ModelError
from pytest_xraynoise.metrics.segmentation import dice_from_counts, iou_from_counts


@dataclass
class Segmentation:
    """Pixel counts by severity and class; masks themselves are dropped batch by batch.

    Attributes:
        names: the foreground classes, in order.
        exclusive: whether a pixel has one class (argmax over outputs with a background at 0) or
            each output is a mask of its own.
        outputs: auto, logits or probabilities; for independent masks only.
    """

    names: tuple[str, ...]
    exclusive: bool
    outputs: str
    logits: bool | None = None
    ids: list[str] = field(default_factory=list)
    areas: list[Array] = field(default_factory=list)
    dice: dict[int, list[Array]] = field(default_factory=dict)
    iou: dict[int, list[Array]] = field(default_factory=dict)

    def true_masks(self, targets: torch.Tensor, ids: Sequence[str]) -> tuple[torch.Tensor, torch.Tensor]:
        """Boolean masks (N, K, H, W) of the targets, and where they are labelled (N, 1, H, W).

        Raises:
            DataError: for mask values that are no class of this model; names the sample.
        """
        masks = targets if targets.ndim == 4 else targets[:, None]
        if not masks.is_floating_point():
            masks = masks.to(torch.int32)  # unsigned types cannot be compared with -1
        count = len(self.names)
        if not self.exclusive:
            full = bool((masks == 255).any())
            foreground = masks == (255 if full else 1)
            known = masks != -1
            _refuse(known & ~foreground & (masks != 0), masks, ids, "0 and 1, or 0 and 255")
            return foreground & known, known.all(1, keepdim=True)
        known = masks != -1
        whole = masks == masks.round() if masks.is_floating_point() else torch.ones_like(known)
        good = whole & (masks >= 0) & (masks <= count)
        _refuse(known & ~good, masks, ids, f"class ids from 0 to {count}, and -1 for ignored")
        classes = torch.arange(1, count + 1, device=masks.device).view(1, -1, 1, 1)
        return (masks == classes) & known, known

    def predicted_masks(self, raw: torch.Tensor) -> torch.Tensor:
        """Boolean masks (N, K, H, W) of raw outputs: argmax, or above one half.

        Raises:
            ModelError: for outputs outside [0, 1] after they were taken for probabilities.
        """
        raw = raw if raw.ndim == 4 else raw[:, None]
        if self.exclusive:
            best = raw.argmax(1, keepdim=True)
            classes = torch.arange(1, raw.shape[1], device=raw.device).view(1, -1, 1, 1)
            return best == classes
        outside = bool((raw < 0).any() or (raw > 1).any())
        if self.logits is None:
            self.logits = outside if self.outputs == "auto" else self.outputs == "logits"
        if outside and not self.logits:
            raise ModelError(
                f"the model's outputs were taken for probabilities, but now range from "
                f"{float(raw.min()):g} to {float(raw.max()):g}; say outputs='logits'"
            )
        return raw > (0.0 if self.logits else 0.5)

    def add(
        self, ids: Sequence[str], targets: torch.Tensor, raw: Mapping[int, torch.Tensor]
    ) -> Array:
        """Keep one batch; return the loss of mean Dice from clean to the worst rung, (N,)."""
        first = next(iter(raw.values()))
        true, known = self.true_masks(targets.to(first.device), ids)
        self.ids += ids
        areas = _count(true)
        self.areas.append(areas)
        for severity, outputs in raw.items():
            predicted = self.predicted_masks(outputs) & known
            overlap, size = _count(predicted & true), _count(predicted)
            self.dice.setdefault(severity, []).append(dice_from_counts(overlap, size, areas))
            self.iou.setdefault(severity, []).append(iou_from_counts(overlap, size, areas))
        means = {severity: rows[-1].mean(1) for severity, rows in self.dice.items()}
        noisy = [mean for severity, mean in means.items() if severity]
        worst = np.min(noisy, axis=0) if noisy else means[0]
        return np.asarray(means[0] - worst, dtype=np.float64)

    def finish(self, *, labels: tuple[str, ...] | None) -> Scored:
        """Per-image Dice and IoU of all samples, restricted to the labels asked for."""
        columns = [column(self.names, name) for name in labels or self.names]
        dice = {s: np.concatenate(rows)[:, columns] for s, rows in self.dice.items()}
        iou = {s: np.concatenate(rows)[:, columns] for s, rows in self.iou.items()}
        areas = np.concatenate(self.areas)[:, columns]
        names = tuple(labels or self.names)
        return Scored(
            "segmentation", names, tuple(self.ids), areas, dice, {"dice": dice, "iou": iou}
        )


def _count(masks: torch.Tensor) -> Array:
    return np.asarray(masks.flatten(2).sum(2).cpu().numpy(), dtype=np.float64)


def _refuse(bad: torch.Tensor, masks: torch.Tensor, ids: Sequence[str], allowed: str) -> None:
    rows = bad.flatten(1).any(1)
    if bool(rows.any()):
        row = int(rows.nonzero()[0])
        values = sorted({float(v) for v in masks[row][bad[row]].unique()[:5]})
        shown = ", ".join(f"{value:g}" for value in values)
        raise DataError(
            f"the mask of sample {ids[row]!r} holds {shown}; this model's masks hold {allowed}"
        )
