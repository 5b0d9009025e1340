"""How the machine is used, as words of ``evaluate``: from the marker, the options and the rest."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.plugin.options import setting

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pytest

_SETTINGS = {
    "batch_size": "batch_size",
    "precision": "precision",
    "channels_last": "channels_last",
    "compile": "compile",
    "loader_workers": "workers",
    "engine": "engine",
}
"""The setting of each word. On the command line ``--xraynoise-workers`` says it all."""

_OF_RAY = ("ray_address", "ray_actors")
"""Settings that a run on one machine does not look at, and words of the same names."""


def machine_words(config: pytest.Config, said: Mapping[str, Any]) -> dict[str, Any]:
    """The words of :func:`pytest_xraynoise.evaluate` that say how to use the machine.

    The device is not among them: which one a worker takes is for the worker to say.

    Args:
        config: of this run.
        said: words that a marker or a call says itself, which win; None stands for "not said".
    """
    words = {word: setting(config, name, said.get(word)) for word, name in _SETTINGS.items()}
    if words["engine"] == "ray":
        words |= {word: setting(config, word, said.get(word)) for word in _OF_RAY}
    return words
