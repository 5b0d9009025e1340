"""A dataset over files: samples are decoded when they are asked for, and not before."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.dataset import XrayDataset
from pytest_xraynoise.data.radiograph import read_radiograph

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence
    from pathlib import Path

    import numpy as np
    import numpy.typing as npt

    from pytest_xraynoise.data.files.intake import Intake

    Image = npt.NDArray[np.float32]


@dataclass(frozen=True, slots=True)
class Record:
    """One sample.

    Attributes:
        path: of the image.
        id: unique.
        group: the patient, or what else belongs together.
        target: class, vector, or what a dataset makes its mask of.
        pixel_pitch: of the image in mm, None where it is not known.
    """

    path: Path
    id: str
    group: str
    target: Any = None
    pixel_pitch: float | None = None


def read_image(path: Path) -> Image:
    """(1, H, W) float32 intensities in [0, 1].

    Raises:
        DataError: see :func:`~pytest_xraynoise.data.radiograph.read_radiograph`.
    """
    return read_radiograph(path).pixels[None]


def pitch_notes(records: Sequence[Record]) -> list[str]:
    """That no pitch is declared, where not every image has one."""
    silent = [record.id for record in records if record.pixel_pitch is None]
    if not silent:
        return []
    return [
        f"no pixel pitch is declared: it is not said for {len(silent)} of {len(records)} images, "
        f"{silent[0]} among them"
    ]


class Records:
    """A map-style dataset of records: items of ``image``, ``target``, ``id`` and ``group``."""

    def __init__(
        self, records: Sequence[Record], image: Callable[[Path], Image] = read_image
    ) -> None:
        self.records = tuple(records)
        self._image = image

    def __len__(self) -> int:
        return len(self.records)

    def __getitem__(self, index: int) -> dict[str, Any]:
        record = self.records[index]
        item = {"image": self._image(record.path), "id": record.id, "group": record.group}
        if record.target is not None:
            item["target"] = record.target
        return item


class FileDataset(XrayDataset):
    """Files and their declarations; also a map-style dataset of the same items for training.

    Attributes:
        intake: what was found, kept and left out.
    """

    intake: Intake

    def __init__(self, data: Records, intake: Intake, **declared: Any) -> None:
        records = data.records
        pitches = [record.pixel_pitch for record in records]
        whole = all(pitch is not None for pitch in pitches)
        declared.setdefault("pixel_pitch", tuple(pitches) if whole else None)
        super().__init__(
            data,
            ids=tuple(record.id for record in records),
            groups=tuple(record.group for record in records),
            name=intake.dataset,
            **declared,
        )
        self.intake = intake

    @property
    def records(self) -> tuple[Record, ...]:
        """The samples, not decoded."""
        records: tuple[Record, ...] = self.data.records
        return records

    def __len__(self) -> int:
        return len(self.data)

    def __getitem__(self, index: int) -> dict[str, Any]:
        item: dict[str, Any] = self.data[index]
        return item

    def __iter__(self) -> Iterator[dict[str, Any]]:
        return (self[index] for index in range(len(self)))

    def __repr__(self) -> str:
        return f"{type(self).__name__}({len(self)} samples, labels={self.labels!r})"
