"""F for a broken limit, E for a model or data that cannot be evaluated."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import OUTCOMES, assert_in_order, stdout


def test_every_outcome(mixed: pytest.Pytester) -> None:
    result = mixed.runpytest_inprocess("-v", "-rA")
    result.assert_outcomes(**OUTCOMES)
    text = stdout(result)
    assert "weights are gone" in text
    assert "pytest_xraynoise/" not in text, "a traceback of ours"


def test_a_failure_shows_the_ladder(mixed: pytest.Pytester) -> None:
    text = stdout(mixed.runpytest_inprocess("-k", "test_breaks and poisson"))
    assert_in_order(text, ["FAILURES", "test_breaks[poisson]", "max_auroc_drop=0.05"])
    assert "60 photons at white" in text
    assert "12 photons at white" in text
    assert "BROKEN" in text


def test_own_assertions_fail_with_the_ladder_beside(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1, 2], max_auroc_drop=0.5)
        def test_it(robustness):
            assert robustness.metric("auroc").value(severity=1) > 2
        """
    )
    result = repo.runpytest_inprocess()
    result.assert_outcomes(failed=1)
    assert_in_order(stdout(result), ["assert", "> 2", "xraynoise ladder", "60 photons at white"])


def test_a_skip_in_the_body_stays_a_skip(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest
        from pytest_xraynoise import robust

        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(robustness):
            pytest.skip("not today")
        """
    )
    repo.runpytest_inprocess().assert_outcomes(skipped=1)


def test_a_strict_xfail_that_holds_fails(repo: pytest.Pytester) -> None:
    repo.makepyfile(
        """
        import pytest
        from pytest_xraynoise import robust

        @pytest.mark.xfail(strict=True, reason="should break")
        @robust(noise="poisson", severities=[1], max_auroc_drop=0.5)
        def test_it(): ...
        """
    )
    repo.runpytest_inprocess().assert_outcomes(failed=1)


BODY = """
import numpy as np
import pytest
import torch
from pytest_xraynoise import XrayDataset, robust

{fixture}

@robust(noise="poisson", severities=[1], {words})
def test_it(): ...
"""
GOOD = "max_auroc_drop=0.5"

BAD = {
    "dataset empty": ("xray_dataset", "return []", GOOD, "is empty"),
    "dataset none": ("xray_dataset", "pass", GOOD, "did the fixture forget its return?"),
    "dataset of a wrong type": ("xray_dataset", "return 3", GOOD, "expected a map-style Dataset"),
    "item of a wrong shape": (
        "xray_dataset",
        "return [(torch.rand(8, 8, 3), 1.0)] * 4",
        GOOD,
        "image.permute(2, 0, 1)",
    ),
    "items of different shapes": (
        "xray_dataset",
        "return [(torch.rand(8, 8), 1.0), (torch.rand(8, 9), 0.0)]",
        GOOD,
        "sample '1' has (1, 8, 9)",
    ),
    "values out of range": (
        "xray_dataset",
        "return torch.rand(8, 1, 8, 8) * 2048 - 1024, torch.arange(8) % 2",
        GOOD,
        "IntensityRange(-1024, 1024)",
    ),
    "NaN in an image": (
        "xray_dataset",
        "x = torch.rand(8, 1, 8, 8); x[3, 0, 1, 1] = float('nan'); return x, torch.arange(8) % 2",
        GOOD,
        "sample '3' has 1 NaN",
    ),
    "loader raises": (
        "xray_dataset",
        """
    class Data:
        def __len__(self): return 4
        def __getitem__(self, i):
            if i == 2: raise OSError("truncated file")
            return torch.rand(8, 8), float(i % 2)
    return Data()""",
        GOOD,
        "sample 2 could not be loaded: OSError: truncated file",
    ),
    "targets do not fit": (
        "xray_dataset",
        "return torch.rand(8, 1, 8, 8), torch.rand(8, 5).round()",
        GOOD,
        "do not fit",
    ),
    "targets of other values": (
        "xray_dataset",
        "return torch.rand(8, 1, 8, 8), torch.arange(8)",
        GOOD,
        "a binary target is 0 or 1",
    ),
    "one class": (
        "xray_dataset",
        "return torch.rand(8, 1, 8, 8), torch.zeros(8)",
        GOOD,
        "0 positive and 8 negative",
    ),
    "metric of another task": ("xray_dataset", "return make_data()", "max_dice_drop=0.1", "dice"),
    "model raises": (
        "xray_model",
        """
    def model(images):
        raise RuntimeError("shapes cannot be multiplied")
    return model""",
        GOOD,
        "the model raised RuntimeError",
    ),
    "model returns NaN": (
        "xray_model",
        "return lambda images: images.mean((1, 2, 3)) * float('nan')",
        GOOD,
        "NaN or infinite values",
    ),
    "model returns a wrong batch length": (
        "xray_model",
        "return lambda images: images.mean((1, 2, 3))[:1]",
        GOOD,
        "expected one row for each image",
    ),
    "model none": ("xray_model", "pass", GOOD, "cannot be called"),
    "model returns a tuple": (
        "xray_model",
        "return lambda images: (images.mean((1, 2, 3)), images)",
        GOOD,
        "xray_output",
    ),
    "fixture raises": ("xray_model", "raise OSError('no such checkpoint')", GOOD, "checkpoint"),
}


@pytest.mark.parametrize(("name", "body", "words", "expected"), BAD.values(), ids=BAD.keys())
def test_trouble_is_an_error_with_one_message(
    repo: pytest.Pytester, name: str, body: str, words: str, expected: str
) -> None:
    fixture = (
        f"@pytest.fixture\ndef {name}():\n    from conftest import make_data\n    {body.strip()}\n"
    )
    repo.makepyfile(BODY.format(fixture=fixture, words=words))
    result = repo.runpytest_inprocess()
    result.assert_outcomes(errors=1)
    text = stdout(result)
    assert expected in text
    assert "pytest_xraynoise/" not in text, "a traceback of ours"
    assert "INTERNALERROR" not in text
