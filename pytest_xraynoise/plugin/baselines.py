"""Where baselines are, and holding what a test measured against one."""

from __future__ import annotations

import os
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NamedTuple

import pytest

from pytest_xraynoise.errors import SpecError, XrayNoiseError, nearest

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pytest_xraynoise.judge.expression import Rule
    from pytest_xraynoise.plugin.recording import Measured
    from pytest_xraynoise.report.baseline_file import Baseline
    from pytest_xraynoise.results import Verdict
    from pytest_xraynoise.results.comparison import Comparison

UNLIMITED = "no limits, only compared with a baseline"

_READ = pytest.StashKey["dict[Path, Baseline | None]"]()


class Consequence(NamedTuple):
    """What a comparison does to a test beside its own verdict: ``fail`` or ``skip``, and why."""

    action: str
    text: str


class MissingBaselineWarning(pytest.PytestWarning):
    """A test was to be compared with a baseline that lacks it."""


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
) -> Consequence | None:
    """Compare what was measured, and let the verdict say what came of it.

    Returns:
        What the comparison alone does to the test; None where it does nothing.

    Raises:
        XrayNoiseError: for what cannot be compared.
    """
    from pytest_xraynoise import __version__
    from pytest_xraynoise.judge.baseline import entry_of
    from pytest_xraynoise.judge.compare import compare
    from pytest_xraynoise.noise.spec import SPEC_VERSION

    if measured.result is None or measured.verdict is None:
        return None
    baseline = baseline_at(item.config, name)
    entry = None if baseline is None else baseline.entry(nodeid)
    if entry is None:
        measured.comparison = _missing(item.config, baseline, name, nodeid)
        return _apply_policy(item, measured, name)
    now = entry_of(nodeid, measured.result, library=__version__, noise_spec=SPEC_VERSION)
    found = compare(entry, now, rules, name=name, decide=mode, must_judge=not measured.limits)
    measured.comparison = found
    if found.status == "fail" and measured.verdict.action != "fail":
        measured.verdict = replace(measured.verdict, status="fail", headline=found.headline)
    return Consequence("fail", found.headline) if found.status == "fail" else None


def hold_checks(item: pytest.Item, measured: Sequence[Measured], marked: bool) -> None:
    """Compare what a test checked by hand, with this run's settings.

    Raises:
        pytest.fail.Exception: for a regression, and for what cannot be compared.
        pytest.skip.Exception: for what the baseline lacks, where that is to skip.
    """
    from pytest_xraynoise.plugin.options import setting
    from pytest_xraynoise.plugin.recording import numbered_id

    name = setting(item.config, "compare") if measured else None
    if name is None:
        return
    rules, mode = setting(item.config, "compare_fail"), setting(item.config, "decide")
    skipped = ""
    for number, each in enumerate(measured):
        if marked and number == 0:
            continue
        try:
            came = hold(item, each, numbered_id(item, number), name, rules, mode)
        except XrayNoiseError as error:
            came = Consequence("fail", f"{type(error).__name__}: {error}")
        if came is not None and came.action == "fail":
            pytest.fail(came.text, pytrace=False)
        if came is not None:
            skipped = skipped or came.text
    if skipped:
        pytest.skip(skipped)


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


def _apply_policy(item: pytest.Item, measured: Measured, name: str) -> Consequence | None:
    """Do what a baseline that lacks the test is to do."""
    from pytest_xraynoise.plugin.options import setting

    comparison, verdict = measured.comparison, measured.verdict
    if comparison is None or verdict is None or saved_name(item.config) == name:
        return None  # the first run that saves it
    policy: str = setting(item.config, "missing_baseline")
    text = f"{comparison.headline}. Save it with --xraynoise-save={name}"
    if policy == "warn":
        item.warn(MissingBaselineWarning(text))
        return None
    if verdict.action == "pass" or (verdict.action == "skip" and policy == "fail"):
        status: Any = "fail" if policy == "fail" else "inconclusive"
        measured.verdict = replace(verdict, status=status, headline=text, on_inconclusive="skip")
    return Consequence(policy, text)
