"""The console script ``xraynoise``: works on files, without pytest and without a model.

A command is a parser, and a function from its arguments to an exit code; one more line in
``_COMMANDS`` adds it. What a command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise import __version__
from pytest_xraynoise.errors import XrayNoiseError

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

USAGE_ERROR = 2


@dataclass(frozen=True, slots=True)
class Command:
    """One subcommand: its word, its line of help, its arguments, what it does."""

    name: str
    help: str
    arguments: Callable[[argparse.ArgumentParser], None]
    run: Callable[[argparse.Namespace], int]


def main(argv: Sequence[str] | None = None) -> int:
    """Run the command line.

    Args:
        argv: the words after ``xraynoise``; ``sys.argv`` by default.

    Returns:
        The exit code: 0, or 2 after an error, which takes one line on stderr.
    """
    try:
        arguments = build_parser().parse_args(argv)
    except SystemExit as stop:  # argparse leaves this way, after --help as well
        return stop.code if isinstance(stop.code, int) else USAGE_ERROR
    try:
        return int(arguments.run(arguments))
    except XrayNoiseError as error:
        print(f"xraynoise: error: {' '.join(str(error).split())}", file=sys.stderr)
        return USAGE_ERROR
    except BrokenPipeError:  # the reader, ``head`` for instance, had enough
        # Python flushes stdout once more at exit, and must not fail there.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        return 0


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = argparse.ArgumentParser(
        prog="xraynoise", description="Reports of chest X-ray models' robustness to noise."
    )
    parser.add_argument("--version", action="version", version=f"pytest-xraynoise {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help)
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


def _report_arguments(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("results", metavar="RESULTS.json", help="what --xraynoise-json wrote")
    parser.add_argument(
        "-o",
        "--output",
        metavar="PATH",
        default="xraynoise-report.html",
        help="the page to write (default: %(default)s)",
    )


def _report(arguments: argparse.Namespace) -> int:
    from pytest_xraynoise.report.files import check_writable
    from pytest_xraynoise.report.html import write_html
    from pytest_xraynoise.report.json import read_json

    check_writable(arguments.output)
    document = read_json(arguments.results)
    write_html(document, arguments.output)
    print(f"wrote {arguments.output} ({len(document.tests)} tests)")
    return 0


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """For a command that takes none."""


def _noises(_: argparse.Namespace) -> int:
    from pytest_xraynoise.noise.listing import noise_lines

    for line in noise_lines():
        print(line)
    sys.stdout.flush()
    return 0


_COMMANDS: tuple[Command, ...] = (
    Command("report", "draw the HTML report of a JSON report again", _report_arguments, _report),
    Command("noises", "list the noises with their ladders and units", _no_arguments, _noises),
)

if __name__ == "__main__":
    raise SystemExit(main())
