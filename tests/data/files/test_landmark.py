from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
import torch

from pytest_xraynoise import evaluate
from pytest_xraynoise.data import Landmark, LeftOutWarning, open_source
from pytest_xraynoise.data.files.landmark import patient_of, source_of
from pytest_xraynoise.errors import DataError, SpecError

from . import layouts

ALL = ("right lung", "left lung", "heart", "right clavicle", "left clavicle")
JSRT, MONTGOMERY = "JPCLN001", "MCUCXR_0001_0"


def item(data: Landmark, name: str) -> dict[str, Any]:
    assert data.ids is not None
    return data[list(data.ids).index(name)]


def test_contours_become_masks_and_what_nobody_drew_is_not_labelled(tmp_path: Path) -> None:
    data = Landmark(layouts.landmark(tmp_path), labels=ALL)
    assert len(data) == 5
    assert data.labels == ALL
    masks = item(data, JSRT)["mask"]
    assert masks.shape == (5, 64, 64)
    assert masks.dtype == np.int8
    scale = 64 / 1024
    for plane, (_, x, y, radius) in zip(masks, layouts.ORGAN_RINGS.values(), strict=True):
        rows, columns = np.nonzero(plane)
        assert columns.mean() == pytest.approx((x + 0.5) * scale - 0.5, abs=0.2)
        assert rows.mean() == pytest.approx((y + 0.5) * scale - 0.5, abs=0.2)
        assert plane.sum() == pytest.approx(np.pi * (radius * scale) ** 2, rel=0.06)
    other = item(data, MONTGOMERY)["mask"]
    assert (other[2:] == -1).all()
    assert set(np.unique(other[:2])) == {0, 1}


def test_an_image_of_the_frame_has_masks_of_the_frame(tmp_path: Path) -> None:
    data = Landmark(layouts.landmark(tmp_path, side=1024), sources=["JSRT"])
    (only,) = data
    assert only["mask"].shape == (3, 1024, 1024)
    assert only["mask"][2].sum() == pytest.approx(np.pi * 120**2, rel=0.011)  # a polygon of 26
    assert only["source"] == "JSRT"


def test_sources_and_patients_are_told_by_name(tmp_path: Path) -> None:
    data = Landmark(layouts.landmark(tmp_path))
    assert [one["source"] for one in data] == ["Padchest"] * 2 + ["Shenzhen", "JSRT", "Montgomery"]
    assert data.groups[0] == data.groups[1] == "26740916849083948015827135783885268528"  # type: ignore[index]
    assert len(set(data.groups)) == 4  # type: ignore[arg-type]
    assert source_of("JPCNN093") == "JSRT"
    assert patient_of("CHNCXR_0004_0") == "CHNCXR_0004_0"
    assert len(Landmark(tmp_path, sources=["padchest", "JSRT"])) == 3
    with pytest.raises(SpecError, match=r"unknown source 'Shenzen'; did you mean 'Shenzhen'"):
        Landmark(tmp_path, sources=["Shenzen"])


def test_the_engine_leaves_out_organs_that_are_not_labelled(tmp_path: Path) -> None:
    """A model that finds every organ everywhere is scored where organs were drawn."""
    data = Landmark(layouts.landmark(tmp_path), resize=32)

    def everywhere(images: torch.Tensor) -> torch.Tensor:
        return torch.ones(len(images), 3, *images.shape[-2:])

    result = evaluate(everywhere, data, noise="gaussian", severities=(1,))
    dice = result.scores(severity=0)
    known = np.isfinite(dice)
    assert known[:, :2].all()
    assert known[:, 2].tolist() == [True, True, False, True, False]
    sizes = [(one["mask"] > 0).mean((1, 2)) for one in data]
    assert dice[0, 2] == pytest.approx(2 * sizes[0][2] / (1 + sizes[0][2]), rel=0.1)


def test_landmarks_without_an_image_are_counted_and_listed(tmp_path: Path) -> None:
    root = layouts.landmark(tmp_path)
    (root / "Images" / f"{JSRT}.png").unlink()
    with pytest.raises(DataError, match=r"file not found: 1 \(JPCLN001.png\), of 5"):
        Landmark(root)
    with pytest.warns(LeftOutWarning, match=r"4 of 5 samples"):
        assert len(Landmark(root, on_missing="skip")) == 4


def test_a_label_that_is_not_there_is_refused(tmp_path: Path) -> None:
    root = layouts.landmark(tmp_path)
    with pytest.raises(SpecError, match=r"unknown label 'hart'; did you mean 'heart'"):
        Landmark(root, labels=["hart"])
    (root / "landmarks" / "H").rename(root / "landmarks" / "heart")
    with pytest.raises(SpecError, match=r"the heart lies in .*unknown folder 'H'"):
        Landmark(root)
    with pytest.raises(SpecError, match=r"the right lung lies in .*RL', which is not there"):
        Landmark(tmp_path / "Images")


@pytest.mark.parametrize(
    ("points", "says"),
    [
        (np.zeros((43, 2)), r"shape \(43, 2\); expected \(44, 2\), x and y of the 44 points"),
        (np.zeros((44, 2), complex), "expected"),
        (
            layouts.ring(44, 1000.0, 500.0, 200.0),
            "lie from .* to 1200; expected pixels of the 1024",
        ),
        (np.full((44, 2), np.nan), "lie from nan"),
    ],
)
def test_landmarks_that_are_none_are_refused(
    tmp_path: Path,
    points: npt.NDArray[Any],
    says: str,
) -> None:
    root = layouts.landmark(tmp_path)
    np.save(root / "landmarks" / "RL" / f"{JSRT}.npy", points)
    with pytest.raises(DataError, match=says):
        item(Landmark(root), JSRT)
    (root / "landmarks" / "RL" / f"{JSRT}.npy").write_bytes(b"\x93NUMPY\x01\x00")
    with pytest.raises(DataError, match=r"cannot be read"):
        item(Landmark(root), JSRT)


def test_an_image_that_was_not_prepared_is_refused(tmp_path: Path) -> None:
    root = layouts.landmark(tmp_path)
    layouts.picture(root / "Images" / f"{JSRT}.png", layouts.grey(0, 50, 64))
    with pytest.raises(DataError, match=r"JPCLN001.png' is 64 x 50 pixels; .*cropping and padding"):
        list(open_source(Landmark(root), task="segmentation"))


def test_an_image_that_is_there_twice_is_refused(tmp_path: Path) -> None:
    root = layouts.landmark(tmp_path)
    layouts.picture(root / "Images" / "JSRT" / f"{JSRT}.png", layouts.grey(0))
    with pytest.raises(DataError, match=r"'JPCLN001' is there twice"):
        Landmark(root)
