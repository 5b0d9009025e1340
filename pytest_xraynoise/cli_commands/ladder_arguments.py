"""The arguments of ``xraynoise ladder``, one option among them for each parameter of a noise."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.cli_commands.ladder_plan import parameters_by_keyword
from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    import argparse

_DEST = "parameter_"


def arguments(parser: argparse.ArgumentParser) -> None:
    """What the command takes."""
    add = parser.add_argument
    # The image first: a list of words after --noise would take it for one more noise.
    parser.usage = "%(prog)s IMAGE [--noise NAME ...] [--severities N ...] [-o PATH] [options]"
    parser.epilog = (
        "example: xraynoise ladder chest.png --noise poisson gaussian --severities 1 3 5 "
        "-o chest-ladder.png"
    )
    add("image", metavar="IMAGE", help="a grey PNG, JPEG, TIFF, BMP, PGM, .npy or DICOM file")
    add(
        "--noise",
        metavar="NAME",
        nargs="+",
        action="extend",
        help="kinds of noise, a row of pictures each (default: poisson)",
    )
    add("--ladder", metavar="NAME", help="a named ladder (default: the noise's own)")
    add("--severities", metavar="N", nargs="+", type=int, help="which rungs (default: all)")
    add(
        "--set",
        metavar="NAME=VALUE",
        action="append",
        default=[],
        dest="settings",
        help="a setting of the noise, such as detector=csi-0.139; repeat for more",
    )
    add(
        "--pixel-pitch",
        metavar="MM",
        type=float,
        help="at the resolution where noise is added (default: the DICOM header's, else the image "
        "counts as 35 cm wide)",
    )
    add("--seed", metavar="N", type=int, default=0, help="of the noise (default: 0)")
    add(
        "--size",
        metavar="PIXELS",
        type=int,
        help="resize the longest side to this before noise is added (default: as it is)",
    )
    add(
        "--range",
        metavar=("LOW", "HIGH"),
        nargs=2,
        type=float,
        dest="value_range",
        help="stored values of black and white (default: the whole range of the bit depth)",
    )
    add("--crop", action="store_true", help="draw the detail only, larger")
    add(
        "--crop-at",
        metavar=("X", "Y"),
        nargs=2,
        type=int,
        help="column and row of the detail's centre (default: near mid grey)",
    )
    add("--crop-size", metavar="PIXELS", type=int, help="side of the detail in image pixels")
    add(
        "-o",
        "--output",
        metavar="PATH",
        default="xraynoise-ladder.png",
        help="the picture, .png, .pdf or .svg (default: %(default)s)",
    )
    add("--json", metavar="PATH", help="write what was measured as JSON too")
    add(
        "--format",
        choices=("table", "markdown", "csv"),
        default="table",
        help="how the table is printed (default: %(default)s)",
    )
    _parameter_arguments(parser)


def own_rungs(given: argparse.Namespace) -> dict[str, list[float]]:
    """The lists of the user's own rungs, by keyword."""
    return {
        name.removeprefix(_DEST): values
        for name, values in vars(given).items()
        if name.startswith(_DEST) and values is not None
    }


def settings(given: argparse.Namespace) -> dict[str, str]:
    """What ``--set`` said, by name.

    Raises:
        SpecError: not NAME=VALUE, or the same name twice.
    """
    told: dict[str, str] = {}
    for said in given.settings:
        name, equals, text = said.partition("=")
        if not equals or not name or not text:
            raise SpecError(f"--set {said}: expected NAME=VALUE, such as --set detector=csi-0.139")
        name = name.strip().replace("-", "_")
        if name in told:
            raise SpecError(f"--set {name}: given twice")
        told[name] = text.strip()
    return told


def _parameter_arguments(parser: argparse.ArgumentParser) -> None:
    """One option for each word that a rung can be written in."""
    group = parser.add_argument_group(
        "rungs of your own", "a list for each parameter of the noise: severities 1, 2, 3 ..."
    )
    taken = {action.dest for action in parser._actions}
    for keyword, kinds in parameters_by_keyword().items():
        if keyword in taken:  # a noise of the user's own that is called as an option is
            continue
        flags = dict.fromkeys((f"--{keyword.replace('_', '-')}", f"--{keyword}"))
        units = dict.fromkeys(parameter.unit for _, parameter in kinds)
        of = ", ".join(name for name, _ in kinds)
        group.add_argument(
            *flags,
            nargs="+",
            type=float,
            metavar="VALUE",
            dest=f"{_DEST}{keyword}",
            help=f"{' or '.join(units)} ({of})".replace("%", "%%"),
        )
