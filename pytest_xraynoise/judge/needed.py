"""How many samples would settle what these could not."""

from __future__ import annotations

import math

from pytest_xraynoise.stats.distribution import TIE, quantile

POWER = 0.95
"""How likely the recommended number of samples settles a difference of the size that was seen."""


def samples_needed(
    samples: int,
    *,
    distance: float,
    half_width: float,
    confidence: float,
    divisor: int = 1,
) -> int | None:
    """Samples at which the interval leaves the limit out, rounded up to two digits.

    The width of an interval falls with 1 / sqrt(n). A half-width of exactly the distance would be
    beyond the limit in half of all further samples only, so the number is the usual one of a
    sample-size calculation (Chow, Shao and Wang 2008, chapter 3):
    n = samples * ((z_a + z_power) / z * half_width / distance)^2, with z of the interval at hand,
    z_a of the one-sided level (1 - confidence) / 2 after Holm, and z_power of 95 %.

    Args:
        samples: how many there are.
        distance: of the estimate to the limit, whatever its sign.
        half_width: of the interval, on the side of the limit.
        confidence: level of the interval.
        divisor: by how much Holm divides the level for this check.

    Returns:
        None if no number of samples would: the estimate is the limit itself.
    """
    distance = abs(distance)
    if distance <= TIE or not math.isfinite(half_width) or half_width <= 0:
        return None
    z = quantile(0.5 + confidence / 2.0)
    wanted = quantile(1.0 - (1.0 - confidence) / 2.0 / divisor) + quantile(POWER)
    return rounded_up(samples * (wanted / z * half_width / distance) ** 2)


def rounded_up(number: float) -> int:
    """Up to two digits: 1234 becomes 1300.

    >>> rounded_up(1234), rounded_up(1300), rounded_up(7.2)
    (1300, 1300, 8)
    """
    whole = math.ceil(number)
    step = int(10 ** max(0, len(str(whole)) - 2))
    return -(-whole // step) * step
