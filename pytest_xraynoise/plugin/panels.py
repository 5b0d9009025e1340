"""Panels that other plugins and conftest files add to the section of a test."""

from __future__ import annotations

from collections import Counter
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pytest_xraynoise.results import Panel, TestRecord

_HOOK = "pytest_xraynoise_report_panels"
_LONGEST = 400


def with_panels(item: pytest.Item, records: Sequence[TestRecord]) -> list[TestRecord]:
    """The records of a test, each with the panels that hooks add to it.

    Hooks are asked where a report is to be written that shows panels. One that fails loses its own
    panels and nothing else: a panel that tells of it takes their place.
    """
    from pytest_xraynoise.plugin.options import setting

    plugins = list(_plugins(item))
    wanted = any(setting(item.config, name) for name in ("report", "json"))
    if not plugins or not wanted:
        return list(records)
    return [
        replace(record, panels=tuple(p for each in plugins for p in _asked(item, each, record)))
        for record in records
    ]


def trouble_lines(records: Sequence[TestRecord]) -> list[str]:
    """One line for each way in which a hook failed, for the end of the run."""
    found = Counter(
        " ".join(panel.trouble.split())
        for record in records
        for panel in record.panels
        if panel.trouble
    )
    return [
        f"xraynoise: {trouble}; its panels are left out of "
        f"{'1 test' if count == 1 else f'{count} tests'}"
        for trouble, count in found.items()
    ]


def _plugins(item: pytest.Item) -> Iterator[tuple[str, Any]]:
    """Name and plugin of each that implements the hook for this test, conftest files included."""
    caller = getattr(item.ihook, _HOOK)
    for implementation in caller.get_hookimpls():
        name = implementation.plugin_name
        root = str(item.config.rootpath)
        if name.startswith(root):
            name = Path(name).relative_to(root).as_posix()
        yield name, implementation.plugin


def _asked(item: pytest.Item, plugin: tuple[str, Any], record: TestRecord) -> list[Panel]:
    """The panels of one plugin, asked alone, so that what it raises is its own."""
    from pytest_xraynoise.results import Panel

    name, chosen = plugin
    caller = getattr(item.ihook, _HOOK)
    others = [each.plugin for each in caller.get_hookimpls() if each.plugin is not chosen]
    manager = item.config.pluginmanager
    alone = manager.subset_hook_caller(_HOOK, [*others, *_strangers(item)])
    try:
        return [panel for answer in alone(record=record) for panel in _panels(answer)]
    except (Exception, pytest.fail.Exception, pytest.skip.Exception) as error:
        said = f"{type(error).__name__}: {error}"
        said = said if len(said) <= _LONGEST else f"{said[:_LONGEST]}…"
        return [Panel(f"Panel of {name}", trouble=f"{_HOOK} of {name} raised {said}")]


def _strangers(item: pytest.Item) -> list[Any]:
    """Plugins with the hook that do not see this test: conftest files of other folders."""
    manager = item.config.pluginmanager
    seen = {id(each.plugin) for each in getattr(item.ihook, _HOOK).get_hookimpls()}
    every = getattr(manager.hook, _HOOK).get_hookimpls()
    return [each.plugin for each in every if id(each.plugin) not in seen]


def _panels(answer: object) -> list[Panel]:
    """What a hook returned, as a list.

    Raises:
        TypeError: for anything but panels.
    """
    from pytest_xraynoise.results import Panel

    if isinstance(answer, Panel):
        return [answer]
    if isinstance(answer, str) or not hasattr(answer, "__iter__"):
        raise TypeError(f"expected a list of pytest_xraynoise.Panel, got {answer!r:.80}")
    found = list(answer)
    for panel in found:
        if not isinstance(panel, Panel):
            raise TypeError(f"expected pytest_xraynoise.Panel in the list, got {panel!r:.80}")
    return found
