"""The further stress kinds against what they say they do."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import noise

SIDE = 512
OTHERS = ("speckle", "impulse", "banding", "dead-pixels", "dead-lines")


def made(kind: str, level: float = 0.5, **strength: float) -> npt.NDArray[np.float64]:
    """One flat image with noise, not clipped."""
    flat = torch.full((1, SIDE, SIDE), level)
    images = noise.prepare(flat, kind, ids=[3], clip=False)
    rung = noise.make_rung(kind, 1, strength)
    return images.at(rung).images[0].numpy().astype(np.float64)


def test_speckle_is_in_proportion_to_the_intensity() -> None:
    for level in (0.1, 0.8):
        image = made("speckle", level, sigma=0.2)
        assert image.mean() == pytest.approx(level, rel=2e-3)
        assert image.std() == pytest.approx(0.2 * level, rel=5e-3)
    assert not made("speckle", 0.0, sigma=0.2).any()


def test_impulse_hits_its_share_half_white_half_black() -> None:
    image = made("impulse", amount=0.2)
    assert set(np.unique(image)) == {0.0, 0.5, 1.0}
    assert (image == 1).mean() == pytest.approx(0.1, abs=3e-3)
    assert (image == 0).mean() == pytest.approx(0.1, abs=3e-3)


@pytest.mark.parametrize(
    ("kind", "keyword"),
    [("impulse", "amount"), ("dead-pixels", "fraction"), ("dead-lines", "fraction")],
)
def test_what_is_hit_once_stays_hit(kind: str, keyword: str) -> None:
    mild, strong = made(kind, **{keyword: 0.05}), made(kind, **{keyword: 0.2})
    hit = mild != 0.5
    assert hit.any()
    assert np.array_equal(mild[hit], strong[hit])
    assert (strong != 0.5).sum() > hit.sum()


def test_banding_is_one_offset_a_row_and_one_a_column() -> None:
    offsets = made("banding", sigma=0.1) - 0.5
    rows, columns = offsets.mean(axis=1), offsets.mean(axis=0)
    mean = offsets.mean()
    rest = offsets - rows[:, None] - columns[None] + mean
    assert np.abs(rest).max() < 1e-6
    for lines in (rows, columns):
        assert lines.std() == pytest.approx(0.1 * 0.5**0.5, rel=0.1)
    assert abs(np.corrcoef(rows, columns)[0, 1]) < 0.2


def test_dead_pixels_and_lines() -> None:
    assert (made("dead-pixels", fraction=0.1) == 0).mean() == pytest.approx(0.1, abs=3e-3)
    image = made("dead-lines", fraction=0.1)
    dead_rows, dead_columns = (image == 0).all(axis=1), (image == 0).all(axis=0)
    assert 0.05 < dead_rows.mean() < 0.15
    assert 0.05 < dead_columns.mean() < 0.15
    assert np.array_equal(image == 0, dead_rows[:, None] | dead_columns[None])


@pytest.mark.parametrize("kind", OTHERS)
def test_the_strength_grows_along_the_default_ladder(kind: str) -> None:
    images = torch.rand(2, 1, 64, 64, generator=torch.Generator().manual_seed(2))
    ready = noise.prepare(images, kind, ids=["a", "b"])
    errors = [
        float((ready.at(rung).images - images).abs().mean()) for rung in noise.ladder(kind).rungs
    ]
    assert errors == sorted(errors)
    assert errors[0] > 0


@pytest.mark.parametrize("kind", OTHERS)
def test_single_rows_and_columns_work(kind: str) -> None:
    for shape in ((1, 1, 1), (1, 1, 9), (1, 9, 1)):
        assert noise.add(torch.full(shape, 0.5), kind, severity=5).images.shape == shape
