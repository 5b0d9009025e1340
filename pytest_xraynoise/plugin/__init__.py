"""The pytest plugin. Hooks only; each calls the module that does the work, loaded when needed.

This module is imported in every pytest run of everybody who has the package installed, so it must
not import torch, numpy, scikit-learn or jinja2, not even indirectly.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.plugin import baseline_words, collection, hookspecs, options, recording
from pytest_xraynoise.plugin.fixtures import (  # noqa: F401 - pytest finds fixtures here by name
    _xraynoise_case,
    robustness,
    xray_dataset,
    xray_model,
    xray_output,
    xray_preprocess,
    xraynoise,
)

if TYPE_CHECKING:
    from collections.abc import Generator


def pytest_addhooks(pluginmanager: pytest.PytestPluginManager) -> None:
    """https://docs.pytest.org/en/stable/reference/reference.html#pytest.hookspec.pytest_addhooks."""
    pluginmanager.add_hookspecs(hookspecs)


def pytest_addoption(parser: pytest.Parser) -> None:
    """https://docs.pytest.org/en/stable/reference/reference.html#pytest.hookspec.pytest_addoption."""
    options.add(parser)


@pytest.hookimpl(tryfirst=True)
def pytest_load_initial_conftests(args: list[str]) -> None:
    """https://docs.pytest.org/en/stable/reference/reference.html#pytest.hookspec.pytest_load_initial_conftests."""
    args[:] = baseline_words.join_rules(args)


@pytest.hookimpl(tryfirst=True)
def pytest_cmdline_main(config: pytest.Config) -> int | None:
    """List the noises and exit, when asked to."""
    return options.list_noises(config)


def pytest_configure(config: pytest.Config) -> None:
    """Register the marker and find bad settings and unwritable reports before the run."""
    options.configure(config)


@pytest.hookimpl(wrapper=True)
def pytest_pycollect_makeitem(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> Generator[None, Any, Any]:
    """Let a marked function use the fixtures that its markers name."""
    with collection.marked_fixtures(collector, name, obj):
        return (yield)


@pytest.hookimpl(tryfirst=True)
def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test item for each noise of each marker."""
    collection.generate(metafunc)


@pytest.hookimpl(tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Refuse markers that cannot work where they stand; open the record of those that can."""
    collection.refuse_stray_marker(item)
    recording.begin(item)


@pytest.hookimpl(wrapper=True)
def pytest_pyfunc_call(pyfuncitem: pytest.Function) -> Generator[None, Any, Any]:
    """Hold the limits against the ladder, after the test's own assertions."""
    collection.refuse_stray_marker(pyfuncitem)
    outcome = yield
    recording.enforce(pyfuncitem)
    return outcome


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_makereport(
    item: pytest.Item, call: pytest.CallInfo[None]
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Send what was measured along with the test report, from an xdist worker too."""
    report = yield
    recording.attach(item, call, report)
    return report
