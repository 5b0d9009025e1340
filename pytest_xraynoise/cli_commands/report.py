"""``xraynoise report``: a JSON report drawn again, in any format, without running anything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_xraynoise.report.formats import FORMATS, format_of

if TYPE_CHECKING:
    import argparse

_EPILOG = (
    "Formats: "
    + "; ".join(f"{name}: {each.help} ({each.path})" for name, each in FORMATS.items())
    + ". Reports of several jobs are joined by xraynoise merge first."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument("results", metavar="RESULTS.json", help="what --xraynoise-json wrote")
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        help="the file to write, - for standard output (default: by the format, see below)",
    )
    parser.add_argument(
        "--format",
        choices=tuple(FORMATS),
        help="what to draw (default: by the suffix of PATH, else html)",
    )


def run(given: argparse.Namespace) -> int:
    """Draw, and return the exit code.

    Raises:
        ReportError: for a report that cannot be read, drawn or written.
    """
    from pytest_xraynoise.report import formats
    from pytest_xraynoise.report.files import check_writable
    from pytest_xraynoise.report.json import read_json

    name = given.format or format_of(given.output or "")
    if given.output == "-":
        sys.stdout.reconfigure(encoding="utf-8", newline="")  # type: ignore[union-attr]
        print(formats.render(name, read_json(given.results)), end="", flush=True)
        return 0
    path = given.output or FORMATS[name].path
    check_writable(path)
    document = read_json(given.results)
    formats.write(name, document, path)
    count = len(document.tests)
    print(f"wrote {path} ({count} test{'' if count == 1 else 's'})")
    return 0
