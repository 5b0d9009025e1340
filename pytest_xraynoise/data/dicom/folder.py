"""A folder of DICOM radiographs as a dataset, with a csv table that says what is on them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.dicom.display import check_window, display_values, has_voi, is_straight
from pytest_xraynoise.data.dicom.header import Header, read_header
from pytest_xraynoise.data.dicom.library import load_pydicom, read_dataset
from pytest_xraynoise.data.dicom.pixels import refusal
from pytest_xraynoise.data.dicom.response import Stated, one_response
from pytest_xraynoise.data.dicom.targets import DicomTargets, open_targets
from pytest_xraynoise.data.dicom.walk import dicom_files
from pytest_xraynoise.data.files.base import FileDataset, Record, Records, pitch_notes
from pytest_xraynoise.data.files.intake import Sieve
from pytest_xraynoise.data.files.places import existing_folder
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_xraynoise.data.files.base import Image


class _Reader:
    """Reads an image in the window that was asked for; a class, so that workers can be sent it."""

    def __init__(self, window: str) -> None:
        self._window = window

    def __call__(self, path: Path) -> Image:
        return display_values(read_dataset(path), path, self._window)[0][None]


class DicomFolder(FileDataset):
    """Single-frame grey images of every DICOM file below a folder, whatever the files are called.

    Intensities are what is shown: rescaled, windowed, and inverted for MONOCHROME1. The pixel pitch
    is ImagerPixelSpacing, else DetectorElementSpacing, else PixelSpacing. A sample's id is its path
    below the folder, its group the PatientID.

    Args:
        root: the folder.
        table: a csv file, relative to the folder, with a line for each image; None for a folder
            without targets.
        file: the column of the table that names images: by path below the folder, by file name, or
            by SOPInstanceUID.
        label: the column of the words, or several columns of 0 and 1, see :class:`ImageTable`.
        classes: their words in order, see :class:`ImageTable`.
        contrast: two labels, see :class:`ImageTable`.
        window: ``voi`` for the file's own window or table; ``full`` for the whole range of the
            stored bits, which keeps what a window cuts off.
        resize: the model's size, see :class:`XrayDataset`.
        channels: 1 or 3, see :class:`XrayDataset`.
        on_missing: ``error`` or ``skip`` for lines of the table without an image.
        on_odd: the same for files that are no single grey image, are damaged or cannot be
            decompressed here, that the table does not name, or whose label is not known.

    Attributes:
        headers: of each sample, in order: dose, exposure index, response and more.
        response: what ``response=`` of a clinical noise takes, where all images agree; else None.

    Raises:
        DataError: pydicom is missing, no DICOM file, an image that is there twice, or samples that
            the policies refuse.
        SpecError: an unknown window, label or policy.
    """

    headers: tuple[Header, ...]
    response: Stated

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        table: str | os.PathLike[str] | None = None,
        file: str | None = None,
        label: str | Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
        contrast: Sequence[str] | None = None,
        window: str = "voi",
        resize: int | tuple[int, int] | None = None,
        channels: int | None = None,
        on_missing: str = "error",
        on_odd: str = "error",
    ) -> None:
        name = type(self).__name__
        check_window(window)
        folder = existing_folder(root, name)
        sieve = Sieve(name, on_missing, on_odd)
        targets = open_targets(folder, table, file, label, classes, contrast)
        files, others = dicom_files(folder)
        if not files:
            raise DataError(
                f"{name}: no DICOM file below {str(folder)!r}, which holds {others} other files"
            )
        load_pydicom(files[0])
        if others:
            sieve.notes.append(f"{others} files that are no DICOM were passed over")
        records, headers, stated = [], [], []
        for path, header, response in _images(files, folder, window, sieve):
            record = _record(path, folder, header, targets, sieve)
            if record is not None:
                records.append(record)
                headers.append(header)
                stated.append(response)
        left_out = 0 if targets is None else targets.finish(sieve)
        self.response, notes = one_response(stated) if stated else (None, [])
        sieve.notes += [*notes, *pitch_notes(records)]
        self.headers = tuple(headers)
        super().__init__(
            Records(records, _Reader(window)),
            sieve.finish(len(files) - left_out, len(records)),
            labels=None if targets is None else targets.labels,
            resize=resize,
            channels=channels,
        )

    @property
    def doses(self) -> tuple[float | None, ...]:
        """Of each image, as a fraction of its target exposure: 10^(DI / 10)."""
        return tuple(header.dose for header in self.headers)

    @property
    def kerma(self) -> float | None:
        """Mean detector air kerma in uGy (EI / 100) for ``kerma=``; None unless all images say."""
        told = [header.kerma for header in self.headers]
        known = [value for value in told if value is not None]
        return sum(known) / len(known) if len(known) == len(told) else None


def _images(
    files: Sequence[Path], root: Path, window: str, sieve: Sieve
) -> list[tuple[Path, Header, Stated]]:
    """The files that hold an image that can be read, with their headers and responses."""
    found, seen = [], dict[str, str]()
    for path in files:
        ident = _ident(path, root)
        try:
            dataset = read_dataset(path, pixels=False)
        except DataError:
            sieve.odd("damaged", ident)
            continue
        if _is_document(dataset):
            sieve.notes.append(f"{ident} holds no image and was passed over")
            continue
        fault = refusal(dataset) or ("damaged" if _is_cut(dataset, path) else None)
        if fault is not None:
            sieve.odd(fault, ident)
            continue
        header = read_header(dataset)
        if header.uid and header.uid in seen:
            raise DataError(
                f"{sieve.dataset}: {seen[header.uid]!r} and {ident!r} are the same image "
                f"(SOPInstanceUID {header.uid}); leave one of them"
            )
        seen[header.uid] = ident
        found.append((path, header, _response(dataset, header, window)))
    return found


def _is_document(dataset: Any) -> bool:
    """Whether it is a report or a presentation state, say, and was never meant to be an image."""
    kind = getattr(dataset, "SOPClassUID", None)
    return kind is not None and "Rows" not in dataset and "Image" not in kind.name


def _is_cut(dataset: Any, path: Path) -> bool:
    """Whether the file is too short for the pixels that it announces."""
    syntax = getattr(getattr(dataset, "file_meta", None), "TransferSyntaxUID", None)
    if "Rows" not in dataset or (syntax is not None and syntax.is_compressed):
        return False
    bits = dataset.Rows * dataset.Columns * int(getattr(dataset, "BitsAllocated", 8) or 8)
    return bool(path.stat().st_size < bits // 8)


def _response(dataset: Any, header: Header, window: str) -> Stated:
    """How what is shown goes with exposure.

    A window keeps a logarithm a logarithm, but its black is not where there is no exposure.
    """
    if window == "voi" and has_voi(dataset):
        return header.response if header.response == "log" and is_straight(dataset) else None
    return header.response if is_straight(dataset) else None


def _record(
    path: Path, root: Path, header: Header, targets: DicomTargets | None, sieve: Sieve
) -> Record | None:
    ident = _ident(path, root)
    target = None
    if targets is not None:
        target = targets.of(ident, header.uid, sieve)
        if target is None:
            return None
    return Record(path, ident, header.patient or ident, target, header.pixel_pitch)


def _ident(path: Path, root: Path) -> str:
    return path.relative_to(root).as_posix()
