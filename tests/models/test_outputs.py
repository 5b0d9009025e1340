"""The tensor in whatever a model returned."""

from __future__ import annotations

from collections import OrderedDict
from dataclasses import dataclass
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
import torch

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import default_output

WANTED = torch.arange(6.0).reshape(2, 3)
OTHER = torch.zeros(2, 8)


class ModelOutput(OrderedDict[str, Any]):
    """As in transformers: an ordered mapping whose keys are attributes too."""

    def __getattr__(self, name: str) -> Any:
        return self[name]


@dataclass
class Structured:
    logits: torch.Tensor
    hidden: torch.Tensor


@pytest.mark.parametrize(
    "raw",
    [
        WANTED,
        (WANTED,),
        [WANTED],
        {"logits": WANTED, "hidden": OTHER},
        {"out": WANTED, "aux": OTHER},
        {"probabilities": WANTED, "features": OTHER},
        {"probs": WANTED, "features": OTHER},
        {"anything": WANTED},
        {"prediction": WANTED, "meta": "text"},
        {"logits": WANTED, "probs": OTHER},
        ModelOutput(loss=torch.tensor(1.0), logits=WANTED),
        Structured(WANTED, OTHER),
        SimpleNamespace(logits=WANTED),
        WANTED.numpy(),
    ],
    ids=lambda raw: type(raw).__name__,
)
def test_forms_that_are_beyond_doubt(raw: Any) -> None:
    assert torch.equal(default_output(raw), WANTED)


def test_read_only_array() -> None:
    array = WANTED.numpy().copy()
    array.flags.writeable = False
    assert torch.equal(default_output(array), WANTED)
    assert isinstance(default_output(np.ones((1, 1), np.float32)), torch.Tensor)


@pytest.mark.parametrize(
    ("raw", "says"),
    [
        ((WANTED, OTHER), "a tuple of 2"),
        ([], "a list of 0"),
        ({"a": WANTED, "b": OTHER}, r"a mapping with the keys \['a', 'b'\]"),
        ({}, r"a mapping with the keys \[\]"),
        (None, "a NoneType"),
        ("pneumonia", "a str"),
        (SimpleNamespace(logits=None), "a SimpleNamespace"),
    ],
)
def test_forms_that_need_a_hook(raw: Any, says: str) -> None:
    with pytest.raises(ModelError, match=f"the model returned {says}; expected.*xray_output"):
        default_output(raw)
