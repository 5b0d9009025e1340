"""A repository whose model gets worse when the environment says so; for tests of baselines."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

FIXTURES = '''
import os
import pytest
from pytest_xraynoise import robust


class Skilled:
    """Looks at the mean, and at one corner of the image, which says nothing."""

    def __call__(self, images):
        skill = float(os.environ.get("SKILL", "0.7"))
        return 9 * skill * (images.mean((1, 2, 3)) - 0.46) + 9 * (1 - skill) * (
            images[:, 0, 0, 0] - 0.46
        )


@pytest.fixture(scope="session")
def xray_model():
    return Skilled()
'''

TWO = (
    FIXTURES
    + """
@robust(noise=["poisson", "gaussian"], severities=[1, 3], max_auroc_drop=0.9)
def test_two(): ...
"""
)


def store(repo: pytest.Pytester, text: str = TWO, name: str = "test_it") -> None:
    """Write a test module."""
    repo.makepyfile(**{name: text})


def run(repo: pytest.Pytester, *options: str) -> pytest.RunResult:
    """One run in this process."""
    return repo.runpytest_inprocess(*options)


def baseline(repo: pytest.Pytester, name: str = "baseline") -> dict[str, Any]:
    """The tests of a baseline."""
    text = path_of(repo, name).read_text(encoding="utf-8")
    tests: dict[str, Any] = json.loads(text)["tests"]
    return tests


def path_of(repo: pytest.Pytester, name: str = "baseline") -> Path:
    """The JSON of a baseline."""
    return repo.path / ".xraynoise" / f"{name}.json"


def contents(repo: pytest.Pytester) -> dict[str, bytes]:
    """Every file of the storage."""
    return {path.name: path.read_bytes() for path in (repo.path / ".xraynoise").iterdir()}


def properties(case: Any) -> dict[str, str]:
    """The properties of a JUnit test case."""
    return {
        element.get("name"): element.get("value")
        for element in case._elem.findall("properties/property")
    }
