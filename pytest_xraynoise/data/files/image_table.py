"""A folder of images and a csv table that says what is on them."""

from __future__ import annotations

from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_xraynoise.data.files.base import FileDataset, Record, Records
from pytest_xraynoise.data.files.intake import Sieve
from pytest_xraynoise.data.files.places import existing_folder
from pytest_xraynoise.data.files.tables import Row, Table, read_table, the_table
from pytest_xraynoise.data.files.targets_table import targets_of, unsure_note
from pytest_xraynoise.errors import DataError, SpecError, unknown

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from pathlib import Path

FILE_COLUMNS = ("file", "filename", "file name", "image", "image index", "path", "image path", "id")
GROUP_COLUMNS = ("patient", "patient id", "subject", "subject id", "group")
SPLIT_COLUMNS = ("split", "set", "subset", "fold")


class ImageTable(FileDataset):
    """Images in a folder, described by a csv file with a line for each.

    One column names the file, relative to the folder. Labels are one column of class names (target:
    class id), one column of findings with ``|`` between them (multi-hot; ``No Finding`` is none),
    or several columns of 0 and 1 (empty, -1 or NaN: not labelled). Columns with the usual names are
    found by themselves; others are named. Capitals in names of columns do not count.

    Args:
        root: the folder. Its only csv file, else the last by name, is the table.
        table: another csv file, relative to the folder.
        file: the column of the file.
        label: the column of the words, or several columns of 0 and 1.
        classes: every word that may stand there, or the columns to have, in the order of the
            model's outputs; by default all: words sorted, columns as they stand.
        group: the column of what belongs together, the patient as a rule; without one each image
            stands alone.
        split: take the rows with this word in ``split_column`` only.
        split_column: the column of the split.
        contrast: two labels (A, B): samples with exactly one of them, target 1 for A, 0 for B.
        resize: the model's size, see :class:`XrayDataset`.
        channels: 1 or 3, see :class:`XrayDataset`.
        pixel_pitch: of all images in mm.
        on_missing: ``error`` or ``skip`` for rows whose file is not there.
        on_odd: the same for rows without a label, or with one that is not known. A file that is
            named twice is an error.

    Raises:
        DataError: no table, columns that are not there, or samples that the policies refuse.
        SpecError: an unknown split, label or policy.
    """

    def __init__(
        self,
        root: str | os.PathLike[str],
        *,
        table: str | os.PathLike[str] | None = None,
        file: str | None = None,
        label: str | Sequence[str] | None = None,
        classes: Sequence[str] | None = None,
        group: str | None = None,
        split: str | None = None,
        split_column: str | None = None,
        contrast: Sequence[str] | None = None,
        resize: int | tuple[int, int] | None = None,
        channels: int | None = None,
        pixel_pitch: float | None = None,
        on_missing: str = "error",
        on_odd: str = "error",
    ) -> None:
        name = type(self).__name__
        folder = existing_folder(root, name)
        sieve = Sieve(name, on_missing, on_odd)
        read = read_table(the_table(folder, "*.csv", name) if table is None else folder / table)
        files = _file_column(read, file, folder)
        groups = read.first_of(GROUP_COLUMNS) if group is None else read.column(group, "group")
        splits, rows = _split(read, split, split_column)
        plain = [column for column in (files, groups, splits) if column]
        targets = targets_of(read, label, classes, contrast, plain)
        records, found = [], 0
        for ident, row in _by_file(rows, files, name).items():
            target, left_out = targets.of(row, ident, sieve)
            if left_out:
                continue
            found += 1
            path = folder / ident
            if not path.is_file():
                sieve.missing(ident)
            elif target is not None:
                same = (row.cells[groups] if groups else "") or ident
                records.append(Record(path, ident, same, target, pixel_pitch))
        sieve.notes += unsure_note([record.target for record in records], targets.labels)
        super().__init__(
            Records(records),
            sieve.finish(found, len(records)),
            labels=targets.labels,
            resize=resize,
            channels=channels,
        )


def _file_column(table: Table, said: str | None, folder: Path) -> str:
    """The column of the file: the one that was said, a usual name, or one that names a file."""
    if said is not None:
        return table.column(said, "file")
    found = table.first_of(FILE_COLUMNS)
    if found is not None:
        return found
    cells = table.rows[0].cells
    named = [name for name in table.columns if cells[name] and (folder / cells[name]).is_file()]
    if len(named) != 1:
        raise DataError(
            f"{str(table.path)!r}: no column of file names among {', '.join(table.columns)}; "
            f"expected one named {FILE_COLUMNS[0]}, or say it: file='...'"
        )
    return named[0]


def _split(table: Table, split: str | None, column: str | None) -> tuple[str | None, Sequence[Row]]:
    """The column of the split, and the rows to take."""
    found = table.first_of(SPLIT_COLUMNS) if column is None else table.column(column, "split")
    if split is None:
        return found, table.rows
    if found is None:
        raise DataError(
            f"split={split!r}: {str(table.path)!r} has no column named {SPLIT_COLUMNS[0]}, only "
            f"{', '.join(table.columns)}; say it: split_column='...'"
        )
    rows = [row for row in table.rows if row.cells[found] == split]
    if not rows:
        held = {row.cells[found] for row in table.rows}
        raise SpecError(unknown(f"word in the column {found!r}: split", split, held))
    return found, rows


def _by_file(rows: Sequence[Row], column: str, name: str) -> Mapping[str, Row]:
    """Rows by their file.

    Raises:
        DataError: for a file that is named twice, or a line that names none.
    """
    found: dict[str, Row] = {}
    for row in rows:
        file = row.cells[column] and PurePosixPath(row.cells[column]).as_posix()
        if not file:
            raise DataError(f"{name}: line {row.line} of the table names no file in {column!r}")
        if file in found:
            raise DataError(
                f"{name}: the table names {file!r} twice, in lines {found[file].line} and "
                f"{row.line}; ids must be unique"
            )
        found[file] = row
    return found
