"""Who measures in a session: what the session knows already comes first."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pytest

from pytest_xraynoise.engine.sharing import SharedMeasurements
from pytest_xraynoise.plugin.collection import case_of
from pytest_xraynoise.plugin.options import setting

if TYPE_CHECKING:
    from pytest_xraynoise.engine.cache import KeptMeasurements
    from pytest_xraynoise.engine.evaluation import Measurer

_STORE = pytest.StashKey[SharedMeasurements]()


def measurer(node: pytest.Item) -> Measurer:
    """What runs ladders in this session, or in this worker of it.

    A test that is run again (``pytest-rerunfailures``) reads what was measured too, as long as
    model and data are the same objects and have not changed: noise does not depend on the hour. A
    fixture of function scope makes a new model for every attempt, which is measured.
    """
    store = node.config.stash.get(_STORE, None)
    if store is None:
        store = node.config.stash[_STORE] = SharedMeasurements(_cache(node.config))
        cases = [case for item in node.session.items if (case := case_of(item)) is not None]
        limits = (limit.metric for case in cases for limit in case.limits)
        store.foreseen = tuple(dict.fromkeys(limits))
    return store


def _cache(config: pytest.Config) -> KeptMeasurements | None:
    """What earlier runs measured, where this run asks for it; below the root folder by default."""
    folder: str | None = setting(config, "cache")
    if folder is None:
        return None
    from pytest_xraynoise.engine.cache import CacheWarning, KeptMeasurements, Store

    def warn(text: str) -> None:
        try:
            warnings.warn(text, CacheWarning, stacklevel=2)
        except CacheWarning:  # filterwarnings = error: told all the same, but the run goes on
            with warnings.catch_warnings():
                warnings.simplefilter("always", CacheWarning)
                warnings.warn(text, CacheWarning, stacklevel=2)

    return KeptMeasurements(Store(config.rootpath / folder, warn, setting(config, "cache_size")))
