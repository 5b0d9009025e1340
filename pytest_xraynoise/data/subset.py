"""A stratified subset that is the same every time, of samples or of whole groups."""

from __future__ import annotations

import hashlib
import heapq
import math
from collections import Counter, defaultdict
from typing import TYPE_CHECKING

import torch

from pytest_xraynoise.data.subset_sum import members_of_sum, nearest_sum

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

Stratum = tuple[float, ...]


def stratified(
    targets: Sequence[torch.Tensor],
    count: int,
    seed: int,
    groups: Sequence[Hashable] | None = None,
) -> list[int]:
    """Positions of ``count`` samples, each stratum in proportion, in ascending order.

    Strata are the classes, or the patterns of a multi-hot vector; masks form one stratum. Within a
    stratum samples are taken in the order of a hash of (seed, position), so a larger subset of the
    same data holds most of a smaller one. Seats are given by largest remainder.

    With ``groups`` (patients, say) every group is taken whole or not at all. The number of samples
    is then the one nearest to ``count`` that whole groups can make, the smaller of two, and at
    least one group.

    Args:
        targets: one target for each sample.
        count: how many to keep; all are kept when there are no more than that.
        seed: picks the subset.
        groups: the group of each sample.
    """
    if count >= len(targets):
        return list(range(len(targets)))
    strata = [_stratum(target) for target in targets]
    if groups is None:
        return _samples(strata, count, seed)
    return _Groups(strata, groups, seed).subset(count)


def _samples(strata: Sequence[Stratum], count: int, seed: int) -> list[int]:
    members: dict[Stratum, list[int]] = defaultdict(list)
    for position, stratum in enumerate(strata):
        members[stratum].append(position)
    shares = {key: count * len(found) / len(strata) for key, found in members.items()}
    seats = {key: math.floor(share) for key, share in shares.items()}
    # Equal remainders (every pattern of findings occurs once) are drawn, not taken in order, which
    # would leave out whole findings.
    by_remainder = sorted(
        shares, key=lambda key: (round(seats[key] - shares[key], 9), _rank(seed, members[key][0]))
    )
    for key in by_remainder[: count - sum(seats.values())]:
        seats[key] += 1
    chosen: list[int] = []
    for key, found in members.items():
        chosen += sorted(found, key=lambda p: _rank(seed, p))[: seats[key]]
    return sorted(chosen)


class _Groups:
    """Groups in the order of a hash, and what each holds. A group is named by its place there."""

    def __init__(self, strata: Sequence[Stratum], groups: Sequence[Hashable], seed: int) -> None:
        found: dict[Hashable, list[int]] = defaultdict(list)
        for position, group in enumerate(groups):
            found[group].append(position)
        self.positions = sorted(found.values(), key=lambda members: _rank(seed, members[0]))
        self.sizes = [len(members) for members in self.positions]
        self.holds = [Counter(strata[p] for p in members) for members in self.positions]
        self.whole = Counter(strata)

    def subset(self, count: int) -> list[int]:
        """Positions of whole groups, as near to ``count`` as they come."""
        total = nearest_sum(self.sizes, count)
        taken = self._exact(self._balanced(total), total)
        return sorted(p for group in taken for p in self.positions[group])

    def _balanced(self, total: int) -> list[int]:
        """Groups of at most ``total`` samples, always one that holds what is missing most.

        Each step serves the stratum that is furthest below its share, with its next group that
        fits: the greedy order of Sechidis, Tsoumakas and Vlahavas 2011, "On the stratification of
        multi-label data" (DOI 10.1007/978-3-642-23808-6_10), on groups.
        """
        samples = sum(self.sizes)
        missing = {key: total * held / samples for key, held in self.whole.items()}
        queues: dict[Stratum, list[int]] = defaultdict(list)
        for group in reversed(range(len(self.sizes))):
            for key in self.holds[group]:
                queues[key].append(group)
        # Entries go stale as groups are taken; needs only fall, so the top is right or too high.
        heap = [(-need, order, key) for order, (key, need) in enumerate(missing.items())]
        heapq.heapify(heap)
        taken: list[int] = []
        used: set[int] = set()
        left = total
        while heap and left:
            need, order, key = heapq.heappop(heap)
            if -need > missing[key]:
                heapq.heappush(heap, (-missing[key], order, key))
                continue
            queue = queues[key]
            while queue and (queue[-1] in used or self.sizes[queue[-1]] > left):
                queue.pop()
            if not queue:
                continue  # nothing of this stratum fits any more
            group = queue.pop()
            used.add(group)
            taken.append(group)
            left -= self.sizes[group]
            for held, number in self.holds[group].items():
                missing[held] -= number
            heapq.heappush(heap, (-missing[key], order, key))
        return taken

    def _exact(self, taken: list[int], total: int) -> list[int]:
        """``taken`` with as few of its last groups changed as make the sum ``total``."""
        undone = 0
        while sum(self.sizes[group] for group in taken) != total:
            undone = max(1, 2 * undone)
            kept = taken[: max(0, len(taken) - undone)]
            held = set(kept)
            rest = [group for group in range(len(self.sizes)) if group not in held]
            need = total - sum(self.sizes[group] for group in kept)
            found = members_of_sum([self.sizes[group] for group in rest], need)
            if found is not None:
                return [*kept, *(rest[place] for place in found)]
        return taken


def _stratum(target: torch.Tensor) -> Stratum:
    if target.ndim >= 2:
        return ()
    return tuple(torch.nan_to_num(target.double(), -1.0).reshape(-1).tolist())


def _rank(seed: int, position: int) -> bytes:
    return hashlib.blake2b(f"{seed}:{position}".encode(), digest_size=8).digest()
