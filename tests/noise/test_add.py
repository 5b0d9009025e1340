"""The public functions: what they promise about images, ids, clipping and bad input."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise import noise
from pytest_xraynoise.errors import NoiseError, SpecError

KINDS = ("poisson", "gaussian", "poisson+gaussian")


def batch(*shape: int, seed: int = 0) -> torch.Tensor:
    return torch.rand(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("shape", [(3, 16, 20), (3, 1, 16, 20), (3, 3, 16, 20)])
def test_shape_dtype_and_range(kind: str, shape: tuple[int, ...]) -> None:
    out = noise.add(batch(*shape), kind, severity=5)
    assert out.images.shape == shape
    assert out.images.dtype == torch.float32
    assert out.images.is_contiguous()
    assert out.images.min() >= 0
    assert out.images.max() <= 1
    assert out.mean_shift.shape == out.clipped.shape == (3,)


@pytest.mark.parametrize("kind", KINDS)
def test_severity_0_is_the_input_bit_for_bit_and_a_copy(kind: str) -> None:
    images = batch(2, 1, 9, 7)
    out = noise.add(images, kind, severity=0)
    assert torch.equal(out.images, images)
    assert not out.mean_shift.any()
    assert not out.clipped.any()
    out.images.zero_()
    assert images.any()


@settings(deadline=None, max_examples=30)
@given(
    kind=st.sampled_from(KINDS),
    order=st.permutations(range(6)),
    cut=st.integers(1, 5),
    severity=st.integers(1, 5),
)
def test_noise_knows_nothing_of_the_batch(
    kind: str, order: list[int], cut: int, severity: int
) -> None:
    images, ids = batch(6, 1, 11, 13), [3, "b", 2**64 - 1, "ü", 0, "c/d"]
    whole = noise.add(images, kind, severity=severity, ids=ids, seed=4).images
    shuffled = images[order]
    names = [ids[i] for i in order]
    parts = torch.cat(
        [
            noise.add(shuffled[s], kind, severity=severity, ids=names[s], seed=4).images
            for s in (slice(0, cut), slice(cut, 6))
        ]
    )
    assert torch.equal(parts, whole[order])


def test_a_grey_image_gets_one_draw_in_all_channels() -> None:
    grey = batch(2, 1, 12, 12)
    one = noise.add(grey, "poisson", severity=2).images
    for three in (grey.expand(2, 3, 12, 12), grey.repeat(1, 3, 1, 1)):
        made = noise.add(three, "poisson", severity=2).images
        assert torch.equal(made, one.expand(2, 3, 12, 12))


def test_different_channels_share_the_field() -> None:
    grey = batch(1, 1, 64, 64)
    both = torch.cat([grey, grey * 0.5], dim=1)
    made = noise.add(both, "gaussian", sigma=0.01, clip=False).images - both
    torch.testing.assert_close(made[:, 0], made[:, 1], atol=2e-7, rtol=0)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64])
def test_other_floats_are_computed_in_float32(dtype: torch.dtype) -> None:
    images = batch(2, 1, 10, 10).to(dtype)
    made = noise.add(images, "poisson+gaussian", severity=1).images
    assert torch.equal(made, noise.add(images.float(), "poisson+gaussian", severity=1).images)


def test_ids_default_to_positions_and_draws_and_seeds_differ() -> None:
    images = batch(3, 1, 8, 8)
    plain = noise.add(images, "gaussian", severity=1).images
    assert torch.equal(plain, noise.add(images, "gaussian", severity=1, ids=[0, 1, 2]).images)
    for other in ({"draw": 1}, {"seed": 1}, {"ids": [3, 4, 5]}):
        made = noise.add(images, "gaussian", severity=1, **other).images
        assert not torch.equal(plain, made)


def test_ids_may_be_tensors_arrays_and_generators() -> None:
    images = batch(2, 1, 8, 8)
    plain = noise.add(images, "gaussian", severity=1, ids=[5, 6]).images
    for ids in (torch.tensor([5, 6]), np.array([5, 6], dtype=np.int32), iter([5, 6])):
        assert torch.equal(plain, noise.add(images, "gaussian", severity=1, ids=ids).images)


def test_rungs_of_a_prepared_batch_share_their_field() -> None:
    """Common random numbers: twice the sigma is twice the same noise."""
    images = batch(2, 1, 20, 20)
    ready = noise.prepare(images, "gaussian", ids=None, clip=False)
    rungs = noise.custom_ladder("gaussian", sigma=[0.1, 0.2]).rungs
    mild, strong = (ready.at(rung).images - images for rung in rungs)
    torch.testing.assert_close(strong, 2 * mild, atol=1e-6, rtol=0)


def test_clipping_is_measured_against_theory() -> None:
    """Grey 1/2, sigma 0.3: Phi(-5/3) is cut at each end. White: half is cut, by E|z| / 2."""
    flat = torch.stack([torch.full((512, 512), level) for level in (0.5, 1.0, 0.0)])
    out = noise.add(flat, "gaussian", sigma=0.3)
    assert out.clipped[0].item() == pytest.approx(2 * 0.0477904, abs=2e-3)
    assert out.mean_shift[0].item() == pytest.approx(0, abs=5e-4)
    for index, sign in ((1, -1), (2, 1)):
        assert out.clipped[index].item() == pytest.approx(0.5, abs=4e-3)
        tail = 0.3 * (2 * np.pi) ** -0.5
        assert out.mean_shift[index].item() == pytest.approx(sign * tail, abs=1.5e-3)


def test_the_mean_is_kept_without_clipping() -> None:
    flat = torch.full((1, 1024, 1024), 0.3)
    for photons in (1.0, 10.0, 40.0, 1000.0):
        out = noise.add(flat, "poisson", photons=photons, clip=False)
        assert not out.clipped.any()
        assert not out.mean_shift.any()
        error = (0.3 / photons / 2**20) ** 0.5
        assert abs(out.images.double().mean().item() - 0.3) < 5 * error


def test_an_empty_batch_stays_empty() -> None:
    out = noise.add(torch.zeros(0, 1, 8, 8), "poisson", severity=1, ids=[])
    assert out.images.shape == (0, 1, 8, 8)


def test_the_input_is_not_written_to() -> None:
    images = batch(2, 1, 8, 8)
    before = images.clone()
    noise.add(images, "poisson+gaussian", severity=5)
    assert torch.equal(images, before)


def test_gradients_stop_here() -> None:
    images = batch(1, 1, 4, 4).requires_grad_()
    assert not noise.add(images, "gaussian", severity=1).images.requires_grad


@pytest.mark.parametrize(
    ("images", "match"),
    [
        (torch.rand(2, 1, 4, 4) * 255, r"intensities from .* expected \[0, 1\].*IntensityRange"),
        (torch.rand(2, 1, 4, 4) - 1.5, r"intensities from -1"),
        (torch.full((1, 1, 2, 2), float("nan")), "4 of 4 intensities are NaN"),
        (torch.tensor([[[0.5, float("inf")]]]), "1 of 2 intensities are NaN or infinite"),
        (torch.zeros(2, 1, 4, 4, dtype=torch.uint8), "floating point images, but got torch.uint8"),
        (torch.rand(4, 4), r"shape \(N, H, W\) or \(N, C, H, W\), but got \(4, 4\)"),
        (torch.zeros(2, 1, 0, 4), "images of 0 pixels"),
        (torch.zeros(0, 1, 0, 4), "images of 0 pixels"),
        (np.zeros((2, 4, 4)), "expected a torch tensor of images, but got ndarray"),
    ],
)
def test_bad_images(images: Any, match: str) -> None:
    with pytest.raises(NoiseError, match=match):
        noise.add(images, "poisson", severity=1)


@pytest.mark.parametrize("threads", [1, 2])
def test_one_bad_pixel_is_found_by_any_number_of_threads(threads: int) -> None:
    before = torch.get_num_threads()
    torch.set_num_threads(threads)
    try:
        for bad, match in ((float("nan"), "1 of 20000 intensities"), (1.01, "to 1.01")):
            images = torch.full((2, 1, 100, 100), 0.5)
            images[1, 0, 99, 99] = bad
            with pytest.raises(NoiseError, match=match):
                noise.add(images, "gaussian", severity=1)
    finally:
        torch.set_num_threads(before)


def test_rounding_just_outside_the_range_is_no_error() -> None:
    images = torch.tensor([[[-5e-7, 1 + 5e-7]]])
    out = noise.add(images, "poisson", photons=1e6, clip=False)
    assert out.images[0, 0, 0] == 0


@pytest.mark.parametrize(
    ("arguments", "match"),
    [
        ({"seed": -1}, "seed=-1"),
        ({"seed": 2**64}, "seed="),
        ({"seed": True}, "seed=True"),
        ({"seed": 0.5}, "seed=0.5"),
        ({"draw": 65_536}, "draw=65536: expected a whole number from 0 to 65535"),
        ({"ids": [1]}, "1 ids for 2 images"),
        ({"ids": [1, -1]}, "sample id -1"),
        ({"ids": [1, 2**64]}, "string id instead"),
        ({"ids": [1, True]}, r"sample id True \(bool\)"),
        ({"ids": [1, 2.0]}, "sample id 2.0"),
        ({"ids": "ab"}, "expected a list"),
    ],
)
def test_bad_numbers(arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(NoiseError, match=match):
        noise.add(batch(2, 1, 4, 4), "poisson", severity=1, **arguments)


@pytest.mark.parametrize("photons", [0, -3, float("nan"), float("inf"), True, "60", 1e10])
def test_bad_strength(photons: Any) -> None:
    with pytest.raises(NoiseError, match=r"photons=.*photons at white"):
        noise.add(batch(1, 1, 4, 4), "poisson", photons=photons)


@pytest.mark.parametrize(
    ("kind", "arguments", "match"),
    [
        ("poison", {"severity": 1}, "did you mean 'poisson'"),
        ("poisson", {}, "got neither"),
        ("poisson", {"severity": 1, "photons": 3}, "got both"),
        ("poisson", {"severity": 6}, "severities 0, 1, 2, 3, 4, 5"),
        ("poisson", {"severity": True}, "severity True"),
        ("poisson", {"severity": 1, "ladder": "medmnist"}, "did you mean 'medmnist-c"),
        ("poisson", {"photons": 3, "ladder": "imagenet-c"}, "goes with severity="),
        ("poisson", {"sigma": 3}, "unknown parameter of noise 'poisson' 'sigma'"),
        ("poisson+gaussian", {"photons": 3}, "missing: sigma"),
    ],
)
def test_bad_requests(kind: str, arguments: dict[str, Any], match: str) -> None:
    with pytest.raises(SpecError, match=match):
        noise.add(batch(1, 1, 4, 4), kind, **arguments)
