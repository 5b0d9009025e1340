"""From markers to test items."""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from types import FunctionType
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
    from pytest_xraynoise.plugin.baselines import saved_name
    from pytest_xraynoise.plugin.extensions import load_extensions
    from pytest_xraynoise.plugin.marker import parse_marker
    from pytest_xraynoise.plugin.options import setting

    load_extensions(config)
    parsed = config.stash.setdefault(_PARSED, {})
    if id(mark) not in parsed:  # the mark is kept beside its cases, so its id stays its own
        parsed[id(mark)] = (
            mark,
            parse_marker(
                mark,
                lambda name, said: setting(config, name, said),
                saves=saved_name(config) is not None,
            ),
        )
    return parsed[id(mark)][1]


@contextmanager
def marked_fixtures(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> Iterator[None]:
    """While ``obj`` becomes test items, make it use the fixtures that its robust markers name.

    This has to happen before pytest computes the fixture closure, so that parametrised model and
    dataset fixtures multiply the items as they do for any test. The mark is taken away again: a
    method that two classes inherit may be marked differently in each. Only functions that pytest
    would collect are looked at: a module's other names may be proxies that bear no look.
    """
    function = _test_function(collector, name, obj)
    own = [] if function is None else _listed(getattr(function, "pytestmark", []))
    marks = [mark for mark in own if mark.name == "robust"]
    if function is not None:
        marks += list(collector.iter_markers("robust"))
    if not marks:
        yield
        return
    try:
        cases = [case for mark in marks for case in cases_of(collector.config, mark)]
    except SpecError:
        yield  # generate() tells it, for the function that has it
        return
    names = dict.fromkeys(name for case in cases for name in case.fixtures)
    uses = pytest.mark.usefixtures(CASE, *names, "xray_output", "robustness").mark
    had = "pytestmark" in vars(function)
    function.pytestmark = [*own, uses]  # type: ignore[union-attr]
    try:
        yield
    finally:
        if had:
            function.pytestmark = own  # type: ignore[union-attr]
        else:
            del function.pytestmark  # type: ignore[union-attr]


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
    """Fail an item with a robust marker that took no effect, rather than let it pass unseen."""
    if not isinstance(item, pytest.Function):
        return  # a doctest in a marked module, for instance
    marks = list(item.iter_markers("robust"))
    read = {id(mark) for mark, _ in item.config.stash.get(_PARSED, {}).values()}
    if marks and (case_of(item) is None or any(id(mark) not in read for mark in marks)):
        pytest.fail(
            "@robust has no effect here: it works on functions and methods that pytest collects "
            "and on their classes and modules, not on unittest.TestCase methods, not in "
            "pytest.param(marks=...), and not when it is added after collection",
            pytrace=False,
        )


def case_of(item: pytest.Item) -> RobustCase | None:
    """The case of an item, or None."""
    spec = getattr(item, "callspec", None)
    return None if spec is None else spec.params.get(CASE)


def mark_of(item: pytest.Item) -> pytest.Mark | None:
    """The mark that the case of an item came from, or None."""
    case = case_of(item)
    read = item.config.stash.get(_PARSED, {}).values()
    return next((mark for mark, cases in read if any(each is case for each in cases)), None)


def _test_function(
    collector: pytest.Module | pytest.Class, name: str, obj: object
) -> FunctionType | None:
    """The function behind a name that pytest would collect as a test; None for anything else."""
    if not collector.funcnamefilter(name):
        return None
    function = obj.__func__ if isinstance(obj, (staticmethod, classmethod)) else obj
    return function if isinstance(function, FunctionType) else None


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
    from pytest_xraynoise.engine.denoiser_words import BUILT_IN

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
                if name == case.denoiser:
                    raise SpecError(unknown("denoiser", name, [*BUILT_IN, *public]))
                raise SpecError(unknown("fixture", name, public))
