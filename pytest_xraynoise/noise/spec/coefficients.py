"""Constants of the frozen function. Every number is exactly a float32 (or becomes one by rounding).

``LOG`` and ``QUANTILE`` are minimax fits (Lawson's weights on a Chebyshev basis): the first of
log(1 + f) / f on [sqrt(1/2) - 1, sqrt(2) - 1], the second of z / (1 - v) in an affine map of
sqrt(w + 2), w = -log(v (2 - v)), where v is twice the tail probability of z. The largest error of
the normal quantile is 4.2e-5 within +-6.34.
"""

LOG = (
    1.0000009536743164,
    -0.500011146068573,
    0.3331450819969177,
    -0.24909760057926178,
    0.20496349036693573,
    -0.18667753040790558,
    0.11895929276943207,
)
QUANTILE = (
    3.724644422531128,
    2.7210185527801514,
    -0.10760704427957535,
    -0.013605974614620209,
    0.13958826661109924,
    -0.26279065012931824,
    0.18102097511291504,
    0.12648366391658783,
    -0.18676087260246277,
    -0.01809168979525566,
    0.055433522909879684,
)
SCALE = 0.5803048014640808
OFFSET = -1.8206748962402344
LN2 = 0.6931471805599453
LOG2E = 1.4426950408889634
LN2_HIGH = 0.693359375
LN2_LOW = 2.12194440e-4
"""ln 2 = LN2_HIGH - LN2_LOW; the high part has few bits, so n * LN2_HIGH is exact (Cody-Waite)."""
SQRT_HALF_BITS = 0x3F3504F3
"""Bit pattern of sqrt(1/2) in float32: where the exponent of the logarithm steps."""

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
