"""Every built-in kind has a unit, ladders and a clinical reading, and keeps its own law."""

from __future__ import annotations

import math
import re

import numpy as np
import numpy.typing as npt
import pytest
import torch
from scipy import stats

from pytest_xraynoise import noise

STRESS = (
    "poisson",
    "gaussian",
    "poisson+gaussian",
    "speckle",
    "impulse",
    "banding",
    "dead-pixels",
    "dead-lines",
)
CLINICAL = ("quantum", "electronic", "lowdose")
KINDS = (*STRESS, *CLINICAL)
LADDERS = [(kind, name) for kind in KINDS for name in noise.get(kind).ladders]
SIDE, SAMPLES = 256, 8
Floats = npt.NDArray[np.float64]


def test_these_are_the_built_in_kinds() -> None:
    assert set(noise.names()) == set(KINDS)


@pytest.mark.parametrize(("kind", "name"), LADDERS)
def test_every_rung_says_its_unit_and_its_reading(kind: str, name: str) -> None:
    ladder = noise.ladder(kind, name)
    assert (ladder.kind, ladder.name) == (kind, name)
    assert ladder.severities == tuple(range(1, len(ladder.rungs) + 1))
    assert len(ladder.rungs) >= 5
    for rung in ladder.rungs:
        unit = next(p.unit for p in noise.get(kind).parameters)
        assert rung.parameter is not None
        assert rung.parameter > 0
        assert math.isfinite(rung.parameter)
        assert rung.unit == unit
        assert unit
        assert rung.label == f"{rung.parameter:g} {unit}" or unit in rung.label
        assert rung.reading.strip()
        assert "nan" not in rung.reading
        assert "inf" not in rung.reading.split()
        for value in rung.parameters.values():
            assert math.isfinite(value)


@pytest.mark.parametrize(("kind", "name"), LADDERS)
def test_every_reading_is_clinical_or_says_that_there_is_no_dose(kind: str, name: str) -> None:
    for rung in noise.ladder(kind, name).rungs:
        if kind in ("poisson", "gaussian", "poisson+gaussian", *CLINICAL):
            assert re.search(r"2\.5 uGy", rung.reading), rung.reading
        else:
            assert "no physical dose" in rung.reading


@pytest.mark.parametrize("kind", KINDS)
def test_a_stated_pitch_is_in_the_reading_of_kinds_that_have_a_dose(kind: str) -> None:
    reading = noise.ladder(kind, pixel_pitch=0.139).rung(2).reading
    has_dose = kind in ("poisson", "gaussian", "poisson+gaussian", *CLINICAL)
    assert ("0.139 mm" in reading) == has_dose


@pytest.mark.parametrize(("kind", "name"), LADDERS)
def test_every_rung_is_finite_in_range_and_stronger_than_the_last(kind: str, name: str) -> None:
    images = torch.rand(4, 1, 96, 96, generator=torch.Generator().manual_seed(2)) * 0.8 + 0.1
    ready = noise.prepare(images, kind, ids=None, seed=1)
    errors = []
    for rung in noise.ladder(kind, name).rungs:
        made = ready.at(rung).images
        assert torch.isfinite(made).all()
        assert 0 <= float(made.min()) <= float(made.max()) <= 1
        errors.append(float((made - images).square().mean()))
    assert errors[0] > 0
    assert errors == sorted(errors)
    assert len(set(errors)) == len(errors)


# The laws of the stress kinds that are neither counting nor readout noise, rung by rung.


def made(kind: str, severity: int, level: float = 0.5) -> Floats:
    """Flat images with noise, not clipped, (SAMPLES, SIDE, SIDE)."""
    flat = torch.full((SAMPLES, SIDE, SIDE), level)
    out = noise.add(flat, kind, severity=severity, seed=77, clip=False).images
    return np.asarray(out.numpy(), dtype=np.float64)


def parameter(kind: str, severity: int) -> float:
    value = noise.ladder(kind).rung(severity).parameter
    assert value is not None
    return value


@pytest.mark.parametrize("severity", [1, 3, 5])
@pytest.mark.parametrize("level", [0.05, 0.5, 1.0])
def test_speckle_is_normal_with_a_variance_in_proportion_to_the_square(
    severity: int, level: float
) -> None:
    sigma = parameter("speckle", severity)
    relative = (made("speckle", severity, level) / level - 1) / sigma
    count = relative.size
    assert stats.kstest(relative.ravel(), "norm").pvalue > 1e-4
    assert relative.mean() == pytest.approx(0, abs=5 / count**0.5)
    assert relative.var() == pytest.approx(1, abs=5 * (2 / count) ** 0.5)


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_impulse_hits_a_binomial_share_half_of_it_white(severity: int) -> None:
    amount = parameter("impulse", severity)
    image = made("impulse", severity)
    salt, pepper = int((image == 1).sum()), int((image == 0).sum())
    assert salt + pepper + int((image == 0.5).sum()) == image.size
    assert stats.binomtest(salt + pepper, image.size, amount).pvalue > 1e-4
    assert stats.binomtest(salt, salt + pepper, 0.5).pvalue > 1e-4
    assert stats.binomtest(salt, image.size, amount / 2).pvalue > 1e-4


@pytest.mark.parametrize("severity", [1, 2, 3, 4, 5])
def test_dead_pixels_are_a_binomial_share(severity: int) -> None:
    fraction = parameter("dead-pixels", severity)
    image = made("dead-pixels", severity)
    dead = int((image == 0).sum())
    assert dead + int((image == 0.5).sum()) == image.size
    assert stats.binomtest(dead, image.size, fraction).pvalue > 1e-4


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_dead_lines_are_a_binomial_share_of_rows_and_of_columns(severity: int) -> None:
    fraction = parameter("dead-lines", severity)
    flat = torch.full((64, SIDE, SIDE), 0.5)
    image = noise.add(flat, "dead-lines", severity=severity, seed=77).images.numpy()
    rows, columns = (image == 0).all(axis=2), (image == 0).all(axis=1)
    assert np.array_equal(image == 0, rows[:, :, None] | columns[:, None, :])
    for lines in (rows, columns):
        assert stats.binomtest(int(lines.sum()), lines.size, fraction).pvalue > 1e-4
        assert lines.any(axis=1).mean() < 1 or severity > 1


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_banding_is_a_normal_offset_for_each_row_and_column(severity: int) -> None:
    """Variance sigma^2 / 2 between rows and the same between columns, sigma^2 in all."""
    sigma = parameter("banding", severity)
    flat = torch.full((64, 128, 128), 0.5)
    offsets = noise.add(flat, "banding", severity=severity, seed=77, clip=False).images.numpy()
    offsets = (offsets.astype(np.float64) - 0.5) / (sigma * 0.5**0.5)
    rows = offsets - offsets[:, :1, :]  # differences of two rows: the column cancels
    assert np.abs(rows - rows[:, :, :1]).max() < 1e-4
    for values in (rows[:, 1::2, 0] - rows[:, ::2, 0], offsets[:, 0, 1::2] - offsets[:, 0, ::2]):
        pairs = values.ravel() / 2**0.5
        assert stats.kstest(pairs, "norm").pvalue > 1e-4
        assert pairs.var() == pytest.approx(1, abs=5 * (2 / pairs.size) ** 0.5)
    # One pixel of each image sees both offsets: 64 x 128 independent pixels on the diagonal.
    diagonal = np.diagonal(offsets, axis1=1, axis2=2).ravel()
    assert diagonal.var() == pytest.approx(2, abs=5 * 2 * (2 / diagonal.size) ** 0.5)
    assert diagonal.mean() == pytest.approx(0, abs=5 * (2 / diagonal.size) ** 0.5)


@pytest.mark.parametrize("severity", [1, 3, 5])
def test_gaussian_has_the_stated_deviation_and_poisson_gaussian_the_sum(severity: int) -> None:
    sigma = parameter("gaussian", severity)
    z = (made("gaussian", severity) - 0.5) / sigma
    assert stats.kstest(z.ravel(), "norm").pvalue > 1e-4
    strength = noise.ladder("poisson+gaussian").rung(severity).parameters
    both = made("poisson+gaussian", severity)
    expected = 0.5 / strength["photons"] + strength["sigma"] ** 2
    assert both.mean() == pytest.approx(0.5, abs=5 * (expected / both.size) ** 0.5)
    assert both.var() == pytest.approx(expected, rel=5 * (3 / both.size) ** 0.5)
