"""The command line, the ini keys, and what is checked before a run starts."""

from __future__ import annotations

import os
import sys
from typing import Any

import pytest

from pytest_xraynoise.errors import XrayNoiseError
from pytest_xraynoise.plugin.session import SessionReports
from pytest_xraynoise.plugin.settings import SETTINGS, resolve

MARKER = (
    "robust(noise, *, severities, ladder, labels, per_label, contrast, task, aggregate, seed, "
    "samples, confidence, outputs, model, dataset, preprocess, **limits): run a ladder of rising "
    "noise against the fixtures xray_model and xray_dataset and fail when a limit is broken. "
    "noise: one kind or a list, one test item for each (pytest --xraynoise-noises lists them). "
    "limits: max_<metric>_drop, max_relative_<metric>_drop, min_<metric>, each a number or "
    "{severity: number}. Own rungs: photons=[1000, 200, 50]. "
    "Example: @robust(noise='poisson', max_auroc_drop=0.05)"
)


_configured = False


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
        group.addoption(
            setting.option,
            dest=setting.ini,
            metavar=setting.metavar,
            default=None,
            help=setting.help,
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
    key = f"xraynoise_{name}"
    return resolve(
        name,
        marker=marker,
        command_line=config.getoption(key),
        environment=os.environ,
        ini=config.getini(key),
    )


def configure(config: pytest.Config) -> None:
    """Register the marker, check every setting, and register the collector of reports.

    Raises:
        pytest.UsageError: for a setting that cannot be read or a report that cannot be written.
    """
    global _configured  # robust() has no config to ask
    _configured = True
    config.addinivalue_line("markers", MARKER)
    try:
        values = {each.name: setting(config, each.name) for each in SETTINGS}
        if not hasattr(config, "workerinput"):
            reports = SessionReports(config, html=values["report"], json=values["json"])
            config.pluginmanager.register(reports, "xraynoise-session")
    except XrayNoiseError as error:
        raise pytest.UsageError(f"xraynoise: {error}") from error


def list_noises(config: pytest.Config) -> int | None:
    """Print the noises and return an exit code, or None when that was not asked."""
    if not config.getoption("xraynoise_noises"):
        return None
    from pytest_xraynoise.noise.listing import noise_lines
    from pytest_xraynoise.plugin.extensions import load_extensions

    try:
        load_extensions(config)
    except XrayNoiseError as error:
        raise pytest.UsageError(f"xraynoise: {error}") from error
    sys.stdout.writelines(f"{line}\n" for line in noise_lines())
    return 0
