"""Distances between contours: known by hand, as MONAI has them, and where a mask is empty."""

from __future__ import annotations

import importlib.util
import math
import warnings
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from scipy.ndimage import binary_erosion
from scipy.spatial.distance import cdist

from pytest_xraynoise import evaluate, metrics
from pytest_xraynoise.data import XrayDataset, open_source
from pytest_xraynoise.engine.overlap import Measures, Overlap
from pytest_xraynoise.engine.surface import mask_spacing, surface_numbers
from pytest_xraynoise.errors import DataError, MetricError, SpecError
from pytest_xraynoise.judge import RobustnessFailure, check
from pytest_xraynoise.metrics import registry

SIZE = 40
ON, OFF = 0.8, 0.2


def square(top: int, left: int, side: int = 10) -> torch.Tensor:
    mask = torch.zeros(SIZE, SIZE, dtype=torch.bool)
    mask[top : top + side, left : left + side] = True
    return mask


EMPTY = torch.zeros(SIZE, SIZE, dtype=torch.bool)


def both(predicted: torch.Tensor, true: torch.Tensor, **how: Any) -> tuple[float, float]:
    pair = (predicted[None, None], true[None, None])
    return (
        float(surface_numbers("hd95", *pair, how.get("spacing"))[0, 0]),
        float(surface_numbers("nsd", *pair, **how)[0, 0]),
    )


def test_squares_one_beside_the_other() -> None:
    assert both(square(10, 10), square(10, 10)) == (0.0, 1.0)
    one = both(square(10, 10), square(10, 11), tolerance=1.0)
    assert one == (1.0, 1.0)  # every contour pixel is within one pixel of the other contour
    assert both(square(10, 10), square(10, 11), tolerance=0.0)[1] == pytest.approx(18 * 2 / 72)
    far = both(square(0, 0, 1), square(0, 30, 1), tolerance=29.9)
    assert far == (30.0, 0.0)
    assert both(square(0, 0, 1), square(0, 30, 1), tolerance=30.0)[1] == 1.0


def test_distances_are_in_mm_where_the_spacing_is_known() -> None:
    near, far = square(0, 0, 1), square(0, 30, 1)
    assert both(near, far, spacing=[(1.0, 0.139)], tolerance=4.17) == pytest.approx((4.17, 1.0))
    assert both(near, far, spacing=[(1.0, 0.139)], tolerance=4.16)[1] == 0.0
    down = square(30, 0, 1)
    assert both(near, down, spacing=[(0.5, 0.139)], tolerance=15.0) == (15.0, 1.0)


def test_empty_masks() -> None:
    diagonal = math.hypot(SIZE, SIZE)
    assert both(EMPTY, EMPTY) == (0.0, 1.0)
    assert both(EMPTY, square(5, 5)) == pytest.approx((diagonal, 0.0))
    assert both(square(5, 5), EMPTY) == pytest.approx((diagonal, 0.0))
    in_mm = both(EMPTY, square(5, 5), spacing=[(0.5, 0.25)])
    assert in_mm == pytest.approx((math.hypot(20, 10), 0.0))


def _by_hand(predicted: np.ndarray[Any, Any], true: np.ndarray[Any, Any]) -> tuple[float, float]:
    a, b = (np.argwhere(m & ~binary_erosion(m)) for m in (predicted, true))
    apart = cdist(a, b)
    there, back = apart.min(axis=1), apart.min(axis=0)
    near = (there <= 2).sum() + (back <= 2).sum()
    hd95 = max(np.percentile(there, 95), np.percentile(back, 95))
    return float(hd95), float(near / (len(there) + len(back)))


def test_as_every_pair_of_contour_pixels_has_it() -> None:
    rng = np.random.default_rng(0)
    blobs = rng.random((6, 2, SIZE, SIZE)) < rng.uniform(0.02, 0.6, (6, 2, 1, 1))
    predicted, true = torch.from_numpy(blobs[:, :1]), torch.from_numpy(blobs[:, 1:])
    hd95 = surface_numbers("hd95", predicted, true)[:, 0]
    nsd = surface_numbers("nsd", predicted, true, tolerance=2.0)[:, 0]
    expected = np.array([_by_hand(*pair) for pair in blobs])
    assert hd95 == pytest.approx(expected[:, 0], abs=1e-5)
    assert nsd == pytest.approx(expected[:, 1], abs=1e-6)


def test_as_monai() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        monai: Any = importlib.import_module("monai.metrics")
        rng = np.random.default_rng(1)
        masks = torch.from_numpy(rng.random((4, 3, 2, SIZE, SIZE)) < 0.02)
        predicted, true = masks[:, :, 0], masks[:, :, 1]
        spacing = [[0.3, 0.4]] * 4
        hd95 = monai.compute_hausdorff_distance(
            predicted, true, True, percentile=95, spacing=spacing
        )
        nsd = monai.compute_surface_dice(predicted, true, [1.0] * 3, True, spacing=spacing)
    steps = [(0.3, 0.4)] * 4
    assert surface_numbers("hd95", predicted, true, steps) == pytest.approx(hd95.double().numpy())
    ours = surface_numbers("nsd", predicted, true, steps, tolerance=1.0)
    assert ours == pytest.approx(nsd.double().numpy())


class Bright(torch.nn.Module):
    """A pixel is in the mask where it is bright."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return (images - 0.5) * 40


def phantom(count: int = 6) -> tuple[torch.Tensor, torch.Tensor]:
    masks = torch.stack([square(5 + n, 8) for n in range(count)])[:, None]
    return torch.where(masks, ON, OFF), masks.long()


ALL = ("dice", "hd95", "nsd", "area_error", "empty_masks", "dice_worst_decile")


def test_a_ladder_in_pixels_and_in_mm() -> None:
    data = phantom()
    how: Any = {"noise": "gaussian", "sigma": [0.1, 0.3], "metrics": ALL}
    pixels = evaluate(Bright(), data, tolerance=1, **how)
    assert pixels.metrics == ALL
    assert pixels.clean == {
        "dice": 1.0,
        "hd95": 0.0,
        "nsd": 1.0,
        "area_error": 0.0,
        "empty_masks": 0.0,
        "dice_worst_decile": 1.0,
    }
    assert (pixels.settings["distances"], pixels.settings["tolerance"]) == ("pixels", "1 pixels")
    mm = evaluate(Bright(), XrayDataset(data, pixel_pitch=0.5), tolerance=0.5, **how)
    assert (mm.settings["distances"], mm.settings["tolerance"]) == ("mm", "0.5 mm")
    for severity in (1, 2):
        one, half = pixels.metric("hd95"), mm.metric("hd95")
        assert half.value(severity=severity) == pytest.approx(0.5 * one.value(severity=severity))
        same = mm.metric("nsd").value(severity=severity)
        assert same == pytest.approx(pixels.metric("nsd").value(severity=severity))
        for name in ALL[1:4]:
            assert pixels.per_image(name, severity=severity).shape == (6, 1)
            at = pixels.metric(name).interval(severity=severity)
            assert at.low <= at.estimate <= at.high
    assert pixels.metric("hd95").drop(severity=2) > 0  # an increase is a loss


def test_a_resize_scales_the_pitch() -> None:
    images, masks = phantom()
    wide = torch.nn.functional.interpolate(images, scale_factor=2.0, mode="nearest")
    large = torch.nn.functional.interpolate(masks.float(), scale_factor=2.0, mode="nearest").long()
    data = XrayDataset((wide, large), resize=SIZE, pixel_pitch=0.25)

    class Shifted(Bright):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images.roll(2, dims=-1))  # two pixels of 0.5 mm

    result = evaluate(Shifted(), data, noise="gaussian", sigma=[0.01], metrics=["hd95"])
    assert result.clean["hd95"] == pytest.approx(1.0)


def test_distances_are_made_only_when_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    def gone(name: str) -> None:
        assert name == "monai"

    monkeypatch.setattr(importlib.util, "find_spec", gone)
    how: Any = {"noise": "gaussian", "sigma": [0.1]}
    result = evaluate(Bright(), phantom(), **how)
    assert result.metrics == metrics.defaults("segmentation")
    with pytest.raises(
        SpecError, match=r"hd95 needs MONAI.*pip install 'pytest-xraynoise\[surface\]'"
    ):
        evaluate(Bright(), phantom(), metrics=["hd95"], **how)


def test_a_pitch_for_some_samples_only_is_refused() -> None:
    images, masks = phantom(4)
    items = [
        {"image": i, "mask": m[0], "id": str(n)}
        for n, (i, m) in enumerate(zip(images, masks, strict=True))
    ]
    source = open_source(XrayDataset(items, pixel_pitch=0.5), task="segmentation")
    batch = next(iter(source))
    assert mask_spacing(batch, (SIZE, SIZE)) == [(0.5, 0.5)] * 4
    assert mask_spacing(replace(batch, pixel_pitch=(None,) * 4), (SIZE, SIZE)) is None
    with pytest.raises(DataError, match="sample '1' has no pixel pitch, but others have one"):
        mask_spacing(replace(batch, pixel_pitch=(0.5, None, 0.5, 0.5)), (SIZE, SIZE))
    masks_of = (masks.bool(), masks.bool(), torch.ones_like(masks).bool())
    measures = Measures(("hd95",))
    measures.of(Overlap(*masks_of, [(0.5, 0.5)] * 4))
    with pytest.raises(DataError, match="in mm and in pixels; declare the pitch of all samples"):
        measures.of(Overlap(*masks_of, None))


def test_limits_on_distances_break() -> None:
    result = evaluate(
        Bright(), phantom(), noise="gaussian", sigma=[0.05, 0.3], metrics=["hd95", "nsd", "dice"]
    )
    assert check(result, max_hd95={1: 1.0}, min_nsd={1: 0.99}).status == "pass"
    limits: dict[str, Any] = {"max_hd95": 1.0, "min_nsd": 0.99, "max_hd95_increase": 1.0}
    for word, value in limits.items():
        with pytest.raises(RobustnessFailure, match=f"{word}=.* is broken"):
            check(result, **{word: value})
    with pytest.raises(SpecError, match="hd95 is lower-is-better"):
        check(result, max_hd95_drop=1.0)


def test_a_metric_of_the_user_from_masks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_METRICS", dict(registry._METRICS))

    def excess(predicted: Any, true: Any) -> Any:
        assert predicted.dtype == true.dtype == bool
        return (predicted & ~true).sum((2, 3)) / true.sum((2, 3))

    def median(targets: Any, dice: Any) -> float:
        return float(np.median(dice))

    metrics.register_metric(
        metrics.Metric.from_masks(
            name="excess", title="Excess", values=excess, higher_is_better=False, lower=0.0
        )
    )
    metrics.register_metric(
        metrics.Metric(
            name="median_dice",
            title="Median Dice",
            tasks=frozenset({"segmentation"}),
            per_image=True,
            reads="dice",
            compute=median,
        )
    )
    how: Any = {"noise": "gaussian", "sigma": [0.3]}
    result = evaluate(Bright(), phantom(), metrics=["excess", "median_dice"], **how)
    assert result.clean == {"excess": 0.0, "median_dice": 1.0}
    dice = result.per_image("dice", severity=1)
    assert result.metric("median_dice").value(severity=1) == pytest.approx(np.median(dice))
    per_image = result.per_image("excess", severity=1)
    assert result.metric("excess").value(severity=1) == pytest.approx(per_image.mean())
    assert result.metric("excess").drop(severity=1) > 0.1
    with pytest.raises(RobustnessFailure, match="max_excess"):
        check(result, max_excess=0.1)

    metrics.register_metric(
        metrics.Metric.from_masks(name="bad", title="Bad", values=lambda p, t: np.zeros(3))
    )
    with pytest.raises(MetricError, match=r"bad must give finite numbers of shape \(N, K\)"):
        evaluate(Bright(), phantom(), metrics=["bad"], **how)


@pytest.mark.parametrize("word", ["operating_point", "at_sensitivity", "ece_bins"])
def test_words_of_a_classifier(word: str) -> None:
    value: Any = 20 if word == "ece_bins" else 0.9
    with pytest.raises(SpecError, match=f"{word}= is a word of a classifier, but this task is seg"):
        evaluate(Bright(), phantom(), noise="gaussian", sigma=[0.1], **{word: value})
