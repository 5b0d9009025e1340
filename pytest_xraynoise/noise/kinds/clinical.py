"""What the clinical kinds share: noise in detected quanta, between a response and its inverse.

Detected quanta in a pixel: lambda = K q a^2 eta E / mean(E), with K the detector air kerma, q the
fluence per kerma of the radiation quality, a the pixel pitch where the noise is added, eta the
detection efficiency and E the relative exposure. Quantum noise passes the scintillator, whose MTF
keeps NPS(0) and lowers the rest; readout noise stays white.

These kinds use logarithms and Fourier transforms of the platform, on the CPU: the same random
numbers everywhere, and the same images on one machine, but not bit for bit between platforms.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.noise.detectors import Detector, detector, detectors
from pytest_xraynoise.noise.dose import FIELD_WIDTH, REFERENCE_KERMA, quanta_per_pixel
from pytest_xraynoise.noise.interface import NoiseKind, Parameter
from pytest_xraynoise.noise.response import LinearResponse, LogResponse, Response, response

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.noise.field import Field

HALF_A_QUANTUM = 0.5
PIXEL_PITCH = Parameter("pixel_pitch", "mm", high=100.0)
KERMA = Parameter("kerma", "uGy", high=1e6)
LATITUDE = Parameter("latitude", "decades of exposure", high=10.0)


@dataclass(frozen=True, kw_only=True)
class ClinicalKind(NoiseKind):
    """A kind in the detector domain; settings are fields, given to ``configured`` or to ``add``.

    Attributes:
        detector: name of a profile, path of a profile file (*.toml), or a profile.
        pixel_pitch: mm at the resolution where noise is added; None takes the image as 35 cm wide.
        response: ``log``, ``linear`` or a response.
        latitude: decades of exposure of the ``log`` response, 2 by default.
        kerma: mean detector air kerma of the reference dose in uGy; None for 2.5. A kerma of your
            own needs a pixel pitch of your own.
        correlate: pass the quantum noise through the scintillator's MTF.
    """

    detector: str | os.PathLike[str] | Detector = "csi-0.139"
    pixel_pitch: float | None = None
    response: str | Response = "log"
    latitude: float | None = None
    kerma: float | None = None
    correlate: bool = True

    extras: ClassVar[tuple[Parameter, ...]] = (PIXEL_PITCH,)

    def __post_init__(self) -> None:
        detector(self.detector)
        for parameter in (PIXEL_PITCH, KERMA, LATITUDE):
            value = getattr(self, parameter.keyword)
            if value is not None:
                parameter.check(value)
        response(self.response, self.latitude)
        if not isinstance(self.correlate, bool):
            raise SpecError(f"correlate={self.correlate!r}: expected True or False")

    @property
    def reference_kerma(self) -> float:
        """Mean detector air kerma of the reference dose in uGy."""
        return REFERENCE_KERMA if self.kerma is None else float(self.kerma)

    def settings_meant(self) -> Mapping[str, Any]:
        """See :class:`NoiseKind`: the defaults in numbers, and what a profile file holds."""
        meant: dict[str, Any] = {"kerma": self.reference_kerma}
        relation = response(self.response, self.latitude)
        if self.response == "log" and isinstance(relation, LogResponse):
            meant["latitude"] = relation.latitude
        if self.detector not in {panel.name for panel in detectors()}:
            meant["detector"] = detector(self.detector)
        return meant

    def quanta(self, pixel_pitch: float) -> float:
        """Mean detected quanta per pixel at the reference dose."""
        panel = detector(self.detector)
        incident = quanta_per_pixel(self.reference_kerma, panel.quality, pixel_pitch)
        return incident * panel.efficiency

    def pitch(self, parameters: Mapping[str, float], columns: int) -> float:
        """The pixel pitch in mm: the rung's, the kind's, or 35 cm over the image's columns.

        Raises:
            SpecError: a kerma was given without a pitch.
        """
        stated = parameters.get("pixel_pitch", self.pixel_pitch)
        if stated is not None:
            return stated
        if self.kerma is not None:
            raise SpecError(
                f"kerma={self.kerma:g} uGy needs pixel_pitch=, in mm at the resolution where noise "
                "is added, to become quanta per pixel"
            )
        return FIELD_WIDTH / columns

    def degraded(
        self,
        image: npt.NDArray[np.float32],
        field: Field,
        *,
        pixel_pitch: float,
        dose: float,
        counting: float = 1.0,
        readout: float = 0.0,
    ) -> npt.NDArray[np.float32]:
        """The image at ``dose``, not clipped.

        Args:
            image: (H, W) float32 display values.
            field: the sample's random numbers; word 0 counts, word 1 is read out.
            pixel_pitch: mm.
            dose: fraction of the reference.
            counting: factor on the deviation of the counts from their mean.
            readout: standard deviation of the readout noise in detected quanta.
        """
        import numpy as np

        relation = response(self.response, self.latitude)
        exposure = relation.exposure(image.astype(np.float64))
        mean = float(exposure.mean()) or 1.0
        at_mean = dose * self.quanta(pixel_pitch)
        expected = (exposure * (at_mean / mean)).astype(np.float32)
        signal = expected.astype(np.float64)
        if counting > 0:
            deviation = counting * (field.poisson(expected, 0).astype(np.float64) - expected)
            signal = signal + self._spread(deviation, pixel_pitch)
        if readout > 0:
            signal = signal + readout * field.normal(1).astype(np.float64)
        if not isinstance(relation, LinearResponse):  # others know no exposure of 0 or less
            signal = np.maximum(signal, HALF_A_QUANTUM)
        return relation.display(signal * (mean / at_mean)).astype(np.float32)

    def _spread(
        self, deviation: npt.NDArray[np.float64], pixel_pitch: float
    ) -> npt.NDArray[np.float64]:
        """Quantum noise behind the scintillator, MTF(0) = 1; the image is taken as periodic."""
        import numpy as np

        h = detector(self.detector).mtf
        if not self.correlate or h == 0:
            return deviation
        rows, columns = (np.fft.fftfreq(n, d=pixel_pitch) for n in deviation.shape)
        columns = columns[: deviation.shape[1] // 2 + 1]
        mtf = 1 / (1 + h * (rows[:, None] ** 2 + columns[None] ** 2))
        return np.fft.irfft2(np.fft.rfft2(deviation) * mtf, s=deviation.shape)

    def _setting(self, parameters: Mapping[str, float], pixel_pitch: float | None) -> str:
        """The assumptions of a rung in words."""
        stated = parameters.get("pixel_pitch", pixel_pitch or self.pixel_pitch)
        where = (
            f"an image {FIELD_WIDTH / 10:g} cm wide"
            if stated is None
            else f"{self.quanta(stated):,.0f} quanta detected per pixel of {stated:g} mm"
        )
        return (
            f"on {detector(self.detector).name} at a reference of {self.reference_kerma:g} uGy, "
            f"{where}; display values taken as {response(self.response, self.latitude)}, "
            "an assumption for 8-bit images"
        )
