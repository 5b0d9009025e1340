"""The words that limit a ladder: ``max_auroc_drop=0.05``, ``min_dice={1: 0.9, 5: 0.7}``."""

from __future__ import annotations

import math
import numbers
import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

from pytest_xraynoise import metrics
from pytest_xraynoise.errors import SpecError, nearest

if TYPE_CHECKING:
    from pytest_xraynoise.metrics import Metric

REQUIREMENTS = ("min_dose", "min_severity")
"""Words that say down to which dose, or up to which severity, the limits must hold."""

Form = Literal["drop", "relative_drop", "increase", "floor", "ceiling"]

_FORMS: tuple[tuple[Form, str], ...] = (
    ("relative_drop", r"max_relative_(?P<metric>\w+)_drop"),
    ("drop", r"max_(?P<metric>\w+)_drop"),
    ("increase", r"max_(?P<metric>\w+)_increase"),
    ("floor", r"min_(?P<metric>\w+)"),
    ("ceiling", r"max_(?P<metric>\w+)"),
)


@dataclass(frozen=True, slots=True)
class Limit:
    """One limit.

    Attributes:
        word: as written, ``max_auroc_drop``.
        metric: what it limits.
        form: drop (or increase), relative drop, floor or ceiling.
        threshold: for every severity, or None.
        by_severity: thresholds of single severities; only those are held against the limit.
    """

    word: str
    metric: str
    form: Form
    threshold: float | None
    by_severity: Mapping[int, float]

    def at(self, severity: int) -> float | None:
        """The threshold at a severity; None where the limit says nothing about it."""
        if self.threshold is not None:
            return self.threshold
        return self.by_severity.get(severity)

    @property
    def text(self) -> str:
        """The limit as it was written."""
        if self.threshold is not None:
            return f"{self.word}={self.threshold:.15g}"
        inner = ", ".join(f"{s}: {value:.15g}" for s, value in sorted(self.by_severity.items()))
        return f"{self.word}={{{inner}}}"


def is_limit(word: str) -> bool:
    """Whether a keyword has the form of a limit. What a limit must hold down or up to is none."""
    return word.startswith(("max_", "min_")) and word not in REQUIREMENTS


def parse_limits(
    words: Mapping[str, object], severities: tuple[int, ...] | None = None
) -> tuple[Limit, ...]:
    """Parse several limits; see :func:`parse_limit`.

    Raises:
        SpecError: for a bad limit, or none at all.
    """
    if not words:
        raise SpecError(
            "no limit is given, so nothing could ever fail; give at least one, such as "
            "max_auroc_drop=0.05 or min_dice=0.80"
        )
    _check_contradictions(words)
    return tuple(parse_limit(word, value, severities) for word, value in words.items())


def parse_limit(word: str, value: object, severities: tuple[int, ...] | None = None) -> Limit:
    """Parse one limit.

    Args:
        word: ``max_<metric>_drop``, ``max_relative_<metric>_drop``, ``min_<metric>``,
            ``max_<metric>``, ``max_<metric>_increase``.
        value: a number, or a mapping from severity to number.
        severities: those that will be run; a mapping must stay within them.

    Raises:
        SpecError: for an unknown metric or form, a direction that the metric does not have, a
            number out of range, or a severity that is not run.
    """
    form, metric = _recognise(word)
    if isinstance(value, Mapping):
        if not value:
            raise SpecError(f"{word}={{}} limits nothing; give {{severity: number}} or one number")
        for severity in value:
            _check_severity(word, severity, form, severities)
        by_severity = {int(s): _number(word, v, form, metric) for s, v in value.items()}
        return Limit(word, metric.name, form, None, by_severity)
    return Limit(word, metric.name, form, _number(word, value, form, metric), {})


def all_words() -> list[str]:
    """Every limit that can be written for the registered metrics."""
    words = []
    for name in metrics.names():
        if metrics.get(name).higher_is_better:
            words += [f"max_{name}_drop", f"max_relative_{name}_drop", f"min_{name}"]
        else:
            words += [f"max_{name}_increase", f"max_{name}"]
    return words


def _check_contradictions(words: Mapping[str, object]) -> None:
    """No value is at least a floor and at most a ceiling below it."""
    for name in metrics.names():
        floor, ceiling = words.get(f"min_{name}"), words.get(f"max_{name}")
        for severity in _severities(floor) | _severities(ceiling) | {None}:
            least, most = _said(floor, severity), _said(ceiling, severity)
            if least is not None and most is not None and least > most:
                where = "" if severity is None else f" at severity {severity}"
                raise SpecError(
                    f"min_{name} and max_{name} contradict each other{where}: no {name} is at "
                    f"least {least:g} and at most {most:g}"
                )


def _severities(value: object) -> set[object]:
    return set(value) if isinstance(value, Mapping) else set()


def _said(value: object, severity: object) -> float | None:
    """The number for a severity; the one for all of them for None, None where there is none."""
    found = value.get(severity) if isinstance(value, Mapping) else value
    if isinstance(found, bool) or not isinstance(found, numbers.Real):
        return None
    return float(found)


def _recognise(word: str) -> tuple[Form, Metric]:
    names = metrics.names()
    for form, pattern in _FORMS:
        found = re.fullmatch(pattern, word)
        if found and found["metric"] in names:
            metric = metrics.get(found["metric"])
            _check_direction(word, form, metric)
            return form, metric
    match = nearest(word, [*all_words(), "min_severity"])
    hint = f"; did you mean {match!r}?" if match else "."
    raise SpecError(
        f"unknown limit {word!r}{hint} A limit is max_<metric>_drop, max_relative_<metric>_drop "
        f"or min_<metric> (for lower-is-better metrics max_<metric> or max_<metric>_increase), "
        f"with <metric> one of {', '.join(names)}"
    )


def _check_direction(word: str, form: Form, metric: Metric) -> None:
    wrong = (
        ("increase", "ceiling") if metric.higher_is_better else ("drop", "relative_drop", "floor")
    )
    if form not in wrong:
        return
    name = metric.name
    better = "higher" if metric.higher_is_better else "lower"
    use = (
        f"max_{name}_drop or min_{name}"
        if metric.higher_is_better
        else f"max_{name}_increase or max_{name}"
    )
    raise SpecError(
        f"{word!r}: {name} is {better}-is-better, so such a limit says nothing; use {use}"
    )


def _check_severity(
    word: str, severity: object, form: Form, severities: tuple[int, ...] | None
) -> None:
    if isinstance(severity, bool) or not isinstance(severity, int) or severity < 0:
        raise SpecError(f"{word}: severity {severity!r} is no whole number from 0")
    if severity == 0 and form in ("drop", "relative_drop", "increase"):
        raise SpecError(f"{word}: severity 0 is the clean image, which cannot drop; start at 1")
    if severities is not None and severity != 0 and severity not in severities:
        have = ", ".join(str(s) for s in severities if s)
        raise SpecError(f"{word}: severity {severity} is not run; this ladder runs {have}")


def _number(word: str, value: object, form: Form, metric: Metric) -> float:
    number = math.nan
    if not isinstance(value, bool) and isinstance(value, numbers.Real):
        number = float(value)
    if not math.isfinite(number):
        raise SpecError(f"{word}={value!r}: expected a finite number, or {{severity: number}}")
    low, high = _allowed(form, metric)
    if not low <= number <= high:
        end = "no upper bound" if math.isinf(high) else f"{high:g}"
        hint = ""
        if high == 1 and 1 < number <= 100:
            hint = f"; did you mean {number / 100:g}? (fractions, not percent)"
        raise SpecError(f"{word}={value!r} is out of range; expected {low:g} to {end}{hint}")
    return number


def _allowed(form: Form, metric: Metric) -> tuple[float, float]:
    low = -math.inf if metric.lower is None else metric.lower
    high = math.inf if metric.upper is None else metric.upper
    if form in ("drop", "increase"):
        return 0.0, high - low
    return (0.0, 1.0) if form == "relative_drop" else (low, high)
