"""How good a model is on the clean images of its validation set."""

from __future__ import annotations

import math
import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from sklearn.metrics import roc_auc_score

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.training.augment import LadderNoise
    from pytest_xraynoise.training.samples import Samples

BATCH = 64


@torch.no_grad()
def validated(
    model: torch.nn.Module, samples: Samples, labels: Sequence[str], device: torch.device
) -> dict[str, Any]:
    """The macro AUROC of a classifier, or the mean Dice of a segmenter, and that of each label.

    Returns:
        ``{"metric": "auroc", "value": ..., "labels": {...}}``; None for what the data do not
        define, a label with one class for instance.
    """
    outputs, targets = [], []
    for pair in samples.batches(BATCH):
        logits = model(pair.images.to(device)).float().cpu()
        if logits.ndim == 4:
            outputs.append(_dice(logits > 0, pair.targets))
        else:
            outputs.append(logits)
            targets.append(pair.targets)
    whole = torch.cat(outputs)
    if not targets:
        known = [whole[:, k][~torch.isnan(whole[:, k])] for k in range(whole.shape[1])]
        return _told("dice", labels, [float(one.mean()) if len(one) else math.nan for one in known])
    truth = torch.cat(targets)
    return _told("auroc", labels, _aurocs(whole, truth))


@torch.no_grad()
def denoised(
    model: torch.nn.Module, samples: Samples, noise: LadderNoise, device: torch.device
) -> dict[str, Any]:
    """The mean PSNR in dB of noisy images, of what the denoiser makes of them, and of clean ones.

    Returns:
        ``{"metric": "psnr", "value": ..., "noisy": ..., "clean": ...}``; ``clean`` is what the
        denoiser makes of images without noise.
    """
    before, after, spared = [], [], []
    for pair in samples.batches(BATCH):
        images = pair.images[:, :1]
        noisy = noise(images)
        before.append(_psnr(noisy, images))
        after.append(_psnr(model(noisy.to(device)).cpu(), images))
        spared.append(_psnr(model(images.to(device)).cpu(), images))
    means = [float(torch.cat(part).mean()) for part in (after, before, spared)]
    return dict(zip(("value", "noisy", "clean"), means, strict=True)) | {"metric": "psnr"}


def _psnr(images: torch.Tensor, clean: torch.Tensor) -> torch.Tensor:
    """(N,) 10 log10(1 / MSE); at most 100 dB."""
    return -10 * (images - clean).pow(2).mean((1, 2, 3)).clamp(min=1e-10).log10()


def _dice(found: torch.Tensor, truth: torch.Tensor) -> torch.Tensor:
    """(N, K); NaN where not labelled, 1 where both are empty."""
    known = ~torch.isnan(truth).flatten(2).any(2)
    wanted = truth.nan_to_num(0) > 0.5
    shared = (found & wanted).flatten(2).sum(2)
    both = found.flatten(2).sum(2) + wanted.flatten(2).sum(2)
    dice = torch.where(both > 0, 2 * shared / both.clamp(min=1), 1.0)
    return torch.where(known, dice, torch.nan)


def _aurocs(logits: torch.Tensor, targets: torch.Tensor) -> list[float]:
    columns = logits.shape[1]
    if targets.ndim == 1:
        ids = torch.arange(1, 2) if columns == 1 else torch.arange(columns)
        truth = torch.where(targets[:, None] < 0, torch.nan, (targets[:, None] == ids).float())
        scores = logits if columns == 1 else torch.softmax(logits, 1)
    else:
        truth, scores = targets, logits
    return [_auroc(truth[:, k].numpy(), scores[:, k].numpy()) for k in range(columns)]


def _auroc(truth: Any, scores: Any) -> float:
    known = ~np.isnan(truth)
    if len(np.unique(truth[known])) < 2:
        return math.nan
    return float(roc_auc_score(truth[known], scores[known]))


def _told(metric: str, labels: Sequence[str], values: Sequence[float]) -> dict[str, Any]:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", RuntimeWarning)  # a mean of nothing
        mean = float(np.nanmean(values))
    by_label = {n: None if math.isnan(v) else v for n, v in zip(labels, values, strict=True)}
    return {"metric": metric, "value": None if math.isnan(mean) else mean, "labels": by_label}
