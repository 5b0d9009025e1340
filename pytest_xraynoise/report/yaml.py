"""Plain values as YAML 1.2 that readers of YAML 1.1 read the same; text is always quoted."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from pytest_xraynoise.report.text import one_line


def dumps(value: Mapping[str, Any]) -> str:
    """A mapping of mappings, lists, text, finite numbers and booleans as block YAML.

    Keys are taken as they are, so they have to be words. Numbers are written without an exponent:
    YAML 1.1 takes ``1e-05`` for text.
    """
    return "\n".join(_lines(value)) + "\n"


def _lines(value: Any) -> list[str]:
    if isinstance(value, Mapping):
        found = []
        for key, each in value.items():
            lines = _lines(each)
            nested = isinstance(each, Mapping | Sequence) and not isinstance(each, str) and each
            if nested:
                found += [f"{key}:", *(f"  {line}" for line in lines)]
            else:
                found.append(f"{key}: {lines[0]}")
        return found or ["{}"]
    if isinstance(value, Sequence) and not isinstance(value, str):
        found = []
        for each in value:
            first, *rest = _lines(each)
            found += [f"- {first}", *(f"  {line}" for line in rest)]
        return found or ["[]"]
    return [_scalar(value)]


def _scalar(value: Any) -> str:
    if isinstance(value, bool | int):
        return json.dumps(value)
    if isinstance(value, float):
        return (
            f"{value:.12f}".rstrip("0").removesuffix(".") if value != int(value) else f"{value:.1f}"
        )
    return json.dumps(one_line(str(value)), ensure_ascii=False)
