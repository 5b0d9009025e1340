"""Where images lie: folders listed once, so that a table of many rows asks the disk little."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable

SUFFIXES = (".png", ".jpg", ".jpeg", ".tif", ".tiff", ".bmp", ".pgm", ".npy", ".dcm")


def by_name(folders: Iterable[Path]) -> dict[str, Path]:
    """Image files of several folders by file name.

    Raises:
        DataError: for a name that is there twice.
    """
    return _indexed((path.name, path) for folder in folders for path in images_of(folder))


def by_stem(folder: Path, what: str) -> dict[str, Path]:
    """Image files of a folder by their name without suffix.

    Raises:
        DataError: no such folder, no image in it, or a stem that is there twice.
    """
    if not folder.is_dir():
        raise DataError(f"{what}: there is no folder {str(folder)!r}")
    found = _indexed((path.stem, path) for path in images_of(folder))
    if not found:
        expected = ", ".join(SUFFIXES)
        raise DataError(
            f"{what}: no image in {str(folder)!r}; expected files that end in {expected}"
        )
    return found


def images_of(folder: Path) -> list[Path]:
    """The image files directly in a folder, by name."""
    return sorted(
        path for path in folder.iterdir() if path.suffix.lower() in SUFFIXES and path.is_file()
    )


def existing_folder(root: object, what: str) -> Path:
    """The folder of a dataset.

    Raises:
        DataError: there is none.
    """
    folder = Path(str(root)).expanduser()
    if not folder.is_dir():
        held = "it is a file" if folder.exists() else "there is none"
        raise DataError(f"{what}: expected the folder of the dataset at {str(folder)!r}; {held}")
    return folder


def _indexed(pairs: Iterable[tuple[str, Path]]) -> dict[str, Path]:
    found: dict[str, Path] = {}
    for key, path in pairs:
        if key in found:
            raise DataError(
                f"{key!r} is there twice: {str(found[key])!r} and {str(path)!r}; leave one of them"
            )
        found[key] = path
    return found
