"""How the threshold of a classifier is chosen on the clean images; parsed without NumPy."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

from pytest_xraynoise.errors import SpecError, unknown

Rule = Literal["youden", "sensitivity", "specificity", "threshold", "by_label"]

_FORMS = (
    "expected 'youden', a threshold on the probability such as 0.3, {'sensitivity': 0.95}, "
    "{'specificity': 0.9}, or a threshold for each label {'Mass': 0.3, ...}"
)


@dataclass(frozen=True, slots=True)
class OperatingPoint:
    """Where a classifier is read: one threshold for each label, the same at every rung.

    Attributes:
        rule: ``youden`` takes the threshold with the largest sensitivity + specificity - 1 on the
            clean images (Youden 1950, Cancer 3:32-35); ``sensitivity`` the highest one whose clean
            sensitivity is at least ``level``; ``specificity`` the lowest one whose clean
            specificity is; ``threshold`` is ``level`` itself; ``by_label`` one for each label.
        level: in (0, 1]; None for ``youden`` and ``by_label``.
        by_label: thresholds on the probability, in (0, 1), by name.
    """

    rule: Rule = "youden"
    level: float | None = None
    by_label: Mapping[str, float] = field(default_factory=dict)

    @property
    def text(self) -> str:
        """The rule in words, for reports."""
        words = {
            "youden": "Youden index on the clean images",
            "sensitivity": f"sensitivity of at least {self.level} on the clean images",
            "specificity": f"specificity of at least {self.level} on the clean images",
            "threshold": f"probability of at least {self.level}",
            "by_label": "given threshold of each label",
        }
        return words[self.rule]


def parse_operating_point(
    value: Any = None, *, at_sensitivity: Any = None, at_specificity: Any = None
) -> OperatingPoint:
    """The operating point that a user wrote.

    Args:
        value: ``"youden"``, a threshold in (0, 1), ``{"sensitivity": 0.95}``,
            ``{"specificity": 0.9}``, or thresholds by label; None for Youden.
        at_sensitivity: short for ``{"sensitivity": at_sensitivity}``.
        at_specificity: short for ``{"specificity": at_specificity}``.

    Raises:
        SpecError: for anything else, a number out of range, or more than one of the three words.
    """
    said = {
        "operating_point": value,
        "at_sensitivity": at_sensitivity,
        "at_specificity": at_specificity,
    }
    words = [word for word, given in said.items() if given is not None]
    if len(words) > 1:
        raise SpecError(f"{' and '.join(words)} name two operating points; keep one of them")
    if at_sensitivity is not None:
        return OperatingPoint("sensitivity", _level("at_sensitivity", at_sensitivity))
    if at_specificity is not None:
        return OperatingPoint("specificity", _level("at_specificity", at_specificity))
    if value is None or value == "youden":
        return OperatingPoint()
    if isinstance(value, str):
        raise SpecError(f"{unknown('operating_point', value, ['youden'])}; {_FORMS}")
    if isinstance(value, Mapping):
        return _from_mapping(value)
    return OperatingPoint("threshold", _threshold("operating_point", value))


def _from_mapping(value: Mapping[Any, Any]) -> OperatingPoint:
    if not value or not all(isinstance(key, str) for key in value):
        raise SpecError(f"operating_point={dict(value)!r}: {_FORMS}")
    for rule in ("sensitivity", "specificity"):
        if rule in value:
            if len(value) > 1:
                raise SpecError(f"operating_point={dict(value)!r} names two points; keep one")
            word = f"operating_point={{{rule!r}: ...}}"
            return OperatingPoint(rule, _level(word, value[rule]))
    thresholds = {k: _threshold(f"operating_point of {k!r}", v) for k, v in value.items()}
    return OperatingPoint("by_label", by_label=thresholds)


def _level(word: str, value: Any) -> float:
    number = _number(word, value)
    if not 0.0 < number <= 1.0:
        raise SpecError(
            f"{word}={value!r} is out of range; {_fraction(number, 'above 0, up to 1')}"
        )
    return number


def _threshold(word: str, value: Any) -> float:
    number = _number(word, value)
    if not 0.0 < number < 1.0:
        expected = _fraction(number, "a probability between 0 and 1")
        raise SpecError(f"{word}={value!r} is out of range; {expected}")
    return number


def _number(word: str, value: Any) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise SpecError(f"{word}={value!r}: {_FORMS}")
    return float(value)


def _fraction(number: float, expected: str) -> str:
    hint = f"; did you mean {number / 100:g}? (fractions, not percent)" if 1 < number < 100 else ""
    return f"expected {expected}{hint}"
