"""Lookup tables of DICOM (PS3.3, C.11.1.1 and C.11.2.1.1), with entries in bytes or in words.

pydicom keeps the places of a table of 8 bits in 8 bits too, which a table of more entries does not
survive, so tables are applied here.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


def looked_up(values: Floats, table: Any) -> Floats:
    """Values through a table; those outside of it take its first or last entry.

    Args:
        values: (H, W), rounded to whole numbers.
        table: an item of a ModalityLUTSequence or a VOILUTSequence.

    Returns:
        (H, W) float64 entries, from 0 to :func:`top`.

    Raises:
        ValueError: for a table that has another number of entries than it says.
    """
    first, entries = int(table.LUTDescriptor[1]), int(table.LUTDescriptor[0]) or 2**16
    held = _entries(table, entries)
    if len(held) != entries:
        raise ValueError(f"it says {entries} entries and has {len(held)}")
    places = np.clip(np.rint(values).astype(np.int64) - first, 0, entries - 1)
    return np.asarray(held[places], dtype=np.float64)


def top(table: Any) -> float:
    """The highest value that the entries' bits allow."""
    return 2.0 ** int(table.LUTDescriptor[2]) - 1


def _entries(table: Any, entries: int) -> npt.NDArray[Any]:
    data = table.LUTData
    if not isinstance(data, bytes):
        return np.asarray(data)
    packed = len(data) in (entries, entries + entries % 2)  # bytes, padded to an even number
    return np.frombuffer(data, "u1")[:entries] if packed else np.frombuffer(data, "<u2")
