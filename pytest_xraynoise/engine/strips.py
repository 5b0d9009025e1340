"""Keep pictures of the few samples that lose most, while the pass goes by."""

from __future__ import annotations

import base64
import io
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch
from PIL import Image
from torch.nn import functional

from pytest_xraynoise.results import Strip, StripFrame

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pytest_xraynoise.engine.classification import Scored
    from pytest_xraynoise.engine.rows import Array

SIDE = 160
"""Longest side of a thumbnail in pixels; keeps reports small."""

_SHOWN = 6  # scores under each image


@dataclass(frozen=True, slots=True)
class Kept:
    """Pictures of one sample at every severity, uint8."""

    sample: str
    lost: float
    images: Mapping[int, npt.NDArray[np.uint8]]
    masks: Mapping[int, npt.NDArray[np.uint8]]
    truth: npt.NDArray[np.uint8] | None


@dataclass
class StripKeeper:
    """The ``count`` worst samples so far, with their pictures at every severity.

    Keeping them during the pass needs no second pass and no random access to the data.
    """

    count: int
    kept: list[Kept] = field(default_factory=list)

    def offer(
        self,
        ids: Sequence[str],
        lost: Array,
        images: Mapping[int, torch.Tensor],
        masks: Mapping[int, torch.Tensor] | None = None,
        truth: torch.Tensor | None = None,
        unit: Callable[[torch.Tensor], torch.Tensor] | None = None,
    ) -> None:
        """Consider a batch.

        Args:
            ids: names of its samples.
            lost: (N,), how much each sample lost.
            images: (N, C, H, W) by severity.
            masks: (N, K, H, W) bool by severity, for a segmentation.
            truth: (N, K, H, W) bool.
            unit: brings images to [0, 1]; None where they are.
        """
        if self.count == 0:
            return
        order = sorted(range(len(ids)), key=lambda row: (-lost[row], row))[: self.count]
        for row in order:
            floor = self.kept[-1].lost if len(self.kept) == self.count else -np.inf
            if not lost[row] > floor:
                break
            entry = Kept(
                ids[row],
                float(lost[row]),
                {s: _thumbnail(_row(batch, row, unit)) for s, batch in images.items()},
                {s: _label_map(batch[row]) for s, batch in (masks or {}).items()},
                None if truth is None else _label_map(truth[row]),
            )
            self.kept = sorted([*self.kept, entry], key=lambda k: -k.lost)[: self.count]

    def finish(self, scored: Scored) -> tuple[Strip, ...]:
        """The strips, worst first, with the final scores under each picture.

        Losses are read again from the final scores: a batch alone may have taken logits for
        probabilities.
        """
        rows = {sample: row for row, sample in enumerate(scored.ids)}
        order = sorted(self.kept, key=lambda kept: -scored.lost[rows[kept.sample]])
        return tuple(self._strip(kept, rows[kept.sample], scored) for kept in order)

    def _strip(self, kept: Kept, row: int, scored: Scored) -> Strip:
        shown = _shown_labels(scored, row)
        lost = float(scored.lost[row])
        frames = tuple(
            StripFrame(
                severity,
                _png(image),
                _shown_scores(scored, severity, row, shown),
                _png(kept.masks[severity]) if severity in kept.masks else None,
            )
            for severity, image in sorted(kept.images.items())
        )
        truth_mask = None if kept.truth is None else _png(kept.truth)
        return Strip(kept.sample, _truth(scored, row), lost, frames, truth_mask)


def _shown_scores(
    scored: Scored, severity: int, row: int, shown: Sequence[int]
) -> dict[str, float]:
    """Scores by label; those that are not defined (Dice without a labelled pixel) are left out."""
    values = np.atleast_1d(scored.scores[severity][row])
    return {scored.labels[i]: float(values[i]) for i in shown if not np.isnan(values[i])}


def _shown_labels(scored: Scored, row: int) -> list[int]:
    """The labels worth a bar: those that are true first, then those that move most."""
    count = len(scored.labels)
    if count <= _SHOWN:
        return list(range(count))
    clean = scored.scores[0][row]
    changes = [np.nan_to_num(np.abs(v[row] - clean)) for v in scored.scores.values()]
    moves = np.max(changes, axis=0)
    target = scored.targets[row]
    exclusive = scored.task == "multiclass"  # else findings that are present, masks with an area
    true = np.arange(count) == target if exclusive else np.nan_to_num(target) > 0
    order = sorted(range(count), key=lambda i: (not bool(true[i]), -float(moves[i])))
    return sorted(order[:_SHOWN])


def _truth(scored: Scored, row: int) -> str:
    target = scored.targets[row]
    if scored.task == "segmentation":
        empty = [n for n, area in zip(scored.labels, target, strict=True) if area == 0]
        return f"no {', no '.join(empty)}" if empty else ""
    if np.isnan(target).all():
        return "not labelled"
    if scored.task == "multiclass":
        return scored.labels[int(target)]
    if scored.task == "binary":
        if " vs " in scored.labels[0]:
            return scored.labels[0].split(" vs ")[0 if target == 1 else 1]
        return scored.labels[0] if target == 1 else f"not {scored.labels[0]}"
    true = [n for n, value in zip(scored.labels, target, strict=True) if value == 1]
    return ", ".join(true) or "none of the labels"


def _row(
    batch: torch.Tensor, row: int, unit: Callable[[torch.Tensor], torch.Tensor] | None
) -> torch.Tensor:
    one = batch[row : row + 1]
    return (one if unit is None else unit(one))[0]


def _thumbnail(image: torch.Tensor) -> npt.NDArray[np.uint8]:
    grey = image.float().mean(0, keepdim=True)[None] if image.shape[0] > 1 else image.float()[None]
    height, width = grey.shape[-2:]
    scale = SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        grey = functional.interpolate(grey, size=size, mode="area")
    pixels = (grey[0, 0].clamp(0, 1) * 255).round().to(torch.uint8)
    return np.asarray(pixels.cpu().numpy())


def _label_map(masks: torch.Tensor) -> npt.NDArray[np.uint8]:
    """(K, H, W) bool -> label map, 0 background, k label k; a later label covers an earlier one."""
    labels = torch.zeros(masks.shape[-2:], dtype=torch.uint8, device=masks.device)
    for index, mask in enumerate(masks):
        labels[mask] = index + 1
    height, width = labels.shape
    scale = SIDE / max(height, width)
    if scale < 1:
        size = (max(1, round(height * scale)), max(1, round(width * scale)))
        labels = functional.interpolate(labels[None, None].float(), size=size, mode="nearest")[0, 0]
    return np.asarray(labels.to(torch.uint8).cpu().numpy())


def _png(pixels: npt.NDArray[np.uint8]) -> str:
    stream = io.BytesIO()
    Image.fromarray(pixels).save(stream, format="PNG")
    return base64.b64encode(stream.getvalue()).decode("ascii")
