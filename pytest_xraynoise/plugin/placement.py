"""Which worker of pytest-xdist runs what, and on which GPU. Pure functions but for the last."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import TYPE_CHECKING

import pytest

from pytest_xraynoise.plugin.collection import case_of

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence


def device_of_worker(device: str, worker: int | None, gpus: int) -> str:
    """The device of one worker: workers take turns over the GPUs that are visible.

    ``CUDA_VISIBLE_DEVICES`` is left alone: ``cuda:1`` is the second of the devices that it names.

    Args:
        device: what was asked for; only ``auto`` and ``cuda`` leave a choice.
        worker: number of the worker from 0, None where there are no workers.
        gpus: how many CUDA devices are visible.
    """
    if worker is None or gpus < 1 or device not in ("auto", "cuda"):
        return device
    return f"cuda:{worker % gpus}"


def worker_number(worker_id: str) -> int:
    """The number in the id of a worker: 3 of ``gw3``, 0 where there is none."""
    digits = re.search(r"\d+$", worker_id)
    return int(digits.group()) if digits else 0


def groups_for(keys: Sequence[Hashable | None], workers: int) -> list[str | None]:
    """The group of each item: items of one key stay together while every worker has some.

    Loading a model and its data once is what staying together saves. Where there are fewer keys
    than workers that would leave some idle, so the largest group is halved, in the order of the
    items, until there is one for each worker.

    Args:
        keys: what an item loads, None for an item that is to stand alone.
        workers: how many there are.

    Returns:
        Names such as ``xray_model-xray_dataset``, with ``-2`` for the second part of a group;
        names of different keys differ.
    """
    positions: dict[Hashable, list[int]] = defaultdict(list)
    for position, key in enumerate(keys):
        if key is not None:
            positions[key].append(position)
    parts: list[tuple[Hashable, list[int]]] = list(positions.items())
    while parts and len(parts) < workers:
        largest = max(range(len(parts)), key=lambda i: len(parts[i][1]))
        key, members = parts[largest]
        half = (len(members) + 1) // 2
        if half == len(members):
            break
        parts[largest : largest + 1] = [(key, members[:half]), (key, members[half:])]
    groups: list[str | None] = [None] * len(keys)
    taken: set[str] = set()
    for key, members in parts:
        name = _unused(_name(key), taken)
        for position in members:
            groups[position] = name
    return groups


def mark_groups(items: Sequence[pytest.Item], workers: int) -> None:
    """Mark items with the ``xdist_group`` of their model and data; those that have one keep it."""
    keys = [None if item.get_closest_marker("xdist_group") else key_of(item) for item in items]
    for item, name in zip(items, groups_for(keys, workers), strict=True):
        if name is not None:
            item.add_marker(pytest.mark.xdist_group(name))


def marked_groups(items: Sequence[pytest.Item]) -> dict[str, str]:
    """The group of each item that has one, by test id; several marks make one group."""
    found = {}
    for item in items:
        marks = list(item.iter_markers("xdist_group"))
        names = {str((*mark.args, mark.kwargs.get("name", "default"))[0]) for mark in marks}
        if names:
            found[item.nodeid] = "_".join(sorted(names))
    return found


def key_of(item: pytest.Item) -> tuple[str, ...] | None:
    """What an item loads: its model and dataset fixtures and their parameters, by number."""
    case = case_of(item)
    spec = getattr(item, "callspec", None)
    if case is None or spec is None:
        return None
    known = getattr(getattr(item, "_fixtureinfo", None), "name2fixturedefs", {})
    words = []
    for fixture in (case.model, case.dataset):
        numbers = [spec.indices[name] for name in _closure(fixture, known) if name in spec.indices]
        words.append("-".join([fixture, *map(str, numbers)]))
    return tuple(words)


def plain_id(item: pytest.Item) -> str:
    """The id of an item without the group that ``--dist=loadgroup`` appends to it."""
    if getattr(item.config.option, "loadgroup", False) and item.get_closest_marker("xdist_group"):
        return without_group(item.nodeid)
    return item.nodeid


def without_group(nodeid: str) -> str:
    """A test id without its ``@group``, told apart from an ``@`` in a parameter by the bracket."""
    return nodeid.rpartition("@")[0] if nodeid.rfind("@") > nodeid.rfind("]") else nodeid


def _closure(fixture: str, known: dict[str, Sequence[pytest.FixtureDef[object]]]) -> list[str]:
    """A fixture and those that it asks for, directly or not."""
    found = [fixture]
    for name in found:
        for definition in known.get(name, ()):
            found += [each for each in definition.argnames if each not in found]
    return found


def _name(key: Hashable) -> str:
    words = key if isinstance(key, tuple) else (key,)
    # A bracket or @ in the name would hide the group from pytest-xdist.
    return re.sub(r"[^\w.-]", "_", "-".join(map(str, words)))


def _unused(name: str, taken: set[str]) -> str:
    number, free = 2, name
    while free in taken:
        free, number = f"{name}-{number}", number + 1
    taken.add(free)
    return free
