"""Paths that are written to, guarded against options that took a test's path for their own."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError, SpecError

if TYPE_CHECKING:
    from pathlib import Path

_OURS = "# made by pytest-xraynoise"  # how the .gitignore of a cache begins


def check_cache_folder(folder: Path) -> None:
    """Refuse a folder that holds other things: ``--xraynoise-cache tests`` takes one.

    What is in a cache is hidden from git and removed when the cache is full.

    Raises:
        SpecError: for a folder of somebody else, or a file.
    """
    if not folder.exists():
        return
    ignore = folder / ".gitignore"
    ours = ignore.is_file() and ignore.read_text(errors="replace").startswith(_OURS)
    if not folder.is_dir() or (not ours and any(folder.iterdir())):
        raise SpecError(
            f"the cache would be in {folder}, which holds other things; give it a folder of its "
            "own, --xraynoise-cache=DIR, and put tests first: pytest TESTS --xraynoise-cache"
        )


def check_report_path(path: Path, option: str) -> None:
    """Refuse a path that is no place for a report: ``--xraynoise-report test_noise.py`` takes one.

    Raises:
        ReportError: for a test id or a Python file; of a page, for another file that is none.
    """
    page = True
    if option == "report" and path.is_file() and path.stat().st_size:
        with path.open("rb") as file:
            page = file.read(200).lstrip().lower().startswith(b"<!doctype html")
    if "::" in path.name or path.suffix == ".py" or not page:
        what = "no HTML page" if option == "report" else "a test"
        raise ReportError(
            f"the report would be written to {path}, which is {what}; to name the report "
            f"write --xraynoise-{option}=PATH, and put tests first: "
            f"pytest TESTS --xraynoise-{option}"
        )
