"""A stratified subset that is the same every time."""

from __future__ import annotations

import hashlib
import math
from collections import defaultdict
from typing import TYPE_CHECKING

import torch

if TYPE_CHECKING:
    from collections.abc import Sequence


def stratified(targets: Sequence[torch.Tensor], count: int, seed: int) -> list[int]:
    """Positions of ``count`` samples, each stratum in proportion, in ascending order.

    Strata are the classes, or the patterns of a multi-hot vector; masks form one stratum. Within a
    stratum samples are taken in the order of a hash of (seed, position), so a larger subset of the
    same data holds most of a smaller one. Seats are given by largest remainder.

    Args:
        targets: one target for each sample.
        count: how many to keep; all are kept when there are no more than that.
        seed: picks the subset.
    """
    if count >= len(targets):
        return list(range(len(targets)))
    strata: dict[tuple[float, ...], list[int]] = defaultdict(list)
    for position, target in enumerate(targets):
        strata[_stratum(target)].append(position)
    shares = {key: count * len(members) / len(targets) for key, members in strata.items()}
    seats = {key: math.floor(share) for key, share in shares.items()}
    # Equal remainders (every pattern of findings occurs once) are drawn, not taken in order, which
    # would leave out whole findings.
    by_remainder = sorted(
        shares, key=lambda key: (round(seats[key] - shares[key], 9), _rank(seed, strata[key][0]))
    )
    for key in by_remainder[: count - sum(seats.values())]:
        seats[key] += 1
    chosen: list[int] = []
    for key, members in strata.items():
        chosen += sorted(members, key=lambda p: _rank(seed, p))[: seats[key]]
    return sorted(chosen)


def _stratum(target: torch.Tensor) -> tuple[float, ...]:
    if target.ndim >= 2:
        return ()
    return tuple(torch.nan_to_num(target.double(), -1.0).reshape(-1).tolist())


def _rank(seed: int, position: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{position}".encode(), digest_size=8).digest()
