"""``channels_last="auto"``: NHWC where it is faster, and only where the model gives the same."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import ModelRunner, layout

CPU = torch.device("cpu")
LAST = torch.channels_last
IMAGES = torch.rand(3, 3, 12, 12, generator=torch.Generator().manual_seed(0))
IDS = ["a", "b", "c"]
ONEDNN = pytest.mark.skipif(
    not torch.backends.mkldnn.is_available(),  # type: ignore[no-untyped-call]
    reason="this torch comes without oneDNN",
)


class Net(nn.Module):
    """Notes in which format images and weights come."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.conv = nn.Conv2d(3, 4, 3)
        self.head = nn.Linear(4, 2)
        self.seen: list[tuple[int, bool, bool]] = []

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        weight = self.conv.weight
        formats = [one.is_contiguous(memory_format=LAST) for one in (images, weight)]
        self.seen.append((len(images), formats[0], formats[1]))
        return self.pooled(self.conv(images))

    def pooled(self, features: torch.Tensor) -> torch.Tensor:
        scores: torch.Tensor = self.head(features.mean((2, 3)))
        return scores


class Viewing(Net):
    """Flattens by ``view``, which NHWC does not allow."""

    def pooled(self, features: torch.Tensor) -> torch.Tensor:
        return features.view(len(features), -1)[:, :2]


class Grouped(Net):
    """Joins batch and groups of channels, which NHWC allows for one image alone."""

    def pooled(self, features: torch.Tensor) -> torch.Tensor:
        count, channels, height, width = features.shape
        groups = features.view(count * 2, channels // 2, height, width)
        return groups.mean((1, 2, 3)).view(count, 2)


class Ordered(Net):
    """Reads memory in the order in which it lies there, as a kernel of one's own may."""

    def pooled(self, features: torch.Tensor) -> torch.Tensor:
        count, channels, height, width = features.shape
        flat = features.as_strided((count, channels, height * width), (400, 100, 1))
        return flat[..., :7].mean(2)[:, :2]


class Counting(Net):
    """Counts its calls in a buffer, and draws numbers."""

    calls: torch.Tensor

    def __init__(self) -> None:
        super().__init__()
        self.register_buffer("calls", torch.zeros(()))

    def pooled(self, features: torch.Tensor) -> torch.Tensor:
        self.calls += 1
        return super().pooled(features) + self.calls + torch.rand(2)


def run(model: Any, channels_last: bool | str, **how: Any) -> tuple[torch.Tensor, ModelRunner]:
    with ModelRunner(model, CPU, channels_last=channels_last, **how) as runner:
        first = runner(IMAGES, IDS, 0)
        return torch.cat((first, runner(IMAGES, IDS, 1))), runner


@ONEDNN
def test_a_convolution_is_given_everything_in_nhwc() -> None:
    model = Net()
    found, runner = run(model, "auto")
    assert runner.channels_last
    assert model.seen == [(2, False, False), (2, True, True), (3, True, True), (3, True, True)]
    assert torch.allclose(found, run(Net(), False)[0], atol=1e-6)
    assert model.conv.weight.is_contiguous()


@ONEDNN
@pytest.mark.parametrize("kind", [Viewing, Grouped, Ordered])
def test_a_model_that_needs_its_order_keeps_it(kind: type[Net]) -> None:
    model = kind()
    found, runner = run(model, "auto")
    assert not runner.channels_last
    assert model.seen[-2:] == [(3, False, False)] * 2
    plain, _ = run(kind(), False)
    assert torch.equal(found, plain)
    try:
        other = run(kind(), True)[0]
    except ModelError as error:
        assert "view size is not compatible" in str(error)  # noqa: PT017
    else:
        assert not torch.allclose(other, plain, rtol=0.01)


def test_a_batch_of_one_is_tried_as_two() -> None:
    model = Grouped()
    with ModelRunner(model, CPU, channels_last="auto") as runner:
        runner(IMAGES[:1], ["a"], 0)
        assert runner(IMAGES, IDS, 1).shape == (3, 2)
        assert not runner.channels_last


def test_a_model_that_returns_the_same_memory_each_time() -> None:
    class Static(Net):
        out = torch.zeros(3, 2)

        def pooled(self, features: torch.Tensor) -> torch.Tensor:
            flat = features.as_strided(features.shape, (400, 100, 10, 1))  # wrong in NHWC
            self.out[: len(flat)] = flat[:, :2, :3, :3].mean((2, 3))
            return self.out[: len(flat)]

    with ModelRunner(Static(), CPU, channels_last="auto") as runner:
        first = runner(IMAGES, IDS, 0)
        kept = first.clone()
        runner(IMAGES + 1, IDS, 1)
        assert torch.equal(first, kept)
        assert not runner.channels_last


@ONEDNN
@pytest.mark.parametrize("precision", ["bf16", "fp16"])
def test_half_precision(precision: str) -> None:
    found, runner = run(Net(), "auto", precision=precision)
    assert runner.channels_last
    assert torch.allclose(found, run(Net(), False, precision=precision)[0], atol=0.02)


@ONEDNN
def test_the_tries_leave_buffers_and_random_numbers_alone() -> None:
    model, other = Counting(), Counting()
    torch.manual_seed(3)
    expected = run(other, False)[0]
    torch.manual_seed(3)
    found, runner = run(model, "auto")
    assert runner.channels_last
    assert torch.allclose(found, expected, atol=1e-6)
    assert float(model.calls) == 0


@pytest.mark.parametrize(
    ("model", "preprocess"),
    [
        (nn.Sequential(nn.Flatten(), nn.Linear(432, 1)), None),
        (nn.Sequential(nn.LazyConv2d(2, 3), nn.Flatten()), None),
        (Net().double(), None),
        (lambda images: images.mean((1, 2, 3)), None),
        (nn.Sequential(nn.Flatten(), nn.Unflatten(1, (3, 144)), nn.Conv1d(3, 1, 144)), None),
    ],
    ids=["no convolution", "lazy", "float64", "function", "one dimension"],
)
def test_others_stay_as_they_are(model: Any, preprocess: Any) -> None:
    _, runner = run(model, "auto", preprocess=preprocess)
    assert not runner.channels_last


def test_whatever_the_model_raises_is_told_by_the_run_itself() -> None:
    class Failing(Net):
        def pooled(self, features: torch.Tensor) -> torch.Tensor:
            raise KeyError(f"for {len(features)} images")

    with pytest.raises(ModelError, match=r"raised KeyError on samples 'a' to 'c'.*for 3 images"):
        run(Failing(), "auto")


def test_a_model_that_takes_only_whole_batches_stays_as_it_is() -> None:
    class Fixed(Net):
        def pooled(self, features: torch.Tensor) -> torch.Tensor:
            assert len(features) == 3
            return super().pooled(features)

    found, runner = run(Fixed(), "auto")
    assert found.shape == (6, 2)
    assert not runner.channels_last


def test_what_is_compiled_stays_as_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch, "compile", lambda model: model)
    model = Net()
    _, runner = run(model, "auto", compile=True)
    assert not runner.channels_last
    assert len(model.seen) == 2


def test_the_preprocessing_runs_once_a_batch() -> None:
    given: list[int] = []

    def preprocess(images: torch.Tensor) -> torch.Tensor:
        given.append(len(images))
        return images * 2

    run(Net(), "auto", preprocess=preprocess)
    assert given == [3, 3]


def test_what_was_compiled_before_stays_as_it_is() -> None:
    model = Net()
    model._orig_mod = nn.Identity()  # as torch.compile leaves it
    assert not layout.gains(model, CPU, torch.float32)


def test_on_cuda_half_precision_gains_alone() -> None:
    cuda, model = torch.device("cuda"), Net()
    assert layout.gains(model, cuda, torch.bfloat16)
    assert layout.gains(model, cuda, torch.float16)
    assert not layout.gains(model, cuda, torch.float32)
    assert not layout.gains(model, torch.device("mps"), torch.float16)


def test_without_onednn_nothing_gains(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.backends.mkldnn, "is_available", lambda: False)
    assert not layout.gains(Net(), CPU, torch.float32)
