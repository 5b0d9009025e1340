"""Constants of the frozen function. Every number is exactly a float32, or is rounded to one.

``LOG`` and ``QUANTILE`` are minimax fits (Lawson's weights). The first is of
2^23 (log2 u - (u - 1)) on [1, 2], to 1.3e-5 in the logarithm and with ends that meet. The second is
of the normal quantile divided by the distance from the centre, as a function of
2^-12 sqrt(ROOT - 2^23 log2 x) - CENTRE. The quantile's largest error is 2.6e-5, within +-6.23.
"""

LOG = (-15102549.0, 34323760.0, -29786214.0, 13683069.0, -3494390.0, 376427.15625)
QUANTILE = (
    1.814244421360911e-09,
    1.0117513493668184e-09,
    -9.163593495120637e-11,
    3.196985731701574e-11,
    -6.685102504119106e-14,
    -2.527715883826609e-11,
    3.314462246328809e-11,
    -1.0397459802857778e-11,
    -8.907708771987988e-12,
    5.140260612990222e-12,
)
ROOT = 72613216.0
CENTRE = 3.2383873462677
ROOT_SCALE = 2.0**-12
HALFWAY = 2.0**31
WHOLE = 2.0**32
WHOLE_BITS = 0x5E800000
"""Bit pattern of 2^62 in float32."""
MANTISSA_BITS = 0x007FFFFF
ONE_BITS = 0x3F800000
"""Bit pattern of 1 in float32."""

LOG2E = 1.4426950408889634
LN2_HIGH = 0.693359375
LN2_LOW = 2.12194440e-4
"""ln 2 = LN2_HIGH - LN2_LOW; the high part has few bits, so n * LN2_HIGH is exact (Cody-Waite)."""

INVERSION_BELOW = 12.0
"""Poisson rate under which the distribution function is inverted term by term."""
INVERSION_TERMS = 48
"""Largest count that inversion returns; P(Poisson(12) > 48) < 1e-14."""

LANES = 1024
"""Neighbouring pixels that take their words from neighbouring counters; see ``philox``."""
PHILOX_M0 = 0xD2511F53
PHILOX_M1 = 0xCD9E8D57
PHILOX_W0 = 0x9E3779B9
PHILOX_W1 = 0xBB67AE85
"""Philox 4x32 (Salmon et al. 2011, DOI 10.1145/2063384.2063405)."""
