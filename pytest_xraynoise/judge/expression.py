"""How much may be lost against a baseline, in words: ``auroc:0.01 dice@3:2.5%``.

The grammar, one rule after the other with white space or commas between them::

    METRIC [@SEVERITY] [/LABEL] : NUMBER [%]

``LABEL`` is a name, in double quotes where it has white space, commas or colons in it, or ``*``
for each label. Without a label the rule is about the macro value, without a severity about every
rung, the clean images (severity 0) included.
"""

from __future__ import annotations

import math
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, NoReturn

from pytest_xraynoise import metrics
from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Sequence

EACH_LABEL = "*"
_NUMBER = re.compile(r"\d+(\.\d*)?([eE][+-]?\d+)?|\.\d+([eE][+-]?\d+)?")
_WORD = re.compile(r"[A-Za-z_]\w*")
_LABEL = re.compile(r"[^\s,:\"]+")
_QUOTED = re.compile(r'"([^"]+)"')
_BETWEEN = re.compile(r"[\s,]+")
_LOOKS_LIKE = re.compile(r"[A-Za-z_]\w+([@/][^:]*)?:(?!:).*")


class ExpressionError(SpecError):
    """An expression that does not parse: the message ends with it and a caret below the fault."""

    def __init__(self, problem: str, text: str, position: int) -> None:
        line = re.sub(r"\s", " ", text)
        super().__init__(f"{problem}\n  {line}\n  {' ' * position}^")
        self.problem = problem
        self.position = position


@dataclass(frozen=True, slots=True)
class Rule:
    """One rule.

    Attributes:
        metric: what it is about.
        severity: the only rung it holds at; None for every rung, clean included.
        label: the only label it holds for; ``*`` for each one, None for the macro value.
        number: the loss that is allowed, from 0; as a fraction of the baseline if ``relative``.
        relative: whether it was written in percent.
        text: the rule as written.
    """

    metric: str
    severity: int | None
    label: str | None
    number: float
    relative: bool
    text: str

    def covers(self, metric: str, severity: int, label: str | None) -> bool:
        """Whether the rule is about this number."""
        named = label is not None if self.label == EACH_LABEL else label == self.label
        return metric == self.metric and self.severity in (None, severity) and named


def parse_rules(words: str | Sequence[str]) -> tuple[Rule, ...]:
    """Parse expressions, each word one or several of them.

    Raises:
        ExpressionError: for one that does not parse, with the character where it stops to; for a
            metric that is not known, with the nearest name; for a number that no loss can reach;
            for the same rule twice.
    """
    text = words if isinstance(words, str) else " ".join(words)
    rules: list[Rule] = []
    at = _skip(text, 0)
    while at < len(text):
        start = at
        rule, at = _rule(text, at)
        if any(_place(rule) == _place(other) for other in rules):
            raise ExpressionError("this number has two rules; keep one of them", text, start)
        rules.append(rule)
        if at < len(text) and not _BETWEEN.match(text, at):
            _stop("expected the end of the rule, or a space before the next one", text, at)
        at = _skip(text, at)
    if not rules:
        raise ExpressionError("expected a rule such as auroc:0.01 or dice:2.5%", text, 0)
    return tuple(rules)


def looks_like_rule(word: str) -> bool:
    """Whether a word of a command line is meant as such an expression, and not as a test."""
    return _LOOKS_LIKE.fullmatch(word) is not None


def _rule(text: str, start: int) -> tuple[Rule, int]:
    found = _WORD.match(text, start)
    if found is None:
        _stop("expected the name of a metric, as in auroc:0.01", text, start)
    metric, at = found[0], found.end()
    if metric not in metrics.names():
        raise ExpressionError(unknown("metric", metric, metrics.names()), text, start)
    severity, at = _severity(text, at)
    label, at = _label(text, at)
    if not text.startswith(":", at):
        _stop("expected ':' and the loss that is allowed, as in auroc:0.01", text, at)
    begins = at + 1
    found = _NUMBER.match(text, begins)
    if found is None:
        _stop("expected a number from 0, as in 0.01 or 2.5%", text, begins)
    at = found.end()
    relative = text.startswith("%", at)
    at += relative
    number = float(found[0]) / (100.0 if relative else 1.0)
    _check_reachable(metric, number, text, begins, relative=relative)
    return Rule(metric, severity, label, number, relative, text[start:at]), at


def _severity(text: str, at: int) -> tuple[int | None, int]:
    if not text.startswith("@", at):
        return None, at
    found = re.compile(r"\d+").match(text, at + 1)
    if found is None:
        _stop("expected a severity after '@', a whole number (0 is clean)", text, at + 1)
    return int(found[0]), found.end()


def _label(text: str, at: int) -> tuple[str | None, int]:
    if not text.startswith("/", at):
        return None, at
    quoted = _QUOTED.match(text, at + 1)
    if quoted is not None:
        return quoted[1], quoted.end()
    found = _LABEL.match(text, at + 1)
    if found is None:
        _stop("expected a label after '/': a name, \"a name\" or * for each", text, at + 1)
    return found[0], found.end()


def _check_reachable(
    metric: str, number: float, text: str, position: int, *, relative: bool
) -> None:
    """A loss that can never happen would be a gate that never closes."""
    known = metrics.get(metric)
    span = math.inf
    if known.lower is not None and known.upper is not None:
        span = known.upper - known.lower
    if not math.isfinite(number):
        _stop("expected a finite number", text, position)
    if relative and known.higher_is_better and number >= 1.0:
        _stop(f"{metric} cannot lose 100% or more, so this never fails", text, position)
    if not relative and number >= span:
        hint = f"; did you mean {metric}:{number:g}%?" if number < 100 else ""
        _stop(f"{metric} cannot lose {number:g}, so this never fails{hint}", text, position)


def _place(rule: Rule) -> tuple[str, int | None, str | None]:
    return rule.metric, rule.severity, rule.label


def _skip(text: str, at: int) -> int:
    found = _BETWEEN.match(text, at)
    return at if found is None else found.end()


def _stop(problem: str, text: str, position: int) -> NoReturn:
    raise ExpressionError(problem, text, position)
