from __future__ import annotations

import subprocess
import sys

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.data.phantom import ChestPhantom
from pytest_xraynoise.errors import DataError


def test_an_item_is_complete_and_in_range() -> None:
    phantom = ChestPhantom(3, size=96, seed=5)
    item = phantom[2]
    assert item["id"] == "phantom-5-2"
    for key, shape in (
        ("image", (1, 96, 96)),
        ("exposure", (1, 96, 96)),
        ("masks", (3, 96, 96)),
        ("target", (6,)),
    ):
        array = item[key]  # type: ignore[literal-required]
        assert array.dtype == np.float32, key
        assert array.shape == shape, key
        assert np.isfinite(array).all(), key
    assert item["image"].min() >= 0
    assert item["image"].max() <= 1
    assert item["exposure"].min() > 0
    assert item["exposure"].max() <= 1
    assert set(np.unique(item["masks"])) == {0.0, 1.0}
    assert set(np.unique(item["target"])) <= {0.0, 1.0}


@settings(max_examples=8, deadline=None)
@given(seed=st.integers(0, 2**31), index=st.integers(0, 9))
def test_an_item_depends_on_seed_and_index_alone(seed: int, index: int) -> None:
    one = ChestPhantom(10, size=48, seed=seed)[index]
    other = ChestPhantom(index + 1, size=48, seed=seed)
    other[0]  # what was asked for before does not matter
    for key in ("image", "exposure", "masks", "target"):
        np.testing.assert_array_equal(
            one[key],
            other[index][key],
        )


def test_seeds_and_indices_give_different_patients() -> None:
    phantom, second = ChestPhantom(3, size=48, seed=0), ChestPhantom(3, size=48, seed=1)
    images = [*(phantom[k]["image"] for k in range(3)), second[0]["image"]]
    for a in range(4):
        for b in range(a):
            assert np.abs(images[a] - images[b]).mean() > 0.01


@pytest.mark.parametrize("latitude", [2.4, 1.6])
def test_display_is_the_stated_function_of_exposure(latitude: float) -> None:
    phantom = ChestPhantom(4, size=64, latitude=latitude)
    assert phantom.latitude == latitude
    for k in range(4):
        item = phantom[k]
        expected = np.clip(-np.log10(item["exposure"].astype(np.float64)) / latitude, 0, 1)
        np.testing.assert_allclose(item["image"], expected, atol=2e-6)


def test_the_default_latitude_clips_next_to_nothing() -> None:
    phantom = ChestPhantom(40, size=48, seed=11)
    images = np.stack([phantom[k]["image"] for k in range(40)])
    assert np.mean((images <= 0) | (images >= 1)) < 1e-3


def test_a_patient_looks_the_same_at_every_size() -> None:
    small, large = ChestPhantom(4, size=64, seed=3), ChestPhantom(4, size=256, seed=3)
    assert small.pixel_pitch == pytest.approx(350 / 64)
    for k in range(4):
        np.testing.assert_array_equal(small[k]["target"], large[k]["target"])
        averaged = large[k]["image"].reshape(64, 4, 64, 4).mean((1, 3))
        assert np.abs(averaged - small[k]["image"][0]).mean() < 0.01


def test_it_is_a_sequence_that_ends() -> None:
    phantom = ChestPhantom(2, size=32)
    assert len(list(phantom)) == 2  # type: ignore[call-overload]
    assert phantom[-1]["id"] == "phantom-0-1"
    with pytest.raises(IndexError, match="phantom 2 of a set of 2"):
        phantom[2]
    with pytest.raises(IndexError):
        phantom.patient(2)


def test_the_cache_is_bounded_and_changes_nothing() -> None:
    cached, plain = ChestPhantom(4, size=32, cache=2), ChestPhantom(4, size=32)
    for k in (0, 1, 0, 2, 3, 0):
        np.testing.assert_array_equal(cached[k]["image"], plain[k]["image"])
        assert len(cached._cache) <= 2
    assert cached[0] is cached[0]
    assert plain[0] is not plain[0]


def test_views_hold_what_their_task_needs() -> None:
    phantom = ChestPhantom(2, size=32, cache=2)
    classification, segmentation = phantom.classification(), phantom.segmentation()
    assert len(classification) == len(segmentation) == 2
    assert classification.labels == phantom.labels
    assert len(phantom.labels) == 6
    assert {"Pneumothorax", "Atelectasis"} < set(phantom.labels)
    assert segmentation.labels == phantom.mask_labels == ("left lung", "right lung", "heart")
    assert set(classification[0]) == {"image", "target", "id"}
    assert set(segmentation[0]) == {"image", "mask", "id"}
    assert segmentation[0]["mask"] is phantom[0]["masks"]
    assert len(list(classification)) == 2  # type: ignore[call-overload]


@pytest.mark.parametrize(
    ("wrong", "message"),
    [
        ({"n": -1}, "n is -1"),
        ({"size": 8}, "size is 8; expected 32 to 4096"),
        ({"seed": -3}, "seed is -3"),
        ({"prevalence": 1.5}, "prevalence is 1.5; expected a fraction"),
        ({"latitude": 0.0}, "latitude is 0.0"),
        ({"cache": -1}, "cache is -1"),
    ],
)
def test_bad_arguments_are_named(wrong: dict[str, float], message: str) -> None:
    with pytest.raises(DataError, match=message):
        ChestPhantom(**{"n": 1, **wrong})  # type: ignore[arg-type]


def test_rendering_needs_no_torch() -> None:
    script = (
        "import sys, types, importlib.util, pathlib\n"
        "import pytest_xraynoise\n"
        "root = pathlib.Path(pytest_xraynoise.__file__).parent / 'data'\n"
        "package = types.ModuleType('pytest_xraynoise.data')\n"
        "package.__path__ = [str(root)]\n"
        "sys.modules['pytest_xraynoise.data'] = package\n"
        "from pytest_xraynoise.data.phantom import ChestPhantom\n"
        "ChestPhantom(1, size=32)[0]\n"
        "assert 'torch' not in sys.modules, 'torch was imported'\n"
    )
    subprocess.run([sys.executable, "-c", script], check=True)
