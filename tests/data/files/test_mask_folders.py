from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import EpsImagePlugin, Image

from pytest_xraynoise.data import LeftOutWarning, MaskFolders, open_source
from pytest_xraynoise.data.files.mask_folders import read_mask
from pytest_xraynoise.errors import DataError, SpecError

from . import layouts


def test_masks_of_the_same_name(tmp_path: Path) -> None:
    data = MaskFolders(layouts.masks(tmp_path), labels=("lungs",), pixel_pitch=0.4)
    assert data.ids == ("p0", "p1", "p2")
    assert data.labels == ("lungs",)
    item = data[1]
    assert item["image"].shape == (1, 40, 32)
    assert item["mask"].dtype == np.uint8
    assert item["mask"].sum() == 16 * 16
    assert set(np.unique(item["mask"])) == {0, 1}
    source = open_source(data, task="segmentation")
    (batch,) = source
    assert batch.pixel_pitch == (0.4,) * 3
    assert tuple(batch.targets.shape) == (3, 40, 32)


def test_patients_are_told_from_names(tmp_path: Path) -> None:
    data = MaskFolders(layouts.masks(tmp_path), groups=lambda stem: stem[0])
    assert data.groups == ("p",) * 3


@pytest.mark.parametrize("form", ["L", "P", "RGB", "npy", "tif", "1"])
def test_class_ids_in_any_dress(tmp_path: Path, form: str) -> None:
    ids = np.zeros((40, 32), np.uint8)
    ids[:10], ids[30:] = 1, (1 if form == "1" else 2)
    root = layouts.masks(tmp_path, 1)
    (root / "masks" / "p0.png").unlink()
    picture = Image.fromarray(ids)
    if form == "npy":
        np.save(root / "masks" / "p0.npy", ids)
    elif form == "P":
        picture.putpalette([0, 0, 0, 255, 0, 0, 0, 0, 255])
        picture.save(root / "masks" / "p0.png")
    elif form == "1":
        Image.fromarray(ids > 0).save(root / "masks" / "p0.png")
    else:
        mode = {"RGB": "RGB"}.get(form, "L")
        picture.convert(mode).save(root / "masks" / f"p0.{'tif' if form == 'tif' else 'png'}")
    data = MaskFolders(root, labels=("heart", "lungs"))
    assert np.array_equal(data[0]["mask"], ids)


def test_a_folder_for_each_label(tmp_path: Path) -> None:
    root = layouts.masks(tmp_path)
    for number in range(3):
        layouts.picture(root / "heart" / f"p{number}.png", np.ones((40, 32), np.uint8))
    data = MaskFolders(root, masks={"lungs": "masks", "heart": "heart"})
    assert data.labels == ("lungs", "heart")
    assert data[0]["mask"].shape == (2, 40, 32)
    assert data[0]["mask"].sum((1, 2)).tolist() == [15 * 16, 40 * 32]
    with pytest.raises(SpecError, match=r"names the labels already"):
        MaskFolders(root, masks={"lungs": "masks"}, labels=("lungs",))


def test_a_mask_of_another_size_names_its_file(tmp_path: Path) -> None:
    root = layouts.masks(tmp_path)
    layouts.picture(root / "masks" / "p1.png", np.zeros((40, 31), np.uint8))
    says = r"p1.png' is 40 x 31 pixels .*its image 'p1.png' is 40 x 32; expected the same size"
    with pytest.raises(DataError, match=says):
        list(open_source(MaskFolders(root), task="segmentation"))


@pytest.mark.parametrize(
    ("labels", "value", "says"),
    [
        (("lungs",), 200, "holds 200; expected 0 and 1, or 0 and 255"),
        (("lungs",), 2, "holds 2; expected 0 and 1, or 0 and 255"),
        (("a", "b"), 255, "holds 255; expected class ids from 0 to 2"),
    ],
)
def test_values_that_are_no_class_are_refused(
    tmp_path: Path, labels: tuple[str, ...], value: int, says: str
) -> None:
    root = layouts.masks(tmp_path, 1)
    layouts.picture(root / "masks" / "p0.png", np.full((40, 32), value, np.uint8))
    with pytest.raises(DataError, match=says):
        MaskFolders(root, labels=labels)[0]


def test_a_coloured_or_damaged_mask_is_refused(tmp_path: Path) -> None:
    root = layouts.masks(tmp_path, 1)
    path = root / "masks" / "p0.png"
    layouts.picture(path, np.random.default_rng(0).integers(0, 9, (40, 32, 3), np.uint8))
    with pytest.raises(DataError, match=r"has the shape \(40, 32, 3\); expected one plane"):
        MaskFolders(root)[0]
    path.write_bytes(path.read_bytes()[:200])
    with pytest.raises(DataError, match=r"the mask .*p0.png' is damaged"):
        MaskFolders(root)[0]
    path.write_bytes(b"no picture")
    with pytest.raises(DataError, match=r"is not an image that can be read"):
        MaskFolders(root)[0]


def test_lonely_images_and_masks_are_counted_and_listed(tmp_path: Path) -> None:
    root = layouts.masks(tmp_path)
    (root / "images" / "p0.png").unlink()
    (root / "masks" / "p2.png").unlink()
    with pytest.raises(DataError, match=r"file not found: 2 \(images/p0, masks/p2\), of 3 samples"):
        MaskFolders(root)
    with pytest.warns(LeftOutWarning, match=r"1 of 3 samples"):
        assert MaskFolders(root, on_missing="skip").ids == ("p1",)


def test_folders_that_are_not_there_or_empty_are_refused(tmp_path: Path) -> None:
    root = layouts.masks(tmp_path)
    with pytest.raises(DataError, match=r"MaskFolders: there is no folder .*mask'"):
        MaskFolders(root, masks="mask")
    (root / "none").mkdir()
    with pytest.raises(DataError, match=r"no image in .*none'; expected files that end in .png"):
        MaskFolders(root, images="none")
    layouts.picture(root / "images" / "p0.jpg", layouts.grey(0))
    with pytest.raises(DataError, match=r"'p0' is there twice"):
        MaskFolders(root)
    with pytest.raises(SpecError, match=r"labels='lungs'"):
        MaskFolders(root, labels="lungs")


def test_no_other_program_is_started_for_a_mask(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = layouts.masks(tmp_path, 1)
    monkeypatch.setattr(EpsImagePlugin, "Ghostscript", lambda *_, **__: pytest.fail("started"))
    (root / "masks" / "p0.png").write_bytes(
        b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 40 32\n%%EndComments\nshowpage\n%%EOF\n"
    )
    with pytest.raises(DataError, match=r"the mask .*p0.png' is not an image that can be read"):
        MaskFolders(root)[0]


def test_a_mask_that_is_far_too_large_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    root = layouts.masks(tmp_path, 1)
    monkeypatch.setattr(Image, "MAX_IMAGE_PIXELS", 40 * 32 // 3)
    with pytest.raises(DataError, match=r"the mask .*p0.png' has more pixels than any radiograph"):
        read_mask(root / "masks" / "p0.png", 1)


def test_a_folder_for_two_labels_is_refused(tmp_path: Path) -> None:
    root = layouts.masks(tmp_path)
    with pytest.raises(SpecError, match="names a folder for two labels"):
        MaskFolders(root, masks={"left": "masks", "right": "masks"})
