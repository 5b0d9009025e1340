"""A label that the model does not have is an error, in the words of the model."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import stdout

CONFTEST = """
import pytest
import torch
from pytest_xraynoise import XrayDataset


class Bands(torch.nn.Module):
    labels = ("Effusion", "Nodule", "Pneumothorax")

    def forward(self, images):
        mean = images.mean((1, 2, 3)) - 0.5
        return torch.stack([mean, mean ** 2, -mean], 1)


@pytest.fixture(scope="session")
def xray_model():
    return Bands()


def data(names):
    level = torch.linspace(0.2, 0.8, 20)
    bright = (level > 0.5).float()
    images = level.view(-1, 1, 1, 1).expand(-1, 1, 8, 8).clone()
    return XrayDataset((images, torch.stack([1 - bright, bright], 1)), labels=names)


@pytest.fixture(scope="session")
def good():
    return data(["pneumothorax", "Effusion"])


@pytest.fixture(scope="session")
def misspelt():
    return data(["Pneumotorax", "Effusion"])
"""


def test_labels_are_matched_by_name_or_refused(pytester: pytest.Pytester) -> None:
    pytester.makeconftest(CONFTEST)
    pytester.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="gaussian", dataset="good", severities=[1], min_auroc=0.99)
        def test_good(robustness):
            assert robustness.labels == ("pneumothorax", "Effusion")

        @robust(noise="gaussian", dataset="misspelt", severities=[1], min_auroc=0.99)
        def test_misspelt(): ...
        """
    )
    result = pytester.runpytest_inprocess()
    result.assert_outcomes(passed=1, errors=1)
    text = " ".join(stdout(result).split())
    assert "unknown label 'Pneumotorax'; did you mean 'Pneumothorax'? Known: Effusion," in text
    assert "XrayDataset(data, labels=[...])" in text
