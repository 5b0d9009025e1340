from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest

from pytest_xraynoise.data.dicom.display import display_values
from pytest_xraynoise.data.dicom.library import read_dataset
from pytest_xraynoise.data.radiograph import read_radiograph
from pytest_xraynoise.errors import DataError, SpecError

from . import films
from .films import STORED


def shown(path: Path, window: str = "voi") -> npt.NDArray[np.float32]:
    return display_values(read_dataset(path), path, window)[0]


@pytest.mark.parametrize("bits", [8, 10, 12, 15, 16])
def test_every_depth_has_its_own_full_scale(tmp_path: Path, bits: int) -> None:
    values = np.round(STORED / 4095 * (2**bits - 1)).astype(np.int64)
    image = shown(films.film(tmp_path / "a", values, bits))
    assert image.dtype == np.float32
    assert np.allclose(image, values / (2**bits - 1), atol=1e-7)


@pytest.mark.parametrize("bits", [12, 16])
def test_signed_values_begin_below_zero(tmp_path: Path, bits: int) -> None:
    half = 2 ** (bits - 1)
    values = np.round(STORED / 4095 * (2**bits - 1)).astype(np.int64) - half
    image = shown(films.film(tmp_path / "a", values, bits))
    assert np.allclose(image, (values + half) / (2**bits - 1), atol=1e-7)


def test_monochrome1_and_an_inverse_presentation_are_turned_round(tmp_path: Path) -> None:
    plain = shown(films.film(tmp_path / "a"))
    one = films.film(tmp_path / "b", PhotometricInterpretation="MONOCHROME1")
    inverse = films.film(tmp_path / "c", PresentationLUTShape="INVERSE")
    both = films.film(
        tmp_path / "d", PhotometricInterpretation="MONOCHROME1", PresentationLUTShape="INVERSE"
    )
    for path in (one, inverse, both):
        assert np.allclose(shown(path), 1 - plain, atol=1e-7)


def linear(x: npt.NDArray[Any], c: float, w: float) -> npt.NDArray[Any]:
    """PS3.3, C.11.2.1.2.1."""
    return np.clip((x - (c - 0.5)) / (w - 1) + 0.5, 0, 1)


def linear_exact(x: npt.NDArray[Any], c: float, w: float) -> npt.NDArray[Any]:
    """PS3.3, C.11.2.1.3.2."""
    return np.clip((x - c) / w + 0.5, 0, 1)


def sigmoid(x: npt.NDArray[Any], c: float, w: float) -> npt.NDArray[Any]:
    """PS3.3, C.11.2.1.3.1."""
    return np.asarray(1 / (1 + np.exp(-4 * (x - c) / w)))


@pytest.mark.parametrize("inverted", [False, True])
@pytest.mark.parametrize(("slope", "intercept"), [(1.0, 0.0), (0.5, -100.0), (-1.0, 4095.0)])
@pytest.mark.parametrize("curve", [linear, linear_exact, sigmoid])
def test_a_window_is_that_of_the_standard(
    tmp_path: Path, curve: Any, slope: float, intercept: float, inverted: bool
) -> None:
    name = curve.__name__.upper()
    words: dict[str, Any] = {
        "RescaleSlope": slope,
        "RescaleIntercept": intercept,
        "RescaleType": "US",
    }
    words |= {"WindowCenter": 900, "WindowWidth": 1200, "VOILUTFunction": name}
    if inverted:
        words["PhotometricInterpretation"] = "MONOCHROME1"
    path = films.film(tmp_path / "a", **words)
    expected = curve(slope * STORED + intercept, 900, 1200)
    expected = 1 - expected if inverted else expected
    assert np.allclose(shown(path), expected, atol=2e-5)
    full = np.asarray(STORED / 4095)
    turned = inverted != (slope < 0)
    assert np.allclose(shown(path, "full"), 1 - full if turned else full, atol=1e-6)
    assert np.allclose(read_radiograph(path).pixels, 1 - full if turned else full, atol=1e-6)


def test_of_several_windows_the_first_counts_and_without_a_function_it_is_linear(
    tmp_path: Path,
) -> None:
    path = films.film(tmp_path / "a", WindowCenter=[900, 10], WindowWidth=[1200, 20])
    assert np.allclose(shown(path), linear(STORED, 900, 1200), atol=2e-5)


@pytest.mark.parametrize(("bits", "word"), [(8, "u1"), (8, "<u2"), (12, "<u2"), (16, "<u2")])
def test_a_lookup_table_goes_before_a_window(tmp_path: Path, bits: int, word: str) -> None:
    table = np.round((np.arange(4096) / 4095) ** 2 * (2**bits - 1))
    tables = films.lookup(table, 0, bits, word)
    path = films.film(tmp_path / "a", VOILUTSequence=tables, WindowCenter=1, WindowWidth=2)
    assert np.allclose(shown(path), table[STORED] / (2**bits - 1), atol=1e-6)
    assert np.allclose(shown(path, "full"), STORED / 4095, atol=1e-6)


def test_a_modality_table_is_applied_before_the_window(tmp_path: Path) -> None:
    table = np.round(np.sqrt(np.arange(4096) / 4095) * 65535)
    words: dict[str, Any] = {"ModalityLUTSequence": films.lookup(table, 0, 16)}
    path = films.film(tmp_path / "a", **words)
    assert np.allclose(shown(path), table[STORED] / 65535, atol=1e-6)
    words |= {"WindowCenter": 40000, "WindowWidth": 20000}
    path = films.film(tmp_path / "b", **words)
    assert np.allclose(shown(path), linear(table[STORED], 40000, 20000), atol=2e-5)


def test_overlays_in_the_bits_above_are_masked(tmp_path: Path) -> None:
    overlay = np.zeros_like(STORED)
    overlay[10:20] = 1 << 12 | 1 << 15
    image = shown(films.film(tmp_path / "a", STORED | overlay))
    assert np.allclose(image, STORED / 4095, atol=1e-7)


def test_overlays_above_signed_values_are_masked(tmp_path: Path) -> None:
    values = STORED - 2048
    dirty = np.where(np.arange(40) < 20, values & 0xFFF, (values & 0xFFF) | 0x5000)
    made = films.dataset(dirty, 12, PixelRepresentation=1)
    made.save_as(tmp_path / "a", enforce_file_format=True)
    assert np.allclose(shown(tmp_path / "a"), STORED / 4095, atol=1e-7)


def test_values_that_lie_higher_in_their_word_are_moved_down(tmp_path: Path) -> None:
    path = films.film(tmp_path / "a", STORED << 4, 12, HighBit=15)
    assert np.allclose(shown(path), STORED / 4095, atol=1e-7)


def test_a_wrong_window_is_refused(tmp_path: Path) -> None:
    path = films.film(tmp_path / "a", WindowCenter=100, WindowWidth=-5)
    with pytest.raises(DataError, match=r"cannot be applied \(.*; window='full' leaves"):
        shown(path)
    assert np.allclose(shown(path, "full"), STORED / 4095, atol=1e-6)
    with pytest.raises(SpecError, match=r"unknown window 'vio'; did you mean 'voi'"):
        shown(path, "vio")
