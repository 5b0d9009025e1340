"""``lowdose`` at alpha against a detector simulated in plain NumPy at that dose.

The simulation shares nothing with the package: NumPy's own Poisson and normal numbers, its own
fluence, blur and response. A film at the reference dose, with its own noise, is given to
``lowdose``; the result must have the noise of a film that was taken at the lower dose.
"""

from __future__ import annotations

import functools
from dataclasses import dataclass
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import noise
from pytest_xraynoise.data.phantom import ChestPhantom

SIDE, FILMS, LATITUDE = 256, 24, 2.0
Array = npt.NDArray[np.float64]


@dataclass(frozen=True)
class Panel:
    """A detector: what the simulation and the package are both told."""

    pitch: float = 0.139
    efficiency: float = 0.65
    gain: float = 1000.0
    readout: float = 4500.0
    h: float = 0.2026
    kerma: float = 2.5
    fluence: float = 31_077.0

    @property
    def quanta(self) -> float:
        return self.kerma * self.fluence * self.pitch**2 * self.efficiency

    def profile(self) -> noise.Detector:
        return noise.Detector(
            "simulated", self.pitch, self.efficiency, self.gain, self.readout, self.h
        )

    def blurred(self, quanta: Array) -> Array:
        f = np.fft.fftfreq(SIDE, d=self.pitch)
        mtf = 1 / (1 + self.h * (f[:, None] ** 2 + f[None] ** 2))
        return np.asarray(np.fft.ifft2(np.fft.fft2(quanta) * mtf).real)

    def films(self, scene: Array, dose: float, seed: int) -> Array:
        """Relative exposure as read out, (FILMS, SIDE, SIDE), of a scene of mean 1."""
        rng = np.random.default_rng(seed)
        expected = dose * self.quanta * scene
        detected = rng.poisson(expected, size=(FILMS, SIDE, SIDE)).astype(np.float64)
        read = rng.normal(scale=self.readout / self.gain, size=detected.shape)
        return (self.blurred(detected) + read) / (dose * self.quanta)


PANEL = Panel()


@functools.lru_cache(maxsize=6)
def films(scene: str, dose: float, seed: int) -> Array:
    """What :meth:`Panel.films` makes of a scene, not to be written to."""
    made = PANEL.films(SCENES[scene](), dose, seed)
    made.flags.writeable = False
    return made


def flat_scene() -> Array:
    return np.ones((SIDE, SIDE))


def step_scene() -> Array:
    """Two halves, one of twice the exposure of the other."""
    scene = np.ones((SIDE, SIDE))
    scene[:, SIDE // 2 :] = 2
    return np.asarray(scene / scene.mean())


@functools.cache
def _chest() -> Array:
    item = ChestPhantom(1, SIDE, seed=3)[0]
    return np.asarray(item["exposure"][0], dtype=np.float64)


def chest_scene() -> Array:
    """The chest phantom's noise-free exposure, its shadows lifted to 200 quanta."""
    scene = np.maximum(_chest(), 0.2 * _chest().mean())
    return np.asarray(scene / scene.mean())


SCENES = {"flat": flat_scene, "step": step_scene, "chest": chest_scene}
LIGHT = 12.0
"""Exposure, relative to the scene's mean, that is the end of the display's range."""


def to_display(exposure: Array, response: str) -> Array:
    if response == "linear":
        return exposure / LIGHT
    return np.asarray(-np.log10(np.maximum(exposure, 1e-6) / LIGHT) / LATITUDE)


def to_exposure(display: Array, response: str) -> Array:
    if response == "linear":
        return display * LIGHT
    return np.asarray(LIGHT * 10 ** (-LATITUDE * display))


def reduced(taken: Array, dose: float, response: str, source: str) -> Array:
    """What the package makes of films, as exposure."""
    images = torch.from_numpy(to_display(taken, response).astype(np.float32))
    settings: dict[str, Any] = {"latitude": LATITUDE} if response == "log" else {}
    out = noise.add(
        images,
        "lowdose",
        dose=dose,
        detector=PANEL.profile(),
        pixel_pitch=PANEL.pitch,
        kerma=PANEL.kerma,
        response=response,
        source_noise=source,
        seed=5,
        clip=False,
        **settings,
    )
    return to_exposure(np.asarray(out.images.numpy(), dtype=np.float64), response)


def spectrum(deviation: Array) -> Array:
    """Mean noise power spectrum in 8 rings up to the Nyquist frequency."""
    power = (np.abs(np.fft.fft2(deviation)) ** 2).mean(axis=0) / SIDE**2
    f = np.fft.fftfreq(SIDE)
    ring = np.minimum((np.hypot(f[:, None], f[None]) * 16).astype(int), 8)
    ring[0, 0] = 8
    return np.array([power[ring == index].mean() for index in range(8)])


def assert_same_noise(made: Array, direct: Array) -> None:
    """Variance within 1 %, NPS within 5 % in each ring and its shape within 5 %; same mean."""
    assert made.var() == pytest.approx(direct.var(), rel=0.01)
    ratio = spectrum(made) / spectrum(direct)
    assert np.abs(ratio - 1).max() < 0.05
    assert np.abs(ratio / ratio.mean() - 1).max() < 0.05
    assert abs(made.mean() - direct.mean()) < 0.02 * direct.std()


CASES = [("flat", "linear"), ("step", "log"), ("chest", "linear"), ("chest", "log")]


@pytest.mark.parametrize("dose", [0.5, 0.25, 0.1])
@pytest.mark.parametrize(("scene", "response"), CASES)
def test_a_film_brought_to_a_dose_equals_one_taken_at_it(
    scene: str, response: str, dose: float
) -> None:
    clean = PANEL.blurred(SCENES[scene]())
    made = reduced(films(scene, 1.0, 1), dose, response, "detector") - clean
    direct = films(scene, dose, 2) - clean
    assert_same_noise(made, direct)
    if scene == "step":  # each half for itself, away from the edges
        for part in (slice(16, SIDE // 2 - 16), slice(SIDE // 2 + 16, SIDE - 16)):
            a, b = (half[..., part].var() for half in (made, direct))
            assert a == pytest.approx(b, rel=0.01)


@pytest.mark.parametrize("dose", [1.0, 0.25, 0.1])
@pytest.mark.parametrize(("scene", "response"), CASES)
def test_a_clean_image_brought_to_a_dose_equals_a_film_taken_at_it(
    scene: str, response: str, dose: float
) -> None:
    clean = PANEL.blurred(SCENES[scene]())
    made = reduced(np.repeat(clean[None], FILMS, axis=0), dose, response, "none") - clean
    assert_same_noise(made, films(scene, dose, 2) - clean)


@pytest.mark.parametrize("dose", [0.5, 0.1])
def test_the_display_values_have_the_same_noise_too(dose: float) -> None:
    """What a model sees of a log image, not only the exposure behind it."""
    made = reduced(films("flat", 1.0, 1), dose, "log", "detector")
    shown, direct = (to_display(one, "log") for one in (made, films("flat", dose, 2)))
    assert shown.var() == pytest.approx(direct.var(), rel=0.01)
    assert shown.mean() == pytest.approx(direct.mean(), abs=0.02 * direct.std())


def test_the_comparison_would_notice_noise_that_is_counted_twice() -> None:
    """A film with noise taken for a clean one carries its own noise beside the added one."""
    clean = PANEL.blurred(flat_scene())
    twice = reduced(films("flat", 1.0, 1), 0.5, "linear", "none") - clean
    direct = films("flat", 0.5, 2) - clean
    assert twice.var() > 1.3 * direct.var()


@pytest.mark.parametrize("dose", [0.5, 0.1])
def test_the_direct_simulation_agrees_with_theory(dose: float) -> None:
    """Poisson variance through the MTF, plus readout: alpha lambda MTF^2 + sigma_e^2 in quanta."""
    quanta = dose * PANEL.quanta
    made = films("flat", dose, 2) * quanta
    f = np.fft.fftfreq(SIDE, d=PANEL.pitch)
    mtf = 1 / (1 + PANEL.h * (f[:, None] ** 2 + f[None] ** 2))
    expected = quanta * float((mtf**2).mean()) + (PANEL.readout / PANEL.gain) ** 2
    assert made.var() == pytest.approx(expected, rel=0.01)
    assert made.mean() == pytest.approx(quanta, rel=1e-3)
