"""What a folder held: how much was taken, what was left out and why; nothing goes silently."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import DataError, SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Mapping

POLICIES = ("error", "skip")
MISSING = "file not found"
_SHOWN = 5


class LeftOutWarning(UserWarning):
    """Samples were left out of a dataset, as ``on_missing`` or ``on_odd`` asked for."""


@dataclass(frozen=True, slots=True)
class Intake:
    """What became of the samples that a folder or its table names.

    Attributes:
        dataset: its name.
        found: samples that were named.
        kept: how many of them the dataset holds.
        left_out: names of the others by reason.
        notes: what else a reader should know, one sentence each.
    """

    dataset: str
    found: int
    kept: int
    left_out: Mapping[str, tuple[str, ...]]
    notes: tuple[str, ...] = ()

    def __str__(self) -> str:
        lines = [f"{self.dataset}: {self.kept} of {self.found} samples"]
        lines += [f"left out, {reason}: {_names(who)}" for reason, who in self.left_out.items()]
        return "\n".join([*lines, *self.notes])


@dataclass(slots=True)
class Sieve:
    """Collects odd samples while a folder is read; :meth:`finish` refuses or tells of them.

    Attributes:
        dataset: its name, for messages.
        on_missing: ``error`` or ``skip``, for samples whose file is not there.
        on_odd: the same for samples that are odd in any other way.

    Raises:
        SpecError: for another policy.
    """

    dataset: str
    on_missing: str = "error"
    on_odd: str = "error"
    notes: list[str] = field(default_factory=list)
    _odd: dict[str, list[str]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for word in ("on_missing", "on_odd"):
            if getattr(self, word) not in POLICIES:
                raise SpecError(unknown(f"policy {word}", getattr(self, word), POLICIES))

    def missing(self, name: str) -> None:
        """A sample without its file."""
        self.odd(MISSING, name)

    def odd(self, reason: str, name: str) -> None:
        """A sample that cannot be used, and why."""
        self._odd.setdefault(reason, []).append(name)

    def finish(self, found: int, kept: int) -> Intake:
        """The account.

        Raises:
            DataError: for what was left out under the policy ``error``, and for an empty dataset.
        """
        for reason, names in self._odd.items():
            word = "on_missing" if reason == MISSING else "on_odd"
            if getattr(self, word) == "error":
                raise DataError(
                    f"{self.dataset}: {reason}: {_names(names)}, of {found} samples in all; put "
                    f"that right, or leave such samples out: {word}='skip'"
                )
        left_out = {reason: tuple(names) for reason, names in self._odd.items()}
        intake = Intake(self.dataset, found, kept, left_out, tuple(self.notes))
        if not kept:
            raise DataError(f"no sample is left; {intake}".replace("\n", "; "))
        if left_out:
            warnings.warn(str(intake).replace("\n", "; "), LeftOutWarning, stacklevel=4)
        return intake


def _names(names: list[str] | tuple[str, ...]) -> str:
    """How many, and the first few of them."""
    shown = ", ".join(names[:_SHOWN])
    return f"{len(names)} ({shown}{', ...' if len(names) > _SHOWN else ''})"
