"""The process and the module are left exactly as they were found, whatever ran in between."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import ModelRunner, preserved_state
from pytest_xraynoise.models.belongings import Belongings

CPU = torch.device("cpu")
CUDNN: Any = torch.backends.cudnn  # whose attributes are made at run time
IMAGES = torch.rand(2, 1, 4, 4, generator=torch.Generator().manual_seed(0))
IDS = ["a", "b"]


@pytest.fixture(autouse=True)
def _leave_torch_alone() -> Iterator[None]:
    """A failing test here must not spoil those that follow."""
    with preserved_state(CPU):
        yield


def legacy(name: str) -> Callable[[], Any]:
    """Reads a switch under its old name, which contradicting new names make unreadable."""

    def read() -> Any:
        try:
            return getattr(torch.backends.cudnn, name)
        except RuntimeError:
            return "unreadable"

    return read


def new_tf32() -> str:
    return str(CUDNN.conv.fp32_precision)


def set_(owner: Any, name: str, value: Any) -> Callable[[], None]:
    return lambda: setattr(owner, name, value)


READS: dict[str, tuple[Callable[[], Any], Callable[[], Any]]] = {
    "torch": (lambda: torch.get_rng_state().tolist(), lambda: torch.rand(3)),
    "torch seed": (lambda: torch.initial_seed(), lambda: torch.manual_seed(123)),
    "numpy": (
        lambda: np.random.get_state()[1].tolist(),  # type: ignore[index]  # noqa: NPY002
        lambda: np.random.seed(5),  # noqa: NPY002
    ),
    "numpy position": (
        lambda: np.random.get_state()[2],  # type: ignore[index]  # noqa: NPY002
        lambda: np.random.rand(3),  # noqa: NPY002
    ),
    "random": (lambda: random.getstate(), lambda: random.random()),
    "grad": (torch.is_grad_enabled, lambda: torch.set_grad_enabled(not torch.is_grad_enabled())),
    "default dtype": (torch.get_default_dtype, lambda: torch.set_default_dtype(torch.float64)),
    "threads": (torch.get_num_threads, lambda: torch.set_num_threads(3)),
    "cudnn.enabled": (legacy("enabled"), set_(torch.backends.cudnn, "enabled", False)),
    "cudnn.benchmark": (legacy("benchmark"), set_(torch.backends.cudnn, "benchmark", True)),
    "cudnn.deterministic": (
        legacy("deterministic"),
        set_(torch.backends.cudnn, "deterministic", True),
    ),
    "cudnn.allow_tf32": (legacy("allow_tf32"), set_(torch.backends.cudnn, "allow_tf32", False)),
    "cudnn.allow_tf32 by its new name": (
        new_tf32,
        set_(CUDNN.conv, "fp32_precision", "ieee"),
    ),
    "matmul.allow_tf32": (
        lambda: torch.backends.cuda.matmul.allow_tf32,
        set_(torch.backends.cuda.matmul, "allow_tf32", True),
    ),
    "matmul precision": (
        torch.get_float32_matmul_precision,
        lambda: torch.set_float32_matmul_precision("high"),
    ),
    "deterministic algorithms": (
        torch.are_deterministic_algorithms_enabled,
        lambda: torch.use_deterministic_algorithms(True),
    ),
    "autocast": (
        lambda: torch.is_autocast_enabled("cpu"),
        lambda: torch.set_autocast_enabled("cpu", True),
    ),
    "autocast dtype": (
        lambda: torch.get_autocast_dtype("cpu"),
        lambda: torch.set_autocast_dtype("cpu", torch.float16),
    ),
    "autocast of cuda": (
        lambda: torch.is_autocast_enabled("cuda"),
        lambda: torch.set_autocast_enabled("cuda", True),
    ),
}


@pytest.mark.parametrize("name", READS)
@pytest.mark.parametrize("fails", [False, True])
def test_what_a_model_changes_is_put_back(name: str, fails: bool) -> None:
    read, change = READS[name]
    before = read()

    def model(images: torch.Tensor) -> torch.Tensor:
        entered = read()
        change()
        assert read() != entered, "the test changes nothing"
        if fails:
            raise ValueError("weights are corrupt")
        return images.float().mean((1, 2, 3)).float()

    with ModelRunner(model, CPU) as runner:
        if fails:
            with pytest.raises(ModelError, match="weights are corrupt"):
                runner(IMAGES, IDS, 0)
        else:
            runner(IMAGES, IDS, 0)
    assert read() == before


def test_all_switches_at_once_and_nothing_is_written_that_did_not_change(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    before = {name: read() for name, (read, _) in READS.items()}
    with preserved_state(CPU):
        for _, change in READS.values():
            change()
    assert {name: read() for name, (read, _) in READS.items()} == before
    monkeypatch.setattr(torch, "set_num_threads", lambda n: pytest.fail("wrote the threads"))
    with preserved_state(CPU):
        pass


def test_the_cuda_generators_are_kept_on_every_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    states = {0: torch.tensor([1]), 1: torch.tensor([2])}
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda index: states[index].clone())
    monkeypatch.setattr(
        torch.cuda, "set_rng_state", lambda state, index: states.update({index: state})
    )

    def model() -> None:
        states[1] = torch.tensor([99])
        raise KeyError("model")

    with pytest.raises(KeyError), preserved_state(CPU):
        model()
    assert {index: int(state) for index, state in states.items()} == {0: 1, 1: 2}


def test_a_run_on_the_cpu_does_not_wake_cuda(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_initialized", lambda: False)
    monkeypatch.setattr(torch.cuda, "get_rng_state", lambda index: pytest.fail("woke CUDA"))
    with preserved_state(CPU):
        pass


class Counting(nn.Module):
    """Counts in a buffer, registers another one on its first call, and shares its weights."""

    def __init__(self) -> None:
        super().__init__()
        self.first = nn.Conv2d(1, 2, 3)
        self.second = nn.Conv2d(1, 2, 3)
        self.second.weight = self.first.weight
        self.register_buffer("calls", torch.zeros(1))
        self.register_buffer("absent", None)
        self.frozen = nn.BatchNorm2d(2).eval()

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        assert isinstance(self.calls, torch.Tensor)
        self.calls += 1
        self.register_buffer("grid", torch.ones(1, device=images.device))
        features: torch.Tensor = self.frozen(self.first(images) + self.second(images))
        return features.mean((1, 2, 3))


def identity(model: nn.Module) -> dict[str, tuple[int, int, tuple[int, ...], torch.device]]:
    """Which objects hold which memory, in which layout, where."""
    parameters = model.named_parameters(remove_duplicate=False)
    tensors = {**dict(parameters), **dict(model.named_buffers())}
    return {n: (id(t), t.data_ptr(), t.stride(), t.device) for n, t in tensors.items()}


@pytest.mark.parametrize("channels_last", [False, True])
def test_the_module_has_its_own_tensors_back(channels_last: bool) -> None:
    torch.manual_seed(0)
    model = Counting()
    flags = {name: module.training for name, module in model.named_modules()}
    assert set(flags.values()) == {True, False}
    values = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    held = identity(model)
    with ModelRunner(model, CPU, channels_last=channels_last) as runner:
        assert not any(module.training for module in model.modules())
        runner(IMAGES, IDS, 0)
        assert int(model.calls) == 1  # type: ignore[arg-type]
    after = identity(model)
    assert after.pop("grid")[3] == CPU
    assert after == held
    assert model.first.weight is model.second.weight
    assert {name: module.training for name, module in model.named_modules()} == flags
    state = model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in values.items())


def test_a_module_that_was_moved_comes_back_to_the_memory_that_it_had() -> None:
    """No second device is at hand: what ``to`` does to parameters and buffers, done by hand."""
    model = Counting()
    model.first.weight.grad = torch.ones_like(model.first.weight)
    grad, held = model.first.weight.grad, identity(model)
    values = {name: tensor.clone() for name, tensor in model.state_dict().items()}
    kept = Belongings(model)
    model.to(torch.float64)  # new memory for parameters, new objects for buffers, new gradients
    assert identity(model) != held
    model.eval()
    kept.put_back()
    assert identity(model) == held
    assert model.first.weight.grad is grad
    assert model.first.training
    state = model.state_dict()
    assert all(torch.equal(state[name], value) for name, value in values.items())


def test_memory_that_is_shared_with_others_stays_shared() -> None:
    model = nn.Linear(4, 1)
    view = model.weight.data.view(-1)
    kept = Belongings(model)
    model.to(torch.float64)
    kept.put_back()
    view.fill_(7)
    assert float(model.weight.detach()[0, 0]) == 7


def test_parameters_that_the_model_replaced_come_back() -> None:
    model = nn.Linear(4, 1)
    before = model.weight
    kept = Belongings(model)
    model.weight = nn.Parameter(torch.zeros(1, 4))
    kept.put_back()
    assert model.weight is before


def test_lazy_modules_keep_what_their_first_call_made() -> None:
    model = nn.Sequential(nn.Flatten(), nn.LazyLinear(1), nn.LazyBatchNorm1d())
    with ModelRunner(model, CPU) as runner:
        first = runner(IMAGES, IDS, 0)
    with ModelRunner(model, CPU) as runner:
        assert torch.equal(runner(IMAGES, IDS, 0), first)
    assert model[1].weight.shape == (1, 16)
    assert model.training


def test_a_buffer_of_nan_is_put_back_too() -> None:
    model = nn.Identity()
    model.register_buffer("nothing", torch.full((2,), float("nan")))
    kept = Belongings(model)
    assert isinstance(model.nothing, torch.Tensor)
    model.nothing.zero_()
    kept.put_back()
    assert torch.isnan(model.nothing).all()


def test_entering_that_fails_leaves_everything_too() -> None:
    model = nn.Sequential(nn.Linear(4, 1), nn.Dropout()).to("meta")
    model[1].eval()
    with pytest.raises(ModelError, match="could not be moved to cpu"), ModelRunner(model, CPU):
        pass
    assert [module.training for module in model.modules()] == [True, True, False]
    assert torch.is_grad_enabled()
    assert next(model.parameters()).is_meta


def test_a_model_on_another_device_than_its_buffers_is_named() -> None:
    model = Counting()
    model.calls = torch.zeros(1, device="meta")
    with (
        pytest.raises(
            ModelError, match=r"spread over devices \(first.weight on cpu, calls on meta"
        ),
        ModelRunner(model, CPU),
    ):
        pass


def test_a_plain_tensor_that_did_not_move_gets_a_hint() -> None:
    def model(images: torch.Tensor) -> torch.Tensor:
        raise RuntimeError(
            "Expected all tensors to be on the same device, but found cuda:0 and cpu"
        )

    with pytest.raises(ModelError, match="register_buffer"), ModelRunner(model, CPU) as runner:
        runner(IMAGES, IDS, 0)
