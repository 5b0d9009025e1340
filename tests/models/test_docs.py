"""The snippets of docs/models.md run as they stand."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any

import pytest
import torch

from pytest_xraynoise import XrayDataset, evaluate
from pytest_xraynoise.models import zoo
from tests.models.adapters.test_onnx import write

PAGE = (Path(__file__).parents[2] / "docs" / "models.md").read_text(encoding="utf-8")
SNIPPETS = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)


def test_snippets(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    write(tmp_path / "model.onnx")
    scope: dict[str, Any] = {}
    zoo_part, weights, labels, files = SNIPPETS
    exec(zoo_part, scope)
    assert scope["logits"].shape == (4, 2)
    assert scope["masks"].shape == (1, 2, 300, 250)
    exec(weights, scope)
    exec(labels, scope)
    data = XrayDataset(
        (torch.rand(8, 1, 4, 4), torch.tensor([[0, 1], [1, 0]] * 4)),
        labels=["Pneumothorax", "Atelectasis"],
    )
    result = evaluate(scope["model"], data, severities=[1], metrics=["auroc"])
    assert result.labels == ("Pneumothorax", "Atelectasis")
    exec(files, scope)
    assert scope["model"].labels == ("Effusion", "Pneumothorax")
    assert scope["model"](torch.rand(3, 1, 8, 8)).shape == (3, 2)


def test_every_name_is_in_the_table() -> None:
    rows = [line for line in PAGE.splitlines() if line.startswith(("| class", "| segm"))]
    told = {name for row in rows for name in re.findall(r"`([^`]+)`", row)}
    assert told == set(zoo.names())
