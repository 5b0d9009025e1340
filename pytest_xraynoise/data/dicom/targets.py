"""Lines of a table for the images of a DICOM folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.files.tables import Row, Table, read_table
from pytest_xraynoise.data.files.targets_table import Targets, targets_of
from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from pytest_xraynoise.data.files.intake import Sieve

KEY_COLUMNS = ("file", "filename", "path", "image", "SOPInstanceUID", "image id", "id")


@dataclass(slots=True)
class DicomTargets:
    """Rows by path, file name or UID, and which of them were used.

    Attributes:
        targets: how a row becomes a target.
        rows: by what the table calls an image.
    """

    targets: Targets
    rows: dict[str, Row]
    _used: set[str] = field(default_factory=set)
    _left_out: int = 0

    @property
    def labels(self) -> tuple[str, ...]:
        """Of the targets."""
        return self.targets.labels

    def of(self, ident: str, uid: str, sieve: Sieve) -> Any:
        """The target of an image; None where there is none, and the sieve knows why."""
        keys = (ident, PurePosixPath(ident).name, uid)
        key = next((key for key in keys if key and key in self.rows), None)
        if key is None:
            sieve.odd("not named by the table", ident)
            return None
        if key in self._used:
            raise DataError(
                f"{sieve.dataset}: the table's {key!r} fits several images, {ident!r} among them; "
                "name them by their paths below the folder, or by SOPInstanceUID"
            )
        self._used.add(key)
        target, left_out = self.targets.of(self.rows[key], ident, sieve)
        self._left_out += left_out
        return target

    def finish(self, sieve: Sieve) -> int:
        """Tell of rows without an image; return how many images a contrast left out."""
        for key in self.rows:
            if key not in self._used:
                sieve.missing(key)
        return self._left_out


def open_targets(
    root: Path,
    table: str | os.PathLike[str] | None,
    file: str | None,
    label: str | Sequence[str] | None,
    classes: Sequence[str] | None,
    contrast: Sequence[str] | None,
) -> DicomTargets | None:
    """The targets that a table gives; None without a table.

    Raises:
        DataError: columns that are not there, or an image that is named twice.
        SpecError: labels without a table.
    """
    if table is None:
        if label is not None or classes is not None or contrast is not None:
            raise SpecError(
                "label=, classes= and contrast= need table=, the csv file of the labels"
            )
        return None
    read = read_table(root / Path(table))
    key = _key(read, file)
    targets = targets_of(read, label, classes, contrast, (key,))
    rows: dict[str, Row] = {}
    for row in read.rows:
        name = row.cells[key]
        if not name or name in rows:
            fault = f"names {name!r} twice" if name else f"names no image in {key!r}"
            raise DataError(f"DicomFolder: line {row.line} of the table {fault}")
        rows[name] = row
    return DicomTargets(targets, rows)


def _key(table: Table, said: str | None) -> str:
    found = table.first_of(KEY_COLUMNS) if said is None else table.column(said, "file")
    if found is None:
        raise DataError(
            f"{str(table.path)!r}: no column of files among {', '.join(table.columns)}; expected "
            f"one named {KEY_COLUMNS[0]} or SOPInstanceUID, or say it: file='...'"
        )
    return found
