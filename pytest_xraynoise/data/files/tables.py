"""Tables of samples: a csv file, checked before anything is made of it."""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import DataError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_DELIMITERS = ",;\t"


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table: its number, and its cells by column, without blanks around them."""

    line: int
    cells: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Table:
    """A csv file.

    Attributes:
        path: where it lies.
        columns: their names, in order.
        rows: the lines below the header that hold anything.
    """

    path: Path
    columns: tuple[str, ...]
    rows: tuple[Row, ...]

    def column(self, wanted: str, what: str) -> str:
        """The column's name as the table spells it; capitals do not count.

        Raises:
            DataError: with the nearest column where there is none.
        """
        spelled = {name.lower(): name for name in self.columns}
        if wanted.lower() not in spelled:
            raise DataError(
                f"{str(self.path)!r}: {unknown(f'{what} column', wanted, self.columns)}"
            )
        return spelled[wanted.lower()]

    def first_of(self, known: Sequence[str]) -> str | None:
        """The first column that bears one of the usual names; None without any."""
        spelled = {_plain(name): name for name in self.columns}
        return next((spelled[_plain(name)] for name in known if _plain(name) in spelled), None)


def read_table(path: Path) -> Table:
    """Read a csv file: UTF-8, separated by commas, semicolons or tabs, with a header.

    Raises:
        DataError: not there, no text, no header, a column twice, or a line with other columns.
    """
    where = repr(str(path))
    try:
        text = path.read_text(encoding="utf-8-sig")
    except (OSError, UnicodeDecodeError) as error:
        reason = getattr(error, "strerror", None) or "it is no UTF-8 text"
        raise DataError(f"cannot read the table {where}: {reason}") from None
    header = text.partition("\n")[0]
    delimiter = max(_DELIMITERS, key=header.count)
    try:
        reader = csv.reader(io.StringIO(text, newline=""), delimiter=delimiter)
        lines = [(reader.line_num, cells) for cells in reader]
    except csv.Error as error:
        raise DataError(f"the table {where} is no csv: {error}") from None
    lines = [(number, [cell.strip() for cell in cells]) for number, cells in lines if any(cells)]
    if not lines:
        raise DataError(f"the table {where} is empty; expected a header and a line for each image")
    columns = _without_blanks(lines[0][1])
    for name in columns:
        if not name or columns.count(name) > 1:
            fault = f"names the column {name!r} twice" if name else "has a column without a name"
            raise DataError(f"the header of {where} {fault}: {', '.join(columns)}")
    rows = tuple(_row(number, cells, columns, where) for number, cells in lines[1:])
    if not rows:
        raise DataError(f"the table {where} holds a header and no line below it")
    return Table(path, tuple(columns), rows)


def the_table(root: Path, pattern: str, what: str) -> Path:
    """The one csv file of a folder; of several that fit, the last by name.

    Raises:
        DataError: no such folder, or none in it that fits; names those that are there.
    """
    if not root.is_dir():
        raise DataError(f"{what}: there is no folder {str(root)!r}")
    found = sorted(root.glob(pattern))
    if not found:
        others = ", ".join(path.name for path in sorted(root.glob("*.csv"))) or "no csv file"
        raise DataError(f"{what}: expected {pattern} in {str(root)!r}, which holds {others}")
    return found[-1]


def _row(number: int, cells: Sequence[str], columns: Sequence[str], where: str) -> Row:
    filled = _without_blanks(cells)
    if len(filled) > len(columns) or len(cells) < len(columns):
        raise DataError(
            f"line {number} of {where} has {len(cells)} cells; expected {len(columns)}: "
            f"{', '.join(columns)}"
        )
    padded = [*filled, *[""] * (len(columns) - len(filled))]
    return Row(number, dict(zip(columns, padded, strict=True)))


def _without_blanks(cells: Sequence[str]) -> list[str]:
    """Without the empty cells at the end, which a comma at a line's end makes."""
    count = len(cells)
    while count and not cells[count - 1]:
        count -= 1
    return list(cells[:count])


def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace(" ", "").replace("-", "")
