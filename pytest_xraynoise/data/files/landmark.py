"""The chest X-ray landmark dataset: contours of lungs, heart and clavicles in 911 chest X-rays.

Gaggion et al. 2022, "Improving anatomical plausibility in medical image segmentation via hybrid
graph neural networks" (DOI 10.1109/TMI.2022.3224660). ``landmarks/RL``, ``LL``, ``H``, ``RCLA`` and
``LCLA`` hold one (N, 2) array of x and y for each image, in a frame of 1024 x 1024 pixels: both
lungs for every image, the heart for those of JSRT and Padchest, clavicles for those of JSRT. The
images come from their own sources, made square and 1024 x 1024 by the dataset's notebooks.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.data.files import labels as words
from pytest_xraynoise.data.files.base import FileDataset, Record, Records
from pytest_xraynoise.data.files.intake import Sieve
from pytest_xraynoise.data.files.places import SUFFIXES, existing_folder
from pytest_xraynoise.data.files.rasterise import filled
from pytest_xraynoise.errors import DataError, SpecError, unknown

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

FRAME = 1024
"""Pixels a side of the frame in which landmarks are written."""
ORGANS = {
    "right lung": ("RL", 44),
    "left lung": ("LL", 50),
    "heart": ("H", 26),
    "right clavicle": ("RCLA", 23),
    "left clavicle": ("LCLA", 23),
}
"""Folder, and number of landmarks, of each organ."""
SOURCES = ("JSRT", "Montgomery", "Shenzhen", "Padchest")
_PREFIXES = {"JPC": "JSRT", "MCUCXR": "Montgomery", "CHNCXR": "Shenzhen"}
_STUDY = re.compile(r"\d{8,}")
_SLACK = 1.0
UNLABELLED = -1


class LandmarkRecords(Records):
    """Records whose target is drawn from contours: ``mask`` (K, H, W) int8 of 0, 1 and -1."""

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = super().__getitem__(index)
        contours: dict[str, Path | None] = item.pop("target")
        _, height, width = item["image"].shape
        if height != width:
            raise DataError(
                f"the image {str(self.records[index].path)!r} is {width} x {height} pixels; "
                f"landmarks are written in a square of {FRAME} x {FRAME} that the dataset's "
                "notebooks make by cropping and padding: prepare the image with them"
            )
        planes = [_plane(path, name, height) for name, path in contours.items()]
        return {**item, "mask": np.stack(planes), "source": source_of(item["id"])}


class Landmark(FileDataset):
    """Lungs, heart and clavicles as masks, drawn when a sample is asked for.

    An organ that nobody drew in an image is -1 all over: not labelled, so the image does not count
    for it. Images are found by the landmarks' names in ``Images``, or without such a folder
    anywhere below the root. A square image of another size than 1024 gets its masks at its own
    size. A sample's group is its patient; of Padchest it is the study, as names say no more, so
    that two studies of one patient are two groups.

    Args:
        root: the folder that holds ``landmarks`` and the images.
        labels: organs, of ``right lung``, ``left lung``, ``heart``, ``right clavicle`` and ``left
            clavicle``, in the order of the model's outputs; by default lungs and heart.
        sources: of ``JSRT``, ``Montgomery``, ``Shenzhen`` and ``Padchest``; all by default.
        resize: the model's size, see :class:`XrayDataset`.
        channels: 1 or 3, see :class:`XrayDataset`.
        on_missing: ``error`` or ``skip`` for landmarks without an image.

    Raises:
        DataError: no landmarks, or samples that the policy refuses.
        SpecError: an unknown label, source or policy.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        labels: Sequence[str] = ("right lung", "left lung", "heart"),
        sources: Sequence[str] | None = None,
        resize: int | tuple[int, int] | None = None,
        channels: int | None = None,
        on_missing: str = "error",
    ) -> None:
        name = type(self).__name__
        organs = words.spelled(labels, tuple(ORGANS))
        chosen = SOURCES if sources is None else words.spelled(sources, SOURCES, "source")
        folder = existing_folder(root, name)
        drawn = _landmarks(folder, organs)
        images = _images(folder)
        sieve = Sieve(name, on_missing)
        found, records = 0, []
        for stem in sorted({stem for files in drawn.values() for stem in files}):
            if source_of(stem) not in chosen:
                continue
            found += 1
            if stem not in images:
                sieve.missing(f"{stem}.png")
                continue
            contours = {organ: drawn[organ].get(stem) for organ in organs}
            records.append(Record(images[stem], stem, patient_of(stem), contours))
        super().__init__(
            LandmarkRecords(records),
            sieve.finish(found, len(records)),
            labels=organs,
            resize=resize,
            channels=channels,
        )


def source_of(stem: str) -> str:
    """Which of the four collections an image comes from, told by its name."""
    return next((home for start, home in _PREFIXES.items() if stem.startswith(start)), "Padchest")


def patient_of(stem: str) -> str:
    """What images of a patient have in common: the study in Padchest, else the name."""
    study = _STUDY.match(stem)
    return study.group() if study else stem


def read_landmarks(path: Path, organ: str) -> npt.NDArray[np.float64]:
    """(N, 2) of x and y in the frame of 1024 x 1024.

    Raises:
        DataError: not such an array, another number of points than the organ has, or points outside
            the frame.
    """
    try:
        points = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"the landmarks {str(path)!r} cannot be read: {error}") from None
    count = ORGANS[organ][1]
    shape = getattr(points, "shape", None)
    if shape != (count, 2) or points.dtype.kind not in "iuf":
        raise DataError(
            f"the landmarks {str(path)!r} have the shape {shape}; expected ({count}, 2), x and y "
            f"of the {count} points of the {organ}"
        )
    points = np.asarray(points, dtype=np.float64)
    if not (points.min() >= -_SLACK and points.max() <= FRAME - 1 + _SLACK):
        raise DataError(
            f"the landmarks {str(path)!r} lie from {points.min():g} to {points.max():g}; expected "
            f"pixels of the {FRAME} x {FRAME} frame"
        )
    return points


def _plane(path: Path | None, organ: str, side: int) -> npt.NDArray[np.int8]:
    if path is None:
        return np.full((side, side), UNLABELLED, dtype=np.int8)
    # The frame's pixel centres are whole numbers, so its borders are at -0.5 and 1023.5.
    points = (read_landmarks(path, organ) + 0.5) * (side / FRAME) - 0.5
    return filled(points, side, side).astype(np.int8)


def _below(root: Path, *names: str) -> Path:
    """The first of these folders that is there, else the root."""
    return next((root / name for name in names if (root / name).is_dir()), root)


def _landmarks(root: Path, organs: Sequence[str]) -> dict[str, dict[str, Path]]:
    """Landmark files of each organ by the image's name."""
    home = _below(root, "landmarks", "Landmarks")
    found = {}
    for organ in organs:
        folder = home / ORGANS[organ][0]
        if not folder.is_dir():
            held = sorted(path.name for path in home.iterdir() if path.is_dir())
            raise SpecError(
                f"Landmark: the {organ} lies in {str(folder)!r}, which is not there; "
                f"{unknown('folder', folder.name, held)}"
            )
        found[organ] = {path.stem: path for path in sorted(folder.glob("*.npy"))}
    if not any(found.values()):
        raise DataError(f"Landmark: no landmarks (*.npy) of {', '.join(organs)} in {str(home)!r}")
    return found


def _images(root: Path) -> dict[str, Path]:
    """Pictures below ``Images``, or without it below the root, by their name without suffix."""
    home = _below(root, "Images", "images")
    found: dict[str, Path] = {}
    for path in sorted(home.rglob("*")):
        if path.suffix.lower() not in SUFFIXES or path.suffix.lower() == ".npy":
            continue
        if path.stem in found:
            raise DataError(
                f"Landmark: the image {path.stem!r} is there twice: {str(found[path.stem])!r} and "
                f"{str(path)!r}; leave the prepared one"
            )
        found[path.stem] = path
    return found
