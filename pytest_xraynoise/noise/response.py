"""How display values stand for exposure, and back.

Noise is made in exposure. What the display values of an image stand for is known from a raw image
(DICOM PixelIntensityRelationship LIN: linear), stated for a processed one, and an assumption for
public 8-bit images; readings of rungs name it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Protocol, runtime_checkable

from pytest_xraynoise.errors import NoiseError, SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@runtime_checkable
class Response(Protocol):
    """A relation between display values in [0, 1] and relative exposure above 0."""

    def exposure(self, display: Floats) -> Floats:
        """Relative exposure of display values, float64."""

    def display(self, exposure: Floats) -> Floats:
        """Display values of a relative exposure, float64; the inverse of :meth:`exposure`."""


@dataclass(frozen=True, slots=True)
class LinearResponse:
    """Display value = exposure: raw images, white where exposure is highest."""

    def exposure(self, display: Floats) -> Floats:
        """See :class:`Response`."""
        return display

    def display(self, exposure: Floats) -> Floats:
        """See :class:`Response`."""
        return exposure

    def __str__(self) -> str:
        return "linear in exposure"


@dataclass(frozen=True, slots=True)
class LogResponse:
    """Display value p = -log10(E) / latitude: images for presentation, white = little exposure.

    Attributes:
        latitude: decades of exposure between black (p = 0, E = 1) and white (p = 1).
    """

    latitude: float = 2.0

    def __post_init__(self) -> None:
        if not 0 < self.latitude <= 10:
            raise NoiseError(
                f"latitude={self.latitude!r}: expected decades of exposure, above 0 and up to 10"
            )

    def exposure(self, display: Floats) -> Floats:
        """See :class:`Response`."""
        import numpy as np

        return np.asarray(10.0 ** (-self.latitude * display))

    def display(self, exposure: Floats) -> Floats:
        """See :class:`Response`."""
        import numpy as np

        return np.asarray(-np.log10(exposure) / self.latitude)

    def __str__(self) -> str:
        return f"logarithmic over {self.latitude:g} decades of exposure"


@dataclass(frozen=True, slots=True)
class TableResponse:
    """A lookup table, linear between its points.

    Attributes:
        points: display values, rising.
        exposures: relative exposure at each, above 0, rising or falling throughout.
    """

    points: Sequence[float]
    exposures: Sequence[float]

    def __post_init__(self) -> None:
        pairs = list(zip(self.points, self.points[1:], strict=False))
        steps = [b - a for a, b in zip(self.exposures, self.exposures[1:], strict=False)]
        if len(self.points) != len(self.exposures) or len(self.points) < 2:
            raise NoiseError(
                f"a lookup table needs two or more points with one exposure each, but got "
                f"{len(self.points)} points and {len(self.exposures)} exposures"
            )
        if any(a >= b for a, b in pairs):
            raise NoiseError("the points of a lookup table must rise")
        if min(self.exposures) <= 0 or not (all(s > 0 for s in steps) or all(s < 0 for s in steps)):
            raise NoiseError(
                "the exposures of a lookup table must be above 0, and rise or fall throughout"
            )

    def exposure(self, display: Floats) -> Floats:
        """See :class:`Response`."""
        import numpy as np

        return np.interp(display, self.points, self.exposures)

    def display(self, exposure: Floats) -> Floats:
        """See :class:`Response`."""
        import numpy as np

        order = slice(None, None, 1 if self.exposures[0] < self.exposures[-1] else -1)
        known, points = np.array(self.exposures[order]), np.array(self.points[order])
        inside = np.interp(exposure, known, points)
        # Beyond the table as its ends go on, so that what has to be cut is seen and counted.
        below = points[0] + (exposure - known[0]) * (points[1] - points[0]) / (known[1] - known[0])
        above = points[-1] + (exposure - known[-1]) * (points[-1] - points[-2]) / (
            known[-1] - known[-2]
        )
        inside = np.where(exposure > known[-1], above, inside)
        found: Floats = np.where(exposure < known[0], below, inside)
        return found

    def __str__(self) -> str:
        return f"a lookup table of {len(self.points)} points"


def response(name: str | Response, latitude: float | None = None) -> Response:
    """``linear``, ``log`` (with its latitude in decades), or a :class:`Response` as it is.

    Raises:
        SpecError: unknown name, or a latitude for a response that has none.
        NoiseError: a latitude out of range.
    """
    if name == "log":
        return LogResponse() if latitude is None else LogResponse(latitude)
    if latitude is not None:
        raise SpecError(f"latitude={latitude!r} belongs to response='log', not to {name!r}")
    if name == "linear":
        return LinearResponse()
    if isinstance(name, str) or not isinstance(name, Response):
        raise SpecError(unknown("response", name, ("linear", "log")))
    return name
