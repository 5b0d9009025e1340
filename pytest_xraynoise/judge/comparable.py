"""What must be the same before two measurements may be compared, and what is told else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.judge.baseline import entry_to_dict

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_xraynoise.judge.baseline import Entry
    from pytest_xraynoise.results import RungResult

_UNSAID = {"repeats": 1}
"""Settings that older results lack, and what they were then."""

_REMEDY = (
    "run it as the baseline was run, or, if the change is meant, save the baseline again with "
    "--xraynoise-save"
)


class IncomparableError(SpecError):
    """Two measurements that are not of the same thing. ``reasons`` names every difference."""

    def __init__(self, nodeid: str, baseline: str, reasons: list[str]) -> None:
        self.reasons = tuple(reasons)
        super().__init__(
            f"{nodeid} cannot be compared with the baseline {baseline!r}: {'; '.join(reasons)}. "
            f"{_REMEDY[0].upper()}{_REMEDY[1:]}"
        )


def refuse_other(baseline: Entry, now: Entry, name: str) -> None:
    """Refuse to compare what is not the same measurement of two models.

    Args:
        baseline: what the baseline holds.
        now: what was measured.
        name: of the baseline.

    Raises:
        IncomparableError: for other noise (or version of its streams), ladder, seed, data, task,
            labels, or settings that change the numbers.
    """
    reasons = [*_reasons(baseline, now)]
    if reasons:
        raise IncomparableError(now.nodeid, name, reasons)


def _reasons(baseline: Entry, now: Entry) -> Iterator[str]:
    specs = (baseline.noise_spec, now.noise_spec)
    if None not in specs and specs[0] != specs[1]:
        yield (
            f"version {specs[1]} of the noise draws other noise than version {specs[0]} of the "
            "baseline did"
        )
    for word in ("noise", "ladder", "task"):
        yield from _unless_same(word, getattr(baseline, word), getattr(now, word))
    yield from _unless_same("labels", list(baseline.labels), list(now.labels))
    if (baseline.noise, baseline.ladder) == (now.noise, now.ladder):
        yield from _unless_same("rungs", _rungs(baseline.rungs), _rungs(now.rungs))
    yield from _other_data(baseline, now)
    before, after = _settings(baseline), _settings(now)
    for word in sorted({*before, *after}):
        default = _UNSAID.get(word)
        yield from _unless_same(word, before.get(word, default), after.get(word, default))


def _other_data(baseline: Entry, now: Entry) -> Iterator[str]:
    before, after = baseline.data, now.data
    if before.samples != after.samples:
        yield f"other data ({before.samples} samples then, {after.samples} now)"
    elif before.ids != after.ids:
        yield f"other data (the ids of the {after.samples} samples differ)"
    elif None not in (before.targets, after.targets) and before.targets != after.targets:
        yield "other data (the same sample ids, but other targets)"


def _settings(entry: Entry) -> dict[str, Any]:
    """The settings as they are after writing, so that rounding makes no difference."""
    written = entry_to_dict(entry)
    settings = {**written["settings"], "seed": written["seed"]}
    if isinstance(skipped := settings.get("skipped"), dict):  # reasons name places on a machine
        settings["skipped"] = sorted(skipped)
    return settings


def _rungs(rungs: tuple[RungResult, ...]) -> str:
    # Six digits: the parameters of a clinical ladder are computed, and may differ in the last bit.
    each = (f"{r.severity} ({r.rung.label})" if r.severity else "0 (clean)" for r in rungs)
    return ", ".join(each)


def _unless_same(word: str, before: Any, after: Any) -> Iterator[str]:
    if before != after:
        yield f"other {word} ({_shown(before)} then, {_shown(after)} now)"


def _shown(value: Any) -> str:
    text = value if isinstance(value, str) else repr(value)
    return text if len(text) <= 120 else f"{text[:117]}..."
