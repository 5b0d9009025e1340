"""Exposure levels from a CSV file."""

from __future__ import annotations

import csv
import math
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import DataError, nearest

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

COLUMNS = ("file", "kerma_uGy")


@dataclass(frozen=True, slots=True)
class Levels:
    """Flat fields in pairs.

    Attributes:
        files: two for each pair, in order of exposure.
        kerma: detector air kerma in uGy, one for each pair.
    """

    files: tuple[Path, ...]
    kerma: tuple[float, ...]


def read_levels(
    path: str | os.PathLike[str], files: Sequence[str | os.PathLike[str]] = ()
) -> Levels:
    """Read ``file,kerma_uGy`` rows, and pair the files of each exposure.

    Args:
        path: the CSV; names in it are relative to its folder.
        files: use these alone, found in the CSV by their file name; all of the CSV without any.

    Raises:
        DataError: a file that cannot be read, a missing column, a number that is no exposure, a
            file without a row, or an exposure with an odd number of files.
    """
    table = Path(path)
    rows = _rows(table)
    if files:
        by_name = {file.name: kerma for file, kerma in rows}
        rows = [(Path(file), _of(Path(file).name, by_name, table)) for file in files]
    groups: dict[float, list[Path]] = {}
    for file, kerma in rows:
        groups.setdefault(kerma, []).append(file)
    for kerma, group in groups.items():
        if len(group) % 2:
            names = ", ".join(file.name for file in group)
            raise DataError(
                f"{str(table)!r}: {len(group)} files at {kerma:g} uGy ({names}); expected two, or "
                "another even number, at each exposure"
            )
    order = sorted(groups)
    return Levels(
        files=tuple(file for kerma in order for file in groups[kerma]),
        kerma=tuple(kerma for kerma in order for _ in range(len(groups[kerma]) // 2)),
    )


def _rows(table: Path) -> list[tuple[Path, float]]:
    try:
        with table.open(newline="", encoding="utf-8-sig") as stream:
            reader = csv.DictReader(stream)
            head = [name.strip() for name in reader.fieldnames or ()]
            reader.fieldnames = head
            lines = list(reader)
    except (OSError, UnicodeError, csv.Error) as error:
        raise DataError(f"cannot read levels {str(table)!r}: {error}") from error
    for column in COLUMNS:
        if column not in head:
            close = nearest(column, head)
            hint = f"; is {close!r} meant?" if close else ""
            raise DataError(
                f"{str(table)!r} has the columns {', '.join(head) or 'none'}; expected "
                f"{' and '.join(COLUMNS)}{hint}"
            )
    if not lines:
        raise DataError(f"{str(table)!r} has no rows; expected one for each flat field")
    return [
        (table.parent / (line["file"] or "").strip(), _kerma(line["kerma_uGy"], table, number))
        for number, line in enumerate(lines, 2)
    ]


def _kerma(text: str | None, table: Path, line: int) -> float:
    try:
        value = float(text or "")
    except ValueError:
        value = math.nan
    if not (math.isfinite(value) and value > 0):
        raise DataError(
            f"{str(table)!r}, line {line}: kerma_uGy {text!r}; expected a number above 0, in uGy"
        )
    return value


def _of(name: str, by_name: dict[str, float], table: Path) -> float:
    if name not in by_name:
        close = nearest(name, by_name)
        hint = f"; did you mean {close!r}?" if close else ""
        raise DataError(f"{str(table)!r} has no row for {name!r}{hint}")
    return by_name[name]
