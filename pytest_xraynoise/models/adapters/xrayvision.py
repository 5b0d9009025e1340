"""Models of torchxrayvision, which want images from -1024 to 1024; the library is not needed."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import torch

LOW, HIGH = -1024.0, 1024.0
"""The range of its images (Cohen et al. 2022, TorchXRayVision, MIDL)."""


def is_xrayvision(model: Any) -> bool:
    """Whether a model is one of torchxrayvision, or made like one.

    Made like one is a model that has both ``pathologies`` and ``op_threshs``, the thresholds with
    which that library calibrates its outputs.
    """
    roots = {kind.__module__.partition(".")[0] for kind in type(model).__mro__}
    return "torchxrayvision" in roots or (
        hasattr(model, "pathologies") and hasattr(model, "op_threshs")
    )


def to_xrayvision(images: torch.Tensor) -> torch.Tensor:
    """Intensities in [0, 1] -> the range of torchxrayvision, float32."""
    return images * (HIGH - LOW) + LOW
