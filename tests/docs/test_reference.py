"""The reference has every public name, and nothing that is not there."""

from __future__ import annotations

import importlib
import re

import pytest

import pytest_xraynoise
from tests.docs.blocks import DOCS

REFERENCE = "\n".join(path.read_text("utf-8") for path in (DOCS / "reference").glob("*.md"))
SHOWN = re.findall(r"^::: ([\w.]+)$", REFERENCE, re.MULTILINE)
PACKAGES = (
    "data",
    "metrics",
    "models.adapters",
    "models.zoo",
    "noise",
    "stats",
    "strategies",
    "study",
    "training",
)
# What reads and hands on data inside, which users meet through XrayDataset, and the tables behind
# zoo.names() and zoo.build().
INSIDE = {"Batch", "Natural", "Source", "open_source", "ARCHITECTURES", "SIZES"}


def found(name: str) -> object:
    """What a dotted name leads to."""
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError:
        module, _, last = name.rpartition(".")
        return getattr(importlib.import_module(module), last)


@pytest.mark.parametrize("name", SHOWN)
def test_what_is_shown_is_there(name: str) -> None:
    assert (found(name).__doc__ or "").strip()


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_of_a_package_is_shown(package: str) -> None:
    whole = f"pytest_xraynoise.{package}"
    if whole in SHOWN:
        return
    names = set(importlib.import_module(whole).__all__) - INSIDE
    assert names <= {name.rpartition(".")[2] for name in SHOWN}


def test_every_name_of_the_facade_is_shown() -> None:
    modules = {package.partition(".")[0] for package in PACKAGES} | {"__version__"}
    names = set(pytest_xraynoise.__all__) - modules
    assert names <= {name.rpartition(".")[2] for name in SHOWN}
