"""Targets from the columns of a table: classes, findings in words, or findings as 0 and 1."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.data.files import labels as words
from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data.files.intake import Sieve
    from pytest_xraynoise.data.files.tables import Row, Table

SEPARATOR = "|"
LABEL_COLUMNS = (
    "label",
    "labels",
    "class",
    "target",
    "finding",
    "findings",
    "finding labels",
    "diagnosis",
)
_YES, _NO = ("1", "1.0", "true"), ("0", "0.0", "false")
_UNSURE = ("", "-1", "-1.0", "nan", "na")


@dataclass(frozen=True, slots=True)
class Targets:
    """How the rows of a table become targets.

    Attributes:
        columns: one column of words, or several of numbers.
        names: of the classes or findings, in the order of the model's outputs.
        kind: ``classes``, ``findings`` (words with ``|`` between them) or ``columns``.
        contrast: two names to hold against each other, or None.
    """

    columns: tuple[str, ...]
    names: tuple[str, ...]
    kind: str
    contrast: tuple[str, str] | None = None

    @property
    def labels(self) -> tuple[str, ...]:
        """What the dataset declares."""
        return self.names if self.contrast is None else (words.pair_name(self.contrast),)

    def of(self, row: Row, name: str, sieve: Sieve) -> tuple[Any, bool]:
        """The target of a row (None where it is odd), and whether a contrast leaves it out."""
        if self.kind == "columns":
            return self._from_columns(row, name, sieve)
        present = self._words(row.cells[self.columns[0]], name, sieve)
        if present is None:
            return None, False
        if self.contrast is not None:
            chosen = words.pair_target(present, self.contrast)
            return chosen, chosen is None
        if self.kind == "classes":
            return self.names.index(present[0]), False
        return words.many_hot(present, self.names), False

    def _words(self, cell: str, name: str, sieve: Sieve) -> tuple[str, ...] | None:
        """Labels of a cell; None, and the sample is odd, for none or an unknown one."""
        said = [cell] if self.kind == "classes" else cell.split(SEPARATOR)
        known = {words.same_word(label): label for label in self.names}
        found = []
        for word in filter(None, map(str.strip, said)):
            plain = words.same_word(word)
            if plain in known:
                found.append(known[plain])
            elif self.kind == "classes" or plain != words.same_word(words.NONE):
                sieve.odd(words.strange_word(word, self.names), name)
                return None
        if not any(map(str.strip, said)):
            sieve.odd("no label", name)
            return None
        return tuple(found)

    def _from_columns(self, row: Row, name: str, sieve: Sieve) -> tuple[Any, bool]:
        values = [_number(row.cells[column]) for column in self.columns]
        for column, value in zip(self.columns, values, strict=True):
            if value is None:
                sieve.odd(f"{column} is {row.cells[column]!r}; expected 0, 1, or -1", name)
                return None, False
        vector = np.array(values, dtype=np.float32)
        if self.contrast is None:
            return vector, False
        a, b = (vector[self.names.index(label)] for label in self.contrast)
        # Not labelled is NaN, which is neither: the other finding has to be known to be absent.
        return (int(a), False) if {a, b} == {0.0, 1.0} else (None, True)


def targets_of(
    table: Table,
    label: str | Sequence[str] | None,
    names: Sequence[str] | None,
    contrast: Sequence[str] | None,
    others: Sequence[str],
) -> Targets:
    """Make out which columns are labels, and what their words are.

    Args:
        table: of the samples.
        label: the column of the words, or several columns of 0 and 1; None makes them out.
        names: the words in order, or the several columns to have; None takes all, sorted.
        contrast: two of them, or None.
        others: columns that are no labels.

    Raises:
        DataError: no such column, or nothing that looks like labels.
        SpecError: names that the table does not have.
    """
    if label is None:
        usual = table.first_of(LABEL_COLUMNS)
        label = usual if usual is not None else _columns_of_numbers(table, others)
    if not isinstance(label, str):
        columns = tuple(table.column(name, "label") for name in label)
        if names is not None:
            columns = words.spelled(names, columns)
        return Targets(columns, columns, "columns", words.pair(contrast, columns))
    column = table.column(label, "label")
    cells = [row.cells[column] for row in table.rows]
    several = any(SEPARATOR in cell for cell in cells)
    known = tuple(names) if names is not None else _found(cells, several)
    if names is not None and (isinstance(names, str) or len(set(known)) != len(known) or not known):
        raise SpecError(f"classes={names!r}: expected one or more different names in a list")
    kind = "findings" if several else "classes"
    return Targets((column,), known, kind, words.pair(contrast, known))


def unsure_note(records: Sequence[Any], labels: Sequence[str]) -> list[str]:
    """How many values of each label are not known, where some are not."""
    vectors = [target for target in records if getattr(target, "ndim", 0) == 1]
    if not vectors:
        return []
    counts = np.isnan(np.stack(vectors)).sum(0)
    told = [f"{name} {count}" for name, count in zip(labels, counts, strict=True) if count]
    return [f"not labelled (empty, -1 or NaN): {', '.join(told)}"] if told else []


def _found(cells: Sequence[str], several: bool) -> tuple[str, ...]:
    """Every word of a column, sorted; the word for no finding is none where findings add up.

    Words that differ in capitals, blanks and underscores are one, in the spelling that sorts first.
    """
    parts = (cell.split(SEPARATOR) if several else [cell] for cell in cells)
    said = {word.strip() for part in parts for word in part}
    found = {words.same_word(word): word for word in sorted(said, reverse=True) if word}
    if several:
        found.pop(words.same_word(words.NONE), None)
    return tuple(sorted(found.values()))


def _columns_of_numbers(table: Table, others: Sequence[str]) -> tuple[str, ...]:
    found = tuple(
        name
        for name in table.columns
        if name not in others and _is_numbers({row.cells[name].lower() for row in table.rows})
    )
    if not found:
        raise DataError(
            f"{str(table.path)!r}: no column of labels among {', '.join(table.columns)}; expected "
            f"one named {LABEL_COLUMNS[0]}, columns of 0 and 1, or say it: label='...' or "
            "label=['...', '...']"
        )
    return found


def _is_numbers(cells: set[str]) -> bool:
    return cells <= {*_YES, *_NO, *_UNSURE} and not cells <= {*_UNSURE}


def _number(cell: str) -> float | None:
    """1, 0, or NaN for what is not known; None for anything else."""
    plain = cell.lower()
    if plain in _UNSURE:
        return math.nan
    return 1.0 if plain in _YES else 0.0 if plain in _NO else None
