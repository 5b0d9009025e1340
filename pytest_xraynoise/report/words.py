"""How names and numbers are written in every report, so that all of them say the same."""

from __future__ import annotations

import math
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_xraynoise.results import TestRecord

_METRICS = {
    "area_error": "area error",
    "auroc": "AUROC",
    "average_precision": "average precision",
    "balanced_accuracy": "balanced accuracy",
    "brier": "Brier score",
    "dice": "Dice",
    "dice_worst_decile": "worst-decile Dice",
    "ece": "ECE",
    "f1": "F1",
    "hd95": "HD95",
    "iou": "IoU",
    "nsd": "NSD",
    "sensitivity_at_specificity": "sensitivity at specificity",
}
_OUTCOMES = {
    "passed": "pass",
    "failed": "FAIL",
    "error": "ERROR",
    "skipped": "skip",
    "xfailed": "xfail",
    "xpassed": "XPASS",
    "interrupted": "interrupted",
    "not run": "not run",
}
_NONE = "–"
_MOST_DECIMALS = 12


def metric_name(name: str) -> str:
    """A metric as people write it: ``AUROC``, ``Dice``, ``balanced accuracy``."""
    return _METRICS.get(name, one_line(name.replace("_", " ")))


def outcome_word(record: TestRecord) -> str:
    """One word for how the test ended: capitals where somebody has to act."""
    if is_inconclusive(record):
        return "INCONCLUSIVE" if record.outcome == "failed" else "inconclusive"
    return _OUTCOMES.get(record.outcome, one_line(record.outcome))


def is_inconclusive(record: TestRecord) -> bool:
    """Whether a test ended as it did because, or although, its limits could not be decided.

    A test that fails by its own assertions where an inconclusive verdict would not have, failed.
    """
    verdict = record.verdict
    if verdict is None or verdict.status != "inconclusive":
        return False
    acts = {"failed": "fail", "passed": "pass", "skipped": "skip"}
    return acts.get(record.outcome) == verdict.on_inconclusive


def short_id(nodeid: str) -> str:
    """The test without its folders: ``test_model.py::test_quantum_noise[poisson]``."""
    path, separator, rest = one_line(nodeid).partition("::")
    return f"{PurePosixPath(path).name}{separator}{rest}"


def split_id(nodeid: str) -> tuple[str, str]:
    """The file and the test in it, which stands alone where the id has no file."""
    path, separator, rest = one_line(nodeid).partition("::")
    return (path, rest) if separator else ("", path)


def distinct(values: Iterable[object]) -> str:
    """Each value once, with commas between; None and empty text are no values."""
    return ", ".join(dict.fromkeys(str(value) for value in values if value not in (None, "")))


def number(value: float | None, decimals: int = 3) -> str:
    """A number with ``decimals`` places; a dash where there is none.

    >>> number(0.8312), number(float("nan")), number(-0.0001)
    ('0.831', '–', '0.000')
    """
    if value is None or not math.isfinite(value):
        return _NONE
    text = f"{value:.{decimals}f}"
    return text.removeprefix("-") if float(text) == 0 else text


def exact(value: float) -> str:
    """A number as it was written, a limit for instance: ``0.05``."""
    return f"{value:.12g}" if math.isfinite(value) else _NONE


def decimals_that_differ(observed: float, threshold: float, least: int = 3) -> int:
    """Decimals at which ``observed`` is seen to lie on its side of ``threshold``.

    A drop of 0.0504 against a limit of 0.05 needs four: with three it would read 0.050.

    >>> decimals_that_differ(0.0504, 0.05), decimals_that_differ(0.083, 0.05)
    (4, 3)
    """
    if not (math.isfinite(observed) and math.isfinite(threshold)) or observed == threshold:
        return least
    for decimals in range(least, _MOST_DECIMALS):
        shown = float(f"{observed:.{decimals}f}")
        if shown != threshold and (shown > threshold) == (observed > threshold):
            return decimals
    return _MOST_DECIMALS


def interval(low: float | None, high: float | None, decimals: int = 3) -> str:
    """``[0.051, 0.115]``, or nothing where the data define no interval."""
    if low is None or high is None:
        return ""
    return f"[{number(low, decimals)}, {number(high, decimals)}]"


def seconds(duration: float) -> str:
    """A duration: ``0.42 s``, ``12.3 s``, ``4 min 10 s``."""
    if not math.isfinite(duration):
        return _NONE
    if duration < 60:
        return f"{duration:.2f} s" if duration < 10 else f"{duration:.1f} s"
    minutes, rest = divmod(round(duration), 60)
    return f"{minutes} min {rest} s"
