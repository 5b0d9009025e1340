"""ChestX-ray14: 112,120 frontal chest X-rays of 30,805 patients, 14 findings mined from reports.

Wang et al. 2017, "ChestX-ray8: Hospital-scale Chest X-ray Database and Benchmarks" (DOI
10.1109/CVPR.2017.369); the images are 8 bit PNG of 1024 x 1024 pixels.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.files import labels as words
from pytest_xraynoise.data.files.base import FileDataset, Record, Records, pitch_notes
from pytest_xraynoise.data.files.intake import Sieve
from pytest_xraynoise.data.files.nih_table import nih_columns
from pytest_xraynoise.data.files.places import by_name, existing_folder
from pytest_xraynoise.data.files.tables import read_table, the_table
from pytest_xraynoise.data.radiograph.pictures import opened
from pytest_xraynoise.errors import DataError, SpecError, unknown

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_xraynoise.data.files.nih_table import NihColumns
    from pytest_xraynoise.data.files.tables import Row

FINDINGS = (
    "Atelectasis",
    "Cardiomegaly",
    "Effusion",
    "Infiltration",
    "Mass",
    "Nodule",
    "Pneumonia",
    "Pneumothorax",
    "Consolidation",
    "Edema",
    "Emphysema",
    "Fibrosis",
    "Pleural_Thickening",
    "Hernia",
)
LISTS = {"train_val": "train_val_list.txt", "test": "test_list.txt"}
_WORDS = (*FINDINGS, words.NONE)


class ChestXray14(FileDataset):
    """The dataset as it is published: ``Data_Entry_2017*.csv``, images, and the official lists.

    Images lie in ``images``, in ``images_001`` to ``images_012`` (with or without a folder
    ``images`` in each), or beside the table. A sample's id is its file name, its group the patient;
    images of four channels are read as grey. The table's spacing of the original image gives the
    pixel pitch of the published one. Where several tables lie there, the last by name is read
    (``Data_Entry_2017_v2020.csv``).

    Args:
        root: the folder.
        split: ``train_val`` or ``test``, by the official lists; None for every row of the table.
        labels: findings to have, in the order of the model's outputs; by default all 14. May name
            ``No Finding`` too.
        contrast: two findings (A, B): samples with exactly one of them, target 1 for A, 0 for B.
        resize: the model's size, see :class:`XrayDataset`.
        channels: 1 or 3, see :class:`XrayDataset`.
        on_missing: ``error`` or ``skip`` for rows, and names of the list, without an image.
        on_odd: the same for rows with an unknown label, with none, or with ``No Finding`` beside a
            finding. A row that is there twice is an error.

    Raises:
        DataError: no table, wrong columns, or samples that the policies refuse.
        SpecError: an unknown split, label or policy.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        split: str | None = None,
        labels: Sequence[str] | None = None,
        contrast: Sequence[str] | None = None,
        resize: int | tuple[int, int] | None = None,
        channels: int | None = None,
        on_missing: str = "error",
        on_odd: str = "error",
    ) -> None:
        name = type(self).__name__
        asked = FINDINGS if labels is None else words.spelled(labels, _WORDS)
        pair = words.pair(contrast, FINDINGS)
        if pair and labels is not None:
            raise SpecError("contrast= picks two findings already; leave labels= out")
        folder = existing_folder(root, name)
        sieve = Sieve(name, on_missing, on_odd)
        table = read_table(the_table(folder, "Data_Entry_2017*.csv", name))
        columns = nih_columns(table)
        images = by_name(_folders(folder))
        rows = _by_image(table.rows, columns, name)
        if split is not None:
            rows = _listed(rows, folder, split, sieve)
        records, found = [], 0
        size = None
        for image, row in rows.items():
            present = _findings(row.cells[columns.findings], image, sieve)
            target: Any = words.many_hot(present, asked)
            if pair and present:
                target = words.pair_target(present, pair)
                if target is None:
                    continue
            found += 1
            if image not in images:
                sieve.missing(image)
            elif present:
                size = size or _size(images[image])
                pitch = columns.pixel_pitch(row, size)
                group = row.cells[columns.patient] or image
                records.append(Record(images[image], image, group, target, pitch))
        sieve.notes += pitch_notes(records)
        shown = (words.pair_name(pair),) if pair else asked
        super().__init__(
            Records(records),
            sieve.finish(found, len(records)),
            labels=shown,
            resize=resize,
            channels=channels,
        )


def _folders(root: Path) -> list[Path]:
    """Every folder that may hold images, the root included."""
    parts = sorted(path for path in root.glob("images*") if path.is_dir())
    inner = [part / "images" for part in parts if (part / "images").is_dir()]
    return [root, *parts, *inner]


def _by_image(rows: Sequence[Row], columns: NihColumns, name: str) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for row in rows:
        image = row.cells[columns.image]
        if image in found:
            raise DataError(
                f"{name}: the table names {image!r} twice, in lines {found[image].line} and "
                f"{row.line}; ids must be unique"
            )
        found[image] = row
    return found


def _listed(rows: dict[str, Row], root: Path, split: str, sieve: Sieve) -> dict[str, Row]:
    """The rows that an official list names."""
    if split not in LISTS:
        raise SpecError(unknown("split", split, LISTS))
    path = root / LISTS[split]
    try:
        named = path.read_text(encoding="utf-8").split()
    except OSError:
        raise DataError(
            f"{sieve.dataset}: split={split!r} needs the official list {str(path)!r}, which is not "
            "there; leave split= out for every row of the table"
        ) from None
    for image in named:
        if image not in rows:
            sieve.odd(f"named by {path.name} but not by the table", image)
    return {image: rows[image] for image in dict.fromkeys(named) if image in rows}


def _findings(cell: str, image: str, sieve: Sieve) -> tuple[str, ...]:
    """The findings of a row; ``No Finding`` for none; nothing where the row is odd."""
    by_word = {words.same_word(word): word for word in _WORDS}
    said = [word for word in cell.split("|") if word.strip()]
    if not said:
        sieve.odd("no label", image)
        return ()
    for word in said:
        if words.same_word(word) not in by_word:
            sieve.odd(words.strange_word(word.strip(), _WORDS), image)
            return ()
    found = tuple(by_word[words.same_word(word)] for word in said)
    if words.NONE in found and len(set(found)) > 1:
        sieve.odd("'No Finding' beside a finding", image)
        return ()
    return found


def _size(path: Path) -> tuple[int, int]:
    """Height and width from a file's header.

    Raises:
        DataError: for a file that is no picture.
    """
    with opened(path) as picture:
        return picture.height, picture.width
