"""Whatever is edited in place gives other signs; whatever is left alone, the same ones."""

from __future__ import annotations

import argparse
import functools
import logging
import sys
import types
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn
from torch.utils.data import ConcatDataset, DataLoader, Dataset, Subset, TensorDataset

from pytest_xraynoise import XrayDataset
from pytest_xraynoise.engine import bits, signs
from pytest_xraynoise.engine.evaluation import run_request
from pytest_xraynoise.engine.identity import fingerprint
from pytest_xraynoise.engine.request import LadderRequest
from pytest_xraynoise.engine.sharing import SharedMeasurements

LOG = logging.getLogger(__name__)
NET = nn.Linear(4, 1)
GAIN = 1.0
TABLE = {"gain": [1.0]}
SETTINGS = argparse.Namespace(gain=1.0)
SCALE = np.ones(2)
N = 24


class Arrays(Dataset[Any]):
    def __init__(self) -> None:
        draw = np.random.default_rng(0)
        self.labels = np.arange(N) % 2
        level = 0.2 * self.labels[:, None, None, None]
        self.images = (draw.random((N, 1, 8, 8)) * 0.5 + level).astype(np.float32)

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[torch.Tensor, int]:
        return torch.from_numpy(self.images[index]), int(self.labels[index])


class Net(nn.Module):
    slope = 1.0

    def __init__(self) -> None:
        super().__init__()
        self.linear = nn.Linear(4, 4)
        self.cfg = {"gain": 1.0}
        self.scale = np.ones(1)
        self.extra = [torch.ones(1)]

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        LOG.debug("called")
        found: torch.Tensor = self.linear(images) * GAIN
        return found


class Caller:
    def __init__(self, net: nn.Module) -> None:
        self.net = net

    def __call__(self, images: torch.Tensor) -> Any:
        return self.net(images)


OBJECT = Caller(NET)


def _inner(images: torch.Tensor) -> Any:
    return NET(images)


def indirect(images: torch.Tensor) -> Any:
    return _inner(images).sigmoid()


def by_object(images: torch.Tensor) -> Any:
    return OBJECT(images)


def by_gain(images: torch.Tensor) -> torch.Tensor:
    nested: Callable[[torch.Tensor], torch.Tensor] = lambda x: x * GAIN  # noqa: E731
    return nested(images)


def by_table(images: torch.Tensor) -> torch.Tensor:
    gain: float = TABLE["gain"][0] * SETTINGS.gain * float(SCALE[0])
    return images * gain


@torch.no_grad()
def decorated(images: torch.Tensor) -> Any:
    return NET(images)


def is_seen(thing: Any, change: Callable[[], object]) -> bool:
    """Whether signs stay while nothing changes, and do not when something does."""
    before = fingerprint(thing)
    assert fingerprint(thing) == before
    change()
    return fingerprint(thing) != before


def _reverse(values: Any) -> None:
    values[:] = values[::-1].copy() if isinstance(values, np.ndarray) else values.flip(0)


@pytest.mark.parametrize("name", ["labels", "images"])
def test_an_array_in_another_order(name: str) -> None:
    data = Arrays()
    assert is_seen(data, lambda: _reverse(getattr(data, name)))


@pytest.mark.parametrize(
    "wrap",
    [
        lambda data: data,
        XrayDataset,
        lambda data: Subset(data, list(range(8))),
        DataLoader,
        lambda data: XrayDataset(DataLoader(Subset(ConcatDataset([data, data]), [0, 1, 2]))),
    ],
)
def test_targets_edited_below_wrappers(wrap: Callable[[Any], Any]) -> None:
    data = TensorDataset(torch.rand(10, 1, 8, 8), torch.arange(10) % 2)
    assert is_seen(wrap(data), lambda: data.tensors[1].data.copy_(1 - data.tensors[1]))


def test_pairs_edited_in_place_and_replaced() -> None:
    pairs: list[Any] = [(torch.rand(1, 8, 8), torch.tensor(0.0)) for _ in range(100)]
    assert is_seen(XrayDataset(pairs), lambda: pairs[0][1].fill_(1.0))
    assert is_seen(pairs, lambda: pairs.__setitem__(80, (pairs[80][0], torch.tensor(1.0))))
    plain: list[Any] = [(f"{n}.png", n % 2) for n in range(1000)]
    assert is_seen(plain, lambda: plain.__setitem__(999, ("999.png", 0)))
    labels = [0, 1] * 500
    assert is_seen(XrayDataset(pairs, ids=labels), lambda: labels.__setitem__(998, 1))


@pytest.mark.parametrize(
    "change",
    [
        lambda net: net.cfg.__setitem__("gain", 2.0),
        lambda net: net.scale.__setitem__(0, 2.0),
        lambda net: net.extra[0].data.fill_(2.0),
        lambda net: setattr(net, "forward", types.MethodType(lambda self, x: -x, net)),
        lambda net: net.linear.weight.data.copy_(net.linear.weight.detach().flip(0)),
    ],
)
def test_a_model_edited_in_place(change: Callable[[Net], object]) -> None:
    net = Net()
    assert is_seen(net, functools.partial(change, net))
    assert is_seen(lambda images: net(images), lambda: net.extra.append(torch.ones(1)))


@pytest.mark.parametrize("name", ["forward", "slope"])
def test_a_class_that_is_patched(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_seen(Net(), lambda: monkeypatch.setattr(Net, name, lambda self, x: -x))
    assert is_seen(nn.ReLU(), lambda: monkeypatch.setattr(nn.ReLU, "forward", lambda self, x: -x))


@pytest.mark.parametrize("function", [indirect, by_object, decorated, Caller(NET)])
def test_weights_behind_a_function(function: Any) -> None:
    assert is_seen(function, lambda: NET.weight.data.mul_(-1))


@pytest.mark.parametrize("thing", [by_gain, Net()])
def test_a_plain_global(thing: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    module = sys.modules[__name__]
    assert is_seen(thing, lambda: monkeypatch.setattr(module, "GAIN", -1.0))


def test_globals_that_hold_settings(monkeypatch: pytest.MonkeyPatch) -> None:
    assert is_seen(by_table, lambda: TABLE["gain"].__setitem__(0, TABLE["gain"][0] + 1))
    assert is_seen(by_table, lambda: monkeypatch.setattr(SETTINGS, "gain", 2.0))
    assert is_seen(by_table, lambda: SCALE.__iadd__(1))


def test_a_global_behind_a_module(monkeypatch: pytest.MonkeyPatch) -> None:
    helper = types.ModuleType("helper_of_a_model")
    helper.__dict__["NET"] = net = nn.Linear(2, 1)
    monkeypatch.setitem(globals(), "helper", helper)
    code = compile("def call(images): return helper.NET(images)", "<test>", "exec")
    exec(code, globals(), space := dict[str, Any]())
    assert is_seen(space["call"], lambda: net.weight.data.mul_(-1))


def test_what_is_too_much_or_hidden_equals_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    pairs = [(torch.rand(1), n) for n in range(50)]
    assert fingerprint(pairs) == fingerprint(pairs)
    meta = nn.Linear(1, 1, device="meta")
    assert fingerprint(meta) != fingerprint(meta)
    monkeypatch.setattr(signs, "_MOST", 40)
    assert fingerprint(pairs) != fingerprint(pairs)


@pytest.mark.parametrize("exact", [bits.EXACT, 64])
def test_a_checksum_sees_changes_and_swaps(exact: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(bits, "EXACT", exact)
    values = np.random.default_rng(0).random(100_003)
    for at in (0, 1, 4097, 77_777, 100_001):
        before = bits.array_sign(values)
        values[[at, at + 1]] = values[[at + 1, at]]
        swapped = bits.array_sign(values)
        values[at] = np.nextafter(values[at], 2)
        assert len({before, swapped, bits.array_sign(values)}) == 3


def test_masked_arrays_scalars_and_cycles() -> None:
    masked: Any = np.ma.masked_array(np.ones(4), mask=np.zeros(4, bool))
    assert is_seen(masked, lambda: masked.mask.__setitem__(0, True))
    own = types.SimpleNamespace(value=1)
    own.own = own
    assert is_seen(own, lambda: setattr(own, "value", True))


class Scripted(nn.Module):
    def __init__(self) -> None:
        super().__init__()
        self.linear, self.gain = nn.Linear(2, 1), 1.0

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        return torch.mul(self.linear(images), self.gain)


@pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::DeprecationWarning")
def test_a_scripted_model() -> None:
    net: Any = torch.jit.script(Scripted())
    assert is_seen(net, lambda: setattr(net, "gain", 2.0))
    assert is_seen(net, lambda: net.linear.weight.data.mul_(-1))


def _auroc(store: SharedMeasurements, data: Any) -> float:
    request = LadderRequest("gaussian", severities=(1,), task="binary")
    found = run_request(request, MODEL, data, device="cpu", batch_size=8, measurer=store)
    return found.rungs[0].metrics["auroc"].value


LAYER = nn.Linear(64, 1)
nn.init.constant_(LAYER.weight, 0.3)
MODEL = nn.Sequential(nn.Flatten(), LAYER)


def test_verdicts_follow_labels_that_are_flipped_in_place() -> None:
    store, data = SharedMeasurements(), Arrays()
    wrapped = XrayDataset(TensorDataset(torch.from_numpy(data.images), torch.arange(N) % 2))
    assert _auroc(store, data) == _auroc(store, wrapped) > 0.9
    _reverse(data.labels)  # the same labels, in another order
    _reverse(wrapped.data.tensors[1])
    assert _auroc(store, data) == _auroc(store, wrapped) < 0.1
