"""From markers to test items."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pytest_xraynoise.plugin.marker import RobustCase

CASE = "_xraynoise_case"

_PARSED = pytest.StashKey[dict[int, tuple[pytest.Mark, "tuple[RobustCase, ...]"]]]()


def cases_of(config: pytest.Config, mark: pytest.Mark) -> tuple[RobustCase, ...]:
    """The cases of a mark, parsed once in a session.

    Raises:
        SpecError: for anything wrong with its words.
    """
    from pytest_xraynoise.plugin.extensions import load_extensions
    from pytest_xraynoise.plugin.marker import parse_marker
    from pytest_xraynoise.plugin.options import setting

    load_extensions(config)
    parsed = config.stash.setdefault(_PARSED, {})
    if id(mark) not in parsed:  # the mark is kept beside its cases, so its id stays its own
        parsed[id(mark)] = (
            mark,
            parse_marker(mark, lambda name, said: setting(config, name, said)),
        )
    return parsed[id(mark)][1]


@contextmanager
def marked_fixtures(collector: pytest.Module | pytest.Class, obj: object) -> Iterator[None]:
    """While ``obj`` becomes test items, make it use the fixtures that its robust markers name.

    This has to happen before pytest computes the fixture closure, so that parametrised model and
    dataset fixtures multiply the items as they do for any test. The mark is taken away again: a
    method that two classes inherit may be marked differently in each.
    """
    function = getattr(obj, "__func__", obj)
    own = getattr(function, "pytestmark", [])
    marks = [m for m in _listed(own) if m.name == "robust"]
    marks += list(collector.iter_markers("robust"))
    if not marks or isinstance(obj, type) or not callable(function):
        yield
        return
    try:
        cases = [case for mark in marks for case in cases_of(collector.config, mark)]
    except SpecError:
        yield  # generate() tells it, for the function that has it
        return
    names = dict.fromkeys(name for case in cases for name in case.fixtures)
    uses = pytest.mark.usefixtures(CASE, *names, "xray_output", "robustness").mark
    function.pytestmark = [*_listed(own), uses]  # type: ignore[attr-defined]
    try:
        yield
    finally:
        function.pytestmark = own  # type: ignore[attr-defined]


def generate(metafunc: pytest.Metafunc) -> None:
    """Parametrise a marked function with its cases.

    Raises:
        pytest.Collector.CollectError: for a bad marker, with its one clear message.
    """
    marks = list(metafunc.definition.iter_markers("robust"))
    if not marks:
        return
    try:
        cases = [c for mark in reversed(marks) for c in cases_of(metafunc.config, mark)]
        _check_fixtures(metafunc, cases)
    except SpecError as error:
        name = metafunc.definition.name
        raise pytest.Collector.CollectError(f"{name}: @robust: {error}") from None
    metafunc.parametrize(CASE, cases, ids=_ids(cases), indirect=True)


def refuse_stray_marker(item: pytest.Item) -> None:
    """Fail an item whose robust marker could not take effect, rather than let it pass unseen."""
    if item.get_closest_marker("robust") is None or CASE in getattr(item, "fixturenames", ()):
        return
    pytest.fail(
        "@robust has no effect here: it works on functions and methods that pytest collects, not "
        "on unittest.TestCase methods, and not when it is added after collection",
        pytrace=False,
    )


def _listed(marks: Any) -> list[pytest.Mark]:
    marks = marks if isinstance(marks, list) else [marks]
    return [getattr(mark, "mark", mark) for mark in marks]


def _ids(cases: list[RobustCase]) -> list[str]:
    """The noise's name; with a number where several markers name the same noise."""
    seen: Counter[str] = Counter()
    ids = []
    for case in cases:
        name = case.request.noise
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}-{seen[name]}")
    return ids


def _check_fixtures(metafunc: pytest.Metafunc, cases: list[RobustCase]) -> None:
    """Name the nearest fixture for one that does not exist.

    pytest has no public way to ask which fixtures there are. Where this one does not work, nothing
    is refused here and pytest tells about the missing fixture when the test is set up.
    """
    manager: Any = getattr(metafunc.definition.session, "_fixturemanager", None)
    lookup = getattr(manager, "getfixturedefs", None)
    tables = [v for k, v in vars(manager or object).items() if k.startswith("_arg2")]
    known = {name for table in tables if isinstance(table, dict) for name in table}
    if lookup is None or "xray_model" not in known:
        return
    for case in cases:
        for name in case.fixtures:
            if name not in known or not lookup(name, metafunc.definition):
                public = [each for each in known if not each.startswith("_")]
                raise SpecError(unknown("fixture", name, public))
