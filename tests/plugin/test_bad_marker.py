"""A bad argument is an error at collection, with what was got, what is allowed, and the nearest."""

from __future__ import annotations

import pytest

from tests.plugin.conftest import stdout

BAD = {
    "unknown noise": ('noise="poison", max_auroc_drop=0.05', "did you mean 'poisson'?"),
    "noise missing": ("max_auroc_drop=0.05", "robust needs noise="),
    "noise of another type": ("noise=3, max_auroc_drop=0.05", "noise=3"),
    "noise twice": ('noise=["poisson", "poisson"], max_auroc_drop=0.05', "names a noise twice"),
    "no noise in the list": ("noise=[], max_auroc_drop=0.05", "name at least one noise"),
    "positional": ('"poisson", max_auroc_drop=0.05', "keywords only"),
    "unknown metric": ('noise="poisson", max_aurc_drop=0.05', "did you mean 'max_auroc_drop'?"),
    "unknown word": (
        'noise="poisson", severitys=[1], max_auroc_drop=0.05',
        "did you mean 'severities'?",
    ),
    "no limit": ('noise="poisson"', "no limit is given"),
    "limit out of range": ('noise="poisson", max_auroc_drop=5', "did you mean 0.05?"),
    "limit below range": ('noise="poisson", max_auroc_drop=-0.1', "out of range"),
    "limit no number": ('noise="poisson", max_auroc_drop="5%"', "expected a finite number"),
    "wrong direction": ('noise="poisson", max_auroc=0.9', "higher-is-better"),
    "severity the ladder lacks": (
        'noise="poisson", severities=[1, 6], max_auroc_drop=0.05',
        "severity 6",
    ),
    "limit for a severity that is not run": (
        'noise="poisson", severities=[1], max_auroc_drop={3: 0.05}',
        "severity 3 is not run",
    ),
    "severities no list": ('noise="poisson", severities="12", max_auroc_drop=0.1', "severities="),
    "unknown ladder": ('noise="poisson", ladder="imagenetc", max_auroc_drop=0.1', "imagenet-c"),
    "ladder and own rungs": (
        'noise="poisson", ladder="imagenet-c", photons=[5], max_auroc_drop=0.1',
        "not both",
    ),
    "own rung not positive": ('noise="poisson", photons=[0], max_auroc_drop=0.1', "photons=0"),
    "own rung of another noise": ('noise="gaussian", photons=[5], max_auroc_drop=0.1', "photons"),
    "unknown task": ('noise="poisson", task="segment", max_dice_drop=0.1', "'segmentation'"),
    "unknown aggregate": ('noise="poisson", aggregate="max", max_dice_drop=0.1', "worst or mean"),
    "one label contrasted": ('noise="poisson", contrast=("A", "A"), max_auroc_drop=0.1', "two"),
    "contrast as text": ('noise="poisson", contrast="A", max_auroc_drop=0.1', "contrast="),
    "bad seed": ('noise="poisson", seed=-1, max_auroc_drop=0.1', "seed=-1"),
    "bad confidence": ('noise="poisson", confidence=95, max_auroc_drop=0.1', "confidence=95"),
    "fixture missing": (
        'noise="poisson", model="brigth", max_auroc_drop=0.1',
        "did you mean 'bright'?",
    ),
    "fixture no name": ('noise="poisson", model=3, max_auroc_drop=0.1', "name of a fixture"),
}


@pytest.mark.parametrize(("words", "expected"), BAD.values(), ids=BAD.keys())
def test_bad_argument(repo: pytest.Pytester, words: str, expected: str) -> None:
    repo.makepyfile(
        f"import pytest\n\n@pytest.mark.robust({words})\ndef test_it(): ...\n\n"
        "def test_other(): ..."
    )
    result = repo.runpytest_inprocess()
    text = stdout(result)
    assert result.ret == pytest.ExitCode.INTERRUPTED
    assert expected in text
    assert "test_it: @robust:" in text
    assert "Traceback" not in text
    assert "pytest_xraynoise/" not in text, "a traceback of ours"
    assert "INTERNALERROR" not in text


@pytest.mark.parametrize(
    "options", [["-n", "2"], ["--collect-only"], ["-p", "no:xdist"], ["-W", "error"]], ids=" ".join
)
def test_bad_argument_survives(repo: pytest.Pytester, options: list[str]) -> None:
    repo.makepyfile(
        """
        from pytest_xraynoise import robust

        @robust(noise="poison", max_auroc_drop=0.05)
        def test_it(): ...
        """
    )
    result = repo.runpytest_subprocess(*options)
    text = stdout(result)
    assert "did you mean 'poisson'?" in text
    assert "INTERNALERROR" not in text
    assert result.ret not in (pytest.ExitCode.OK, pytest.ExitCode.INTERNAL_ERROR)
