"""Many looks at the same data: Holm's step-down."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence


def holm(p_values: Sequence[float]) -> list[float]:
    """Adjusted p-values of Holm's step-down procedure (Holm 1979, jstor.org/stable/4615733).

    Rejecting where the adjusted value is at most alpha keeps the chance of any false rejection at
    alpha or below, whatever the dependence between the tests: rungs of a ladder share their samples
    and their random field, and labels share their images.

    Args:
        p_values: of each test, from 0 to 1, in any order.

    Returns:
        The adjusted values in the order of ``p_values``, at most 1.

    Examples:
        >>> holm([0.01, 0.04, 0.03])
        [0.03, 0.06, 0.06]
    """
    adjusted = [1.0] * len(p_values)
    largest = 0.0
    for index, divisor in divisors(p_values):
        largest = max(largest, min(1.0, divisor * p_values[index]))
        adjusted[index] = largest
    return adjusted


def divisors(p_values: Sequence[float]) -> list[tuple[int, int]]:
    """The steps of Holm's procedure: (index of the test, by how much alpha is divided for it).

    The smallest p-value comes first and is held against alpha / m; equal ones in their order.
    """
    count = len(p_values)
    order = sorted(range(count), key=lambda index: (p_values[index], index))
    return [(index, count - step) for step, index in enumerate(order)]
