"""``xraynoise calibrate FLAT...``: a detector profile from flat fields."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError, SpecError

if TYPE_CHECKING:
    import argparse

    from pytest_xraynoise.noise.calibration import Calibration

__all__ = ["arguments", "run"]


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    # The files first: a list of numbers after --kerma would take them for more of it.
    parser.usage = "%(prog)s FLAT... --kerma UGY... --pixel-pitch MM [-o PROFILE.toml] [options]"
    parser.epilog = (
        "example: xraynoise calibrate a1.png a2.png b1.png b2.png c1.png c2.png "
        "--kerma 0.5 2.5 10 --dark dark1.png dark2.png --pixel-pitch 0.139 -o panel.toml"
    )
    add(
        "flats",
        metavar="FLAT",
        nargs="*",
        help="raw flat fields (16-bit PNG or TIFF, .npy, DICOM), two for each exposure, one pair "
        "after the other",
    )
    add("--kerma", metavar="UGY", nargs="+", type=float, help="detector air kerma, one for a pair")
    add(
        "--levels",
        metavar="CSV",
        help="a table with the columns file and kerma_uGy, in place of --kerma; without FLAT it "
        "also names the files",
    )
    add("--pixel-pitch", metavar="MM", type=float, help="default: the DICOM header's")
    add("--quality", metavar="NAME", default="RQA9", help="radiation quality (default: RQA9)")
    add("--offset", metavar="DN", type=float, help="signal without exposure (default: 0)")
    add(
        "--dark",
        metavar="FILE",
        nargs="+",
        default=[],
        help="dark frames in place of --offset; two or more also measure the readout noise",
    )
    add(
        "--region",
        metavar="FRACTION",
        type=float,
        default=0.5,
        help="part of each side in the middle of the image that is used (default: 0.5)",
    )
    add("--confidence", metavar="LEVEL", type=float, default=0.95, help="default: 0.95")
    add("--resamples", metavar="N", type=int, default=2000, help="of the bootstrap (default: 2000)")
    add("--seed", metavar="N", type=int, default=0, help="of the bootstrap (default: 0)")
    add("--efficiency", metavar="FRACTION", type=float, help="stated, where no kerma is known")
    add(
        "--electrons-per-quantum",
        metavar="N",
        type=float,
        default=1000.0,
        help="assumed; readout noise in quanta does not depend on it (default: 1000)",
    )
    add("--name", metavar="NAME", help="of the profile (default: the name of its file)")
    add("-o", "--output", metavar="PATH", help="the profile to write, .toml")
    add("--plot", metavar="PATH", help="photon transfer and noise spectrum as a PNG")
    add("--json", metavar="PATH", help="everything fitted, as JSON")
    add("--force", action="store_true", help="overwrite a profile that is there")


def run(given: argparse.Namespace) -> int:
    """Fit, print the table, write what is asked for; messages go to stderr."""
    from pytest_xraynoise.noise import calibration
    from pytest_xraynoise.report.files import write_atomic

    _check_outputs(given)
    flats, kerma = _pairs(given)
    fit = calibration.calibrate(
        flats,
        kerma=kerma,
        dark=given.dark,
        offset=given.offset,
        pixel_pitch=given.pixel_pitch,
        quality=given.quality,
        region=given.region,
        confidence=given.confidence,
        resamples=given.resamples,
        seed=given.seed,
    )
    files = _contents(given, fit)
    print("\n".join(calibration.table_lines(fit)))
    for text in fit.warnings:
        print(f"warning: {text}", file=sys.stderr)
    for path, content in files.items():
        write_atomic(path, content)
        print(f"wrote {path}", file=sys.stderr)
    return 0


def _pairs(given: argparse.Namespace) -> tuple[list[str | Path], list[float] | None]:
    """Files and kerma, in the order of the pairs."""
    from pytest_xraynoise.noise.calibration import read_levels

    if given.levels is None:
        return list(given.flats), given.kerma
    if given.kerma is not None:
        raise SpecError("give the kerma either by --levels or by --kerma, not both")
    levels = read_levels(given.levels, given.flats)
    return list(levels.files), list(levels.kerma)


def _contents(given: argparse.Namespace, fit: Calibration) -> dict[str, str | bytes]:
    """What is to be written, by path; made before anything is printed."""
    from pytest_xraynoise.noise import calibration

    found: dict[str, str | bytes] = {}
    if given.output is not None:
        panel = calibration.fitted_detector(
            fit,
            given.name if given.name is not None else Path(given.output).stem,
            efficiency=given.efficiency,
            electrons_per_quantum=given.electrons_per_quantum,
        )
        found[given.output] = calibration.profile_toml(panel, fit)
    if given.json is not None:
        found[given.json] = json.dumps(fit.to_dict(), indent=2) + "\n"
    if given.plot is not None:
        found[given.plot] = calibration.plot_png(fit)
    return found


def _check_outputs(given: argparse.Namespace) -> None:
    """Refuse before the fit what could not be written after it.

    Raises:
        SpecError: an option that only a profile has, without a profile.
        ReportError: a path that cannot be written, is taken, or is given twice.
    """
    from pytest_xraynoise.report.files import check_writable

    if given.output is None:
        for option in ("name", "efficiency"):
            if getattr(given, option) is not None:
                raise SpecError(
                    f"--{option} goes into a profile; name its file with -o PROFILE.toml"
                )
    elif not given.output.endswith(".toml"):
        raise SpecError(f"-o {given.output}: expected a name that ends in .toml")
    inputs = {Path(path).resolve(): path for path in (*given.flats, *given.dark)}
    if given.levels is not None:
        inputs[Path(given.levels).resolve()] = given.levels
    for path in (given.output, given.json, given.plot):
        if path is None:
            continue
        check_writable(path)
        place = Path(path).resolve()
        if place in inputs:
            raise ReportError(f"{path!r} would overwrite {inputs[place]!r}; name another file")
        inputs[place] = path
    if given.output is not None and Path(given.output).exists() and not given.force:
        raise ReportError(f"{given.output!r} is there already; --force overwrites it")
