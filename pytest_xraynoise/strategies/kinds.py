"""Noises, severities, parameters, doses and detectors."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from pytest_xraynoise import noise as noise_package
from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.strategies.dimensions import Dimension, dimensions

if TYPE_CHECKING:
    from collections.abc import Sequence

    from hypothesis.strategies import SearchStrategy

    from pytest_xraynoise.noise import Detector, NoiseKind

_PITCHES = (0.139, 0.1, 0.148, 0.2)
_READOUTS = (1500.0, 3000.0, 6000.0)


def noises(kinds: Sequence[str] | None = None) -> SearchStrategy[str]:
    """Names of noises, shrinking towards the first.

    Args:
        kinds: those to draw from; every registered one by default, ``poisson`` first.

    Raises:
        SpecError: an unknown noise, or none at all.
    """
    names = noise_package.names() if kinds is None else tuple(kinds)
    if not names:
        raise SpecError("kinds=[] draws nothing; name at least one noise")
    return st.sampled_from([noise_package.get(name).name for name in names])


def severities(noise: str | NoiseKind, ladder: str | None = None) -> SearchStrategy[int]:
    """Severities of a ladder, shrinking towards 1, the mildest.

    Raises:
        SpecError: an unknown noise or ladder.
    """
    return st.sampled_from(noise_package.ladder(noise, ladder).severities)


def parameters(
    noise: str | NoiseKind, **ends: tuple[float, float]
) -> SearchStrategy[dict[str, float]]:
    """Every parameter of a noise by its keyword, as ``noise.add(images, noise, **parameters)``.

    Each shrinks towards its mild end: photons and dose upwards, sigma and electrons downwards. For
    the stress kinds that is noise of one grey level of an 8-bit image (sigma 1/255, 65,025
    photons), for the clinical ones the reference dose, or the first rung of the ladder. The other
    end is the last rung.

    Args:
        noise: a kind.
        ends: other ends of a parameter, ``photons=(1000, 10)``: the mild one first.

    Raises:
        SpecError: an unknown noise, or ends that it does not take.
    """
    kind = noise_package.get(noise)
    for word in ends:
        if word not in kind.keywords:
            raise SpecError(unknown(f"parameter of noise {kind.name!r}", word, kind.keywords))
    return st.fixed_dictionaries({each.keyword: values(each) for each in dimensions(kind, ends)})


def values(dimension: Dimension) -> SearchStrategy[float]:
    """Values of one parameter on a logarithmic grid, shrinking towards its mild end."""
    return st.integers(0, dimension.steps).map(dimension.value)


def doses(least: float = 0.01) -> SearchStrategy[float]:
    """Fractions of the reference dose, shrinking towards 1, the reference itself.

    Args:
        least: the lowest, above 0 and up to 1.

    Raises:
        SpecError: out of range.
    """
    if isinstance(least, bool) or not isinstance(least, int | float) or not 0 < least <= 1:
        raise SpecError(f"least={least!r}: expected a fraction of the reference dose above 0, to 1")
    if least == 1:
        return st.just(1.0)
    return values(Dimension("dose", "of the reference dose", 1.0, float(least), -0.5))


def detector_profiles() -> SearchStrategy[Detector]:
    """Flat panels, shrinking towards the first built-in profile, ``csi-0.139``.

    Built-in profiles, and such with another pixel pitch, readout noise, efficiency or blur, within
    what flat panels have.
    """
    made = st.builds(
        _panel,
        st.sampled_from(noise_package.detectors()),
        st.sampled_from(_PITCHES),
        st.sampled_from(_READOUTS),
        st.integers(0, 5).map(lambda n: 0.65 - n * 0.05),
        st.integers(0, 4).map(lambda n: round(0.2026 * n, 4)),
    )
    return st.one_of(st.sampled_from(noise_package.detectors()), made)


def _panel(like: Detector, pitch: float, readout: float, efficiency: float, mtf: float) -> Detector:
    from dataclasses import replace

    return replace(
        like,
        name=f"drawn-{pitch:g}",
        pixel_pitch=pitch,
        readout=readout,
        efficiency=round(efficiency, 2),
        mtf=mtf,
        source="drawn for a test",
    )


__all__ = ["detector_profiles", "doses", "noises", "parameters", "severities", "values"]
