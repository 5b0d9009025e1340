"""The intensity contract: natural ranges, declared ranges, and the error that shows the fix."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.data import IntensityRange, Natural, Normalized
from pytest_xraynoise.data.checks import checked_unit
from pytest_xraynoise.data.intensity import Intensity
from pytest_xraynoise.errors import DataError, SpecError


def batch(*values: float, channels: int = 1, dtype: torch.dtype = torch.float32) -> torch.Tensor:
    """One image a value: half of it at the value, half at the middle of a unit range."""
    images = torch.full((len(values), channels, 2, 2), 0.5)
    images[..., 0] = torch.tensor(values)[:, None, None]
    return images.to(dtype)


def spread(low: float, high: float, channels: int = 1) -> torch.Tensor:
    return torch.linspace(low, high, 16).reshape(1, 1, 4, 4).expand(-1, channels, -1, -1)


@pytest.mark.parametrize(
    ("dtype", "full"), [(torch.uint8, 255), (torch.uint16, 65535)], ids=["uint8", "uint16"]
)
def test_integers_span_their_dtype(dtype: torch.dtype, full: int) -> None:
    images = torch.tensor([0, 1, full // 2, full]).reshape(1, 1, 2, 2).to(dtype)
    unit = checked_unit(images, Natural(), ["a"])
    assert unit.dtype == torch.float32
    expected = np.array([0, 1, full // 2, full], dtype=np.float32) / np.float32(full)
    assert np.array_equal(unit.flatten().numpy(), expected)
    assert torch.equal(Natural().model_input(images), unit)


@pytest.mark.parametrize("dtype", [torch.float16, torch.float32, torch.float64])
def test_floats_are_taken_as_they_are(dtype: torch.dtype) -> None:
    images = batch(0.0, 0.25, 1.0, dtype=dtype)
    assert torch.equal(checked_unit(images, Natural(), list("abc")), images.to(torch.float32))


@pytest.mark.parametrize("dtype", [torch.int16, torch.int32, torch.int64, torch.bool])
def test_other_dtypes_have_no_natural_range(dtype: torch.dtype) -> None:
    with pytest.raises(DataError, match=r"no natural range.*IntensityRange\(low, high\)"):
        checked_unit(batch(0.0).to(dtype), Natural(), ["a"])


def test_int16_is_fine_once_declared() -> None:
    images = torch.tensor([-1024, 0, 512, 1024], dtype=torch.int16).reshape(1, 1, 2, 2)
    unit = checked_unit(images, IntensityRange(-1024, 1024), ["a"])
    assert unit.flatten().tolist() == [0.0, 0.5, 0.75, 1.0]


@settings(max_examples=60, deadline=None)
@given(
    low=st.floats(-5000, 5000, width=32),
    span=st.floats(0.125, 70000, width=32),
    at=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8),
)
def test_intensity_range_round_trip(low: float, span: float, at: list[float]) -> None:
    intensity = IntensityRange(low, low + span)
    unit = torch.tensor(at).reshape(1, 1, 1, -1)
    values = intensity.from_unit(unit)
    slack = 4e-7 * (1 + abs(low) / span)
    assert torch.allclose(intensity.to_unit(values), unit, rtol=0, atol=slack)
    assert torch.equal(intensity.model_input(values), values)


@settings(max_examples=60, deadline=None)
@given(
    mean=st.lists(st.floats(0, 1, width=32), min_size=3, max_size=3),
    std=st.lists(st.floats(0.0625, 2, width=32), min_size=3, max_size=3),
    at=st.lists(st.floats(0, 1, width=32), min_size=1, max_size=8),
)
def test_normalized_round_trip(mean: list[float], std: list[float], at: list[float]) -> None:
    intensity = Normalized(mean, std)
    unit = torch.tensor(at).reshape(1, 1, 1, -1).expand(2, 3, 1, -1)
    values = intensity.from_unit(unit)
    by_hand = (unit - torch.tensor(mean).view(3, 1, 1)) / torch.tensor(std).view(3, 1, 1)
    assert torch.equal(values, by_hand)
    assert torch.allclose(checked_unit(values, intensity, ["a", "b"]), unit, rtol=0, atol=2e-6)
    assert torch.equal(intensity.model_input(values), values)


@pytest.mark.parametrize("values", [torch.tensor([0.4, 0.5, 0.6]), np.array([0.4, 0.5, 0.6])])
def test_normalized_takes_arrays(values: Any) -> None:
    images = torch.zeros(1, 3, 2, 2)
    assert Normalized(values, 0.5).to_unit(images)[0, :, 0, 0].tolist() == pytest.approx(
        [0.4, 0.5, 0.6]
    )


def test_normalized_with_the_wrong_number_of_channels() -> None:
    with pytest.raises(DataError, match=r"mean=\.\.\.\) has 3 values.*1 channel"):
        Normalized((0.4, 0.5, 0.6), 0.2).to_unit(torch.zeros(1, 1, 2, 2))


@pytest.mark.parametrize(
    ("make", "says"),
    [
        (lambda: IntensityRange(1, 0), "high must be above low.*MONOCHROME1"),
        (lambda: IntensityRange(1, 1), "high must be above low"),
        (lambda: IntensityRange(math.nan, 1), "finite"),
        (lambda: IntensityRange(0, math.inf), "finite"),
        (lambda: IntensityRange("0", "1"), "finite numbers"),  # type: ignore[arg-type]
        (lambda: Normalized(0.5, 0), "std must be above 0"),
        (lambda: Normalized(0.5, (0.2, -1, 0.2)), "std must be above 0"),
        (lambda: Normalized(math.nan, 1), "finite"),
        (lambda: Normalized(0.5, math.inf), "finite"),
        (lambda: Normalized((), 0.2), "one number, or one for each channel"),
    ],
)
def test_declarations_that_make_no_sense(make: Any, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        make()


@pytest.mark.parametrize(
    ("low", "high", "channels", "fix", "not_said"),
    [
        (-1024.0, 1024.0, 1, "intensity=IntensityRange(-1024, 1024)", "Normalized"),
        (-900.0, 700.0, 1, "intensity=IntensityRange(-1024, 1024)", "Normalized"),
        (0.0, 255.0, 1, "intensity=IntensityRange(0, 255)", "Normalized"),
        (3.0, 251.0, 3, "intensity=IntensityRange(0, 255)", "Normalized"),
        (0.0, 4000.0, 1, "intensity=IntensityRange(0, 4095)", "Normalized"),
        (0.0, 60000.0, 1, "intensity=IntensityRange(0, 65535)", "Normalized"),
        (-1.0, 1.0, 1, "intensity=IntensityRange(-1, 1)", "clamp"),
        (-2.1, 2.6, 3, "intensity=Normalized(mean=(0.485, 0.456, 0.406)", "IntensityRange"),
        (-2.1, 2.6, 1, "intensity=Normalized(mean=0.5, std=0.25)", "ImageNet"),
        (-0.03, 1.04, 1, "clamp the image to [0, 1]", "IntensityRange"),
        (0.0, 1.001, 1, "clamp the image to [0, 1]", "IntensityRange"),
        (-1024.0, 3071.0, 1, "IntensityRange(low, high)", "Normalized"),
    ],
)
def test_undeclared_range_shows_the_fix(
    low: float, high: float, channels: int, fix: str, not_said: str
) -> None:
    images = torch.cat([spread(0, 1, channels), spread(low, high, channels)])
    with pytest.raises(DataError) as error:
        checked_unit(images, Natural(), ["good", "bad"])
    message = str(error.value)
    assert f"sample 'bad' has values from {low:g} to {high:g}" in message
    assert fix in message
    assert not_said not in message
    assert "uint8 0..255" in message


@pytest.mark.parametrize(
    ("intensity", "low", "high", "maps_to"),
    [
        (IntensityRange(0, 255), 0.0, 510.0, "0 to 2"),
        (IntensityRange(-1, 1), -2.0, 1.0, "-0.5 to 1"),
        (Normalized(0.5, 0.5), -1.0, 2.0, "0 to 1.5"),
    ],
)
def test_declared_range_that_does_not_hold(
    intensity: Intensity, low: float, high: float, maps_to: str
) -> None:
    with pytest.raises(DataError) as error:
        checked_unit(spread(low, high), intensity, ["x"])
    message = str(error.value)
    assert intensity.describe() in message
    assert f"intensities from {maps_to}, expected 0 to 1" in message


@pytest.mark.parametrize("value", [math.nan, math.inf, -math.inf])
def test_pixels_that_are_no_number_name_the_sample(value: float) -> None:
    images = batch(0.1, value, 0.2)
    with pytest.raises(DataError, match=r"sample 'b' has 2 NaN or infinite pixel\(s\) of 4"):
        checked_unit(images, Natural(), list("abc"))


def test_rounding_is_set_to_the_end_and_nothing_more() -> None:
    images = batch(1 + 5e-6, -5e-6)
    unit = checked_unit(images, Natural(), ["a", "b"])
    assert unit.amax() == 1.0
    assert unit.amin() == 0.0
    for value in (1 + 2e-5, -2e-5):
        with pytest.raises(DataError, match="sample 'b'"):
            checked_unit(batch(0.5, value), Natural(), ["a", "b"])


def test_images_within_the_range_are_not_copied_or_changed() -> None:
    images = batch(0.0, 1.0)
    assert checked_unit(images, Natural(), ["a", "b"]) is images
