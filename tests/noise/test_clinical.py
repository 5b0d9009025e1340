"""The clinical kinds against theory and against a direct simulation at the lower dose."""

from __future__ import annotations

from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError
from pytest_xraynoise.noise.kinds.lowdose import LowDose

SIDE, COUNT, PITCH = 512, 6, 0.139
DETECTED = noise.quanta_per_pixel(2.5, "RQA9", PITCH) * 0.65
Spectrum = npt.NDArray[np.float64]


def flat(level: float = 0.5, count: int = COUNT) -> torch.Tensor:
    return torch.full((count, SIDE, SIDE), level)


def add(images: torch.Tensor, kind: str, *, seed: int = 1, **settings: Any) -> torch.Tensor:
    settings = {"pixel_pitch": PITCH, "response": "linear", **settings}
    return noise.add(images, kind, seed=seed, clip=False, **settings).images


def spectrum(images: torch.Tensor) -> Spectrum:
    """Mean NPS, normalised so that white noise of variance v has the value v."""
    values = images.numpy().astype(np.float64)
    values = values - values.mean(axis=(1, 2), keepdims=True)
    return np.asarray((np.abs(np.fft.fft2(values)) ** 2).mean(axis=0) / SIDE**2)


def bands(nps: Spectrum, count: int = 8) -> Spectrum:
    """Radial means of a spectrum in ``count`` rings up to the Nyquist frequency."""
    f = np.fft.fftfreq(SIDE)
    radius = np.hypot(f[:, None], f[None])
    rings = np.minimum((radius / 0.5 * count).astype(int), count)
    rings[0, 0] = count
    return np.array([nps[rings == ring].mean() for ring in range(count)])


def mtf() -> Spectrum:
    f = np.fft.fftfreq(SIDE, d=PITCH)
    return np.asarray(1 / (1 + 0.2026 * (f[:, None] ** 2 + f[None] ** 2)))


@pytest.mark.parametrize("dose", [1.0, 0.1])
def test_uncorrelated_quantum_noise_is_poisson(dose: float) -> None:
    made = add(flat(), "quantum", dose=dose, correlate=False)
    relative = made.double() / 0.5
    assert relative.mean().item() == pytest.approx(1, abs=5e-4)
    assert relative.var().item() == pytest.approx(1 / (dose * DETECTED), rel=0.01)


def test_quantum_noise_follows_the_mtf_and_keeps_nps_at_zero() -> None:
    made = add(flat(), "quantum", dose=0.5)
    white = 0.25 / (0.5 * DETECTED)
    measured, expected = bands(spectrum(made)), bands(white * mtf() ** 2)
    assert np.abs(measured / expected - 1).max() < 0.05
    low = spectrum(made)[:12, :12].ravel()[1:].mean()
    assert low == pytest.approx(white, rel=0.25)
    assert made.var().item() == pytest.approx(white * float((mtf() ** 2).mean()), rel=0.01)


def test_readout_noise_is_white_and_of_the_stated_electrons() -> None:
    made = add(flat(), "electronic", electrons=6000)
    sigma = 6000 / 1000 / DETECTED * 0.5
    assert made.std().item() == pytest.approx(sigma, rel=0.01)
    assert np.abs(bands(spectrum(made)) / sigma**2 - 1).max() < 0.05
    quarter = add(flat(), "electronic", electrons=6000, dose=0.25)
    assert quarter.std().item() == pytest.approx(4 * sigma, rel=0.01)


def test_a_binned_pixel_sums_the_readout_of_its_detector_pixels() -> None:
    panel = noise.detector("csi-0.139")
    assert panel.readout_quanta(0.139) == pytest.approx(1.5)
    assert panel.readout_quanta(0.278) == pytest.approx(3.0)
    assert panel.readout_quanta(0.05) == pytest.approx(1.5)


@pytest.mark.parametrize("dose", [0.5, 0.1, 0.02])
def test_dose_reduction_equals_a_direct_simulation(dose: float) -> None:
    """An image at the reference dose, brought to alpha, against one taken at alpha."""
    ramp = torch.linspace(0.3, 0.9, SIDE).expand(COUNT, SIDE, SIDE)
    panel = noise.Detector("test", 0.139, 0.65, 1000, 3000, 0.2026)
    direct = add(ramp, "lowdose", dose=dose, source_noise="none", detector=panel, seed=1)
    full = add(ramp, "lowdose", dose=1.0, source_noise="none", detector=panel, seed=2)
    reduced = add(full, "lowdose", dose=dose, detector=panel, seed=3)
    noises = [image - ramp for image in (direct, reduced)]
    for half in (slice(0, SIDE // 2), slice(SIDE // 2, SIDE)):
        a, b = (float(part[..., half].double().var()) for part in noises)
        assert b == pytest.approx(a, rel=0.01)
    shapes = [bands(spectrum(part)) for part in noises]
    assert np.abs(shapes[1] / shapes[0] - 1).max() < 0.05


def test_the_reference_dose_leaves_an_image_with_noise_as_it_is() -> None:
    images = torch.rand(2, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.8 + 0.1
    for response in ("linear", "log"):
        same = add(images, "lowdose", dose=1.0, response=response)
        torch.testing.assert_close(same, images, atol=2e-6, rtol=0)


def test_in_a_log_image_white_is_noisier_than_black() -> None:
    """Noise of p is 1 / (ln 10 latitude sqrt(quanta)): ten times larger over two decades."""
    halves = torch.full((COUNT, SIDE, SIDE), 0.2)
    halves[..., SIDE // 2 :] = 0.7
    made = add(halves, "quantum", dose=4.0, response="log", correlate=False)
    mean = (10**-0.4 + 10**-1.4) / 2
    for part, level in ((made[..., : SIDE // 2], 0.2), (made[..., SIDE // 2 :], 0.7)):
        quanta = 4 * DETECTED * 10 ** (-2 * level) / mean
        expected = 1 / (np.log(10) * 2 * quanta**0.5)
        assert part.std().item() == pytest.approx(expected, rel=0.01)


def test_a_lookup_table_can_say_the_same_as_the_log_response() -> None:
    points = np.linspace(0, 1, 2001)
    table = noise.TableResponse(points.tolist(), (10 ** (-2 * points)).tolist())
    images = torch.rand(1, 64, 64, generator=torch.Generator().manual_seed(1)) * 0.6 + 0.2
    by_table = add(images, "quantum", dose=1.0, response=table)
    by_log = add(images, "quantum", dose=1.0, response="log")
    torch.testing.assert_close(by_table, by_log, atol=1e-4, rtol=0)


def test_the_ladder_is_the_deviation_index() -> None:
    for kind in ("quantum", "lowdose"):
        ladder = noise.ladder(kind)
        assert ladder.name == "deviation-index"
        doses = [round(rung.parameter or 0, 2) for rung in ladder.rungs]
        assert doses == [0.79, 0.5, 0.25, 0.1, 0.05]
        assert "0.251 of the reference dose (DI -6, EI 62.8, 0.628" in ladder.rung(3).reading
        assert "35 cm wide" in ladder.rung(3).reading
        assert "2 decades of exposure, an assumption for 8-bit" in ladder.rung(3).reading


def test_a_pitch_of_the_ladder_reaches_the_noise() -> None:
    images = torch.full((1, 128, 128), 0.5)
    ladder = noise.custom_ladder("lowdose", dose=[0.25], pixel_pitch=0.139)
    assert "976 quanta detected per pixel of 0.139 mm" in ladder.rung(1).reading
    by_ladder = noise.prepare(images, "lowdose", ids=None).at(ladder.rung(1)).images
    assert torch.equal(by_ladder, noise.add(images, "lowdose", dose=0.25, pixel_pitch=0.139).images)
    assumed = noise.add(images, "lowdose", dose=0.25).images
    assert assumed.std() < by_ladder.std() / 5


def test_dose_fractions() -> None:
    assert noise.dose_fraction(kerma=0.625) == 0.25
    assert noise.dose_fraction(exposure_index=125) == 0.5
    assert noise.dose_fraction(deviation_index=-10) == pytest.approx(0.1)
    assert noise.dose_fraction(kerma=1, reference_kerma=4) == 0.25
    with pytest.raises(SpecError, match="got kerma and exposure_index"):
        noise.dose_fraction(kerma=1, exposure_index=3)
    with pytest.raises(SpecError, match="got none"):
        noise.dose_fraction()
    with pytest.raises(NoiseError, match="kerma=0"):
        noise.dose_fraction(kerma=0)
    with pytest.raises(NoiseError, match="deviation_index=nan"):
        noise.dose_fraction(deviation_index=float("nan"))
    with pytest.raises(NoiseError, match="deviation_index=1000"):
        noise.dose_fraction(deviation_index=1000)
    with pytest.raises(NoiseError, match="exposure_index='250'"):
        noise.dose_fraction(exposure_index="250")  # type: ignore[arg-type]


def test_black_images_and_single_pixels_survive() -> None:
    for kind in ("quantum", "electronic", "lowdose"):
        for response in ("linear", "log"):
            for shape in ((1, 1, 1), (1, 1, 7), (2, 5, 1)):
                for level in (0.0, 1.0):
                    out = noise.add(torch.full(shape, level), kind, severity=5, response=response)
                    assert torch.isfinite(out.images).all()


@pytest.mark.parametrize(
    ("settings", "error", "match"),
    [
        ({"dose": 0.0}, NoiseError, "dose=0"),
        ({"dose": 1.5}, NoiseError, "source_noise='none'"),
        ({"dose": 0.5, "detector": "csi"}, SpecError, "did you mean 'csi-0"),
        ({"dose": 0.5, "response": "logg"}, SpecError, "did you mean 'log'"),
        ({"dose": 0.5, "latitude": 0.0}, NoiseError, "latitude=0"),
        ({"dose": 0.5, "latitude": "2"}, NoiseError, "latitude='2'"),
        ({"dose": 0.5, "correlate": "no"}, SpecError, "expected True or False"),
        ({"dose": 0.5, "detector": ["csi-0.139"]}, SpecError, "unknown detector"),
        ({"dose": 0.5, "detectr": "csi-0.139"}, SpecError, "did you mean 'detector'"),
        ({"dose": 0.5, "response": "linear", "latitude": 2.0}, SpecError, "belongs to"),
        ({"dose": 0.5, "kerma": 1.0}, SpecError, "needs pixel_pitch="),
        ({"dose": 0.5, "kerma": -1.0, "pixel_pitch": 0.1}, NoiseError, "kerma=-1"),
        ({"dose": 0.5, "pixel_pitch": 0.0}, NoiseError, "pixel_pitch=0"),
        ({"dose": 0.5, "source_noise": "no"}, SpecError, "did you mean 'none'"),
        ({"dos": 0.5}, SpecError, "did you mean 'dose'"),
    ],
)
def test_bad_settings(settings: dict[str, Any], error: type[Exception], match: str) -> None:
    with pytest.raises(error, match=match):
        noise.add(torch.full((1, 8, 8), 0.5), "lowdose", **settings)


def test_settings_that_a_kind_does_not_have() -> None:
    with pytest.raises(SpecError, match="setting of noise 'lowdose' 'detectr'"):
        LowDose().configured(detectr="csi-0.139")
    with pytest.raises(SpecError, match="setting of noise 'poisson'"):
        noise.get("poisson").configured(detector="csi-0.139")


@pytest.mark.parametrize(
    ("changes", "match"),
    [
        ({"efficiency": 1.2}, "efficiency=1.2"),
        ({"gain": 0.0}, "gain=0"),
        ({"readout": -1.0}, "readout=-1"),
        ({"pixel_pitch": float("nan")}, "pixel_pitch=nan"),
    ],
)
def test_bad_detectors(changes: dict[str, Any], match: str) -> None:
    good = {"pixel_pitch": 0.1, "efficiency": 0.6, "gain": 1000, "readout": 1500, "mtf": 0.2}
    with pytest.raises(NoiseError, match=match):
        noise.Detector("mine", **{**good, **changes})


@pytest.mark.parametrize(
    ("points", "exposures", "match"),
    [
        ([0, 1], [1], "2 points and 1 exposures"),
        ([0, 0], [1, 2], "must rise"),
        ([0, 1], [0, 1], "above 0"),
        ([0, 0.5, 1], [1, 3, 2], "rise or fall throughout"),
    ],
)
def test_bad_tables(points: list[float], exposures: list[float], match: str) -> None:
    with pytest.raises(NoiseError, match=match):
        noise.TableResponse(points, exposures)


def test_every_profile_states_its_source() -> None:
    names = [panel.name for panel in noise.detectors()]
    assert {"csi-0.139", "gos-0.150"} <= set(names)
    assert all(panel.source for panel in noise.detectors())
