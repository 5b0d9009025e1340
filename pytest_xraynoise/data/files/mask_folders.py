"""A folder of images and one of masks, or one of masks for each label, with the same names."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.data.files.base import FileDataset, Record, Records
from pytest_xraynoise.data.files.intake import Sieve
from pytest_xraynoise.data.files.places import by_stem, existing_folder
from pytest_xraynoise.data.radiograph.pictures import opened
from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    import numpy.typing as npt

    Mask = npt.NDArray[np.uint8]

_FULL = 255


class MaskRecords(Records):
    """Records whose target is the path of a mask, or of one mask for each label."""

    def __init__(self, records: Sequence[Record], count: int) -> None:
        super().__init__(records)
        self._count = count

    def __getitem__(self, index: int) -> dict[str, Any]:
        item = super().__getitem__(index)
        paths: tuple[Path, ...] = item.pop("target")
        size = item["image"].shape[-2:]
        several = len(paths) > 1
        planes = [read_mask(path, 1 if several else self._count) for path in paths]
        for path, plane in zip(paths, planes, strict=True):
            if plane.shape != size:
                raise DataError(
                    f"the mask {str(path)!r} is {plane.shape[0]} x {plane.shape[1]} pixels (rows x "
                    f"columns), but its image {self.records[index].path.name!r} is {size[0]} x "
                    f"{size[1]}; expected the same size"
                )
        return {**item, "mask": np.stack(planes) if several else planes[0]}


class MaskFolders(FileDataset):
    """Images, and masks of the same name (the suffix may differ).

    A mask of one label is 0 and 255, or 0 and 1; of several labels it is 0 for the background and 1
    for the first label onwards, or lies in a folder for each label, so that masks may overlap.

    Args:
        root: the folder of both.
        images: folder of the images.
        masks: folder of the masks, or one for each label: ``{"left lung": "masks/left", ...}``.
        labels: of a single folder of masks, in the order of the class ids from 1.
        groups: what belongs together, the patient as a rule: a function from an image's name
            without suffix; by default each image stands alone.
        resize: the model's size, see :class:`XrayDataset`.
        channels: 1 or 3, see :class:`XrayDataset`.
        pixel_pitch: of all images in mm.
        on_missing: ``error`` or ``skip`` for images without a mask and masks without an image.

    Raises:
        DataError: no such folder, no image, or samples that the policy refuses.
        SpecError: labels said twice, a folder for two labels, or an unknown policy.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        images: str = "images",
        masks: str | Mapping[str, str] = "masks",
        labels: Sequence[str] = ("foreground",),
        groups: Any = None,
        resize: int | tuple[int, int] | None = None,
        channels: int | None = None,
        pixel_pitch: float | None = None,
        on_missing: str = "error",
    ) -> None:
        name = type(self).__name__
        if isinstance(labels, str) or not labels:
            raise SpecError(f"{name}(labels={labels!r}): expected a list of names")
        folder = existing_folder(root, name)
        if isinstance(masks, Mapping):
            if not masks or tuple(labels) != ("foreground",):
                raise SpecError(f"{name}(masks=...) names the labels already; leave labels= out")
            labels, folders = tuple(masks), tuple(masks.values())
            if len(set(folders)) < len(folders):
                raise SpecError(f"{name}(masks={dict(masks)!r}) names a folder for two labels")
        else:
            folders = (masks,)
        sieve = Sieve(name, on_missing)
        pictures = by_stem(folder / images, name)
        drawn = {one: by_stem(folder / one, name) for one in folders}
        stems = sorted({*pictures, *(stem for found in drawn.values() for stem in found)})
        records = []
        for stem in stems:
            lacking = [one for one, found in drawn.items() if stem not in found]
            if stem not in pictures:
                sieve.missing(f"{images}/{stem}")
            elif lacking:
                sieve.missing(f"{lacking[0]}/{stem}")
            else:
                paths = tuple(found[stem] for found in drawn.values())
                group = stem if groups is None else str(groups(stem))
                records.append(Record(pictures[stem], stem, group, paths, pixel_pitch))
        super().__init__(
            MaskRecords(records, len(labels)),
            sieve.finish(len(stems), len(records)),
            labels=tuple(labels),
            resize=resize,
            channels=channels,
        )


def read_mask(path: Path, count: int) -> Mask:
    """(H, W) uint8 of class ids from 0 to ``count``.

    Args:
        path: a PNG, TIFF, BMP or .npy file; of a palette the indices count, not the colours.
        count: labels. With one, 255 stands for 1.

    Raises:
        DataError: no picture, a coloured one, or values that are no class.
    """
    values = _stored(path)
    if values.ndim == 3 and values.shape[2] >= 3 and (values[..., :1] == values[..., :3]).all():
        values = values[..., 0]
    if values.ndim != 2:
        raise DataError(
            f"the mask {str(path)!r} has the shape {values.shape}; expected one plane of class ids"
        )
    held = np.unique(values)
    if count == 1 and set(held.tolist()) <= {0, _FULL}:
        return np.asarray(values == _FULL, dtype=np.uint8)
    bad = [value for value in held.tolist() if value not in range(count + 1)]
    if bad:
        shown = ", ".join(f"{value:g}" for value in bad[:5])
        allowed = "0 and 1, or 0 and 255" if count == 1 else f"class ids from 0 to {count}"
        raise DataError(f"the mask {str(path)!r} holds {shown}; expected {allowed}")
    return np.asarray(values, dtype=np.uint8)


def _stored(path: Path) -> npt.NDArray[Any]:
    try:
        if path.suffix.lower() == ".npy":
            return np.asarray(np.load(path, allow_pickle=False))
    except (OSError, ValueError, EOFError) as error:
        raise DataError(f"the mask {str(path)!r} is damaged: {error}") from None
    with opened(path, "mask") as picture:
        return np.asarray(picture)
