"""The model in eval mode for the length of a block, and exactly as it was afterwards."""

from __future__ import annotations

import functools
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import nn

from pytest_xraynoise.errors import DataError, ModelError
from pytest_xraynoise.models import ModelRunner, model_name

CPU = torch.device("cpu")
IMAGES = torch.rand(3, 1, 4, 4, generator=torch.Generator().manual_seed(0))
IDS = ["a", "b", "c"]


class Net(nn.Module):
    """Partially frozen: the head trains, the batch norm of the body does not."""

    def __init__(self, fails: bool = False) -> None:
        super().__init__()
        self.body = nn.Sequential(nn.Conv2d(1, 2, 3), nn.BatchNorm2d(2), nn.Dropout(0.5))
        self.head = nn.Linear(2, 1)
        self.fails = fails
        self.seen: list[tuple[bool, bool]] = []
        self.train()
        self.body[1].eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        self.seen.append((self.training, torch.is_grad_enabled()))
        if self.fails:
            raise RuntimeError("weights are corrupt")
        features: torch.Tensor = self.body(images).mean((2, 3))
        scores: torch.Tensor = self.head(features)
        return scores


def flags(model: nn.Module) -> dict[str, bool]:
    return {name: module.training for name, module in model.named_modules()}


def run(model: Any, **how: Any) -> torch.Tensor:
    with ModelRunner(model, CPU, **how) as runner:
        return runner(IMAGES, IDS, 2)


@pytest.mark.parametrize("fails", [False, True])
@pytest.mark.parametrize("grad", [False, True])
def test_model_is_left_as_it_was(fails: bool, grad: bool) -> None:
    torch.manual_seed(0)
    model = Net(fails)
    before, state = flags(model), {k: v.clone() for k, v in model.state_dict().items()}
    assert set(before.values()) == {True, False}
    with torch.set_grad_enabled(grad):
        if fails:
            with pytest.raises(ModelError, match="weights are corrupt"):
                run(model)
        else:
            assert not run(model).requires_grad
        assert torch.is_grad_enabled() is grad
    assert model.seen == [(False, False)]
    assert flags(model) == before
    assert all(torch.equal(value, state[name]) for name, value in model.state_dict().items())


def test_dropout_and_batch_norm_are_off() -> None:
    model = Net()
    assert torch.equal(run(model), run(model))
    model.eval()
    with torch.no_grad():
        assert torch.equal(run(model), model(IMAGES))


def test_leaving_with_an_error_of_someone_else_restores_too() -> None:
    model = Net()
    before = flags(model)
    with pytest.raises(KeyError), ModelRunner(model, CPU):
        raise KeyError("elsewhere")
    assert flags(model) == before
    assert torch.is_grad_enabled()


def test_model_may_write_into_its_input() -> None:
    def destructive(images: torch.Tensor) -> torch.Tensor:
        return images.sub_(0.5).mean((1, 2, 3))

    before = IMAGES.clone()
    assert torch.allclose(run(destructive), before.mean((1, 2, 3)) - 0.5)
    assert torch.equal(IMAGES, before)


def test_grey_shown_as_three_channels_reaches_the_model_in_one_piece() -> None:
    def picky(images: torch.Tensor) -> torch.Tensor:
        return images.view(len(images), -1).sum(1)

    with ModelRunner(picky, CPU) as runner:
        runner(IMAGES.expand(-1, 3, -1, -1), IDS, 0)


def test_meta_parameters_cannot_be_run() -> None:
    model = Net().to("meta")
    before = flags(model)
    with pytest.raises(ModelError, match="could not be moved to cpu"):
        run(model)
    assert flags(model) == before


def test_model_spread_over_devices() -> None:
    model = Net()
    model.head.to("meta")
    with pytest.raises(ModelError, match=r"spread over devices \(body.0.weight on cpu, head.*meta"):
        run(model)


def test_module_that_cannot_be_set_to_eval() -> None:
    class Exported(nn.Module):
        def train(self, mode: bool = True) -> Exported:
            raise NotImplementedError("Calling eval() is not supported yet.")

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return images.mean((1, 2, 3))

    model = Exported()
    with pytest.raises(ModelError, match=r"could not be put into eval mode.*lambda images"):
        run(model)
    run(lambda images: model(images))  # the way out that the message shows


@pytest.mark.parametrize(
    ("model", "says"),
    [
        (None, "the model is a NoneType, which cannot be called"),
        ({"state_dict": 1}, "the model is a dict, which cannot be called"),
        (Net, r"the class Net itself; return an instance: Net\(...\)"),
    ],
)
def test_not_a_model(model: Any, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        ModelRunner(model, CPU)


def test_preprocess_model_and_output_in_this_order() -> None:
    scores = run(
        lambda images: {"a": images.mean((1, 2, 3)), "b": images},
        preprocess=lambda images: images * 2 - 1,
        output=lambda raw: raw["a"],
    )
    assert torch.allclose(scores, IMAGES.mean((1, 2, 3)) * 2 - 1)


@pytest.mark.parametrize("dtype", [torch.float16, torch.bfloat16, torch.float64, torch.int64])
def test_scores_are_float32(dtype: torch.dtype) -> None:
    assert run(lambda images: torch.ones(3, 2, dtype=dtype)).dtype == torch.float32


@pytest.mark.parametrize(
    ("output", "says"),
    [
        (torch.zeros(2, 5), r"shape \(2, 5\) for a batch of 3.*expected one row.*\(3, \.\.\.\)"),
        (torch.tensor(1.0), r"shape \(\) for a batch of 3"),
        (torch.zeros(3, 0), r"shape \(3, 0\)"),
        (
            torch.tensor([[0.0], [float("nan")], [float("inf")]]),
            r"NaN or infinite values for 2 of 3 images, first for sample 'b' "
            r"\(samples 'a' to 'c' at severity 2\)",
        ),
    ],
)
def test_outputs_that_cannot_be_scored(output: torch.Tensor, says: str) -> None:
    with pytest.raises(ModelError, match=says):
        run(lambda images: output)


def test_squeezed_last_batch_gets_a_hint() -> None:
    with (
        ModelRunner(lambda images: torch.zeros(5), CPU) as runner,
        pytest.raises(ModelError, match=r"shape \(5,\) for a batch of 1.*squeeze\(\)"),
    ):
        runner(IMAGES[:1], ["a"], 0)


def test_output_hook_has_to_give_a_tensor() -> None:
    with pytest.raises(ModelError, match=r"is a float, no tensor; xray_output \(output=\)"):
        run(lambda images: images, output=lambda raw: 0.5)


def users_function_that_fails(images: torch.Tensor) -> torch.Tensor:
    return images @ torch.zeros(9, 9)


@pytest.mark.parametrize(
    ("how", "what"),
    [
        ({"model": users_function_that_fails}, "the model"),
        ({"model": len, "preprocess": users_function_that_fails}, "xray_preprocess"),
        (
            {"model": lambda images: images, "output": users_function_that_fails},
            "xray_output",
        ),
    ],
)
def test_errors_show_the_users_frames_and_not_ours(how: dict[str, Any], what: str) -> None:
    with pytest.raises(ModelError) as error:
        run(**how)
    message = str(error.value)
    assert message.startswith(f"{what} raised RuntimeError on samples 'a' to 'c' at severity 2")
    assert "(input (3, 1, 4, 4))" in message
    assert "return images @ torch.zeros(9, 9)" in message
    assert "runner.py" not in message.replace("test_runner.py", "")
    assert isinstance(error.value.__cause__, RuntimeError)


def test_errors_deep_in_torch_still_show_the_users_frames() -> None:
    class Deep(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.layers = nn.Sequential(nn.Sequential(nn.Sequential(nn.Linear(99, 1))))

        def forward(self, images: torch.Tensor) -> torch.Tensor:
            return self.layers(images)  # type: ignore[no-any-return]

    with pytest.raises(ModelError) as error:
        run(Deep())
    assert "return self.layers(images)" in str(error.value)
    assert "torch/nn/modules" not in str(error.value)


def test_errors_of_a_bare_torch_module_show_torch() -> None:
    with pytest.raises(ModelError, match=r"(?s)RuntimeError.*linear\.py"):
        run(nn.Linear(99, 1))


def test_our_own_errors_pass_through() -> None:
    def refuses(images: torch.Tensor) -> torch.Tensor:
        raise DataError("said by a wrapper")

    with pytest.raises(DataError, match=r"^said by a wrapper$"):
        run(refuses)


@pytest.mark.parametrize(
    ("model", "name"),
    [
        (Net(), "Net"),
        (users_function_that_fails, "users_function_that_fails"),
        (functools.partial(users_function_that_fails), "partial"),
    ],
)
def test_names(model: Callable[..., Any], name: str) -> None:
    assert model_name(model) == name


def test_name_of_its_own() -> None:
    model = Net()
    model.xraynoise_name = "densenet, epoch 3"  # type: ignore[assignment]
    assert model_name(model) == "densenet, epoch 3"
