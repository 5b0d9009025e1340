"""Where baselines are, and holding what a test measured against one."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.errors import SpecError, XrayNoiseError, nearest, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from pytest_xraynoise.judge.expression import Rule
    from pytest_xraynoise.plugin.recording import Measured
    from pytest_xraynoise.report.baseline_file import Baseline
    from pytest_xraynoise.results import Verdict
    from pytest_xraynoise.results.comparison import Comparison

MISSING = ("fail", "warn", "skip")
DEFAULT = "baseline"
DEFAULT_STORAGE = ".xraynoise"
UNLIMITED = "no limits, only compared with a baseline"

_READ = pytest.StashKey["dict[Path, Baseline | None]"]()


class MissingBaselineWarning(pytest.PytestWarning):
    """A test was to be compared with a baseline that lacks it."""


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


def storage(config: pytest.Config) -> Path:
    """The folder of baselines.

    Said on the command line it is relative to where pytest was started, else to the root.
    """
    from pytest_xraynoise.plugin.options import setting

    said = config.getoption("xraynoise_storage")
    base = config.invocation_params.dir if said else config.rootpath
    folder: str = setting(config, "storage")
    return base / os.path.expandvars(folder)


def saved_name(config: pytest.Config) -> str | None:
    """The baseline that this run saves; None where it saves none.

    In CI only the option itself counts, on the command line that was typed: a baseline that a job
    rewrites by a setting that nobody looks at would follow every regression.
    """
    from pytest_xraynoise.plugin.options import setting

    name: str | None = setting(config, "save")
    if name is None or not in_ci() or _typed(config):
        return name
    return None


def ignored_in_ci(config: pytest.Config) -> bool:
    """Whether a setting asks to save, and CI does not do that without the option."""
    from pytest_xraynoise.plugin.options import setting

    return setting(config, "save") is not None and saved_name(config) is None


def in_ci() -> bool:
    """Whether this is a CI job, as pytest itself tells."""
    return any(os.environ.get(word) for word in ("CI", "BUILD_NUMBER"))


def _typed(config: pytest.Config) -> bool:
    args = map(str, config.invocation_params.args)
    return any(arg.partition("=")[0] == "--xraynoise-save" for arg in args)


def check(config: pytest.Config) -> None:
    """Find, before the run, what could not be compared or saved after it.

    Raises:
        XrayNoiseError: for rules without a comparison, a baseline or a storage of no use.
    """
    from pytest_xraynoise.plugin.options import setting

    compared, rules = setting(config, "compare"), config.getoption("xraynoise_compare_fail")
    if rules and compared is None:
        raise SpecError(
            "--xraynoise-compare-fail says how much may be lost against a baseline, but none is "
            "compared with; add --xraynoise-compare"
        )
    if compared is not None:
        baseline_at(config, compared)
    saved = saved_name(config)
    if saved is not None:
        from pytest_xraynoise.report.baseline_file import baseline_path, check_saveable

        check_saveable(baseline_path(storage(config), saved))


def rule_texts(config: pytest.Config) -> list[str]:
    """This run's rules, as written."""
    from pytest_xraynoise.plugin.options import setting

    return [rule.text for rule in setting(config, "compare_fail")]


def baseline_at(config: pytest.Config, name: str) -> Baseline | None:
    """A baseline, read once in a session; None where there is none of that name.

    Raises:
        XrayNoiseError: for one that is damaged, or a storage that is a file.
    """
    from pytest_xraynoise.report.baseline_file import baseline_path, read_baseline

    path = baseline_path(storage(config), name)
    known = config.stash.setdefault(_READ, {})
    if path not in known:
        known[path] = read_baseline(path) if path.exists() else None
    return known[path]


def unlimited() -> Verdict:
    """The verdict of a test without limits, before it is compared."""
    from pytest_xraynoise.results import Verdict

    return Verdict("pass", UNLIMITED)


def hold(
    item: pytest.Item,
    measured: Measured,
    nodeid: str,
    name: str,
    rules: Sequence[Rule],
    mode: Any,
) -> None:
    """Compare what was measured, and let the verdict say what came of it.

    Raises:
        XrayNoiseError: for what cannot be compared.
    """
    from pytest_xraynoise import __version__
    from pytest_xraynoise.judge.baseline import entry_of
    from pytest_xraynoise.judge.compare import compare
    from pytest_xraynoise.noise.spec import SPEC_VERSION

    if measured.result is None or measured.verdict is None:
        return
    baseline = baseline_at(item.config, name)
    entry = None if baseline is None else baseline.entry(nodeid)
    if entry is None:
        measured.comparison = _missing(item.config, baseline, name, nodeid)
        _apply_policy(item, measured, name)
        return
    now = entry_of(nodeid, measured.result, library=__version__, noise_spec=SPEC_VERSION)
    found = compare(entry, now, rules, name=name, decide=mode, must_judge=not measured.limits)
    measured.comparison = found
    if found.status == "fail" and measured.verdict.action != "fail":
        measured.verdict = replace(measured.verdict, status="fail", headline=found.headline)


def hold_checks(item: pytest.Item, measured: Sequence[Measured], marked: bool) -> None:
    """Compare what a test checked by hand, with this run's settings.

    Raises:
        pytest.fail.Exception: for a regression, and for what cannot be compared.
    """
    from pytest_xraynoise.plugin.options import setting
    from pytest_xraynoise.plugin.recording import numbered_id

    name = setting(item.config, "compare") if measured else None
    if name is None:
        return
    rules, mode = setting(item.config, "compare_fail"), setting(item.config, "decide")
    for number, each in enumerate(measured):
        if marked and number == 0:
            continue
        try:
            hold(item, each, numbered_id(item, number), name, rules, mode)
        except XrayNoiseError as error:
            trouble = f"{type(error).__name__}: {error}"
        else:
            trouble = each.verdict.headline if each.verdict and _broke(each) else ""
        if trouble:
            pytest.fail(trouble, pytrace=False)


def _broke(each: Measured) -> bool:
    policy = each.comparison is not None and each.comparison.status in ("fail", "missing")
    return policy and each.verdict is not None and each.verdict.action == "fail"


def _missing(
    config: pytest.Config, baseline: Baseline | None, name: str, nodeid: str
) -> Comparison:
    from pytest_xraynoise.judge.compare import missing
    from pytest_xraynoise.report.baseline_file import baseline_path, names_in

    path = baseline_path(storage(config), name)
    if baseline is None:
        like = nearest(name, names_in(path.parent))
        hint = ", for there is no such file" + (f"; did you mean {like!r}?" if like else "")
    else:
        like = nearest(nodeid, [each for each in baseline.entries if each != nodeid])
        hint = f"; its nearest is {like}, if the test was renamed" if like else ""
    return missing(name, nodeid, str(path), hint)


def _apply_policy(item: pytest.Item, measured: Measured, name: str) -> None:
    from pytest_xraynoise.plugin.options import setting

    comparison, verdict = measured.comparison, measured.verdict
    if comparison is None or verdict is None or saved_name(item.config) == name:
        return  # the first run that saves it
    policy = setting(item.config, "missing_baseline")
    text = f"{comparison.headline}. Save it with --xraynoise-save={name}"
    if policy == "warn":
        item.warn(MissingBaselineWarning(text))
    elif verdict.action == "pass" or (verdict.action == "skip" and policy == "fail"):
        status: Any = "fail" if policy == "fail" else "inconclusive"
        measured.verdict = replace(verdict, status=status, headline=text, on_inconclusive="skip")
