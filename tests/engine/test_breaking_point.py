"""The breaking point of real models on real noise, against a dense grid of evaluations."""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from typing import Any

import pytest
import torch

import pytest_xraynoise
from pytest_xraynoise import breaking_point, evaluate
from pytest_xraynoise.errors import DataError, MetricError, SpecError
from pytest_xraynoise.judge.breaking import ladder_with_breaking_point
from pytest_xraynoise.results import BreakingPoint, LadderResult

N = 160
GENERATOR = torch.Generator().manual_seed(0)
TARGETS = (torch.arange(N) % 2).float()
LEVELS = 0.45 + 0.06 * TARGETS + 0.03 * torch.randn(N, generator=GENERATOR)
IMAGES = LEVELS[:, None, None, None].expand(N, 1, 2, 2).clone().clamp(0, 1)
LIMIT = 0.1


@pytest.fixture(autouse=True)
def _one_thread() -> Iterator[None]:
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Pixel(torch.nn.Module):
    """Looks at one pixel: any noise on it costs AUROC."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = 0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen += len(images)
        return 10 * (images[:, 0, 0, 0] - 0.48)


def found(noise: str, **words: Any) -> BreakingPoint:
    return breaking_point(Pixel(), (IMAGES, TARGETS), noise=noise, max_auroc_drop=LIMIT, **words)


def drops(noise: str, values: list[float]) -> list[float]:
    word = {"poisson": "photons", "gaussian": "sigma", "impulse": "amount"}[noise]
    own: dict[str, Any] = {word: values}
    result = evaluate(Pixel(), (IMAGES, TARGETS), noise=noise, metrics=["auroc"], **own)
    return [result.metric("auroc").drop(severity=s) for s in result.severities[1:]]


@pytest.mark.parametrize(
    ("noise", "mild", "severe"),
    [("poisson", 3000.0, 50.0), ("gaussian", 0.005, 0.2), ("impulse", 0.01, 0.9)],
)
def test_against_a_dense_grid(noise: str, mild: float, severe: float) -> None:
    point = found(noise)
    grid = [mild * (severe / mild) ** (i / 200) for i in range(201)]
    broken = [drop > LIMIT for drop in drops(noise, grid)]
    first = broken.index(True)
    assert first > 0
    assert point.parameter is not None
    assert point.held is not None
    assert point.broke is not None
    held, broke = drops(noise, [point.held, point.broke])
    assert held <= LIMIT < broke
    assert 1 < max(point.held / point.broke, point.broke / point.held) <= 1.05 * (1 + 1e-9)
    # The curve of a finite sample is made of small steps: the mildest crossing that the search can
    # see lies between the first and the last one of the grid.
    last = len(broken) - broken[::-1].index(False)
    low, high = sorted((grid[first - 1], grid[min(last, 200)]))
    assert low * 0.95 <= point.parameter <= high * 1.05
    assert point.low is not None
    assert point.high is not None
    assert point.low < point.parameter < point.high


def test_clean_images_go_through_the_model_once() -> None:
    model = Pixel()
    result = ladder_with_breaking_point(model, (IMAGES, TARGETS), max_auroc_drop=LIMIT)
    point = result.breaking_point
    assert point is not None
    assert point.evaluations > 5
    assert model.seen == N * (1 + point.evaluations)
    assert point.passes < point.evaluations


def test_the_same_numbers_every_time_and_others_with_another_seed() -> None:
    assert found("gaussian", seed=3) == found("gaussian", seed=3)
    assert found("gaussian", seed=3).parameter != found("gaussian", seed=4).parameter


def test_finer_costs_more_and_agrees() -> None:
    rough, fine = found("poisson", tolerance=0.3), found("poisson", tolerance=0.01)
    assert rough.parameter is not None
    assert fine.parameter is not None
    assert rough.evaluations < fine.evaluations
    assert rough.parameter == pytest.approx(fine.parameter, rel=0.3)


def test_doses_in_any_unit_and_own_rungs() -> None:
    own: dict[str, Any] = {"pixel_pitch": 1.0, "source_noise": "none", "max_auroc_drop": LIMIT}
    data = (IMAGES, TARGETS)
    doses = breaking_point(Pixel(), data, noise="lowdose", dose=[1, 0.1, 1e-3, 1e-5], **own)
    index = breaking_point(
        Pixel(), data, noise="lowdose", deviation_index=[0, -10, -30, -50], **own
    )
    assert doses.keyword == index.keyword == "dose"
    assert doses.parameter == pytest.approx(index.parameter, rel=0.05)
    assert "of the reference dose" in doses.reading
    assert "DI " in doses.clinical


def test_it_goes_through_json() -> None:
    result = ladder_with_breaking_point(Pixel(), (IMAGES, TARGETS), max_auroc_drop=LIMIT)
    again = LadderResult.from_dict(json.loads(json.dumps(result.to_dict())))
    assert again.breaking_point == result.breaking_point
    old = result.to_dict()
    del old["breaking_point"]
    assert LadderResult.from_dict(old).breaking_point is None


def test_data_that_change_from_pass_to_pass() -> None:
    class Shrinking(torch.utils.data.Dataset[Any]):
        left = N

        def __len__(self) -> int:
            return self.left

        def __getitem__(self, index: int) -> Any:
            if index == self.left - 1:
                self.left -= 10
            return IMAGES[index], TARGETS[index]

    with pytest.raises(DataError, match="several passes over the same samples"):
        breaking_point(Pixel(), Shrinking(), max_auroc_drop=LIMIT)


def test_the_tolerance_of_nsd_has_a_name_of_its_own() -> None:
    images = torch.rand(6, 1, 12, 12, generator=torch.Generator().manual_seed(1)) * 0.1
    images[:, :, 3:9, 3:9] += 0.6
    masks = (images[:, 0] > 0.4).long()
    pytest.importorskip("monai")

    def model(batch: torch.Tensor) -> torch.Tensor:
        return (batch - 0.4) * 20

    point, strict = (
        breaking_point(
            model, (images, masks), noise="gaussian", min_nsd=0.8, nsd_tolerance=t, tolerance=0.2
        )
        for t in (2.0, 0.1)
    )
    assert point.tolerance == strict.tolerance == 0.2
    assert (point.parameter or math.inf) > (strict.parameter or 0)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"noise": "poison"}, "did you mean 'poisson'"),
        ({"tolerance": 2.0}, "nsd_tolerance= here"),
        ({"photon": [1, 2]}, "did you mean 'photons'"),
        ({"max_auroc_drop": {1: 0.1}}, "one number for every strength"),
        ({"points": 0}, "points=0"),
    ],
)
def test_clear_errors(words: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        breaking_point(Pixel(), (IMAGES, TARGETS), **{"max_auroc_drop": 0.1, **words})


def test_without_a_limit() -> None:
    with pytest.raises(SpecError, match="no limit is given"):
        breaking_point(Pixel(), (IMAGES, TARGETS))


def test_a_metric_that_the_data_do_not_define() -> None:
    with pytest.raises(MetricError):
        breaking_point(Pixel(), (IMAGES, torch.ones(N)), max_auroc_drop=0.1)


def test_the_name_in_the_package() -> None:
    assert pytest_xraynoise.breaking_point is breaking_point
    assert "breaking_point" in pytest_xraynoise.__all__
