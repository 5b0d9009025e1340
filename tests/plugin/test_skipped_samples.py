"""Samples that cannot be loaded: named where they end a test, listed where they are left out."""

from __future__ import annotations

import json

import pytest

FILMS = """
    import numpy as np, pytest, torch
    from pathlib import Path
    from PIL import Image
    from pytest_xraynoise import XrayDataset

    HERE = Path(__file__).parent

    class Films:
        def __len__(self):
            return 20

        def __getitem__(self, index):
            with Image.open(HERE / f"film-{index:02d}.png") as film:
                return torch.from_numpy(np.asarray(film, np.float32)[None] / 255), index % 2

    @pytest.fixture(scope="session")
    def xray_dataset():
        rng = np.random.default_rng(0)
        for index in range(20):
            grey = rng.integers(60, 160, (16, 16)) + 25 * (index % 2)
            path = HERE / f"film-{index:02d}.png"
            Image.fromarray(grey.astype(np.uint8)).save(path)
            if index == 7:
                path.write_bytes(path.read_bytes()[:60])
        ids = [f"film-{index:02d}" for index in range(20)]
        return XrayDataset(Films(), ids=ids, on_bad_sample=POLICY)

    @pytest.fixture(scope="session")
    def xray_model():
        return lambda images: images.mean((1, 2, 3)) * 20 - 9
"""
TEST = """
    from pytest_xraynoise import robust

    @robust(noise="poisson", max_auroc_drop=0.99)
    def test_it(): ...
"""
REPORTS = ("--xraynoise-json=out.json", "--xraynoise-report=out.html")


def _repo(pytester: pytest.Pytester, policy: str) -> pytest.Pytester:
    pytester.makeconftest(f"    POLICY = {policy!r}\n{FILMS}")
    pytester.makepyfile(TEST)
    return pytester


@pytest.mark.parametrize("options", [(), ("-n2",)])
def test_they_are_listed_with_the_reason_in_every_report(
    pytester: pytest.Pytester, options: tuple[str, ...]
) -> None:
    done = _repo(pytester, "skip").runpytest_subprocess(*REPORTS, *options)
    done.assert_outcomes(passed=1)
    (test,) = json.loads((pytester.path / "out.json").read_text())["tests"]
    skipped = test["settings"]["skipped"]
    assert list(skipped) == ["film-07"]
    assert "truncated" in skipped["film-07"].lower() or "broken" in skipped["film-07"].lower()
    page = (pytester.path / "out.html").read_text()
    assert "Samples left out: 1 could not be loaded" in page
    assert "<bdi>film-07</bdi>" in page


def test_a_failure_names_them_too(pytester: pytest.Pytester) -> None:
    repo = _repo(pytester, "skip")
    pytester.makepyfile(TEST.replace("max_auroc_drop=0.99", "min_auroc=1.0"))
    done = repo.runpytest_inprocess()
    done.assert_outcomes(failed=1)
    done.stdout.fnmatch_lines(["*Sample left out: film-07 (*"])


def test_by_default_one_ends_the_test_with_its_name(pytester: pytest.Pytester) -> None:
    done = _repo(pytester, "error").runpytest_inprocess()
    done.assert_outcomes(errors=1)
    done.stdout.fnmatch_lines(["NotLoadedError: sample 7 ('film-07') could not be loaded: *"])
