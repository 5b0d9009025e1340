"""Measurements of one session are made once: model calls are counted, numbers compared."""

from __future__ import annotations

import copy
import gc
import itertools
import weakref
from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils import data as torch_data

from pytest_xraynoise import XrayDataset
from pytest_xraynoise.engine.evaluation import run_request
from pytest_xraynoise.engine.request import LadderRequest
from pytest_xraynoise.engine.sharing import HELD, SharedMeasurements
from pytest_xraynoise.results import LadderResult

N, SIDE, BATCH = 24, 8, 8
BATCHES = N // BATCH
DRAW = torch.Generator().manual_seed(3)
TARGETS = torch.arange(N) % 2
IMAGES = torch.rand(N, 1, SIDE, SIDE, generator=DRAW) * 0.5 + 0.2 * TARGETS.view(-1, 1, 1, 1)
MASKS = (IMAGES[:, 0] > 0.5).long()


class Net(nn.Module):
    """Counts the images that it is given, outside of itself."""

    shift: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(SIDE * SIDE, 1, generator=generator))
        self.register_buffer("shift", torch.zeros(1))

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        SEEN.append(len(images))
        return (images.flatten(1) - 0.5) @ self.weight + self.shift


class Lungs(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        SEEN.append(len(images))
        return torch.cat([0.5 - images, images - 0.5], 1)


SEEN: list[int] = []


@pytest.fixture(autouse=True)
def _start() -> None:
    SEEN.clear()


def ask(
    store: SharedMeasurements | None, model: Any, data: Any, noise: str = "poisson", **words: Any
) -> tuple[LadderResult, int]:
    """The result, and how many batches the model was given for it."""
    how = {w: words.pop(w) for w in ("preprocess", "output", "strips") if w in words}
    before = len(SEEN)
    result = run_request(
        LadderRequest(noise, **words),
        model,
        data,
        device="cpu",
        batch_size=BATCH,
        measurer=store,
        **how,
    )
    return result, len(SEEN) - before


def test_the_same_ladder_is_run_once() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    first, calls = ask(store, model, data)
    assert calls == 6 * BATCHES
    again, calls = ask(store, model, data)
    assert calls == 0
    assert again.to_dict() == first.to_dict() == ask(None, model, data)[0].to_dict()


@pytest.mark.parametrize(
    "words",
    [
        {"also": ("balanced_accuracy",)},
        {"metrics": ("auroc",)},
        {"confidence": 0.8},
        {"at_sensitivity": 0.9},
        {"severities": (2, 4)},
    ],
)
def test_limits_metrics_and_fewer_rungs_run_nothing(words: dict[str, Any]) -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ask(store, model, data)
    result, calls = ask(store, model, data, **words)
    assert calls == 0
    assert result.to_dict() == ask(None, model, data, **words)[0].to_dict()


def test_only_missing_rungs_are_run() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    assert ask(store, model, data, severities=(1, 3))[1] == 3 * BATCHES
    result, calls = ask(store, model, data)
    assert calls == 3 * BATCHES  # 2, 4, 5
    assert result.to_dict() == ask(None, model, data)[0].to_dict()
    assert len(result.strips) == 3


def test_further_draws_run_alone() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ask(store, model, data, severities=(1, 2))
    result, calls = ask(store, model, data, severities=(1, 2), repeats=3)
    assert calls == 4 * BATCHES
    whole, _ = ask(None, model, data, severities=(1, 2), repeats=3)
    assert result.to_dict() == whole.to_dict()


def test_clean_images_are_shared_by_all_kinds() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ask(store, model, data, "gaussian")
    result, calls = ask(store, model, data, "poisson")
    assert calls == 5 * BATCHES
    assert result.to_dict() == ask(None, model, data, "poisson")[0].to_dict()


def test_own_rungs_share_with_the_ladder_that_has_them() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ladder, _ = ask(store, model, data)
    photons = tuple(r.rung.parameters["photons"] for r in ladder.rungs if r.severity)
    own, calls = ask(store, model, data, parameters={"photons": photons})
    assert calls == 0
    assert [r.metrics for r in own.rungs] == [r.metrics for r in ladder.rungs]


@pytest.mark.parametrize("change", [{"seed": 1}, {"samples": 12}, {"outputs": "logits"}])
def test_another_seed_subset_or_reading_is_not_shared(change: dict[str, Any]) -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ask(store, model, data, severities=(1,))
    result, calls = ask(store, model, data, severities=(1,), **change)
    assert calls > 0
    assert result.to_dict() == ask(None, model, data, severities=(1,), **change)[0].to_dict()


def test_a_subset_is_completed_on_its_own_samples() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ask(store, model, data, severities=(1,), samples=16)
    result, calls = ask(store, model, data, severities=(1, 2), samples=16)
    assert calls == 2
    whole, _ = ask(None, model, data, severities=(1, 2), samples=16)
    assert result.to_dict() == whole.to_dict()


def test_a_contrast_is_completed() -> None:
    data = XrayDataset((IMAGES, torch.arange(N) % 3), labels=["a", "b", "c"])

    class Three(Net):
        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return super().forward(images) * torch.tensor([1.0, -1.0, 0.5])

    store, model, pair = SharedMeasurements(), Three(), ("a", "c")
    ask(store, model, data, severities=(1,), contrast=pair)
    result, calls = ask(store, model, data, severities=(1, 2), contrast=pair)
    assert calls == BATCHES
    whole, _ = ask(None, model, data, severities=(1, 2), contrast=pair)
    assert result.to_dict() == whole.to_dict()


def test_masks_of_a_segmenter_are_completed_and_shown() -> None:
    store, model, data = SharedMeasurements(), Lungs(), (IMAGES, MASKS)
    ask(store, model, data, severities=(1, 3))
    result, calls = ask(store, model, data)
    assert calls == 3 * BATCHES + 6  # three rungs, and the pictures of three samples at six
    assert all(frame.mask is not None for strip in result.strips for frame in strip.frames)
    assert ask(store, model, data)[1] == 0
    assert result.to_dict() == ask(None, model, data)[0].to_dict()


def test_numbers_that_are_foreseen_are_there_when_asked_for() -> None:
    store, model, data = SharedMeasurements(), Lungs(), (IMAGES, MASKS)
    store.foreseen = ("area_error", "auroc")  # of a classifier: not for this model
    ask(store, model, data, severities=(1,), metrics=("dice",))
    result, calls = ask(store, model, data, severities=(1,), metrics=("area_error",))
    assert calls == 0
    whole, _ = ask(None, model, data, severities=(1,), metrics=("area_error",))
    assert result.to_dict() == whole.to_dict()


def test_numbers_that_were_not_measured_run_again() -> None:
    store, model, data = SharedMeasurements(), Lungs(), (IMAGES, MASKS)
    ask(store, model, data, severities=(1,), metrics=("dice",))
    _, calls = ask(store, model, data, severities=(1,), metrics=("area_error",))
    assert calls == 2 * BATCHES


def _train(model: Net) -> None:
    loss = model(IMAGES).square().sum()
    loss.backward()
    torch.optim.SGD(model.parameters(), 0.01).step()


def _by_data(model: Net) -> None:
    model.weight.data.mul_(2)  # counts no version


def _replace(model: Net) -> None:
    model.weight = nn.Parameter(model.weight.detach() + 1)


def _buffer(model: Net) -> None:
    model.shift += 1


def _setting(model: Net) -> None:
    model.gain = 2.0  # type: ignore[assignment]


def _hook(model: Net) -> None:
    model.register_forward_hook(lambda module, args, out: out * 2)


@pytest.mark.parametrize("change", [_train, _by_data, _replace, _buffer, _setting, _hook])
def test_a_model_that_changed_is_measured_again(change: Any) -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ask(store, model, data, severities=(1,))
    change(model)
    SEEN.clear()
    result, calls = ask(store, model, data, severities=(1,))
    assert calls == 2 * BATCHES
    assert ask(store, model, data, severities=(1,))[1] == 0
    # Last: what counts its calls in a global has changed after calls that were not shared.
    assert result.to_dict() == ask(None, model, data, severities=(1,))[0].to_dict()


def test_a_function_around_a_model_that_changed() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)

    def call(images: torch.Tensor) -> torch.Tensor:
        found: torch.Tensor = model(images)
        return found

    ask(store, call, data, severities=(1,))
    assert ask(store, call, data, severities=(1,))[1] == 0
    _by_data(model)
    assert ask(store, call, data, severities=(1,))[1] == 2 * BATCHES


def test_data_that_changed_are_measured_again() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES.clone(), TARGETS)
    ask(store, model, data, severities=(1,))
    data[0][3] *= 0.5
    assert ask(store, model, data, severities=(1,))[1] == 2 * BATCHES


def test_an_equal_model_is_another_one() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    ask(store, model, data, severities=(1,))
    assert ask(store, copy.deepcopy(model), data, severities=(1,))[1] == 2 * BATCHES


def test_preprocessing_and_output_are_told_apart_and_methods_are_not() -> None:
    class Owner:
        def halved(self, images: torch.Tensor) -> torch.Tensor:
            return images / 2

    store, model, data, owner = SharedMeasurements(), Net(), (IMAGES, TARGETS), Owner()
    ask(store, model, data, severities=(1,))
    _, calls = ask(store, model, data, severities=(1,), preprocess=owner.halved)
    assert calls == 2 * BATCHES
    _, calls = ask(store, model, data, severities=(1,), preprocess=owner.halved)
    assert calls == 0
    _, calls = ask(store, model, data, severities=(1,), preprocess=Owner().halved)
    assert calls == 2 * BATCHES


class Shaky(torch_data.Dataset[Any]):
    """Augments: no two readings of an image are the same."""

    def __init__(self) -> None:
        self.reads = itertools.count()

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return (IMAGES[index] + 1e-3 * (next(self.reads) % 7)).clamp(0, 1), int(TARGETS[index])


def test_augmented_data_are_measured_again_as_a_whole() -> None:
    store, model, data = SharedMeasurements(), Net(), Shaky()
    ask(store, model, data, severities=(1,))
    _, calls = ask(store, model, data, severities=(1, 2))
    assert calls == (1 + 3) * BATCHES  # the missing rung met other images: all three anew


class Flipping(torch_data.Dataset[Any]):
    """Augments by its own random numbers: the same pixels in another place."""

    def __init__(self, way: str) -> None:
        self.way = way
        self.reads = itertools.count()

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        image, turned = IMAGES[index], (next(self.reads) // N) % 2
        if turned:
            ways = {"flip": lambda x: x.flip(-1), "turn": lambda x: x.rot90(2, (-2, -1))}
            ways["roll"] = lambda x: x.roll(3, -2)
            image = ways[self.way](image)
        return image.contiguous(), int(TARGETS[index])


@pytest.mark.parametrize("way", ["flip", "turn", "roll"])
def test_pixels_in_another_place_are_another_image(way: str) -> None:
    store, model, data = SharedMeasurements(), Net(), Flipping(way)
    ask(store, model, data, severities=(1,))
    _, calls = ask(store, model, data, severities=(1, 2))
    assert calls == (1 + 3) * BATCHES


def test_what_a_user_writes_into_a_result_is_in_no_other() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    first, _ = ask(store, model, data, severities=(1,))
    before = first.targets.copy()
    first.targets[:] = 0
    second, calls = ask(store, model, data, severities=(1,))
    assert calls == 0
    np.testing.assert_array_equal(second.targets, before)


class Stream(torch_data.IterableDataset[Any]):
    def __iter__(self) -> Iterator[Any]:
        yield from zip(IMAGES, TARGETS.tolist(), strict=True)


def test_a_stream_is_shared_whole_or_not_at_all() -> None:
    store, model, data = SharedMeasurements(), Net(), Stream()
    first, _ = ask(store, model, data, severities=(1, 2))
    again, calls = ask(store, model, data, severities=(1, 2))
    assert calls == 0
    assert again.to_dict() == first.to_dict()
    result, calls = ask(store, model, data)
    assert calls == 6 * BATCHES
    assert len(result.strips) == 3


def test_a_shuffling_loader_has_an_order_of_its_own_and_is_shared() -> None:
    pairs = list(zip(IMAGES, TARGETS.tolist(), strict=True))
    loader: Any = torch_data.DataLoader(pairs, batch_size=BATCH, shuffle=True)  # type: ignore[arg-type]
    store, model = SharedMeasurements(), Net()
    ask(store, model, loader, severities=(1,))
    result, calls = ask(store, model, loader, severities=(1, 2))
    assert calls == BATCHES
    assert result.to_dict() == ask(None, model, loader, severities=(1, 2))[0].to_dict()


def test_neither_models_nor_images_are_kept_alive() -> None:
    store, data = SharedMeasurements(), (IMAGES, TARGETS)
    model, others = Net(), XrayDataset((IMAGES.clone(), TARGETS))
    ask(store, model, others, severities=(1,))
    gone = weakref.ref(model), weakref.ref(others.data[0])
    del model, others
    gc.collect()
    assert [one() for one in gone] == [None, None]
    ask(store, Net(), data, severities=(1,))  # whatever has the id of the old model by now
    assert len(SEEN) == 4 * BATCHES


def test_lists_are_held_and_few_of_them() -> None:
    store, model = SharedMeasurements(), Net()
    for _ in range(HELD + 3):
        ask(store, model, list(zip(IMAGES, TARGETS.tolist(), strict=True)), severities=(1,))
    assert len(store._entries) == HELD


def test_fewer_strips_before_than_now() -> None:
    store, model, data = SharedMeasurements(), Net(), (IMAGES, TARGETS)
    assert ask(store, model, data, severities=(1,), strips=0)[0].strips == ()
    result, calls = ask(store, model, data, severities=(1,), strips=2)
    assert calls == 0
    whole, _ = ask(None, model, data, severities=(1,), strips=2)
    assert result.to_dict() == whole.to_dict()
