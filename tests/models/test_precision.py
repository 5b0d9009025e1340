"""What a model computes in: autocast where its weights are float32, its own dtype elsewhere."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import nn

from pytest_xraynoise.errors import ModelError, SpecError
from pytest_xraynoise.models import ModelRunner
from pytest_xraynoise.models import precision as precisions

CPU = torch.device("cpu")
IMAGES = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
IDS = ["a", "b"]


class Seeing(nn.Module):
    """Notes the dtypes of what it is given and of what its convolution makes of it."""

    def __init__(self) -> None:
        super().__init__()
        self.conv = nn.Conv2d(1, 2, 3)
        self.given: torch.dtype | None = None
        self.made: torch.dtype | None = None

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        features: torch.Tensor = self.conv(images)
        self.given, self.made = images.dtype, features.dtype
        return features.mean((1, 2, 3))


def run(model: Any, **how: Any) -> tuple[torch.Tensor, ModelRunner]:
    with ModelRunner(model, CPU, **how) as runner:
        return runner(IMAGES, IDS, 0), runner


@pytest.mark.parametrize(
    ("word", "dtype"),
    [("fp32", torch.float32), ("bf16", torch.bfloat16), ("fp16", torch.float16)],
)
def test_a_float32_model_runs_under_autocast(word: str, dtype: torch.dtype) -> None:
    model = Seeing()
    scores, runner = run(model, precision=word)
    assert (model.given, model.made) == (torch.float32, dtype)
    assert scores.dtype == torch.float32
    assert runner.precision == word
    assert runner.name == f"Seeing on cpu in {word}"
    assert not torch.is_autocast_enabled("cpu")


@pytest.mark.parametrize("word", ["bf16", "fp16"])
def test_less_precision_changes_scores_by_its_rounding_and_no_more(word: str) -> None:
    torch.manual_seed(0)
    model = Seeing()
    full, less = run(model)[0], run(model, precision=word)[0]
    bound = 2 ** (-8 if word == "bf16" else -11) * 4  # a few roundings of an output of order one
    assert 0 < float((full - less).abs().max()) < bound


@pytest.mark.parametrize(
    ("dtype", "word"),
    [(torch.float16, "fp16"), (torch.bfloat16, "bf16"), (torch.float64, "fp64")],
)
@pytest.mark.parametrize("asked", ["fp32", "bf16"])
def test_a_model_with_a_dtype_of_its_own_keeps_it(
    dtype: torch.dtype, word: str, asked: str
) -> None:
    model = Seeing().to(dtype)
    scores, runner = run(model, precision=asked)
    assert (model.given, model.made) == (dtype, dtype)
    assert model.conv.weight.dtype == dtype
    assert scores.dtype == torch.float32
    assert runner.precision == word


def test_whoever_mixes_dtypes_casts_between_them() -> None:
    class Mixed(Seeing):
        def __init__(self) -> None:
            super().__init__()
            self.head = nn.Linear(1, 1).half()

    model = Mixed()
    run(model)
    assert model.given == torch.float32


def test_the_preprocessing_gets_float32_and_no_autocast() -> None:
    seen: list[tuple[torch.dtype, bool]] = []

    def preprocess(images: torch.Tensor) -> torch.Tensor:
        seen.append((images.dtype, torch.is_autocast_enabled("cpu")))
        return images * 2 - 1

    run(Seeing(), precision="bf16", preprocess=preprocess)
    run(Seeing().half(), preprocess=preprocess)
    assert seen == [(torch.float32, False)] * 2


def test_fp32_means_fp32_inside_somebodys_autocast() -> None:
    model = Seeing()
    with torch.autocast("cpu", dtype=torch.bfloat16):
        run(model)
        assert torch.is_autocast_enabled("cpu")
    assert model.made == torch.float32


def test_a_callable_runs_under_autocast_too() -> None:
    inner = Seeing()
    run(lambda images: inner(images), precision="bf16")
    assert inner.made == torch.bfloat16


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("bf61", "unknown precision 'bf61'; did you mean 'bf16'"),
        ("fp8", "unknown precision 'fp8'; did you mean 'fp"),
        ("half", r"unknown precision 'half'.*Known: bf16, fp16, fp32"),
    ],
)
def test_unknown_words(word: str, says: str) -> None:
    with pytest.raises(SpecError, match=says):
        ModelRunner(Seeing(), CPU, precision=word)


def test_a_precision_that_the_device_lacks_names_those_that_it_has(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(torch, "is_autocast_enabled", lambda kind: False)
    with pytest.raises(SpecError, match=r"'fp16' is not there on cpu with torch .*; use fp32$"):
        precisions.check_precision("fp16", CPU)
    monkeypatch.undo()
    monkeypatch.setattr(torch.cuda, "is_bf16_supported", lambda: False)
    with pytest.raises(SpecError, match="'bf16' is not there on cuda"):
        precisions.check_precision("bf16", torch.device("cuda"))


def test_an_operation_that_is_missing_in_half_says_so() -> None:
    def model(images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError("\"cdist\" not implemented for 'Half'")

    with pytest.raises(ModelError, match=r"cpu lacks this operation in fp16; use precision='fp32'"):
        run(model, precision="fp16")


def test_overflow_in_fp16_says_so() -> None:
    def model(images: torch.Tensor) -> torch.Tensor:
        return (images.half() * 60000 * 2).mean((1, 2, 3))

    with pytest.raises(ModelError, match=r"NaN or infinite.*fp16 ends at 65504"):
        run(model, precision="fp16")


def test_channels_last_reaches_images_and_weights() -> None:
    formats: list[bool] = []

    class Net(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(3, 4, 3)

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            last = torch.channels_last
            formats.append(images.is_contiguous(memory_format=last))
            formats.append(self.conv.weight.is_contiguous(memory_format=last))
            features: torch.Tensor = self.conv(images)
            return features.mean((1, 2, 3))

    torch.manual_seed(0)
    model, images = Net(), IMAGES.expand(-1, 3, -1, -1)
    with ModelRunner(model, CPU) as runner:
        plain = runner(images, IDS, 0)
    with ModelRunner(model, CPU, channels_last=True) as runner:
        last = runner(images, IDS, 0)
    assert formats == [False, False, True, True]
    assert torch.allclose(plain, last, atol=1e-6)
    assert model.conv.weight.is_contiguous()


def test_compile_wraps_the_model_for_the_run_only(monkeypatch: pytest.MonkeyPatch) -> None:
    compiled: list[Any] = []

    def compile_(model: Any) -> Any:
        compiled.append(model)
        return lambda images: model(images) + 1

    monkeypatch.setattr(torch, "compile", compile_)
    model = Seeing()
    plain, wrapped = run(model)[0], run(model, compile=True)[0]
    assert compiled == [model]
    assert torch.equal(wrapped, plain + 1)


def test_a_model_that_cannot_be_compiled_says_how_to_go_on(monkeypatch: pytest.MonkeyPatch) -> None:
    def compile_(model: Any) -> Any:
        def forward(images: torch.Tensor) -> torch.Tensor:
            raise torch._dynamo.exc.Unsupported("graph break")

        return forward

    monkeypatch.setattr(torch, "compile", compile_)
    with pytest.raises(ModelError, match="leave compile=True out"):
        run(Seeing(), compile=True)


@pytest.mark.slow
def test_a_compiled_model_gives_the_same_scores() -> None:
    torch.manual_seed(0)
    model = Seeing()
    before = {name: tensor.data_ptr() for name, tensor in model.named_parameters()}
    plain, compiled = run(model)[0], run(model, compile=True)[0]
    assert torch.allclose(plain, compiled, atol=1e-6)
    assert {name: tensor.data_ptr() for name, tensor in model.named_parameters()} == before
    assert model.training
