"""The command line, the ini keys, and what is checked before a run starts."""

from __future__ import annotations

import os
import sys
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.errors import XrayNoiseError
from pytest_xraynoise.plugin import baselines, github, workers
from pytest_xraynoise.plugin.extensions import load_extensions
from pytest_xraynoise.plugin.own_paths import check_cache_folder
from pytest_xraynoise.plugin.profiles import profile
from pytest_xraynoise.plugin.quick_end import QuickEnd
from pytest_xraynoise.plugin.session import SessionReports
from pytest_xraynoise.plugin.settings import SETTINGS, resolve

if TYPE_CHECKING:
    from collections.abc import Mapping

MARKER = (
    "robust(noise, *, severities, ladder, labels, per_label, contrast, task, aggregate, "
    "decide, inconclusive, seed, repeats, samples, confidence, outputs, noise_at, "
    "batch_size, precision, compile, fail_fast, compare, compare_fail, min_dose, min_severity, "
    "breaking_point, model, dataset, "
    "preprocess, **limits): run a ladder of rising noise against the fixtures xray_model and "
    "xray_dataset and fail when a limit is broken. "
    "noise: one kind or a list, one test item for each (pytest --xraynoise-noises lists them). "
    "limits: max_<metric>_drop, max_relative_<metric>_drop, min_<metric>, each a number or "
    "{severity: number}; min_dose and min_severity say how far they must hold. "
    "Own rungs: photons=[1000, 200, 50]. "
    "Example: @robust(noise='poisson', max_auroc_drop=0.05)"
)


_configured = False
_PROFILE = pytest.StashKey["tuple[str | None, Mapping[str, str]]"]()


def was_configured() -> bool:
    """Whether this process runs pytest with the plugin."""
    return _configured


def add(parser: pytest.Parser) -> None:
    """Add one option and one ini key for each setting."""
    group = parser.getgroup("xraynoise", "X-ray noise robustness")
    for setting in SETTINGS:
        extra: dict[str, Any] = (
            {} if setting.const is None else {"nargs": "?", "const": setting.const}
        )
        if setting.several:
            extra["action"] = "append"
        group.addoption(
            setting.option,
            dest=setting.ini,
            metavar=setting.metavar,
            default=None,
            help=setting.help.replace("%", "%%"),
            **extra,
        )
        parser.addini(setting.ini, f"{setting.help} (as {setting.option})", default="")
    group.addoption(
        "--xraynoise-noises",
        action="store_true",
        help="list the kinds of noise with their ladders and units, and exit",
    )


def setting(config: pytest.Config, name: str, marker: Any = None) -> Any:
    """One setting of this run, by precedence."""
    return _resolved(config, name, marker, _profile(config)[1])


def with_profile(config: pytest.Config, settings: Mapping[str, Any]) -> Mapping[str, Any]:
    """The settings of a result, with the name of this run's profile where there is one."""
    name = _profile(config)[0]
    return settings if name is None else {**settings, "profile": name}


def _resolved(
    config: pytest.Config, name: str, marker: Any, profile: Mapping[str, str] | None
) -> Any:
    key = f"xraynoise_{name}"
    said = config.getoption(key)
    return resolve(
        name,
        marker=marker,
        command_line=" ".join(said) if isinstance(said, list) else said,
        environment=os.environ,
        profile=profile,
        ini=config.getini(key),
    )


def _profile(config: pytest.Config) -> tuple[str | None, Mapping[str, str]]:
    """Name and settings of the profile, read once in a session.

    Raises:
        SpecError: for a profile that cannot be used.
    """
    if _PROFILE not in config.stash:
        name: str | None = _resolved(config, "profile", None, None)
        folders = [] if config.inipath is None else [config.inipath.parent]
        settings = {} if name is None else profile(name, [*folders, config.rootpath])
        config.stash[_PROFILE] = (name, settings)
    return config.stash[_PROFILE]


def _has_rules(config: pytest.Config) -> bool:
    """Whether any source says how much may be lost."""
    key = "xraynoise_compare_fail"
    said = (config.getoption(key), os.environ.get(key.upper()), config.getini(key))
    return any(said) or "compare_fail" in _profile(config)[1]


def configure(config: pytest.Config) -> None:
    """Register the marker, check every setting, and register the collector of reports.

    Raises:
        pytest.UsageError: for a setting that cannot be read or a report that cannot be written.
    """
    global _configured  # robust() has no config to ask
    _configured = True
    config.addinivalue_line("markers", MARKER)
    config.pluginmanager.register(QuickEnd(config), "xraynoise-quick-end")
    try:
        if _has_rules(config):
            load_extensions(config)  # rules may be about metrics of the user's own
        values = {each.name: setting(config, each.name) for each in SETTINGS}
        if values["cache"] is not None:
            check_cache_folder(config.rootpath / values["cache"])
        baselines.check(config)
        if hasattr(config, "workerinput"):
            workers.configure_worker(config)
        else:
            paths = {"json": values["json"], "csv": values["csv"], "html": values["report"]}
            reports = SessionReports(config, paths)
            config.pluginmanager.register(reports, "xraynoise-session")
            github.configure(config, reports)
            workers.configure_controller(config, reports.ledger.plan)
    except XrayNoiseError as error:
        raise pytest.UsageError(f"xraynoise: {error}") from error


def list_noises(config: pytest.Config) -> int | None:
    """Print the noises and return an exit code, or None when that was not asked."""
    if not config.getoption("xraynoise_noises"):
        return None
    from pytest_xraynoise.noise.listing import noise_lines

    try:
        load_extensions(config)
    except XrayNoiseError as error:
        raise pytest.UsageError(f"xraynoise: {error}") from error
    sys.stdout.writelines(f"{line}\n" for line in noise_lines())
    return 0
