"""Where a marker stands in its file, for annotations and reports."""

from __future__ import annotations

import ast
import inspect
import textwrap
from typing import TYPE_CHECKING

from pytest_xraynoise.plugin.collection import case_of, mark_of

if TYPE_CHECKING:
    import pytest


def place_of(item: pytest.Item) -> tuple[str, int]:
    """The file of an item, relative to pytest's root, and the line of its marker, from 1.

    pytest tells the line of the first decorator. Where the marker is none of the function's own
    decorators (it stands on the class or module, or has another name), that is the line.
    """
    file, line, _ = item.location
    first = (line or 0) + 1
    mark, function = mark_of(item), getattr(item, "obj", None)
    if mark is None or case_of(item) is None:
        return file, first
    own = [each for each in getattr(function, "pytestmark", ()) if each.name == "robust"]
    lines = _decorator_lines(function)
    # The marks of a function are listed from its innermost decorator outwards.
    found = dict(zip(map(id, own), reversed(lines), strict=False)) if len(own) == len(lines) else {}
    return file, found.get(id(mark), first)


def _decorator_lines(function: object) -> list[int]:
    """Lines of the decorators that are called ``robust``, from the top; empty without a source."""
    try:
        source, start = inspect.getsourcelines(inspect.unwrap(function))  # type: ignore[arg-type]
        node = ast.parse(textwrap.dedent("".join(source))).body[0]
    except (OSError, TypeError, ValueError, SyntaxError, IndexError):
        return []
    decorators = getattr(node, "decorator_list", [])
    return [start + each.lineno - 1 for each in decorators if _name(each) == "robust"]


def _name(decorator: ast.expr) -> str:
    called = decorator.func if isinstance(decorator, ast.Call) else decorator
    if isinstance(called, ast.Attribute):
        return called.attr
    return called.id if isinstance(called, ast.Name) else ""
