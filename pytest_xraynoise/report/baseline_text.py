"""JSON that people review: sorted keys, and a number with its interval on one line."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator

_WIDTH = 100


def baseline_text(data: Mapping[str, Any]) -> Iterator[str]:
    """The pieces of the text; an object or list stands on one line where it is flat and fits."""
    yield from _pieces(data, 0)
    yield "\n"


def _pieces(value: Any, depth: int) -> Iterator[str]:
    line = _text(value)
    if not isinstance(value, Mapping | list) or (_is_flat(value) and len(line) + depth <= _WIDTH):
        yield line
        return
    opening, closing = "{}" if isinstance(value, Mapping) else "[]"
    items: list[tuple[str, Any]]
    if isinstance(value, Mapping):
        items = [(f"{_text(key)}: ", value[key]) for key in sorted(value)]
    else:
        items = [("", item) for item in value]
    yield opening
    for number, (start, item) in enumerate(items):
        yield f"{',' if number else ''}\n{' ' * (depth + 1)}{start}"
        yield from _pieces(item, depth + 1)
    yield f"\n{' ' * depth}{closing}"


def _is_flat(value: Mapping[str, Any] | list[Any]) -> bool:
    items = value.values() if isinstance(value, Mapping) else value
    return not any(isinstance(item, Mapping | list) for item in items)


def _text(value: Any) -> str:
    return json.dumps(value, sort_keys=True, ensure_ascii=False, allow_nan=False)
