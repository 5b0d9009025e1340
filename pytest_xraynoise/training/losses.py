"""Losses by the form of the target, with what is not labelled left out and rare labels weighed up.

* findings (N, K): binary cross-entropy, positives weighed by negatives / positives of the data;
* class ids (N,): cross-entropy, classes weighed by the inverse of their frequency;
* planes (N, K, H, W): binary cross-entropy plus soft Dice (Milletari 2016, DOI
  10.1109/3DV.2016.79), each plane a label of its own.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import torch
from torch.nn import functional

if TYPE_CHECKING:
    from collections.abc import Callable

    Loss = Callable[[torch.Tensor, torch.Tensor], torch.Tensor]

MOST_WEIGHT = 20.0
"""Of a label or class, so that a single case does not rule the gradient."""
_UNLABELLED = -1


def loss_for(targets: torch.Tensor | None, outputs: int) -> Loss:
    """The loss of a training set.

    Args:
        targets: of the whole set, of a classifier; None for masks.
        outputs: of the model.

    Returns:
        A function from logits and targets of a batch to a scalar.
    """
    if targets is None:
        return planes_loss
    if targets.ndim == 1 and outputs == 1:
        return _findings_loss(positive_weights(_vector(targets)))
    if targets.ndim == 1:
        return _classes_loss(class_weights(targets, outputs))
    return _findings_loss(positive_weights(targets))


def positive_weights(targets: torch.Tensor) -> torch.Tensor:
    """Negatives / positives of each label, (K,), from 1/20 to 20; 1 for a label with one class."""
    known = ~torch.isnan(targets)
    positives = (targets.nan_to_num(0) > 0.5).sum(0)
    negatives = known.sum(0) - positives
    ratio = negatives / positives.clamp(min=1)
    one_class = (positives == 0) | (negatives == 0)
    return torch.where(one_class, 1.0, ratio.clamp(1 / MOST_WEIGHT, MOST_WEIGHT)).float()


def class_weights(targets: torch.Tensor, classes: int) -> torch.Tensor:
    """Inverse frequency of each class, (K,), 1 for a class of average frequency; at most 20."""
    counts = torch.bincount(targets[targets >= 0], minlength=classes).float()
    return (counts.sum() / (classes * counts.clamp(min=1))).clamp(max=MOST_WEIGHT)


def planes_loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
    """Binary cross-entropy plus 1 - soft Dice over the batch, labels averaged.

    Args:
        logits: (N, K, H, W).
        targets: (N, K, H, W) of 0 and 1, NaN where not labelled.
    """
    from segmentation_models_pytorch.losses import DiceLoss, SoftBCEWithLogitsLoss

    truth = targets.nan_to_num(_UNLABELLED)
    cross_entropy = SoftBCEWithLogitsLoss(ignore_index=_UNLABELLED)(logits, truth)
    dice = DiceLoss("multilabel", smooth=1.0, ignore_index=_UNLABELLED)(logits, truth)
    total: torch.Tensor = cross_entropy + dice
    return total


def consistency(clean: torch.Tensor, noisy: torch.Tensor, *, exclusive: bool) -> torch.Tensor:
    """How far apart the predictions for an image and for its noisy copy are, in nats.

    Their Jensen-Shannon divergence, mean over samples, labels and pixels: the consistency loss of
    AugMix (Hendrycks 2020, DOI 10.48550/arXiv.1912.02781) with one copy, in the manner of stability
    training (Zheng 2016, DOI 10.1109/CVPR.2016.485).

    Args:
        clean: logits of the images, (N, K) or (N, K, H, W).
        noisy: logits of their noisy copies, of the same shape.
        exclusive: whether the K outputs are classes that exclude each other.

    Returns:
        A scalar from 0 to ln 2.
    """
    one, other = _distributions(clean, exclusive), _distributions(noisy, exclusive)
    mixed = ((one + other) / 2).clamp(min=1e-7).log()
    apart = _divergence(mixed, one) + _divergence(mixed, other)
    return apart.mean() / 2


def _distributions(logits: torch.Tensor, exclusive: bool) -> torch.Tensor:
    """(..., 2) for each label, or (..., K)."""
    if exclusive:
        return torch.softmax(logits, 1).movedim(1, -1)
    positive = torch.sigmoid(logits)
    return torch.stack([positive, 1 - positive], -1)


def _divergence(log_mixed: torch.Tensor, one: torch.Tensor) -> torch.Tensor:
    return functional.kl_div(log_mixed, one, reduction="none").sum(-1)


def _vector(ids: torch.Tensor) -> torch.Tensor:
    """Class ids 0 and 1 as one finding, (N, 1); NaN where not labelled."""
    return torch.where(ids < 0, torch.nan, ids.float())[:, None]


def _findings_loss(weights: torch.Tensor) -> Loss:
    def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        planes = _vector(targets) if targets.ndim == 1 else targets
        known = ~torch.isnan(planes)
        each = functional.binary_cross_entropy_with_logits(
            logits, planes.nan_to_num(0), pos_weight=weights.to(logits.device), reduction="none"
        )
        return (each * known).sum() / known.sum().clamp(min=1)

    return loss


def _classes_loss(weights: torch.Tensor) -> Loss:
    def loss(logits: torch.Tensor, targets: torch.Tensor) -> torch.Tensor:
        return functional.cross_entropy(
            logits, targets.long(), weights.to(logits.device), ignore_index=_UNLABELLED
        )

    return loss
