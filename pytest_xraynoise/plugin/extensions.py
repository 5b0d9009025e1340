"""Noises and metrics that other plugins and conftest files bring, registered once in a session."""

from __future__ import annotations

import pytest

from pytest_xraynoise.errors import SpecError

_TROUBLE = pytest.StashKey["SpecError | None"]()


def load_extensions(config: pytest.Config) -> None:
    """Ask the hooks for noises and metrics, and register them.

    Raises:
        SpecError: for one that cannot be registered, at every call.
    """
    if _TROUBLE not in config.stash:
        config.stash[_TROUBLE] = None
        try:
            _register(config)
        except SpecError as error:
            config.stash[_TROUBLE] = error
    if (trouble := config.stash[_TROUBLE]) is not None:
        raise trouble


def _register(config: pytest.Config) -> None:
    from pytest_xraynoise import metrics, noise

    for kinds in config.hook.pytest_xraynoise_noises(config=config):
        for kind in kinds:
            noise.register_noise(kind)
    for found in config.hook.pytest_xraynoise_metrics(config=config):
        for metric in found:
            metrics.register_metric(metric)
