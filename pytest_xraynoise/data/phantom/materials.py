"""Linear attenuation coefficients of the phantom's materials.

Mass attenuation coefficients are those of NIST (Hubbell and Seltzer 1995, NISTIR 5632,
doi:10.18434/T4D01F) for the tissues of ICRU Report 44 (1989), at 60 and 80 keV, interpolated
log-log to an effective energy of 65 keV (about 120 kVp behind a patient, Bushberg et al. 2011).
"""

from __future__ import annotations

import math

EFFECTIVE_ENERGY_KEV = 65.0


def linear_attenuation(at_60_kev: float, at_80_kev: float, density: float) -> float:
    """Linear attenuation coefficient at the effective energy, in 1/cm.

    Args:
        at_60_kev: mass attenuation coefficient at 60 keV, cm2/g.
        at_80_kev: mass attenuation coefficient at 80 keV, cm2/g.
        density: g/cm3.
    """
    slope = math.log(at_80_kev / at_60_kev) / math.log(80 / 60)
    return at_60_kev * math.exp(slope * math.log(EFFECTIVE_ENERGY_KEV / 60)) * density


SOFT = linear_attenuation(0.2048, 0.1823, density=1.06)
"""Soft tissue (ICRU-44), also blood, muscle and effusion: 0.210 /cm."""

LUNG = linear_attenuation(0.2053, 0.1826, density=0.26)
"""Inflated lung (ICRU-44 lung at 0.26 g/cm3): 0.052 /cm."""

BONE = linear_attenuation(0.3148, 0.2229, density=1.92)
"""Cortical bone (ICRU-44): 0.549 /cm."""

GAS = 0.0
"""Air in the pleural space, trachea and stomach: 0.0002 /cm, nil over these lengths."""
