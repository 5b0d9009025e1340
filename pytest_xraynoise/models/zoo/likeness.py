"""Which model of the zoo a checkpoint looks like, for the message when it does not fit."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING

import torch

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models.zoo.architectures import ARCHITECTURES, SIZES, Size
from pytest_xraynoise.models.zoo.building import build

if TYPE_CHECKING:
    from collections.abc import Mapping

_ENOUGH = 0.5
"""The share of keys and shapes that have to agree before a likeness is told."""

Signature = frozenset[tuple[str, tuple[int, ...]]]


def likeness(weights: Mapping[str, torch.Tensor], own: Mapping[str, torch.Tensor]) -> str:
    """A sentence about the model of the zoo that the weights look like; empty for none.

    Two sets of weights are as alike as the share of their (last steps of a key, shape) that they
    have in common (Jaccard). Nothing is said where the model that they were meant for is as alike.

    Args:
        weights: of the checkpoint, by key.
        own: of the model that they do not fit.
    """
    wanted = _signature(weights)
    best, most = "", max(_ENOUGH, _alike(wanted, _signature(own)))
    for name in ARCHITECTURES:
        for size in SIZES:
            known = _of_zoo(name, size)
            alike = _alike(wanted, known)
            if alike > most:
                most = alike
                best = f"zoo.build({name!r}, labels=..., size={size!r})"
    return f"The keys look like those of {best}; build that one" if best else ""


@functools.cache
def _of_zoo(name: str, size: Size) -> Signature:
    with torch.random.fork_rng(devices=[]):  # the caller's random numbers stay as they are
        try:
            with torch.device("meta"):
                model = build(name, labels=("any",), size=size)
        except ModelError:  # not installed, or its constructor reads values, which meta has none of
            try:
                model = build(name, labels=("any",), size=size)
            except ModelError:
                return frozenset()
    return _signature(model.state_dict())


def _signature(weights: Mapping[str, torch.Tensor]) -> Signature:
    """Keys without their prefix, with shapes. Single numbers (counters) tell nothing."""
    return frozenset(
        (".".join(name.split(".")[-3:]), tuple(tensor.shape))
        for name, tensor in weights.items()
        if tensor.ndim
    )


def _alike(one: Signature, other: Signature) -> float:
    return len(one & other) / max(len(one | other), 1)
