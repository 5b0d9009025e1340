from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from pytest_xraynoise.data.phantom import ChestPhantom, materials
from pytest_xraynoise.data.phantom.compose import take_film
from pytest_xraynoise.data.phantom.frame import Frame
from pytest_xraynoise.data.phantom.patient import sample_patient
from pytest_xraynoise.data.phantom.render import exposure
from pytest_xraynoise.data.phantom.shapes import ellipse_level, ellipsoid, step, tube
from pytest_xraynoise.data.phantom.texture import fractal, interpolation
from pytest_xraynoise.data.phantom.vessels import _deposit


def test_attenuation_lies_between_the_tabulated_energies() -> None:
    assert 0.1823 * 1.06 < materials.SOFT < 0.2048 * 1.06
    assert 0.2229 * 1.92 < materials.BONE < 0.3148 * 1.92
    ratio = materials.LUNG / materials.SOFT
    assert ratio == pytest.approx(0.26 / 1.06, rel=0.01)


def test_masks_are_plausible_and_disjoint() -> None:
    phantom = ChestPhantom(24, size=64, seed=2)
    for k in range(24):
        left, right, heart = phantom[k]["masks"]
        assert (left + right + heart).max() == 1
        assert 0.05 < left.mean() < 0.22
        assert 0.06 < right.mean() < 0.24
        assert 0.03 < heart.mean() < 0.22
        columns = np.arange(64)
        middle = [float((m.sum(0) * columns).sum() / m.sum()) for m in (left, right, heart)]
        # The patient's left is on the image's right, and so is most of the heart.
        assert middle[1] < middle[2] < middle[0]


def test_lungs_are_darker_than_the_heart_and_the_heart_than_the_spine() -> None:
    phantom = ChestPhantom(10, size=64, seed=4)
    for k in range(10):
        item = phantom.render(k, ())
        image, (left, right, heart) = item["image"][0], item["masks"]
        lungs = image[(left + right) > 0].mean()
        assert lungs + 0.1 < image[heart > 0].mean() < image[:, 30:34].max()
        assert lungs < 0.62
        # Air beside the neck meets almost the whole beam.
        assert image[:4].min() < 0.2


def test_patients_differ_in_build_and_exposure() -> None:
    phantom = ChestPhantom(30, size=32, seed=0)
    patients = [phantom.patient(k) for k in range(30)]
    for name, least in (
        ("tilt", 0.01),
        ("scale", 0.01),
        ("technique", 0.05),
        ("rib_spacing", 0.05),
        ("vessel_density", 0.05),
    ):
        assert np.std([getattr(p, name) for p in patients]) > least, name


def test_technique_scales_exposure_and_nothing_else() -> None:
    patient = sample_patient(np.random.default_rng(0))
    full = take_film(replace(patient, technique=1.0), (), 48, (0,))
    half = take_film(replace(patient, technique=0.5), (), 48, (0,))
    np.testing.assert_allclose(half.exposure, full.exposure / 2, rtol=1e-5)
    np.testing.assert_array_equal(half.masks, full.masks)


def test_exposure_is_beer_lambert_where_nothing_varies() -> None:
    film = take_film(sample_patient(np.random.default_rng(1)), (), 48, (0,))
    chest = film.chest
    for name in ("lung", "gas", "fluid", "bone"):
        setattr(chest, name, np.zeros((48, 48), np.float32))
    chest.body = np.zeros((48, 48), np.float32)
    np.testing.assert_allclose(exposure(chest), 1, rtol=1e-4)
    chest.body = np.full((48, 48), 10, np.float32)
    chest.lung = np.full((48, 48), 4, np.float32)
    chest.fluid = np.full((48, 48), 1, np.float32)
    chest.bone = np.full((48, 48), 0.5, np.float32)
    integral = 6.5 * materials.SOFT + 3 * materials.LUNG + 0.5 * materials.BONE
    np.testing.assert_allclose(exposure(chest), np.exp(-integral), rtol=1e-4)


def test_an_ellipsoid_has_its_volume() -> None:
    frame = Frame(256, 0.0, 1.0, (0.0, 0.0), 0.0)
    level = ellipse_level(frame.u, frame.v, (1.0, -2.0), (4.0, 3.0), 0.4)
    volume = float(ellipsoid(level, 5.0).sum()) * frame.pitch**2
    assert volume == pytest.approx(4 / 3 * np.pi * 4 * 3 * 2.5, rel=0.01)


def test_a_tube_is_thickest_along_its_wall() -> None:
    distance = np.linspace(0, 1, 201, dtype=np.float32)
    chord = tube(distance, 1.0, 0.3)
    assert chord[-1] == 0
    assert distance[chord.argmax()] == pytest.approx(0.7, abs=0.02)


def test_a_step_is_monotone_between_zero_and_one() -> None:
    values = step(np.linspace(-2, 2, 101, dtype=np.float32), 1.0)
    assert (np.diff(values) >= 0).all()
    assert (values[0], values[50], values[-1]) == (0.0, 0.5, 1.0)


@pytest.mark.parametrize("size", [64, 128, 256])
def test_a_vessel_deposits_its_volume_at_every_size(size: int) -> None:
    frame = Frame(size, 0.05, 1.03, (0.4, -0.3), 0.2)
    start, end = np.array([[2.0, -4.0], [-5.0, 1.0]]), np.array([[5.0, 1.0], [-7.0, 6.0]])
    radii, thickness = np.array([0.4, 0.05]), np.zeros(size * size)
    _deposit(thickness, frame, start, end, np.zeros((2, 2)), radii)
    volume = np.sum(np.pi * radii**2 * np.linalg.norm(end - start, axis=1))
    assert thickness.sum() * frame.pitch**2 == pytest.approx(volume, rel=1e-6)


def test_patient_points_map_to_the_pixels_that_hold_them() -> None:
    frame = Frame(200, 0.06, 0.95, (0.7, -0.5), 0.4)
    rows, columns = np.array([20, 100, 180]), np.array([30, 90, 170])
    x, y = frame.to_pixel(
        frame.u[rows, columns].astype(np.float64), frame.v[rows, columns].astype(np.float64)
    )
    np.testing.assert_allclose(x, columns, atol=0.1)
    np.testing.assert_allclose(y, rows, atol=0.1)
    assert frame.window(400.0, 0.0, 1.0) is None


def test_textures_have_unit_spread_and_interpolation_keeps_constants() -> None:
    np.testing.assert_allclose(interpolation(100, 12).sum(1), 1, rtol=1e-5)
    spread = [fractal(np.random.default_rng(k), 128, (8, 16, 32)).std() for k in range(6)]
    assert 0.6 < np.mean(spread) < 1.5
