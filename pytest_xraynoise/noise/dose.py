"""Detected and incident quanta from dose, and dose in words."""

from __future__ import annotations

import math
from numbers import Real

from pytest_xraynoise.errors import NoiseError, SpecError, unknown

REFERENCE_KERMA = 2.5
"""Detector air kerma of a reference exposure in uGy."""
FLUENCE = {"RQA3": 21759.0, "RQA5": 30174.0, "RQA7": 32362.0, "RQA9": 31077.0}
"""Photons per mm2 and uGy behind each radiation quality (IEC 62220-1:2003, table 2)."""
FIELD_WIDTH = 350.0
"""Width in mm of the field that an image is taken to show when nothing says its pixel pitch."""
ASSUMED_COLUMNS = 224
EXPOSURE_INDEX_PER_UGY = 100.0
"""EI = 100 K, K the air kerma at the detector in uGy (IEC 62494-1:2008)."""
MOST_DECIBELS = 100.0
"""Deviation indices beyond it are slips, and would leave the range of floating point."""


def quanta_per_pixel(
    kerma: float = REFERENCE_KERMA, quality: str = "RQA9", pixel_pitch: float = 0.139
) -> float:
    """Quanta that reach one pixel, K q a^2.

    Args:
        kerma: detector air kerma in uGy.
        quality: radiation quality of IEC 62220-1:2003: RQA3, RQA5, RQA7 or RQA9.
        pixel_pitch: mm, at the resolution where the noise is added.

    Returns:
        Incident quanta per pixel: 1501 for the defaults.

    Raises:
        SpecError: unknown quality.
        NoiseError: kerma or pitch not positive and finite.

    Examples:
        >>> round(quanta_per_pixel(2.5, "RQA9", 0.139))
        1501
    """
    if quality not in FLUENCE:
        raise SpecError(unknown("radiation quality", quality, FLUENCE))
    for name, value, unit in (("kerma", kerma, "uGy"), ("pixel_pitch", pixel_pitch, "mm")):
        if not (math.isfinite(value) and value > 0):
            raise NoiseError(f"{name}={value!r}: expected a finite number above 0, in {unit}")
    return kerma * FLUENCE[quality] * pixel_pitch**2


def dose_reading(quanta: float, pixel_pitch: float | None) -> str:
    """Say which part of a reference exposure ``quanta`` at white would be.

    Without a pitch the image is taken as 224 pixels over 35 cm.

    >>> dose_reading(60, None)
    'at 224 px over 35 cm about 1/3,000 of a 2.5 uGy exposure'
    """
    if pixel_pitch is None:
        where = f"at {ASSUMED_COLUMNS} px over {FIELD_WIDTH / 10:g} cm"
        pitch = FIELD_WIDTH / ASSUMED_COLUMNS
    else:
        where, pitch = f"at a pixel pitch of {pixel_pitch:g} mm", pixel_pitch
    share = quanta / quanta_per_pixel(pixel_pitch=pitch)
    return f"{where} about {_share_in_words(share)} a {REFERENCE_KERMA:g} uGy exposure"


def _share_in_words(share: float) -> str:
    if share >= 0.95:
        return f"{_rounded(share, 2):,.10g} times"
    return f"{share:.2g} of" if share >= 0.1 else f"1/{_rounded(1 / share, 1):,.10g} of"


def _rounded(value: float, digits: int) -> float:
    return round(value, digits - 1 - math.floor(math.log10(value)))


def dose_fraction(
    *,
    kerma: float | None = None,
    exposure_index: float | None = None,
    deviation_index: float | None = None,
    reference_kerma: float = REFERENCE_KERMA,
) -> float:
    """A dose as the fraction of the reference that ``dose=`` takes; give exactly one of three.

    Args:
        kerma: detector air kerma in uGy (the word ``air_kerma`` of the clinical kinds).
        exposure_index: EI = 100 K with K in uGy (IEC 62494-1:2008).
        deviation_index: DI = 10 log10(EI / target EI) (IEC 62494-1:2008), the reference the target.
        reference_kerma: uGy.

    Returns:
        The fraction; exactly 1.0 for the reference itself, whatever rounding does on the way.

    Raises:
        SpecError: none or several of the three.
        NoiseError: no number, not finite, not positive where it must be, or beyond all doses.

    Examples:
        >>> round(dose_fraction(deviation_index=-3), 3)
        0.501
    """
    given = {"kerma": kerma, "exposure_index": exposure_index, "deviation_index": deviation_index}
    stated = {name: value for name, value in given.items() if value is not None}
    if len(stated) != 1:
        got = " and ".join(stated) or "none"
        raise SpecError(f"give exactly one of kerma, exposure_index, deviation_index; got {got}")
    for name, value in {**stated, "reference_kerma": reference_kerma}.items():
        _check_dose(name, value)
    if deviation_index is not None:
        fraction = 10 ** (deviation_index / 10)
    elif exposure_index is not None:
        fraction = exposure_index / EXPOSURE_INDEX_PER_UGY / reference_kerma
    else:
        fraction = stated["kerma"] / reference_kerma
    return 1.0 if math.isclose(fraction, 1, rel_tol=1e-12) else float(fraction)


def _check_dose(name: str, value: object) -> None:
    low, high = 0.0, math.inf
    if name == "deviation_index":
        low, high = -MOST_DECIBELS, MOST_DECIBELS
    number = float(value) if isinstance(value, Real) else math.nan
    if isinstance(value, bool) or not (math.isfinite(number) and low < number < high):
        beyond = f" and below {high:g}" if math.isfinite(high) else ""
        raise NoiseError(f"{name}={value!r}: expected a finite number above {low:g}{beyond}")


def dose_in_words(fraction: float, reference_kerma: float = REFERENCE_KERMA) -> str:
    """A dose in every unit: share of the reference, deviation and exposure index, air kerma.

    >>> dose_in_words(0.25)
    '0.25 of the reference dose (DI -6.02, EI 62.5, 0.625 uGy)'
    >>> dose_in_words(1.0)
    '1 of the reference dose (DI 0, EI 250, 2.5 uGy)'
    """
    kerma = fraction * reference_kerma
    index = round(10 * math.log10(fraction), 2) + 0.0  # no minus sign before a zero
    return (
        f"{fraction:.3g} of the reference dose (DI {index:g}, "
        f"EI {kerma * EXPOSURE_INDEX_PER_UGY:.4g}, {kerma:.3g} uGy)"
    )
