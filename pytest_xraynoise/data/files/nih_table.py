"""``Data_Entry_2017.csv`` of ChestX-ray14, in the layouts in which it goes round.

The first publication writes ``OriginalImage[Width,Height],OriginalImagePixelSpacing[x,y],`` without
quotes, which makes four columns and an empty one of two names; the revision of 2020 has the same
names without the empty column; other copies hold both numbers in one cell (``"[x,y]"`` or
``[x y]``), or name them ``OriginalImagePixelSpacing_x``.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pytest_xraynoise.data.files.tables import Row, Table

_SIZE = "originalimage"
_SPACING = "originalimagepixelspacing"
_NUMBER = re.compile(r"\d+(?:\.\d*)?")


@dataclass(frozen=True, slots=True)
class NihColumns:
    """Where a table of ChestX-ray14 keeps what is needed.

    Attributes:
        image: column of the file name.
        findings: column of the label words.
        patient: column of the patient's number.
        size: column or columns of width and height before the images were made 1024 x 1024.
        spacing: column or columns of the pixel spacing in mm at that size.
    """

    image: str
    findings: str
    patient: str
    size: tuple[str, ...]
    spacing: tuple[str, ...]

    def pixel_pitch(self, row: Row, size: tuple[int, int]) -> float | None:
        """The pitch in mm of the image as it is published.

        Quanta in a pixel go with its area, and images were made square whatever they had been: it
        is the geometric mean of the pitches along rows and columns.

        Args:
            row: of the image.
            size: height and width of the published image.

        Returns:
            None where the table does not say both spacing and size, as positive numbers.
        """
        spacing, original = _numbers(row, self.spacing), _numbers(row, self.size)
        if len(spacing) != 2 or len(original) != 2 or min(*spacing, *original) <= 0:
            return None
        across = spacing[0] * original[0] / size[1]
        down = spacing[1] * original[1] / size[0]
        return math.sqrt(across * down)


def nih_columns(table: Table) -> NihColumns:
    """The columns of a table.

    Raises:
        DataError: without image, findings or patient; names the nearest column.
    """
    image, findings, patient = (
        table.column(name, what)
        for name, what in (
            ("Image Index", "image"),
            ("Finding Labels", "findings"),
            ("Patient ID", "patient"),
        )
    )
    return NihColumns(image, findings, patient, _two(table, _SIZE), _two(table, _SPACING))


def _two(table: Table, stem: str) -> tuple[str, ...]:
    """The column that holds two numbers, or the two columns that hold one each."""
    for place, name in enumerate(table.columns):
        rest = name.lower().removeprefix(stem)
        if rest == name.lower() or (stem == _SIZE and rest.startswith("pixelspacing")):
            continue
        alone = rest.startswith("[") and rest.endswith("]")
        return (name,) if alone else table.columns[place : place + 2]
    return ()


def _numbers(row: Row, columns: tuple[str, ...]) -> list[float]:
    return [float(text) for name in columns for text in _NUMBER.findall(row.cells[name])]
