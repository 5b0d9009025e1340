"""Noise spectra of blocks against what is known of them."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt
import pytest
from scipy import signal, stats

from pytest_xraynoise.noise.calibration.intervals import expanded_percentiles, resampled_weights
from pytest_xraynoise.noise.calibration.layout import Layout, layout_of
from pytest_xraynoise.noise.calibration.measure import detrended
from pytest_xraynoise.noise.calibration.spectrum import bands_of, block_spectra, scintillator_bands

Floats: TypeAlias = npt.NDArray[np.float64]

SIDE = 32


def blocks(image: Floats) -> Floats:
    count = image.shape[0] // SIDE
    return Layout(0, 0, count, count, SIDE).blocks(image)


def test_white_noise_has_its_variance_at_every_frequency() -> None:
    noise = 3.0 * np.random.default_rng(0).standard_normal((1024, 1024))
    bands = bands_of(SIDE)
    measured = bands.average(block_spectra(blocks(noise))).mean(axis=0)
    error = 9.0 / np.sqrt(bands.modes * 1024)
    assert np.abs((measured - 9.0) / error).max() < 4


def test_one_block_agrees_with_scipy() -> None:
    block = np.random.default_rng(1).standard_normal((SIDE, SIDE))
    rows = [signal.periodogram(row, detrend=False, return_onesided=False)[1] for row in block]
    ours = block_spectra(block[None])[0]
    # Parseval over rows: the mean over vertical frequencies is the mean of the rows' spectra.
    np.testing.assert_allclose(ours.mean(axis=0), np.mean(rows, axis=0)[: SIDE // 2 + 1])


@pytest.mark.parametrize("spread", [0.0, 3.0, 10.5, 40.0])
def test_filtered_noise_shows_the_smoothed_spectrum(spread: float) -> None:
    rng = np.random.default_rng(2)
    size = 2048
    rows, columns = np.fft.fftfreq(size)[:, None], np.fft.rfftfreq(size)[None]
    mtf = 1 / (1 + spread * (rows**2 + columns**2))
    noise = np.fft.irfft2(np.fft.rfft2(rng.standard_normal((size, size))) * mtf, s=(size, size))
    bands = bands_of(SIDE)
    each = bands.average(block_spectra(blocks(noise)))
    error = each.std(axis=0) / np.sqrt(len(each))
    assert np.abs((each.mean(axis=0) - scintillator_bands(spread, bands)) / error).max() < 4
    if spread > 5:  # and it matters: without the smoothing the lowest band would be far off
        plain = (1 + spread * bands.frequency**2) ** -2.0
        assert abs((each.mean(axis=0) - plain) / error).max() > 4


def test_trends_along_rows_and_columns_leave_no_trace() -> None:
    ramp = np.arange(64.0)
    trend = 5 * ramp[:, None] ** 2 - 300 * np.cos(ramp / 9)[None]
    bands = bands_of(SIDE)
    assert bands.average(block_spectra(blocks(trend))).max() < 1e-12 * trend.var()


@pytest.mark.parametrize("side", [32, 64, 128])
def test_bands_hold_every_frequency_off_the_axes_once(side: int) -> None:
    bands = bands_of(side)
    assert bands.modes.sum() == (side - 1) * (side // 2 - 1)
    assert (np.diff(bands.frequency) > 0).all()
    assert bands.members.sum(axis=1).max() == 1


def test_a_plane_is_taken_out_and_nothing_else() -> None:
    rng = np.random.default_rng(3)
    noise = rng.standard_normal((400, SIDE, SIDE))
    tilt = np.linspace(0, 50, SIDE)
    np.testing.assert_allclose(
        detrended(noise + tilt[:, None] - 2 * tilt[None] + 7), detrended(noise), atol=1e-10
    )
    variance = (detrended(noise) ** 2).sum() / (400 * (SIDE**2 - 3))
    assert variance == pytest.approx(1, abs=4 * np.sqrt(2 / noise.size))


def test_the_region_lies_in_the_middle_and_blocks_grow_with_it() -> None:
    assert layout_of((256, 256), 1.0) == Layout(0, 0, 8, 8, 32)
    assert layout_of((512, 512), 0.5) == Layout(128, 128, 8, 8, 32)
    assert layout_of((1024, 2000), 0.5).side == 64
    assert layout_of((3000, 3000), 0.5).side == 128
    layout = layout_of((300, 700), 0.8)
    rows = 2 * layout.top + layout.rows * layout.side
    assert abs(rows - 300) <= 1
    image = np.arange(300 * 700.0).reshape(300, 700)
    region = layout.region(image)
    cut = layout.blocks(region)
    assert np.array_equal(cut[1], region[:32, 32:64])
    assert np.array_equal(np.sort(cut.ravel()), region.ravel())


def test_percentiles_make_up_for_few_blocks() -> None:
    """Student's t with 9 degrees of freedom reaches 2.262 where the normal law reaches 1.960."""
    low, high = expanded_percentiles(37, 0.95)
    assert low == pytest.approx(stats.norm.sf(2.262 * np.sqrt(37 / 36)), rel=1e-3)
    assert low + high == pytest.approx(1)
    assert expanded_percentiles(10**6, 0.95)[0] == pytest.approx(0.025, rel=1e-3)
    weights = resampled_weights(64, 300, seed=1)
    np.testing.assert_allclose(weights.sum(axis=1), 1)
    assert np.array_equal(weights, resampled_weights(64, 300, seed=1))
