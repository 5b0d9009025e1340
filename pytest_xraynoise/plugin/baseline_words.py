"""The words about baselines: on the command line, in settings and in markers."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from pytest_xraynoise.judge.expression import Rule

MISSING = ("fail", "warn", "skip")
DEFAULT = "baseline"


def read_name(text: str) -> str:
    """The name of a baseline, from the text of a setting."""
    from pytest_xraynoise.report.baseline_file import check_name

    return check_name(text)


def read_rules(text: str) -> tuple[Rule, ...]:
    """How much may be lost, from the text of a setting."""
    from pytest_xraynoise.judge.expression import parse_rules

    return parse_rules(text)


def read_missing(text: str) -> str:
    """The policy for a missing baseline, from the text of a setting."""
    if text not in MISSING:
        raise SpecError(unknown("missing_baseline", text, MISSING))
    return text


def join_rules(args: Sequence[str]) -> list[str]:
    """Arguments with the rules of one ``--xraynoise-compare-fail`` in one word.

    A shell makes two words of ``--xraynoise-compare-fail=auroc:0.01 dice:2.5%``, and pytest would
    take the second one for a path. Names of files are left alone.
    """
    from pytest_xraynoise.plugin.settings import BY_NAME

    option = BY_NAME["compare_fail"].option
    if not any(arg.partition("=")[0] == option for arg in args):
        return list(args)
    from pathlib import Path

    from pytest_xraynoise.judge.expression import looks_like_rule

    found: list[str] = []
    value = -1  # the place of the option's value, while rules may follow it
    for before, arg in zip(["", *args], args, strict=False):
        if value >= 0 and looks_like_rule(arg) and not Path(arg).exists():
            found[value] = f"{found[value]} {arg}"
            continue
        found.append(arg)
        value = len(found) - 1 if before == option or arg.startswith(f"{option}=") else -1
    return found


def words_of_marker(words: dict[str, Any], setting: Callable[[str, Any], Any]) -> dict[str, Any]:
    """The marker's words about baselines, with this run's settings where it does not say.

    Args:
        words: of the marker; ``compare`` is a name, True for this run's, False for none.
        setting: gives a setting by name.

    Raises:
        SpecError: for a word that makes no sense.
    """
    compare, fail = words.get("compare"), words.get("compare_fail")
    if compare is not None and not isinstance(compare, (bool, str)):
        raise SpecError(
            f"compare={compare!r}: expected the name of a baseline, True for this run's "
            f"(else {DEFAULT!r}), or False"
        )
    if isinstance(compare, str):
        compare = read_name(compare)
    elif compare is not False:
        compare = setting("compare", None) or (DEFAULT if compare else None)
    if fail is not None:
        fail = _rules("compare_fail", fail)
    return {"compare": compare or None, "compare_fail": setting("compare_fail", fail)}


def _rules(word: str, value: object) -> tuple[Rule, ...]:
    from pytest_xraynoise.judge.expression import parse_rules

    several = isinstance(value, (list, tuple)) and all(isinstance(v, str) for v in value)
    if not isinstance(value, str) and not several:
        raise SpecError(
            f"{word}={value!r}: expected a rule such as 'auroc:0.01', or a list of them"
        )
    try:
        return parse_rules(value)  # type: ignore[arg-type]
    except SpecError as error:
        raise SpecError(f"{word}: {error}") from None
