"""The console script ``xraynoise``: works on files, without pytest and without a model.

A command is a parser, and a function from its arguments to an exit code; one more line in
``_COMMANDS`` adds it. What a command needs is imported when it runs.
"""

from __future__ import annotations

import argparse
import os
import sys
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise import __version__
from pytest_xraynoise.cli_commands import calibrate, compare, ladder, merge, report, study, train
from pytest_xraynoise.errors import XrayNoiseError, nearest

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

USAGE_ERROR = 2
_PIPE_CLOSED = 141  # what a shell says of a program that a closed pipe ended


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
        return _PIPE_CLOSED


def build_parser() -> argparse.ArgumentParser:
    """The parser of all commands."""
    parser = _Parser(
        prog="xraynoise", description="Reports of chest X-ray models' robustness to noise."
    )
    parser.add_argument("--version", action="version", version=f"pytest-xraynoise {__version__}")
    commands = parser.add_subparsers(title="commands", metavar="COMMAND", required=True)
    for command in _COMMANDS:
        sub = commands.add_parser(command.name, help=command.help, description=command.help)
        command.arguments(sub)
        sub.set_defaults(run=command.run)
    return parser


class _Parser(argparse.ArgumentParser):
    """A parser that says what an option it does not know may have meant."""

    def parse_known_args(self, args: Any = None, namespace: Any = None) -> Any:
        """As the base class; an unknown option ends here, where the options of its kind are."""
        known, rest = super().parse_known_args(args, namespace)
        wrong = next((word for word in rest if word.startswith("--") and word != "--"), None)
        if wrong is not None:
            match = nearest(wrong.partition("=")[0], self._option_string_actions)
            hint = f"; did you mean {match}?" if match else ""
            self.error(f"unknown option {wrong}{hint}")
        return known, rest


def _no_arguments(parser: argparse.ArgumentParser) -> None:
    """For a command that takes none."""


def _noises(_: argparse.Namespace) -> int:
    from pytest_xraynoise.noise.listing import noise_lines

    for line in noise_lines():
        print(line)
    sys.stdout.flush()
    return 0


_COMMANDS: tuple[Command, ...] = (
    Command("report", "draw a JSON report again: HTML, CSV, ...", report.arguments, report.run),
    Command("compare", "hold a run against a baseline", compare.arguments, compare.run),
    Command("merge", "join the JSON reports of sharded jobs", merge.arguments, merge.run),
    Command("noises", "list the noises with their ladders and units", _no_arguments, _noises),
    Command("ladder", "draw a ladder on an image, with its units", ladder.arguments, ladder.run),
    Command(
        "calibrate", "fit a detector profile to flat fields", calibrate.arguments, calibrate.run
    ),
    Command("train", "train a model or a denoiser, robust or clean", train.arguments, train.run),
    Command("study", "many models under many noises", study.arguments, study.run),
)

if __name__ == "__main__":
    raise SystemExit(main())
