"""A later run finds what an earlier one measured, and nothing that has changed by a bit."""

from __future__ import annotations

import dataclasses
import functools
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import nn

from pytest_xraynoise import XrayDataset
from pytest_xraynoise.data import Normalized
from pytest_xraynoise.engine.cache import KeptMeasurements, Store
from pytest_xraynoise.engine.cache import keys as cache_keys
from pytest_xraynoise.engine.evaluation import run_request
from pytest_xraynoise.engine.request import LadderRequest
from pytest_xraynoise.engine.sharing import SharedMeasurements
from pytest_xraynoise.results import LadderResult

N, SIDE, BATCH = 24, 8, 8
BATCHES = N // BATCH
DRAW = torch.Generator().manual_seed(3)
TARGETS = torch.arange(N) % 2
IMAGES = torch.rand(N, 1, SIDE, SIDE, generator=DRAW) * 0.5 + 0.2 * TARGETS.view(-1, 1, 1, 1)
MASKS = (IMAGES[:, 0] > 0.5).long()

SEEN: list[int] = []


class Net(nn.Module):
    shift: torch.Tensor

    def __init__(self, gain: float = 1.0) -> None:
        super().__init__()
        generator = torch.Generator().manual_seed(0)
        self.gain = gain
        self.weight = nn.Parameter(torch.randn(SIDE * SIDE, 1, generator=generator))
        self.register_buffer("shift", torch.zeros(1), persistent=False)

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        SEEN.append(len(images))
        return self.gain * (images.flatten(1) - 0.5) @ self.weight + self.shift


class Lungs(nn.Module):
    def forward(self, images: torch.Tensor) -> torch.Tensor:
        SEEN.append(len(images))
        return torch.cat([0.5 - images, images - 0.5], 1)


def plain(images: torch.Tensor) -> torch.Tensor:
    SEEN.append(len(images))
    return images.mean((1, 2, 3)) - 0.5


class Run:
    """Sessions over one folder; each ``ask`` is a session of its own."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.said: list[str] = []

    def ask(
        self, model: Any, data: Any = None, noise: str = "poisson", **words: Any
    ) -> tuple[LadderResult, int]:
        """The result, and how many batches the model was given for it."""
        SEEN.clear()
        how = {w: words.pop(w) for w in ("preprocess", "precision") if w in words}
        store = SharedMeasurements(KeptMeasurements(Store(self.folder, self.said.append)))
        result = run_request(
            LadderRequest(noise, **{"severities": (1, 2), **words}),
            model,
            (IMAGES, TARGETS) if data is None else data,
            device="cpu",
            batch_size=BATCH,
            measurer=store,
            **how,
        )
        return result, len(SEEN)


@pytest.fixture
def run(tmp_path: Path) -> Run:
    return Run(tmp_path / "cache")


@pytest.mark.parametrize(
    ("model", "data"),
    [(Net, (IMAGES, TARGETS)), (Lungs, (IMAGES, MASKS)), (lambda: plain, (IMAGES, TARGETS))],
    ids=["classifier", "segmenter", "function"],
)
def test_a_second_run_asks_the_model_nothing(run: Run, model: Any, data: Any) -> None:
    first, calls = run.ask(model(), data)
    assert calls == 3 * BATCHES
    second, calls = run.ask(model(), data)
    assert calls == 0
    assert second.to_dict() == first.to_dict()
    assert len(second.strips) == 3
    assert run.said == []


@pytest.mark.parametrize(
    "words",
    [
        {"also": ("balanced_accuracy",)},
        {"metrics": ("auroc",)},
        {"confidence": 0.8},
        {"severities": (2,)},
    ],
)
def test_limits_metrics_and_fewer_rungs_are_read_from_it(run: Run, words: dict[str, Any]) -> None:
    run.ask(Net())
    result, calls = run.ask(Net(), **words)
    assert calls == 0
    alone = Run(run.folder.with_name("other"))
    assert result.to_dict() == alone.ask(Net(), **words)[0].to_dict()


def test_missing_rungs_and_other_kinds_are_added(run: Run) -> None:
    run.ask(Net())
    whole, calls = run.ask(Net(), severities=(1, 2, 3))
    assert calls == BATCHES
    assert run.ask(Net(), severities=(1, 2, 3))[1] == 0
    assert run.ask(Net(), noise="gaussian")[1] == 2 * BATCHES
    assert run.ask(Net(), repeats=2)[1] == 2 * BATCHES
    alone = Run(run.folder.with_name("other"))
    assert whole.to_dict() == alone.ask(Net(), severities=(1, 2, 3))[0].to_dict()


def test_other_numbers_of_a_segmenter(run: Run) -> None:
    run.ask(Lungs(), (IMAGES, MASKS), metrics=("dice",))
    assert run.ask(Lungs(), (IMAGES, MASKS), metrics=("area_error",))[1] == 3 * BATCHES
    assert run.ask(Lungs(), (IMAGES, MASKS), metrics=("area_error",))[1] == 0
    assert run.ask(Lungs(), (IMAGES, MASKS), metrics=("dice",))[1] == 0


def _last_bit(values: torch.Tensor, place: int) -> None:
    """The smallest change of one number."""
    with torch.no_grad():
        flat = values.view(-1)
        flat[place] = torch.nextafter(flat[place], torch.tensor(2.0))


def _with(change: Any) -> Net:
    net = Net()
    change(net)
    return net


@pytest.mark.parametrize(
    "change",
    [
        lambda net: _last_bit(net.weight, 7),
        lambda net: _last_bit(net.shift, 0),
        lambda net: setattr(net, "gain", 1.5),
    ],
    ids=["weight", "buffer", "attribute"],
)
def test_another_model_by_a_bit(run: Run, change: Any) -> None:
    run.ask(Net())
    assert run.ask(_with(change))[1] == 3 * BATCHES
    assert run.ask(_with(change))[1] == 0
    assert run.ask(Net())[1] == 0  # both are kept


def _images(place: int) -> Any:
    images = IMAGES.clone()
    _last_bit(images, place)
    return images, TARGETS


@pytest.mark.parametrize(
    "data",
    [
        _images(0),
        _images(IMAGES.numel() - 1),
        (IMAGES, torch.cat([TARGETS[:-1], 1 - TARGETS[-1:]])),
        (IMAGES[1:], TARGETS[1:]),
        XrayDataset((IMAGES, TARGETS), ids=[f"f{n}" for n in range(N)]),
        XrayDataset((IMAGES, TARGETS), groups=["a", "b"] * (N // 2)),
        XrayDataset((IMAGES, TARGETS), pixel_pitch=0.2),
        XrayDataset((IMAGES, TARGETS), intensity=Normalized(0.0, 1.0)),
        XrayDataset((IMAGES, TARGETS), labels=["sick"]),
    ],
    ids=["first", "last", "target", "fewer", "ids", "groups", "pitch", "intensity", "labels"],
)
def test_other_data_by_a_bit(run: Run, data: Any) -> None:
    run.ask(Net())
    assert run.ask(Net(), data)[1] >= 3
    assert run.ask(Net(), data)[1] == 0


def _halved(images: torch.Tensor) -> torch.Tensor:
    return images / 2


@pytest.mark.parametrize(
    "words", [{"seed": 1}, {"samples": 12}, {"precision": "bf16"}, {"preprocess": _halved}]
)
def test_another_question(run: Run, words: dict[str, Any]) -> None:
    run.ask(Net())
    assert run.ask(Net(), **words)[1] > 0
    assert run.ask(Net(), **words)[1] == 0


@pytest.mark.parametrize("name", ["__version__", "SPEC_VERSION", "FORMAT"])
def test_another_version(run: Run, monkeypatch: pytest.MonkeyPatch, name: str) -> None:
    run.ask(Net())
    monkeypatch.setattr(cache_keys, name, "other")
    assert run.ask(Net())[1] == 3 * BATCHES


def test_other_code(run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A helper beside the class counts."""
    code = (
        "import torch\nfrom torch import nn\nCALLS = []\n\n"
        "def gain(): return {gain}\n\n"
        "class Model(nn.Module):\n"
        "    def forward(self, images):\n"
        "        CALLS.append(1)\n"
        "        return gain() * (images.mean((1, 2, 3)) - 0.5)\n"
    )

    def calls(gain: str, name: str) -> int:
        folder = tmp_path / name
        folder.mkdir()
        (folder / "their_model.py").write_text(code.format(gain=gain))
        with monkeypatch.context() as patched:
            patched.syspath_prepend(str(folder))
            patched.delitem(__import__("sys").modules, "their_model", raising=False)
            module: Any = __import__("their_model")
            run.ask(module.Model())
            patched.delitem(__import__("sys").modules, "their_model")
            return len(module.CALLS)

    assert calls("1", "a") == 3 * BATCHES
    assert calls("1", "b") == 0
    assert calls("2", "c") == 3 * BATCHES


class Holder:
    """A callable with state."""

    def __init__(self, net: nn.Module, level: float) -> None:
        self.net, self.level = net, level

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        out: torch.Tensor = self.net(images) - self.level
        return out


def test_a_callable_with_state_is_told_by_it(run: Run) -> None:
    run.ask(Holder(Net(), 0.1))
    assert run.ask(Holder(Net(), 0.1))[1] == 0
    assert run.ask(Holder(Net(), 0.2))[1] == 3 * BATCHES
    assert run.ask(Holder(Net(2.0), 0.1))[1] == 3 * BATCHES


def _closure() -> Any:
    net = Net()

    def model(images: torch.Tensor) -> Any:
        return net(images)

    return model


def _hooked() -> nn.Module:
    net = Net()
    net.register_forward_hook(lambda module, args, out: out * 2)
    return net


@pytest.mark.parametrize(
    ("model", "why"),
    [
        (lambda images: plain(images), "a lambda"),
        (_closure(), "a closure"),
        (functools.partial(lambda images, k: k * plain(images), k=2), "a lambda"),
        (_hooked(), "hooks"),
    ],
    ids=["lambda", "closure", "partial", "hooks"],
)
def test_what_cannot_be_told_is_not_cached_and_that_is_said_once(
    run: Run, model: Any, why: str
) -> None:
    store = SharedMeasurements(KeptMeasurements(Store(run.folder, run.said.append)))
    for severity in (1, 2):
        request = LadderRequest("poisson", severities=(severity,))
        run_request(request, model, (IMAGES, TARGETS), device="cpu", measurer=store)
    assert len(run.said) == 1
    assert "not cached" in run.said[0]
    assert why in run.said[0]
    assert not run.folder.exists()


def test_damaged_entries_are_measured_again(run: Run) -> None:
    first, _ = run.ask(Net())
    entries = sorted(run.folder.rglob("rung-*.npz"))
    assert len(entries) == 2
    content = bytearray(entries[0].read_bytes())
    content[len(content) // 2] ^= 1
    entries[0].write_bytes(bytes(content))
    again, calls = run.ask(Net())
    assert calls == BATCHES
    assert again.to_dict() == first.to_dict()
    assert "is damaged" in run.said[0]
    assert run.ask(Net())[1] == 0


@dataclasses.dataclass
class Known:
    """A dataset that says what it is."""

    fingerprint: str
    reads: int = 0

    def __len__(self) -> int:
        return N

    def __getitem__(self, index: int) -> tuple[Any, int]:
        self.reads += 1
        return IMAGES[index], int(TARGETS[index])


def test_data_with_a_fingerprint_are_not_read(run: Run) -> None:
    first, _ = run.ask(Net(), Known("a"))
    data = Known("a")
    second, calls = run.ask(Net(), data)
    assert (calls, data.reads) == (0, 0)
    assert second.to_dict() == first.to_dict()
    assert run.ask(Net(), Known("b"))[1] == 3 * BATCHES


def test_digests_of_arrays_and_tensors() -> None:
    digest = cache_keys.content_digest
    values = np.arange(4.0)
    assert digest(values) == digest(values.copy())
    assert len({digest(values), digest(values[::-1]), digest(values.astype("f4"))}) == 3
    assert digest(["ab", "c"]) != digest(["a", "bc"])
    assert digest({"a": 1}) != digest({"a": 1.0})
