"""In which precision a model computes. The noise and the scores are float32 whatever it is."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from contextlib import AbstractContextManager

DTYPES = {"fp32": torch.float32, "bf16": torch.bfloat16, "fp16": torch.float16}
"""The dtype of each word."""

_WORDS = {**{dtype: word for word, dtype in DTYPES.items()}, torch.float64: "fp64"}


def check_precision(precision: str, device: torch.device) -> None:
    """Refuse a precision that the device cannot compute in.

    Raises:
        SpecError: for an unknown word, or a precision that torch does not have there; names those
            that it has.
    """
    if precision not in DTYPES:
        raise SpecError(unknown("precision", precision, DTYPES))
    if not _available(precision, device):
        have = " or ".join(word for word in DTYPES if _available(word, device))
        raise SpecError(
            f"precision {precision!r} is not there on {device} with torch {torch.__version__}; "
            f"use {have}"
        )


def autocast(precision: str, device: torch.device) -> AbstractContextManager[Any]:
    """The context in which a model of float32 weights computes in ``precision``.

    For fp32 it is a context too: one that switches off an autocast in which the caller may be, as
    the result will say fp32.
    """
    reduced = precision != "fp32"
    # fp32 is no dtype of an autocast that is off either: on the CPU it would warn.
    dtype = DTYPES[precision] if reduced else torch.bfloat16
    return torch.autocast(device.type, dtype=dtype, enabled=reduced)


def own_dtype(model: Any) -> torch.dtype | None:
    """The floating dtype that all parameters of a module share, when it is not float32.

    None for float32, for several dtypes (whoever mixed them casts between them), for no parameter,
    and for callables that are no module.
    """
    if not isinstance(model, torch.nn.Module):
        return None
    dtypes = {p.dtype for p in model.parameters() if p.dtype.is_floating_point}
    if len(dtypes) != 1 or dtypes == {torch.float32}:
        return None
    return dtypes.pop()


def precision_word(dtype: torch.dtype) -> str:
    """What reports call a dtype: fp16, bf16, fp32, fp64."""
    return _WORDS.get(dtype, str(dtype).removeprefix("torch."))


def _available(precision: str, device: torch.device) -> bool:
    if precision == "fp32":
        return True
    if device.type == "cuda" and precision == "bf16" and not torch.cuda.is_bf16_supported():
        return False
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # torch warns and switches itself off where it cannot
        try:
            with autocast(precision, device):
                return torch.is_autocast_enabled(device.type)
        except RuntimeError:
            return False
