"""How many GPUs there are to choose from."""

from __future__ import annotations

from typing import Any

import torch


def gpus_for(model: Any, device: str) -> int:
    """How many CUDA devices are visible to ``model``; 0 where it stays on the CPU.

    A callable that is no module gets its images on the CPU under ``auto``, because nobody knows
    where its weights are.
    """
    if device == "auto" and not isinstance(model, torch.nn.Module):
        return 0
    return torch.cuda.device_count() if torch.cuda.is_available() else 0
