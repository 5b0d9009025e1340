"""``xraynoise study``: many models, many noises, one folder of results."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import argparse

_EPILOG = (
    "What is in the folder is not made again, so a study that was stopped goes on where it was. "
    "The folder ends with index.html, results.json, results.csv, tables.md, tables.tex, figures/ "
    "and test_study.py."
)
_LISTS = ("tasks", "models", "noises", "trainings", "denoisers")


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument(
        "--data",
        default="phantom",
        metavar="WORD",
        help="phantom, folder:ROOT, chestxray14:ROOT or landmark:ROOT (default: %(default)s)",
    )
    parser.add_argument("--out", required=True, metavar="DIR", help="the folder of the study")
    for word in _LISTS:
        parser.add_argument(
            f"--{word}", nargs="*", metavar=word[:-1].upper(), help=f"which {word} (default: all)"
        )
    parser.add_argument("--size", choices=("small", "study"), help="of the models")
    parser.add_argument("--image-size", type=int, metavar="N", help="pixels a side (default: 112)")
    parser.add_argument("--epochs", type=int, metavar="N", help="of each training")
    parser.add_argument("--train-samples", type=int, metavar="N", help="samples to train on")
    parser.add_argument("--samples", type=int, metavar="N", help="samples to measure on")
    parser.add_argument("--consistency", type=float, metavar="W", help="in robust training")
    parser.add_argument("--limit", type=float, metavar="DROP", help="allowed drop (default: 0.05)")
    parser.add_argument("--seed", type=int, metavar="N", help="of training and noise (default: 0)")
    parser.add_argument("--device", default="auto", metavar="DEVICE", help="auto, cpu, cuda, mps")


def run(given: argparse.Namespace) -> int:
    """Run the study and print a line for each model and ladder.

    Raises:
        XrayNoiseError: for a plan, data or folder that cannot be used.
    """
    from pytest_xraynoise import study

    words: dict[str, Any] = {
        name: tuple(value) if isinstance(value, list) else value
        for name, value in vars(given).items()
        if name in study.Plan.__dataclass_fields__ and value is not None
    }
    if words.get("data", "phantom").startswith("chestxray14:"):
        words.setdefault("tasks", ("classification",))
    if words.get("data", "phantom").startswith("landmark:"):
        words.setdefault("tasks", ("segmentation",))
    plan = study.Plan(**words)
    study.run(plan, given.out, device=given.device, tell=_tell)
    return 0


def _tell(line: str) -> None:
    sys.stdout.write(line + "\n")
    sys.stdout.flush()
