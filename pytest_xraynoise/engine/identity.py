"""Whether a model or a dataset is still what it was: by cheap signs, within one process."""

from __future__ import annotations

import dataclasses
import os
import types
import weakref
from collections.abc import Mapping
from typing import Any

from pytest_xraynoise.engine.signs import PLAIN, Walk
from pytest_xraynoise.models.denoisers.front import Front


class Held:
    """A reference that neither keeps its object alive nor takes another for it.

    Ids are used again once an object is gone, so an id alone says nothing. What cannot be referred
    to weakly (a list, a tuple) is kept.
    """

    def __init__(self, value: Any) -> None:
        self._method = isinstance(value, types.MethodType)
        # A front is made anew for every ladder; it is what its parts are.
        self._front: tuple[Held, Held, Any] | None = None
        if isinstance(value, Front):
            self._front = (Held(value.denoiser), Held(value.preprocess), value.intensity)
        self._weak: weakref.ref[Any] | None = None
        self._strong: Any = None
        try:
            if self._front is None:
                self._weak = weakref.WeakMethod(value) if self._method else weakref.ref(value)
        except TypeError:
            self._strong = value

    @property
    def strong(self) -> bool:
        """Whether the object is kept alive by this reference."""
        if self._front is not None:
            return self._front[0].strong or self._front[1].strong
        return self._strong is not None

    @property
    def gone(self) -> bool:
        """Whether the object is no more."""
        if self._front is not None:
            return self._front[0].gone or self._front[1].gone
        return self._weak is not None and self._weak() is None

    def holds(self, value: Any) -> bool:
        """Whether this is the object; a bound method is made anew whenever it is looked up."""
        if self._front is not None:
            denoiser, preprocess, intensity = self._front
            return (
                isinstance(value, Front)
                and denoiser.holds(value.denoiser)
                and preprocess.holds(value.preprocess)
                and bool(intensity == value.intensity)
            )
        mine = self._strong if self._weak is None else self._weak()
        return mine is value or (self._method and mine is not None and bool(mine == value))


def opaque(value: Any) -> list[Any]:
    """The objects within a setting that plain values do not tell apart: functions and the like."""
    if isinstance(value, (*PLAIN, os.PathLike)):
        return []
    if dataclasses.is_dataclass(value) and not isinstance(value, type):
        return [o for f in dataclasses.fields(value) for o in opaque(getattr(value, f.name))]
    if isinstance(value, Mapping):
        return [o for part in value.values() for o in opaque(part)]
    if isinstance(value, list | tuple | set | frozenset):
        return [o for part in value for o in opaque(part)]
    return [value]


def fingerprint(thing: Any) -> tuple[Any, ...]:
    """Signs that change when somebody trains, edits or rebuilds ``thing``.

    Looked at is all that ``thing`` reaches: the bits of every tensor and array, the attributes,
    hooks and code of modules and objects, the members of containers, closures, and the globals that
    code names. Where something hides what it holds, or is too much to look at, the signs equal no
    others, not even those of the same thing a moment later: it is then measured again.
    """
    walk = Walk()
    try:
        walk.add(thing)
    except Exception:  # whatever the user's own attributes raise: not known
        return (object(),)
    return tuple(walk.signs)
