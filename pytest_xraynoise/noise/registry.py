"""Which kinds of noise there are, by name."""

from __future__ import annotations

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.noise.interface import NoiseKind
from pytest_xraynoise.noise.kinds.banding import Banding
from pytest_xraynoise.noise.kinds.dead_lines import DeadLines
from pytest_xraynoise.noise.kinds.dead_pixels import DeadPixels
from pytest_xraynoise.noise.kinds.electronic import Electronic
from pytest_xraynoise.noise.kinds.gaussian import Gaussian
from pytest_xraynoise.noise.kinds.impulse import Impulse
from pytest_xraynoise.noise.kinds.lowdose import LowDose
from pytest_xraynoise.noise.kinds.poisson import Poisson
from pytest_xraynoise.noise.kinds.poisson_gaussian import PoissonGaussian
from pytest_xraynoise.noise.kinds.quantum import Quantum
from pytest_xraynoise.noise.kinds.speckle import Speckle

_BUILT_IN: tuple[NoiseKind, ...] = (
    Poisson(),
    Gaussian(),
    PoissonGaussian(),
    Speckle(),
    Impulse(),
    Banding(),
    DeadPixels(),
    DeadLines(),
    Quantum(),
    Electronic(),
    LowDose(),
)
_KINDS: dict[str, NoiseKind] = {kind.name: kind for kind in _BUILT_IN}


def names() -> tuple[str, ...]:
    """Names of the registered kinds, the built-in ones first."""
    return tuple(_KINDS)


def get(name: str | NoiseKind) -> NoiseKind:
    """The kind called ``name``; a kind itself is returned as it is.

    Raises:
        SpecError: no such kind, with the nearest match.
    """
    if isinstance(name, NoiseKind):
        return name
    if not isinstance(name, str) or name not in _KINDS:
        raise SpecError(unknown("noise", name, _KINDS))
    return _KINDS[name]


def register_noise(kind: NoiseKind) -> None:
    """Add a kind of the user's own; the same name again replaces one that is not built in.

    Raises:
        SpecError: not an instance of :class:`NoiseKind`, the name of a built-in kind, no parameter,
            or a stream number that another kind has.
    """
    if not isinstance(kind, NoiseKind):
        raise SpecError(
            f"register_noise expects an instance of NoiseKind, but got {kind!r}; "
            "subclass pytest_xraynoise.noise.NoiseKind and pass an instance"
        )
    if kind.name in {built_in.name for built_in in _BUILT_IN}:
        raise SpecError(f"noise {kind.name!r} is built in; choose another name for yours")
    if not kind.parameters:
        raise SpecError(f"noise {kind.name!r} has no parameter; give it at least one Parameter")
    for other in _KINDS.values():
        if other.stream == kind.stream and other.name != kind.name:
            raise SpecError(
                f"noise {kind.name!r} would share the random stream {kind.stream} of "
                f"{other.name!r}; set stream_number to a free number from 256 to 65535"
            )
    _KINDS[kind.name] = kind
