"""The search for the mildest noise that breaks a limit, against a dense grid."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch
from hypothesis.database import InMemoryExampleDatabase

from pytest_xraynoise import evaluate, noise
from pytest_xraynoise import strategies as xray
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge import RobustnessFailure
from pytest_xraynoise.strategies import search as search_module
from pytest_xraynoise.strategies.dimensions import STEPS
from pytest_xraynoise.strategies.search import _Hunt
from pytest_xraynoise.strategies.space import Point, at, open_spaces

N = 120
GENERATOR = torch.Generator().manual_seed(0)
TARGETS = (torch.arange(N) % 2).float()
LEVELS = 0.45 + 0.06 * TARGETS + 0.03 * torch.randn(N, generator=GENERATOR)
IMAGES = LEVELS[:, None, None, None].expand(N, 1, 2, 2).clone().clamp(0, 1)
DATA = (IMAGES, TARGETS)
LIMIT: dict[str, Any] = {"max_auroc_drop": 0.1}


@pytest.fixture(autouse=True)
def _one_thread(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.chdir(tmp_path)
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(threads)


class Pixel(torch.nn.Module):
    """Looks at one pixel: any noise on it costs AUROC."""

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return 10 * (images[:, 0, 0, 0] - 0.48)


def falsified(**words: Any) -> xray.FalsifyingNoise:
    with pytest.raises(xray.FalsifyingNoise) as found:
        xray.robust_search(Pixel(), DATA, **{**LIMIT, **words})
    return found.value


def quadratic(limit: float) -> Callable[[Point], bool]:
    """Breaks where the variances of counting and readout noise together pass a limit."""
    return lambda p: 1 / p.values["photons"] + p.values["sigma"] ** 2 > limit**2


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("limit", [0.012, 0.05, 0.19])
def test_it_shrinks_to_the_optimum_of_a_dense_grid(
    limit: float, seed: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    breaks = quadratic(limit)
    monkeypatch.setattr(_Hunt, "_broken", lambda hunt, point: _counted(hunt, point, breaks))
    spaces, _ = open_spaces(["poisson+gaussian"], {"seed": seed})
    hunt = _Hunt((), lambda *_: None, per_label=False, monotone=True)  # type: ignore[arg-type]
    found = search_module._mildest(hunt, spaces, 60, None)
    assert found is not None
    grid = [
        at(spaces[0], (a, b))
        for a in range(spaces[0].dimensions[0].steps + 1)
        for b in range(spaces[0].dimensions[1].steps + 1)
    ]
    best = min(point.furthest for point in grid if breaks(point))
    assert breaks(found)
    assert found.furthest == best, "the nearest box with a failure in it, to the step"
    for index in range(2):  # and no parameter of it could be milder
        if found.steps[index]:
            milder = tuple(n - (i == index) for i, n in enumerate(found.steps))
            assert not breaks(at(spaces[0], milder))
    assert hunt.evaluations <= 60


def _counted(hunt: Any, point: Point, breaks: Callable[[Point], bool]) -> bool:
    hunt.evaluations += 1
    broken = breaks(point)
    if not broken:
        hunt.held.append(point)
    return broken


def test_a_mixture_breaks_before_either_noise_alone() -> None:
    error = falsified(kinds=["poisson+gaussian"])
    assert error.noise == "poisson+gaussian"
    photons, sigma = error.parameters["photons"], error.parameters["sigma"]
    alone = [
        evaluate(Pixel(), DATA, noise="poisson+gaussian", photons=p, sigma=s, metrics=["auroc"])
        for p, s in ((photons, 1e-9), (1e9, sigma))
    ]
    both = evaluate(
        Pixel(), DATA, noise="poisson+gaussian", photons=photons, sigma=sigma, metrics=["auroc"]
    )
    assert both.metric("auroc").drop(severity=1) > 0.1
    assert all(result.metric("auroc").drop(severity=1) <= 0.1 for result in alone)


def test_it_is_within_a_factor_of_a_dense_grid_of_evaluations() -> None:
    """On the model itself: nothing on a grid of whole doublings breaks well inside the box."""
    error = falsified(kinds=["poisson+gaussian"])
    for photons_at in range(9):
        for sigma_at in range(9):
            if max(photons_at, sigma_at) > error.distance - 0.5:
                continue
            result = evaluate(
                Pixel(),
                DATA,
                noise="poisson+gaussian",
                photons=65025 / 4**photons_at,
                sigma=2**sigma_at / 255,
                metrics=["auroc"],
            )
            assert result.metric("auroc").drop(severity=1) <= 0.1


def test_dose_and_readout_noise_together() -> None:
    error = falsified(
        kinds=["lowdose"],
        source_noise="none",
        pixel_pitch=0.2,
        dose=(1, 1e-3),
        electrons=(1500, 96_000),
    )
    assert set(error.parameters) == {"dose", "electrons"}
    assert error.parameters["dose"] < 1
    assert error.parameters["electrons"] > 1500
    assert "dose=" in str(error)
    assert "of the reference dose and electrons=" in str(error)
    panel = dataclasses.replace(noise.detector("csi-0.139"), readout=error.parameters["electrons"])
    again = evaluate(
        Pixel(),
        DATA,
        noise="lowdose",
        dose=error.parameters["dose"],
        detector=panel,
        source_noise="none",
        pixel_pitch=0.2,
        metrics=["auroc"],
    )
    last = error.result.severities[-1]
    assert again.metric("auroc").drop(severity=1) == error.result.metric("auroc").drop(
        severity=last
    )


def test_it_fails_like_any_limit() -> None:
    error = falsified(kinds=["gaussian"])
    assert isinstance(error, RobustnessFailure)
    assert isinstance(error, AssertionError)
    assert error.verdict.status == "fail"
    assert error.result.noise == "gaussian"
    assert error.result.severities == (0, 1, 2, 3)
    assert error.result.metric("auroc").drop(severity=3) > 0.1
    text = str(error)
    assert text.startswith("falsifying noise: gaussian with sigma=")
    assert "of full scale" in text
    assert "max_auroc_drop=0.1 allows 0.1" in text
    assert "BROKEN" in text
    assert "Repeat it: evaluate(model, data, noise='gaussian', sigma=" in text
    assert f"{error.distance:g} doublings of the noise from the reference (sigma=0.00392)" in text


def test_the_line_to_repeat_it_repeats_it() -> None:
    error = falsified(kinds=["lowdose"], source_noise="none", pixel_pitch=0.2, dose=(1, 1e-3))
    line = next(x for x in str(error).splitlines() if x.startswith("Repeat it: "))
    names = {
        "evaluate": evaluate,
        "model": Pixel(),
        "data": DATA,
        "dataclasses": dataclasses,
        "noise": noise,
    }
    result = eval(line.removeprefix("Repeat it: "), names)
    assert result.metric("auroc").drop(severity=1) > 0.1


def test_the_nearest_kind_wins() -> None:
    error = falsified(kinds=["gaussian", "poisson"])
    single = [falsified(kinds=[kind]) for kind in ("gaussian", "poisson")]
    assert error.distance == min(one.distance for one in single)


def test_deterministic_and_nothing_is_written(tmp_path: Path) -> None:
    first, second = (falsified(kinds=["poisson+gaussian"], seed=3) for _ in range(2))
    assert str(first) == str(second)
    assert first.evaluations == second.evaluations
    assert not (tmp_path / ".hypothesis" / "examples").exists()


def test_a_database_is_written_when_asked_for() -> None:
    database = InMemoryExampleDatabase()
    falsified(kinds=["gaussian"], database=database)
    assert database.data


def test_nothing_breaks() -> None:
    def blind(images: torch.Tensor) -> torch.Tensor:
        return TARGETS[: len(images)] * 2 - 1

    found = xray.robust_search(
        blind, (IMAGES[:16], TARGETS[:16]), kinds=["poisson", "gaussian"], **LIMIT
    )
    assert found.evaluations == 2, "the worst corner of each kind says it all"
    assert found.limits == ("max_auroc_drop=0.1",)
    assert any("photons=3" in held for held in found.held)
    asked = xray.robust_search(
        blind,
        (IMAGES[:16], TARGETS[:16]),
        kinds=["poisson"],
        assume_monotone=False,
        max_examples=9,
        **LIMIT,
    )
    assert 2 < asked.evaluations <= 10


def test_without_the_assumption_a_gap_is_found(monkeypatch: pytest.MonkeyPatch) -> None:
    """A model that breaks at middling noise only: the far corner holds and hides it."""
    monkeypatch.setattr(
        _Hunt, "_broken", lambda h, p: _counted(h, p, lambda q: 20 <= q.furthest <= 30)
    )
    spaces, _ = open_spaces(["gaussian"], {})
    sure = _Hunt((), lambda *_: None, per_label=False, monotone=False)  # type: ignore[arg-type]
    found = search_module._mildest(sure, spaces, 100, None)
    assert found is not None
    assert found.furthest == 20
    hasty = _Hunt((), lambda *_: None, per_label=False, monotone=True)  # type: ignore[arg-type]
    assert search_module._mildest(hasty, spaces, 100, None) is None


def test_clean_images_that_break_a_floor_are_the_mildest_of_all() -> None:
    error = falsified(kinds=["gaussian"], min_auroc=0.9999, max_auroc_drop=0.9)
    assert error.distance == 0
    assert error.parameters["sigma"] == pytest.approx(1 / 255)


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"kinds": []}, "searches nothing"),
        ({"kinds": ["poison"]}, "did you mean 'poisson'"),
        ({"kinds": ["poisson", "poisson"]}, "names a noise twice"),
        ({"kinds": ["poisson"], "sigma": (0.1, 0.2)}, "unknown word 'sigma' for noise 'poisson'"),
        ({"kinds": ["poisson"], "photons": 50}, r"photons=50: expected two positive numbers"),
        ({"kinds": ["poisson"], "photons": (50, 500)}, r"write photons=\(500, 50\)"),
        ({"kinds": ["lowdose"], "dose": (3, 0.1)}, "can only be brought to a lower dose"),
        ({"kinds": ["poisson"], "severities": [1]}, "a search chooses its own settings"),
        ({"kinds": ["poisson"], "max_examples": 0}, "max_examples=0: expected a whole number"),
        ({"kinds": ["poisson"], "assume_monotone": 1}, "assume_monotone=1"),
        ({"kinds": ["poisson"], "max_auroc_drop": {1: 0.1}}, "one number for every strength"),
        ({"kinds": ["poisson"], "max_aurc_drop": 0.1}, "did you mean 'max_auroc_drop'"),
        ({"kinds": ["poisson"], "sample": 9}, "unknown word 'sample'; did you mean 'samples'"),
    ],
)
def test_clear_errors(words: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        xray.robust_search(Pixel(), DATA, **{**LIMIT, **words})


def test_a_search_without_a_limit() -> None:
    with pytest.raises(SpecError, match="no limit is given"):
        xray.robust_search(Pixel(), DATA, kinds=["poisson"])


def test_a_step_is_an_eighth_of_a_doubling() -> None:
    spaces, _ = open_spaces(["poisson+gaussian"], {})
    photons, sigma = spaces[0].dimensions
    assert photons.value(STEPS) == pytest.approx(65025 / 4, rel=0.005)
    assert sigma.value(STEPS) == pytest.approx(2 / 255, rel=0.005)
    assert photons.distance(65025 / 16) == pytest.approx(2)
