"""A small model repository that pytester runs: two findings' worth of images, two models."""

from __future__ import annotations

import importlib
import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_xraynoise.report.json import schema

# pytester forgets every module that an in-process run imports, and C extensions do not survive
# being imported twice. What a run may import is therefore imported before the first one.
for _module in (
    "hypothesis",
    "jinja2",
    "matplotlib.backends.backend_svg",
    "matplotlib.figure",
    "numpy.testing",
    "PIL.PngImagePlugin",
    "pytest_xraynoise.data.workers",
    "pytest_xraynoise.results.serialize",
    "scipy.special",
    "scipy.stats",
    "sklearn.metrics",
    "torch",
    "torch.utils.data",
):
    importlib.import_module(_module)

CONFTEST = '''
import pytest
import torch

torch.set_num_threads(1)


def checkerboard(size=24):
    line = torch.arange(size)
    return ((line[:, None] + line[None]) % 2).float() * 2 - 1


def make_data(n=40):
    """Class 1 is brighter and carries a faint checkerboard."""
    generator = torch.Generator().manual_seed(1)
    target = (torch.arange(n) % 2).float()
    level = 0.40 + 0.12 * target + 0.02 * torch.randn(n, generator=generator)
    images = level[:, None, None] + 0.02 * target[:, None, None] * checkerboard()
    images = images + 0.002 * torch.randn(n, 24, 24, generator=generator)
    return images[:, None].clamp(0, 1), target


class Bright(torch.nn.Module):
    """Looks at the mean, which noise hardly moves."""

    def forward(self, images):
        return 40 * (images.mean((1, 2, 3)) - 0.46)


class Texture(torch.nn.Module):
    """Looks at the energy of fine structure, which noise drowns."""

    def forward(self, images):
        right = images[..., 1:] - images[..., :-1]
        return 1000 * ((right**2).mean((1, 2, 3)) - 0.0008)


class Masks(torch.nn.Module):
    def forward(self, images):
        return 10 * (images - 0.46)


@pytest.fixture(scope="session")
def bright():
    return Bright()


@pytest.fixture(scope="session")
def texture():
    return Texture()


@pytest.fixture(scope="session")
def xray_model():
    return Bright()


@pytest.fixture(scope="session")
def xray_dataset():
    return make_data()


@pytest.fixture(scope="session")
def masks():
    return Masks()


@pytest.fixture(scope="session")
def masked():
    images, target = make_data(12)
    masks = torch.zeros(12, 24, 24, dtype=torch.long)
    masks[:, :, 12:] = 1
    images = images.clone()
    images[:, 0, :, :12] = 0.3
    images[:, 0, :, 12:] = 0.6
    return images, masks
'''

MIXED = """
import pytest
from pytest_xraynoise import robust


@robust(noise="poisson", max_auroc_drop=0.05)
def test_holds(): ...


@robust(noise=["poisson", "gaussian"], model="texture", severities=[1, 3], max_auroc_drop=0.05)
def test_breaks(): ...


@pytest.mark.xfail(reason="fine structure drowns", strict=True)
@robust(noise="gaussian", model="texture", max_auroc_drop=0.05)
def test_expected(): ...


@robust(noise="gaussian", model="masks", dataset="masked", min_dice=0.5)
def test_masks(robustness):
    assert robustness.task == "segmentation"


@robust(noise="poisson", model="broken", max_auroc_drop=0.05)
def test_error(): ...


def test_unmarked(): ...


@pytest.fixture
def broken():
    def model(images):
        raise ValueError("weights are gone")
    return model
"""
"""Every kind of outcome: 3 passed, 2 failed, 1 error, 1 xfailed."""

OUTCOMES = {"passed": 3, "failed": 2, "errors": 1, "xfailed": 1}

Run = Callable[..., pytest.RunResult]


@pytest.fixture
def repo(pytester: pytest.Pytester) -> pytest.Pytester:
    """A model repository with the fixtures above and no tests yet."""
    pytester.makeconftest(CONFTEST)
    return pytester


@pytest.fixture
def mixed(repo: pytest.Pytester) -> pytest.Pytester:
    """The repository with tests of every outcome."""
    repo.makepyfile(test_mixed=MIXED)
    return repo


def stdout(result: pytest.RunResult) -> str:
    """Everything a run printed."""
    return "\n".join(result.outlines + result.errlines)


def read_tests(path: Path) -> dict[str, dict[str, Any]]:
    """The tests of a JSON report, which has to obey the schema, by the last part of their id."""
    document = json.loads(path.read_text(encoding="utf-8"))
    jsonschema.Draft202012Validator(schema()).validate(document)
    return {test["nodeid"].split("::", 1)[1]: test for test in document["tests"]}


def assert_in_order(text: str, parts: Sequence[str]) -> None:
    """Every part stands in the text, one after the other."""
    at = 0
    for part in parts:
        found = text.find(part, at)
        assert found >= 0, f"{part!r} is missing after position {at} of:\n{text}"
        at = found + len(part)
