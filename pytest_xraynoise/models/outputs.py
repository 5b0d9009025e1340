"""What a model returned -> one tensor of raw outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import torch

from pytest_xraynoise.errors import ModelError

KNOWN_KEYS = ("logits", "out", "probabilities", "probs")


def default_output(raw: Any) -> torch.Tensor:
    """Find the tensor in what a model returned, where that is beyond doubt.

    Taken: a tensor; a mapping with one of the keys logits, out, probabilities, probs, or with one
    tensor only; an object with ``.logits``; a tuple or list of one tensor.

    Raises:
        ModelError: for anything else; says how to override the choice.
    """
    if isinstance(raw, torch.Tensor):
        return raw
    if isinstance(raw, Mapping):
        for key in KNOWN_KEYS:
            if isinstance(raw.get(key), torch.Tensor):
                return raw[key]  # type: ignore[no-any-return]
        tensors = [value for value in raw.values() if isinstance(value, torch.Tensor)]
        if len(tensors) == 1:
            return tensors[0]
        got = f"a mapping with the keys {sorted(map(str, raw))}"
    elif isinstance(getattr(raw, "logits", None), torch.Tensor):
        return raw.logits  # type: ignore[no-any-return]
    elif isinstance(raw, (tuple, list)):
        if len(raw) == 1 and isinstance(raw[0], torch.Tensor):
            return raw[0]
        got = f"a {type(raw).__name__} of {len(raw)}"
    elif hasattr(raw, "__array__"):
        return torch.from_numpy(np.array(raw))  # a copy: torch wants writable memory
    else:
        got = f"a {type(raw).__name__}"
    raise ModelError(
        f"the model returned {got}; expected a tensor (N, ...). Override the fixture xray_output "
        "(output= of evaluate) with a function that picks it: lambda out: out[0] or "
        "lambda out: out['logits']"
    )
