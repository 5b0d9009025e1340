"""DICOM files below a folder, whatever they are called."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

_MAGIC = b"DICM"
_MAGIC_AT = 128
_SUFFIXES = (".dcm", ".dicom", ".ima")
_INDEX = "DICOMDIR"
# Old files have no preamble and begin with an element of group 0008, little endian.
_OLD_GROUP = b"\x08\x00"


def dicom_files(root: Path) -> tuple[list[Path], int]:
    """The files in order of their paths, and how many other files there are.

    A ``DICOMDIR`` is an index of what lies beside it and is not needed; it counts as another.
    """
    found, others = [], 0
    for path in sorted(root.rglob("*")):
        if not path.is_file() or path.name.startswith("."):
            continue
        if path.name.upper() != _INDEX and is_dicom(path):
            found.append(path)
        else:
            others += 1
    return found, others


def is_dicom(path: Path) -> bool:
    """By the mark of PS3.10, the suffix, or as one of the old files without either."""
    if path.suffix.lower() in _SUFFIXES:
        return True
    with path.open("rb") as stream:
        head = stream.read(_MAGIC_AT + len(_MAGIC))
    old = head.startswith(_OLD_GROUP) and head[3:4] == b"\x00"
    return head[_MAGIC_AT:] == _MAGIC or (not path.suffix and old)
