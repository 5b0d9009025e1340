"""Simulated detectors: the truth lies within the interval as often as the interval says."""

from __future__ import annotations

import numpy as np
import pytest

from pytest_xraynoise.noise.calibration import Calibration, calibrate
from tests.noise.calibration.simulated import OFFSET, QUANTA, Panel

CAESIUM_IODIDE = Panel()
POWDER_SCREEN = Panel(gain=2.0, readout=5.0, structural=0.004, blur=0.55, pitch=0.15)
NO_BLUR = Panel(gain=8.0, readout=20.0, structural=0.02, blur=0.0, pitch=0.1)


def fitted(panel: Panel, entropy: list[int], **settings: object) -> Calibration:
    flats = panel.flats(np.random.default_rng(entropy))
    given = {"offset": OFFSET, "region": 1.0, "pixel_pitch": panel.pitch, "resamples": 1000}
    return calibrate(flats, **{**given, **settings})  # type: ignore[arg-type]


def covered(panel: Panel, trials: int, seed: int) -> dict[str, int]:
    """In how many trials the 95% intervals hold the truth."""
    hits = dict.fromkeys(("gain", "readout", "structural"), 0)
    for trial in range(trials):
        found = fitted(panel, [seed, trial], seed=trial).estimates()
        for name in hits:
            hits[name] += found[name].low <= getattr(panel, name) <= found[name].high
    return hits


def test_intervals_hold_the_truth_in_most_of_a_few_trials() -> None:
    """95% of 20 is 19; fewer than 17 would happen once in 60 times by chance."""
    assert min(covered(CAESIUM_IODIDE, 20, seed=1).values()) >= 17


@pytest.mark.slow
@pytest.mark.parametrize("panel", [CAESIUM_IODIDE, POWDER_SCREEN, NO_BLUR])
def test_intervals_hold_the_truth_in_93_percent_of_200_trials(panel: Panel) -> None:
    hits = covered(panel, 200, seed=2)
    assert min(hits.values()) >= 186, hits


@pytest.mark.parametrize("panel", [CAESIUM_IODIDE, POWDER_SCREEN, NO_BLUR])
def test_estimates_are_near_the_truth_without_bias(panel: Panel) -> None:
    """The mean of six fits; one fit of the first panel has a spread of 1.8, 3.6, 1.3 and 1%."""
    fits = [fitted(panel, [3, trial], resamples=200) for trial in range(6)]
    mean = {name: np.mean([getattr(fit, name).value for fit in fits]) for name in ("gain", "blur")}
    assert mean["gain"] == pytest.approx(panel.gain, rel=0.025)
    assert mean["blur"] == pytest.approx(panel.blur, rel=0.05, abs=2e-3)
    for name, tolerance in (("readout", 0.02), ("structural", 0.06)):
        value = np.mean([getattr(fit, name).value for fit in fits])
        assert value == pytest.approx(getattr(panel, name), rel=tolerance)


def test_the_variance_of_a_pixel_would_understate_the_gain() -> None:
    """Why the gain comes from NPS(0): behind caesium iodide a pixel shows a third of the noise."""
    levels = fitted(CAESIUM_IODIDE, [4]).levels
    by_pixel = (levels[-1].random - levels[0].random) / (levels[-1].mean - levels[0].mean)
    by_spectrum = (levels[-1].nps_zero - levels[0].nps_zero) / (levels[-1].mean - levels[0].mean)
    assert by_pixel < 0.35 * CAESIUM_IODIDE.gain
    assert by_spectrum == pytest.approx(CAESIUM_IODIDE.gain, rel=0.08)


def test_efficiency_and_readout_in_quanta() -> None:
    efficiency = 0.65
    kerma = [quanta / (31077 * 0.139**2 * efficiency) for quanta in QUANTA]
    fit = fitted(CAESIUM_IODIDE, [5], kerma=kerma)
    assert fit.efficiency is not None
    assert fit.quanta_per_ugy is not None
    assert fit.efficiency.low < efficiency < fit.efficiency.high
    assert fit.efficiency.value == pytest.approx(efficiency, rel=0.06)
    assert fit.quanta_per_ugy.value == pytest.approx(31077 * 0.139**2 * efficiency, rel=0.06)
    assert fit.readout_quanta.low < 1.5 < fit.readout_quanta.high
    assert fit.warnings == ()


def test_dark_frames_give_the_offset_and_sharpen_the_readout_noise() -> None:
    rng = np.random.default_rng(6)
    pattern = Panel(readout=0.0).digitised(40 * rng.standard_normal((256, 256)), rng) - OFFSET
    flats = [np.rint(f + pattern) for f in CAESIUM_IODIDE.flats(rng, (20.0, 600.0))]
    darks = [np.rint(d + pattern) for d in CAESIUM_IODIDE.darks(rng, 2)]
    fit = calibrate(flats, dark=darks, region=1.0)
    alone = calibrate(flats, offset=OFFSET, region=1.0)
    assert fit.readout.high - fit.readout.low < 0.7 * (alone.readout.high - alone.readout.low)
    assert fit.readout.value == pytest.approx(7.5, rel=0.02)
    # Two dark frames leave half their noise in every image: that is no structure of the detector.
    assert fit.structural.low < 0.01 < fit.structural.high
    assert alone.structural.value > 0.012


def test_one_exposure_and_two_dark_frames_are_enough() -> None:
    rng = np.random.default_rng(7)
    fit = calibrate(
        CAESIUM_IODIDE.flats(rng, (500.0,)), dark=CAESIUM_IODIDE.darks(rng, 2), region=1.0
    )
    assert fit.gain.low < 5.0 < fit.gain.high
    assert fit.readout.low < 7.5 < fit.readout.high


def test_shading_drift_and_defects_do_not_count_as_noise() -> None:
    """A heel effect of 20%, 3% more exposure in every second image, dead and hot pixels."""
    flats = [
        flat.astype(np.float64) - OFFSET for flat in CAESIUM_IODIDE.flats(np.random.default_rng(8))
    ]
    shade = 1 + 0.1 * np.linspace(-1, 1, 256)[:, None] + 0.05 * np.linspace(-1, 1, 256)[None]
    marred = []
    for i, flat in enumerate(flats):
        image = flat * (shade**0.5) * (1.0 + 0.03 * (i % 2))
        image[20, ::32] = 0.0
        image[50:52, 100] = 60000.0
        marred.append(image)
    clean = calibrate(flats, region=1.0)
    fit = calibrate(marred, region=1.0)
    for name in ("gain", "readout", "structural", "blur"):
        before, after = clean.estimates()[name], fit.estimates()[name]
        assert abs(after.value - before.value) < 0.6 * (before.high - before.low), name


def test_a_fit_is_the_same_every_time_and_in_any_order_of_pairs() -> None:
    flats = CAESIUM_IODIDE.flats(np.random.default_rng(9), (50.0, 500.0))
    fit = calibrate(flats, offset=OFFSET, region=1.0, kerma=[0.1, 1.0])
    assert calibrate(flats, offset=OFFSET, region=1.0, kerma=[0.1, 1.0]) == fit
    swapped = calibrate(flats[2:] + flats[:2], offset=OFFSET, region=1.0, kerma=[1.0, 0.1])
    assert swapped == fit
