from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.data.files.rasterise import filled

from . import layouts

Points = npt.NDArray[np.float64]


def area(points: Points) -> float:
    """The shoelace formula."""
    x, y = points.T
    return abs(float(x @ np.roll(y, -1) - y @ np.roll(x, -1))) / 2


def length(points: Points) -> float:
    return float(np.linalg.norm(points - np.roll(points, -1, 0), axis=1).sum())


@settings(max_examples=60)
@given(st.lists(st.floats(5, 45), min_size=3, max_size=30), st.floats(40, 60), st.floats(40, 60))
def test_the_area_is_that_of_the_polygon(radii: list[float], x: float, y: float) -> None:
    """Whole pixels of the outline are all that may be wrong, and nothing is outside of it."""
    angles = np.linspace(0, 2 * np.pi, len(radii), endpoint=False)
    away = np.array(radii)
    points = np.stack([x + away * np.cos(angles), y + away * np.sin(angles)], -1)
    mask = filled(points, 110, 110)
    assert abs(int(mask.sum()) - area(points)) <= length(points) / 2 + 2
    rows, columns = np.nonzero(mask)
    if len(rows):
        assert columns.min() >= points[:, 0].min()
        assert columns.max() <= points[:, 0].max()
        assert rows.min() >= points[:, 1].min()
        assert rows.max() <= points[:, 1].max()


def test_organs_have_the_area_of_their_contours() -> None:
    """Drawing the outline too would make a lung 0.7% larger and a clavicle 1.7%."""
    for count, x, y, radius in layouts.ORGAN_RINGS.values():
        points = layouts.ring(count, x, y, radius)
        assert filled(points, 1024, 1024).sum() == pytest.approx(area(points), rel=2e-3)


def test_a_rectangle_between_pixel_centres_is_exact() -> None:
    points = np.array([(2.5, 1.5), (6.5, 1.5), (6.5, 4.5), (2.5, 4.5)])
    expected = np.zeros((8, 9), np.bool_)
    expected[2:5, 3:7] = True
    assert np.array_equal(filled(points, 8, 9), expected)
    assert np.array_equal(filled(points[::-1], 8, 9), expected)


def test_what_is_outside_the_frame_is_cut_off() -> None:
    points = np.array([(-5.0, -5.0), (3.5, -5.0), (3.5, 3.5), (-5.0, 3.5)])
    mask = filled(points, 10, 10)
    assert mask.sum() == 16
    assert mask[:4, :4].all()
    assert not filled(points - 20, 10, 10).any()
