"""Noises and metrics that other plugins and conftest files bring, registered once in a session."""

from __future__ import annotations

import pytest

from pytest_xraynoise.errors import SpecError

_TROUBLE = pytest.StashKey["SpecError | None"]()
_ASKED = pytest.StashKey[int]()


def load_extensions(config: pytest.Config) -> None:
    """Ask the hooks for noises and metrics, and register them.

    The conftest file of a folder comes when pytest gets there, so the hooks are asked again when
    there are more of them.

    Raises:
        SpecError: for one that cannot be registered, at every call.
    """
    hooks = config.hook.pytest_xraynoise_noises, config.hook.pytest_xraynoise_metrics
    there = sum(len(hook.get_hookimpls()) for hook in hooks)
    if config.stash.get(_ASKED, None) != there:
        config.stash[_ASKED] = there
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
    named: set[str | None] = set()  # two of one name are an error, one that comes again is not
    for found in config.hook.pytest_xraynoise_metrics(config=config):
        for metric in found:
            name = getattr(metric, "name", None)
            metrics.register_metric(metric, replace_own=name not in named)
            named.add(name)
