"""A folder of DICOM files as the dataset, and a small classifier of one finding."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from dicom_folder.films import LABEL, write_films
from sklearn.linear_model import LogisticRegression
from torch.nn import functional

from pytest_xraynoise import ChestPhantom
from pytest_xraynoise.data import DicomFolder

SIDE = 32


@pytest.fixture(scope="session")
def xray_model() -> torch.nn.Module:
    """Logistic regression on 32 x 32 pixels, trained in seconds on other phantoms."""
    phantom = ChestPhantom(300, size=64, seed=8, prevalence=0.4)
    items = [phantom[number] for number in range(len(phantom))]
    images = torch.from_numpy(np.stack([item["image"] for item in items]))
    small = functional.adaptive_avg_pool2d(images, SIDE).flatten(1).numpy()
    present = [item["target"][phantom.labels.index(LABEL)] for item in items]
    fitted = LogisticRegression(C=0.1, max_iter=500).fit(small, present)
    layer = torch.nn.Linear(SIDE * SIDE, 1)
    layer.weight.data = torch.from_numpy(fitted.coef_).float()
    layer.bias.data = torch.from_numpy(fitted.intercept_).float()
    return torch.nn.Sequential(torch.nn.AdaptiveAvgPool2d(SIDE), torch.nn.Flatten(), layer)


@pytest.fixture(scope="session")
def xray_dataset(tmp_path_factory: pytest.TempPathFactory) -> DicomFolder:
    """Eighty films of forty patients; in your own tests DicomFolder("/path/to/films", ...)."""
    pytest.importorskip("pydicom", reason="DICOM files are read by pydicom: pip install pydicom")
    root = write_films(tmp_path_factory.mktemp("films"))
    return DicomFolder(root, table="labels.csv")
