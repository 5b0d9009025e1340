"""What a pass measured, cut into shards and put together again."""

from __future__ import annotations

import itertools
import pickle
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.engine.addresses import addresses, missing
from pytest_xraynoise.engine.execution import Execution
from pytest_xraynoise.engine.finishing import finish
from pytest_xraynoise.engine.joining import extended, joined
from pytest_xraynoise.engine.measured import CLEAN, Measured
from pytest_xraynoise.engine.measuring import measure, opened
from pytest_xraynoise.engine.request import LadderRequest
from pytest_xraynoise.errors import DataError
from pytest_xraynoise.results import LadderResult

N, SIDE = 24, 8
DRAW = torch.Generator().manual_seed(3)
TARGETS = torch.arange(N) % 2
IMAGES = torch.rand(N, 1, SIDE, SIDE, generator=DRAW) * 0.5 + 0.2 * TARGETS.view(-1, 1, 1, 1)
MASKS = (IMAGES[:, 0] > 0.5).long()
PATIENTS = [f"p{n // 2}" for n in range(N)]
FILMS = XrayDataset(
    (IMAGES, TARGETS), ids=[f"film-{n}" for n in range(N)], groups=PATIENTS, pixel_pitch=0.2
)
HOW = Execution("cpu", 1)  # one image at a time, so that the last bits are the same everywhere


def classify(images: torch.Tensor) -> torch.Tensor:
    return 10 * (images.mean((1, 2, 3)) - 0.55) + images[:, 0, 0, 0]


def segment(images: torch.Tensor) -> torch.Tensor:
    return torch.cat([0.5 - images, images - 0.5], 1)


def a_pass(
    request: LadderRequest, model: Any = classify, data: Any = FILMS, **words: Any
) -> Measured:
    places = words.pop("places", None)
    source = opened(request, model, data, HOW)
    if places is not None:
        source.keep(places)
    return measure(request, model, source, HOW, **words)


def same(a: LadderResult, b: LadderResult) -> bool:
    return a.to_dict() == b.to_dict()


LADDER = LadderRequest("poisson", severities=(1, 3), repeats=2)
LUNGS = LadderRequest("poisson", severities=(1, 3))


@pytest.mark.parametrize(
    ("request_", "model", "data"),
    [(LADDER, classify, FILMS), (LUNGS, segment, (IMAGES, MASKS))],
    ids=["classifier", "segmenter"],
)
@pytest.mark.parametrize("parts", [[24], [5, 19], [1, 1, 22], [8, 8, 8]])
def test_shards_joined_in_any_order_are_the_whole(
    request_: LadderRequest, model: Any, data: Any, parts: list[int]
) -> None:
    ends = np.cumsum([0, *parts])
    shards = [
        a_pass(request_, model, data, places=range(start, stop))
        for start, stop in itertools.pairwise(ends)
    ]
    whole = a_pass(request_, model, data)
    result = finish(request_, joined(shards[::-1]))
    assert same(result, finish(request_, whole))
    assert result.ids == whole.samples.ids
    assert len(result.strips) == 3


@settings(max_examples=20, deadline=None)
@given(st.permutations(range(N)), st.integers(1, N - 1))
def test_the_order_of_the_dataset_comes_back(order: list[int], cut: int) -> None:
    request = LadderRequest("gaussian", severities=(2,))
    parts = [a_pass(request, places=some) for some in (order[:cut], order[cut:])]
    together = joined(parts)
    assert list(together.samples.positions) == list(range(N))
    assert together.samples.ids == tuple(f"film-{n}" for n in range(N))
    assert together.samples.groups == tuple(PATIENTS)


def test_shards_of_a_contrast() -> None:
    data = XrayDataset((IMAGES, torch.arange(N) % 3), labels=["a", "b", "c"])
    request = LadderRequest("gaussian", severities=(2,), contrast=("a", "c"))

    def model(images: torch.Tensor) -> torch.Tensor:
        return images.mean((1, 2, 3))[:, None] * torch.tensor([1.0, 2.0, 3.0])

    shards = [a_pass(request, model, data, places=p) for p in (range(10, N), range(10))]
    assert same(finish(request, joined(shards)), finish(request, a_pass(request, model, data)))


@pytest.mark.parametrize(
    ("model", "data", "names"),
    [(classify, FILMS, 8), (segment, (IMAGES, MASKS), 4)],
    ids=["classifier", "segmenter"],
)
def test_further_rungs_are_those_of_one_pass(model: Any, data: Any, names: int) -> None:
    short = LadderRequest("poisson", severities=(2, 4))
    full = LadderRequest("poisson", repeats=2)
    before = a_pass(short, model, data)
    plan = missing(full, before)
    assert [[rung.severity for rung in rungs] for _, rungs in plan] == [[1, 3, 5], [1, 2, 3, 4, 5]]
    further = a_pass(full, model, data, rungs=plan, base=before)
    assert CLEAN not in further.rungs
    both = finish(full, extended(before, further), strips=0)
    whole = finish(full, a_pass(full, model, data), strips=0)
    assert same(both.replace(strips=()), whole.replace(strips=()))
    assert len(both.metrics) == names
    assert missing(full, extended(before, further)) == ()


def test_rungs_are_known_by_how_they_are_made_not_by_their_number() -> None:
    ladder = LadderRequest("poisson")
    photons = [rung.parameters["photons"] for rung in ladder.rungs if rung.severity]
    own = LadderRequest("poisson", parameters={"photons": (photons[3], photons[1])})
    named, mine = addresses(ladder), addresses(own)
    assert (mine[0], mine[1], mine[2]) == (named[0], named[4], named[2])
    assert named[0] == CLEAN


@pytest.mark.parametrize(
    "change", [{"seed": 1}, {"noise_at": "native"}, {"settings": {"pixel_pitch": 0.3}}]
)
def test_what_makes_other_noise_is_another_address(change: dict[str, Any]) -> None:
    request = LadderRequest("quantum", severities=(1,))
    other = replace(request, **change)
    assert addresses(request)[1] != addresses(other)[1]
    assert addresses(request)[0] == addresses(other)[0]


def test_one_measurement_serves_any_limits_labels_and_metrics() -> None:
    request = LadderRequest("poisson", severities=(1,))
    measured = a_pass(request)
    for other in ({"metrics": ("auroc",)}, {"confidence": 0.8}, {"also": ("balanced_accuracy",)}):
        asked = replace(request, **other)
        assert same(finish(asked, measured), finish(asked, a_pass(asked)))


def test_nothing_but_arrays_and_plain_values() -> None:
    measured = a_pass(LADDER)
    sent = pickle.dumps(measured)
    assert b"torch" not in sent
    assert same(finish(LADDER, pickle.loads(sent)), finish(LADDER, measured))


def test_evaluate_is_measuring_and_finishing() -> None:
    result = evaluate(
        classify, FILMS, noise="poisson", severities=[1, 3], repeats=2, device="cpu", batch_size=1
    )
    assert same(result, finish(LADDER, a_pass(LADDER)))


def test_shards_with_a_sample_in_common_are_refused() -> None:
    shards = [a_pass(LUNGS, places=range(10)), a_pass(LUNGS, places=range(9, N))]
    with pytest.raises(DataError, match="'film-9' is in two parts"):
        joined(shards)


def test_shards_of_other_rungs_are_refused() -> None:
    other = LadderRequest("poisson", severities=(2,))
    shards = [a_pass(LUNGS, places=range(10)), a_pass(other, places=range(10, N))]
    with pytest.raises(DataError, match="other rungs"):
        joined(shards)


def test_other_samples_cannot_be_added_as_further_rungs() -> None:
    before = a_pass(LUNGS, places=range(10))
    plan = missing(LadderRequest("poisson"), before)
    further = a_pass(LadderRequest("poisson"), places=range(10, N), rungs=plan, base=before)
    with pytest.raises(DataError, match="not the 10 of before"):
        extended(before, further)


def test_a_rung_that_was_not_measured_is_an_error() -> None:
    with pytest.raises(DataError, match="was not measured"):
        finish(LadderRequest("poisson"), a_pass(LUNGS))
