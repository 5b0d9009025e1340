"""Small folders in the layouts of public datasets, written by the tests that read them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from PIL import Image

SPLIT_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Gender,View Position,"
    "OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y]"
)
JOINED_HEADER = (
    "Image Index,Finding Labels,Follow-up #,Patient ID,Patient Age,Patient Sex,View Position,"
    "OriginalImage[Width Height],OriginalImagePixelSpacing[x y]"
)
NIH_ROWS = (
    ("00000001_000.png", "Cardiomegaly", "1"),
    ("00000001_001.png", "Cardiomegaly|Emphysema", "1"),
    ("00000002_000.png", "No Finding", "2"),
    ("00000003_000.png", "Pneumothorax", "3"),
    ("00000003_001.png", "Pneumothorax|Atelectasis", "3"),
    ("00000004_000.png", "Atelectasis|Pleural_Thickening", "4"),
)


def grey(seed: int, height: int = 32, width: int = 32) -> npt.NDArray[np.uint8]:
    """Random levels."""
    return np.random.default_rng(seed).integers(0, 256, (height, width), np.uint8)


def picture(path: Path, pixels: npt.NDArray[Any], mode: str | None = None) -> Path:
    """A picture of these pixels, its folder made where need be."""
    path.parent.mkdir(parents=True, exist_ok=True)
    image = Image.fromarray(pixels)
    (image if mode is None else image.convert(mode)).save(path)
    return path


def nih_table(
    root: Path,
    rows: tuple[tuple[str, str, str], ...] = NIH_ROWS,
    *,
    layout: str = "split",
    name: str = "Data_Entry_2017.csv",
) -> Path:
    """``split``: the layout of 2017; ``2020``: the same without the empty column; ``joined``."""
    header = {"split": f"{SPLIT_HEADER},", "2020": SPLIT_HEADER, "joined": JOINED_HEADER}[layout]
    tail = {"split": "2682,2749,0.143,0.143,", "2020": "2682,2749,0.143,0.143"}
    end = tail.get(layout, "2682 2749,0.143 0.143")
    lines = [f"{image},{found},0,{patient},058Y,M,PA,{end}" for image, found, patient in rows]
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text("\n".join([header, *lines, ""]))
    return root


def nih(
    root: Path, rows: tuple[tuple[str, str, str], ...] = NIH_ROWS, place: str = "images"
) -> Path:
    """A small ChestX-ray14. ``place`` may hold ``{}``: the number of the part, from 1."""
    nih_table(root, rows)
    for number, (image, _, _) in enumerate(rows):
        picture(root / place.format(f"{number % 3 + 1:03d}") / image, grey(number))
    (root / "train_val_list.txt").write_text("\n".join(row[0] for row in rows[:4]))
    (root / "test_list.txt").write_text("\r\n".join(row[0] for row in rows[4:]))
    return root


def ring(count: int, x: float, y: float, radius: float) -> npt.NDArray[np.float64]:
    """Landmarks on a circle, (count, 2)."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return np.stack([x + radius * np.cos(angles), y + radius * np.sin(angles)], -1)


LANDMARK_IMAGES = {
    "JPCLN001": ("RL", "LL", "H", "RCLA", "LCLA"),
    "MCUCXR_0001_0": ("RL", "LL"),
    "CHNCXR_0004_0": ("RL", "LL"),
    "26740916849083948015827135783885268528_e8uwfn": ("RL", "LL", "H"),
    "26740916849083948015827135783885268528-2_6hkbx5": ("RL", "LL", "H"),
}
ORGAN_RINGS = {
    "RL": (44, 300.0, 500.0, 150.0),
    "LL": (50, 720.0, 500.0, 150.0),
    "H": (26, 560.0, 650.0, 120.0),
    "RCLA": (23, 350.0, 150.0, 60.0),
    "LCLA": (23, 680.0, 150.0, 60.0),
}


def landmark(root: Path, side: int = 64, more: int = 0) -> Path:
    """A small landmark dataset: all four sources, each with the organs that it has.

    ``more`` are further images of JSRT, which has them all.
    """
    further = {f"JPCLN{number:03d}": LANDMARK_IMAGES["JPCLN001"] for number in range(2, 2 + more)}
    for number, (stem, organs) in enumerate({**LANDMARK_IMAGES, **further}.items()):
        picture(root / "Images" / f"{stem}.png", grey(number, side, side))
        for organ in organs:
            folder = root / "landmarks" / organ
            folder.mkdir(parents=True, exist_ok=True)
            np.save(folder / f"{stem}.npy", ring(*ORGAN_RINGS[organ]))
    return root


def table(root: Path, text: str, files: tuple[str, ...] = (), name: str = "labels.csv") -> Path:
    """A csv file and pictures."""
    root.mkdir(parents=True, exist_ok=True)
    (root / name).write_text(text)
    for number, file in enumerate(files):
        picture(root / file, grey(number))
    return root


def masks(root: Path, count: int = 3) -> Path:
    """Images, and masks of 0 and 255 with the same names."""
    for number in range(count):
        picture(root / "images" / f"p{number}.png", grey(number, 40, 32))
        mask = np.zeros((40, 32), np.uint8)
        mask[5 : 20 + number, 4:20] = 255
        picture(root / "masks" / f"p{number}.png", mask)
    return root
