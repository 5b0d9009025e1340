"""What the code of a model reads from around it belongs to its digest."""

from __future__ import annotations

import importlib
import itertools
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import torch

from pytest_xraynoise.engine.cache.code_digest import NotFingerprintableError
from pytest_xraynoise.engine.cache.keys import content_digest

COUNT = itertools.count()

HELPER = """
import torch

SCALE = 1.0
WEIGHT = torch.ones(2)

def scaled(x): return x * SCALE
"""

MODEL = """
import dataclasses, functools, logging, threading, types
import torch
from torch import nn
import {helper}
from {helper} import scaled

log = logging.getLogger(__name__)
NET = nn.Linear(4, 1)
GAIN = 1.0
TABLE = {{"gain": [1.0]}}
LOCK = threading.Lock()
SPACE = types.SimpleNamespace(gain=1.0)
act = lambda x: x * GAIN


class Object:
    def __init__(self, net): self.net = net
    def __call__(self, x): return self.net(x)

OBJECT = Object(NET)

def inner(x): return NET(x)
def indirect(x): return inner(x)
def by_object(x): return OBJECT(x)
def by_gain(x): return x * GAIN
def by_table(x): return x * TABLE["gain"][0]
def by_lambda(x): return act(x)
def nested(x): return [(lambda y: inner(y))(one) for one in x]
def imported(x): return scaled(x)
def of_module(x): return x * {helper}.WEIGHT
def via_class(x): return Model()(x)

@functools.lru_cache
def cached(n): return n * GAIN

def by_cached(x): return x * cached(1)

class Model(nn.Module):
    def forward(self, x):
        log.info("called")
        return self.kept(x) + self.gain

    @torch.no_grad()
    def kept(self, x): return inner(x)

    @property
    def gain(self): return GAIN

class Patched(nn.Module):
    def forward(self, x): return x

@dataclasses.dataclass
class Data:
    many: list = dataclasses.field(default_factory=list)
    level: float = 1.0

    def __call__(self, x): return inner(x)

def locked(x):
    with LOCK: return x

def indirectly_locked(x): return locked(x)

def spaced(x): return x * SPACE.gain

class Locked(nn.Module):
    def forward(self, x): return locked(x)

def member(x): return x if 1 in {{"a", "b", 1}} else {{"a": (1, 2)}}
def forever(n): return forever(n - 1) if n else GAIN
"""


@pytest.fixture
def their(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """A fresh module of a user's, with a helper module beside it."""
    number = next(COUNT)
    helper, name = f"their_helper_{number}", f"their_globals_{number}"
    (tmp_path / f"{helper}.py").write_text(HELPER)
    (tmp_path / f"{name}.py").write_text(MODEL.format(helper=helper))
    monkeypatch.syspath_prepend(str(tmp_path))
    module: Any = importlib.import_module(name)
    module.helper = importlib.import_module(helper)
    yield module
    for one in (helper, name):
        sys.modules.pop(one)


def _weight(their: Any) -> None:
    with torch.no_grad():
        their.NET.weight.mul_(-1)


def _gain(their: Any) -> None:
    their.GAIN = 2.0


def _scale(their: Any) -> None:
    their.helper.SCALE = 2.0


@pytest.mark.parametrize(
    ("name", "change"),
    [
        ("indirect", _weight),
        ("by_object", _weight),
        ("nested", _weight),
        ("by_gain", _gain),
        ("by_lambda", _gain),
        ("by_cached", _gain),
        ("forever", _gain),
        ("by_table", lambda their: their.TABLE["gain"].__setitem__(0, 2.0)),
        ("imported", _scale),
        ("of_module", lambda their: their.helper.WEIGHT.mul_(2)),
        ("via_class", _weight),
        ("Model()", _weight),
        ("Model()", _gain),
        ("Model().forward", _weight),
        ("Data()", _weight),
        ("Patched()", lambda their: setattr(their.Patched, "forward", lambda self, x: -x)),
    ],
)
def test_globals_count_however_far_away(
    their: Any, name: str, change: Callable[[Any], object]
) -> None:
    thing = eval(name, vars(their))
    before = content_digest(thing)
    assert content_digest(thing) == before
    change(their)
    assert content_digest(thing) != before


def test_globals_that_are_not_read_do_not_count(their: Any) -> None:
    before = content_digest(their.by_gain)
    _weight(their)
    _scale(their)
    assert content_digest(their.by_gain) == before


@pytest.mark.parametrize("name", ["locked", "indirectly_locked", "Locked()", "spaced"])
def test_a_global_that_cannot_be_read_is_refused(their: Any, name: str) -> None:
    with pytest.raises(NotFingerprintableError):
        content_digest(eval(name, vars(their)))


def test_another_lambda_of_the_same_file(their: Any) -> None:
    before = content_digest(their.by_lambda)
    their.act = eval("lambda x: x - GAIN", vars(their))
    assert content_digest(their.by_lambda) != before


@pytest.mark.parametrize("name", ["resnet18", "vit_b_16"])
def test_models_of_installed_packages_can_be_told(name: str) -> None:
    models = pytest.importorskip("torchvision.models")
    net = models.get_model(name, weights=None)
    assert content_digest(net) == content_digest(net)


IN_A_PROCESS = """
import sys
sys.path.insert(0, sys.argv[1])
module = __import__(sys.argv[2])
from pytest_xraynoise.engine.cache.keys import content_digest
with module.torch.no_grad():
    module.NET.weight.fill_(1)
    module.NET.bias.fill_(1)
names = ("indirect", "by_object", "by_lambda", "nested", "via_class", "Data", "Model", "member")
print(*(content_digest(getattr(module, name)) for name in names))
"""


def test_another_process_finds_the_same_digests(their: Any) -> None:
    """With its code compiled or read from a file, and sets in another order."""
    folder = Path(their.__file__).parent

    def digests(seed: str) -> str:
        environment = {**os.environ, "PYTHONHASHSEED": seed, "PYTHONDONTWRITEBYTECODE": seed}
        command = [sys.executable, "-c", IN_A_PROCESS, str(folder), their.__name__]
        return subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        ).stdout

    assert digests("1") == digests("2")
