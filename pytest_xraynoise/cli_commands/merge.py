"""``xraynoise merge``: the JSON reports of sharded jobs as one."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError

if TYPE_CHECKING:
    import argparse

_EPILOG = (
    "Of a test that several reports have, the one that came further counts (measured, then ended "
    "without a result, then not finished), and among equals the one of the later file. Reports "
    "that measured a test differently are refused."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument("output", metavar="OUT.json", help="the report to write")
    parser.add_argument("inputs", metavar="IN.json", nargs="+", help="what the jobs wrote")
    parser.add_argument("--force", action="store_true", help="overwrite OUT.json")


def run(given: argparse.Namespace) -> int:
    """Merge.

    Raises:
        ReportError: for a report that cannot be read or merged, or an output that is there.
    """
    from pytest_xraynoise.report.files import check_writable
    from pytest_xraynoise.report.json import read_json, write_json
    from pytest_xraynoise.report.merging import merged

    if Path(given.output).exists() and not given.force:
        raise ReportError(
            f"{given.output!r} is there already, and the first name is the file that is written; "
            "--force overwrites it"
        )
    check_writable(given.output)
    document = merged([(path, read_json(path)) for path in given.inputs])
    write_json(document, given.output)
    count = len(document.tests)
    tests = "1 test" if count == 1 else f"{count} tests"
    files = "1 report" if len(given.inputs) == 1 else f"{len(given.inputs)} reports"
    print(f"wrote {given.output} ({tests} of {files})")
    return 0
