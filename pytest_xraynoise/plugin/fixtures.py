"""The fixtures that users override or ask for."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.plugin.collection import CASE

if TYPE_CHECKING:
    from pytest_xraynoise.plugin.imperative import Imperative
    from pytest_xraynoise.plugin.marker import RobustCase
    from pytest_xraynoise.results import LadderResult

MODEL_RECIPE = """\
no model to test: define the fixture xray_model in your conftest.py

    @pytest.fixture(scope="session")
    def xray_model():      # nn.Module or callable: (N, C, H, W) floats -> logits or probabilities
        return load_my_model()

or name another fixture in the marker: @robust(..., model="my_fixture")"""

DATASET_RECIPE = """\
no data to test on: define the fixture xray_dataset in your conftest.py

    @pytest.fixture(scope="session")
    def xray_dataset():    # Dataset, DataLoader, (images, targets), or XrayDataset
        return my_validation_set

or name another fixture in the marker: @robust(..., dataset="my_fixture")"""


@pytest.fixture(scope="session")
def xray_model() -> Any:
    """The model under test. Override it in conftest.py.

    Return an nn.Module, or any callable that maps a (N, C, H, W) float tensor to logits or
    probabilities. It may be parametrised: marked tests then run once for each model.
    """
    pytest.fail(MODEL_RECIPE, pytrace=False)


@pytest.fixture(scope="session")
def xray_dataset() -> Any:
    """The data to test on. Override it in conftest.py.

    Return a map-style Dataset, a DataLoader, (images, targets) tensors or arrays, or an
    XrayDataset that declares intensities, labels or ids. It may be parametrised.
    """
    pytest.fail(DATASET_RECIPE, pytrace=False)


@pytest.fixture(scope="session")
def xray_preprocess() -> Any:
    """The model's own normalisation, applied after the noise. Override it where there is one.

    Return a function from (N, C, H, W) intensities to what the model takes, or None.
    """
    return None


@pytest.fixture(scope="session")
def xray_output() -> Any:
    """Picks the tensor out of what the model returns. Override it for tuples and dicts.

    Return a function such as ``lambda out: out["logits"]``, or None: tensors are taken as they
    are, mappings by the keys logits, out, probabilities or probs.
    """
    return None


@pytest.fixture
def _xraynoise_case(request: pytest.FixtureRequest) -> RobustCase:
    """The case of a marked test."""
    if not hasattr(request, "param"):
        pytest.fail(
            "the fixture robustness needs the marker: put @robust(noise='poisson', "
            "max_auroc_drop=0.05) on the test, or use the fixture xraynoise to evaluate by hand",
            pytrace=False,
        )
    return request.param  # type: ignore[no-any-return]


@pytest.fixture
def robustness(request: pytest.FixtureRequest, _xraynoise_case: RobustCase) -> LadderResult:
    """What the ladder of this test's @robust marker measured: a LadderResult, for own assertions.

    Example: ``assert robustness.metric("dice").drop(severity=1) < 0.01``
    """
    from pytest_xraynoise.plugin.execution import run_case

    return run_case(request, _xraynoise_case)


@pytest.fixture
def xraynoise(request: pytest.FixtureRequest) -> Imperative:
    """The imperative form, for loops and data-driven tests.

    ``result = xraynoise.evaluate(model, data, noise="poisson")`` runs a ladder with this run's
    settings; ``xraynoise.check(result, max_auroc_drop=0.05)`` fails the test on a broken limit.
    What is checked shows in the reports.
    """
    from pytest_xraynoise.plugin.imperative import Imperative

    return Imperative(request)


__all__ = [
    "CASE",
    "_xraynoise_case",
    "robustness",
    "xray_dataset",
    "xray_model",
    "xray_output",
    "xray_preprocess",
    "xraynoise",
]
