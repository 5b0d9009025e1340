"""Names of devices."""

from __future__ import annotations

from typing import Any

import pytest
import torch

from pytest_xraynoise.engine.device import choose_device, device_label
from pytest_xraynoise.errors import SpecError


def hide_accelerators(patch: pytest.MonkeyPatch) -> None:
    patch.setattr(torch.cuda, "is_available", lambda: False)
    patch.setattr(torch.backends.mps, "is_available", lambda: False)


@pytest.mark.parametrize("name", ["cpu", "auto", torch.device("cpu")])
def test_cpu(name: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_accelerators(monkeypatch)
    assert choose_device(name) == torch.device("cpu")


def test_auto_prefers_cuda_then_mps(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_accelerators(monkeypatch)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    assert choose_device("auto").type == "mps"
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    assert choose_device("auto").type == "cuda"


def test_cuda_index(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert choose_device("cuda:1") == torch.device("cuda:1")
    with pytest.raises(SpecError, match=r"'cuda:2' is not there: 2 CUDA device\(s\) are visible"):
        choose_device("cuda:2")


def test_a_device_that_is_not_there_names_those_that_are(monkeypatch: pytest.MonkeyPatch) -> None:
    hide_accelerators(monkeypatch)
    for name in ("cuda", "cuda:1", "mps"):
        with pytest.raises(SpecError, match=r"use auto or one of those that are: cpu$"):
            choose_device(name)
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: True)
    with pytest.raises(SpecError, match=r"those that are: cpu, mps$"):
        choose_device("cuda:0")
    monkeypatch.setattr(torch.backends.mps, "is_available", lambda: False)
    monkeypatch.setattr(torch.cuda, "is_available", lambda: True)
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    with pytest.raises(SpecError, match=r"those that are: cpu, cuda:0, cuda:1$"):
        choose_device("cuda:7")


@pytest.mark.parametrize(
    ("name", "says"),
    [
        ("cuda", r"'cuda' is not there: 0 CUDA device"),
        ("mps", "'mps' is not there"),
        ("cudda", "unknown device 'cudda'; did you mean 'cuda'"),
        ("cuda:first", "expected auto, cpu, cuda, cuda:N or mps"),
        ("auto:1", "expected auto, cpu"),
        (None, "unknown device 'None'"),
    ],
)
def test_devices_that_are_not_there(name: Any, says: str, monkeypatch: pytest.MonkeyPatch) -> None:
    hide_accelerators(monkeypatch)
    with pytest.raises(SpecError, match=says):
        choose_device(name)


def test_label() -> None:
    assert device_label(torch.device("cpu")) == "cpu"
