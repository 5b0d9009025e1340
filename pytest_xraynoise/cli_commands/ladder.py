"""``xraynoise ladder IMAGE``: any ladder on one image, as a picture and a table with its units."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_xraynoise import __version__
from pytest_xraynoise.cli_commands.ladder_arguments import arguments, own_rungs, settings
from pytest_xraynoise.cli_commands.ladder_plan import PITCH, Wish, planned
from pytest_xraynoise.errors import ReportError, SpecError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.cli_commands.ladder_plan import Plan
    from pytest_xraynoise.data.radiograph import Radiograph
    from pytest_xraynoise.report.ladder_row import LadderRow
    from pytest_xraynoise.report.ladder_view import Panel, View

__all__ = ["arguments", "run"]

SCHEMA_VERSION = 1


def run(given: argparse.Namespace) -> int:
    """Draw the ladder, print the table; messages go to stderr, so that a pipe gets the table."""
    from pytest_xraynoise.data.radiograph import read_radiograph
    from pytest_xraynoise.report.ladder_picture import write_ladder_picture
    from pytest_xraynoise.report.ladder_view import view_of

    _check_outputs(given)
    film = read_radiograph(given.image, given.value_range and tuple(given.value_range))
    film = film if given.size is None else film.resized(given.size)
    pitch = _pitch(given, film)
    plans = planned(_wish(given, pitch), film.pixels.shape[1])
    view = view_of(film.pixels, alone=given.crop, size=given.crop_size, at=given.crop_at)
    drawn = [_measured(plan, film, view, given.seed) for plan in plans]
    rows = [row for row, _ in drawn]
    write_ladder_picture(
        drawn,
        view,
        given.output,
        title=f"Noise ladder on {Path(given.image).name}",
        subtitle=_subtitle(film, pitch, given),
    )
    if given.json is not None:
        _write_json(given, film, pitch, rows)
    for note in (*film.notes, *_response_notes(film, plans)):
        _say(f"note: {note}")
    _say(f"wrote {given.output}" + ("" if given.json is None else f" and {given.json}"))
    _print_table(rows, given.format)
    return 0


def _check_outputs(given: argparse.Namespace) -> None:
    from pytest_xraynoise.report.files import check_writable
    from pytest_xraynoise.report.ladder_picture import check_picture_path

    check_picture_path(given.output)
    paths = [given.image, given.output]
    if given.json is not None:
        check_writable(given.json)
        paths.append(given.json)
    places = [Path(path).resolve() for path in paths]
    for number, place in enumerate(places[1:], start=1):
        if place in places[:number]:
            raise ReportError(
                f"{paths[number]!r} would overwrite {paths[places.index(place)]!r}; "
                "name another file to write"
            )


def _wish(given: argparse.Namespace, pitch: float | None) -> Wish:
    told = {name: text for name, text in settings(given).items() if name != PITCH}
    noises = given.noise or ["poisson"]
    return Wish(noises, given.ladder, given.severities, own_rungs(given), told, pitch)


def _pitch(given: argparse.Namespace, film: Radiograph) -> float | None:
    """The pixel pitch that was stated, else the file's own at the size noise is added."""
    from pytest_xraynoise.noise import Parameter

    said = [given.pixel_pitch] if given.pixel_pitch is not None else []
    text = settings(given).get(PITCH)
    if text is not None:
        try:
            said.append(float(text))
        except ValueError:
            raise SpecError(f"--set {PITCH}={text}: expected a number of mm") from None
    if len(said) == 2:
        raise SpecError(f"--pixel-pitch and --set {PITCH}: give one of them")
    return Parameter(PITCH, "mm", high=100.0).check(said[0]) if said else film.pixel_pitch


def _measured(plan: Plan, film: Radiograph, view: View, seed: int) -> tuple[LadderRow, list[Panel]]:
    from pytest_xraynoise.noise.on_image import on_image
    from pytest_xraynoise.report.ladder_row import LadderRow, Measured

    figures, panels = [], []
    for at in on_image(film.pixels, plan.kind, plan.rungs, seed=seed):
        figures.append(
            Measured(
                rung=at.rung,
                noise_sd=at.noise_sd,
                mid_grey_sd=at.mid_grey_sd,
                snr=at.snr,
                clipped=at.clipped,
                mean_shift=at.mean_shift,
            )
        )
        panels.append(view.panel(at.image))
    return LadderRow(plan.kind.name, plan.ladder, plan.kind.summary, figures, plan.settings), panels


def _subtitle(film: Radiograph, pitch: float | None, given: argparse.Namespace) -> str:
    height, width = film.pixels.shape
    resized = "" if given.size is None else ", resized before noise"
    pitched = "" if pitch is None else f", pixel pitch {pitch:.4g} mm"
    return (
        f"{width} x {height} pixels{resized}{pitched}; {film.depth}, black {film.black:g}, white "
        f"{film.white:g}; seed {given.seed}; pytest-xraynoise {__version__}."
    )


def _response_notes(film: Radiograph, plans: Sequence[Plan]) -> tuple[str, ...]:
    """What the file says of its response, where a noise had to assume one."""
    if film.linear is None or not any("response" in plan.kind.options for plan in plans):
        return ()
    word = "linear" if film.linear else "log"
    assumed = [p for p in plans if getattr(p.kind, "response", word) != word]
    if not assumed:
        return ()
    return (
        f"the DICOM header says that its values are {word} in exposure, but "
        f"{', '.join(p.kind.name for p in assumed)} took them otherwise; --set response={word}",
    )


def _write_json(
    given: argparse.Namespace, film: Radiograph, pitch: float | None, rows: Sequence[LadderRow]
) -> None:
    import json

    from pytest_xraynoise.report.files import write_atomic
    from pytest_xraynoise.report.ladder_table import rung_values

    document: Mapping[str, Any] = {
        "schema_version": SCHEMA_VERSION,
        "version": __version__,
        "image": Path(given.image).name,
        "shape": list(film.pixels.shape),
        "black": film.black,
        "white": film.white,
        "resized": given.size is not None,
        "pixel_pitch": pitch,
        "seed": given.seed,
        "rungs": [{**rung_values(row, m), "settings": dict(row.settings)}
                  for row in rows for m in row.measured],
    }  # fmt: skip
    text = json.dumps(document, indent=2, ensure_ascii=False, allow_nan=False)
    write_atomic(given.json, text.encode("utf-8", "replace") + b"\n")


def _print_table(rows: Sequence[LadderRow], form: str) -> None:
    from pytest_xraynoise.report.ladder_table import csv_text, markdown_lines, table_lines

    if form == "csv":
        text = csv_text(rows)
    else:
        width = shutil.get_terminal_size().columns
        lines = markdown_lines(rows) if form == "markdown" else table_lines(rows, width)
        text = "".join(f"{line}\n" for line in lines)
    sys.stdout.write(text)
    sys.stdout.flush()


def _say(message: str) -> None:
    sys.stderr.write(f"xraynoise: {message}\n")
