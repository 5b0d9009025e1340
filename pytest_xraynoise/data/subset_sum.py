"""Which sums the sizes of whole groups can make: the subset-sum problem, in bits of an integer."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def nearest_sum(sizes: Sequence[int], wanted: int) -> int:
    """The sum of some of ``sizes`` that is nearest to ``wanted``, the smaller of two.

    Args:
        sizes: whole numbers from 1, at least one.
        wanted: from 1. At least one size is always taken.
    """
    # Beyond twice the wanted sum nothing is nearer than nothing at all, and one size is needed.
    most = max(2 * wanted, min(sizes))
    reach = _reach(sizes, most) & ~1
    below = (reach & _ones(wanted)).bit_length() - 1
    above = reach >> (wanted + 1)
    if not above:
        return below
    over = (above & -above).bit_length() + wanted
    return over if below < 1 or over - wanted < wanted - below else below


def members_of_sum(sizes: Sequence[int], wanted: int) -> list[int] | None:
    """Places of some of ``sizes`` whose sum is ``wanted``, early ones first; None without any."""
    reach = 1
    first: dict[int, int] = {}
    for place, size in enumerate(sizes):
        if size > wanted:
            continue
        new = (reach << size) & ~reach & _ones(wanted)
        reach |= new
        while new:
            lowest = new & -new
            first[lowest.bit_length() - 1] = place  # its rest was reached by earlier places
            new ^= lowest
        if reach >> wanted & 1:
            break
    if not reach >> wanted & 1:
        return None
    members = []
    while wanted:
        members.append(first[wanted])
        wanted -= sizes[first[wanted]]
    return members[::-1]


def _reach(sizes: Iterable[int], most: int) -> int:
    """Bit s is set where the sum s can be made, up to ``most``."""
    reach, mask = 1, _ones(most)
    for size, number in Counter(sizes).items():
        step = 1
        while number and size * step <= most:  # 1, 2, 4 ... of a size make every number of them
            step = min(step, number)
            reach |= (reach << size * step) & mask
            number -= step
            step *= 2
    return reach


def _ones(most: int) -> int:
    """The bits 0 to ``most``."""
    return (1 << (most + 1)) - 1
