"""Baselines on disk: one JSON that people review, and a side file with per-sample scores."""

from __future__ import annotations

import io
import json
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ReportError, SpecError
from pytest_xraynoise.judge.baseline import (
    BASELINE_VERSION,
    Entry,
    entry_from_dict,
    entry_to_dict,
)
from pytest_xraynoise.report.baseline_scores import Scores, pack_scores
from pytest_xraynoise.report.baseline_text import baseline_text
from pytest_xraynoise.report.files import check_writable, write_atomic

if TYPE_CHECKING:
    import os

KIND = "xraynoise baseline"
DEFAULT_NAME = "baseline"
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*")
_AGAIN = "restore it from version control, or delete it and save again with --xraynoise-save"


@dataclass(frozen=True, slots=True)
class Baseline:
    """Entries by test id, with the per-sample scores where the side file has them.

    Attributes:
        path: of the JSON.
        entries: without samples; :meth:`entry` adds them.
        scores: the side file.
    """

    path: Path
    entries: Mapping[str, Entry]
    scores: Scores = field(default_factory=Scores)

    @property
    def name(self) -> str:
        """The name of the baseline."""
        return self.path.stem

    def entry(self, nodeid: str) -> Entry | None:
        """The entry of a test, with its samples or a note why there are none."""
        found = self.entries.get(nodeid)
        return None if found is None else self.scores.joined(found)


def check_name(name: str) -> str:
    """The name of a baseline, which is the name of a file as well.

    Raises:
        SpecError: for path separators and other characters that do not belong in it.
    """
    if _NAME.fullmatch(name) and not name.endswith((".py", ".json", ".npz")):
        return name
    hint = ""
    if "/" in name or "\\" in name or "::" in name or name.endswith(".py"):
        hint = (
            "; a folder is --xraynoise-storage=DIR, and tests go first or after =NAME: "
            "pytest TESTS --xraynoise-save"
        )
    elif name.endswith((".json", ".npz")):
        hint = f"; write it without the ending: {name.rpartition('.')[0]}"
    raise SpecError(
        f"{name!r} is no name of a baseline: expected letters, digits, '.', '_' and '-', starting "
        f"with a letter or digit{hint}"
    )


def baseline_path(storage: Path, name: str) -> Path:
    """Where a baseline is.

    Raises:
        ReportError: if the storage is a file.
        SpecError: for a bad name.
    """
    if storage.exists() and not storage.is_dir():
        raise ReportError(
            f"the storage of baselines is to be a folder, and {str(storage)!r} is a file; name a "
            "folder with --xraynoise-storage=DIR"
        )
    return storage / f"{check_name(name)}.json"


def names_in(storage: Path) -> list[str]:
    """The baselines of a storage, by name."""
    return sorted(path.stem for path in storage.glob("*.json")) if storage.is_dir() else []


def scores_path(path: Path) -> Path:
    """The side file of a baseline."""
    return path.with_name(f"{path.stem}.scores.npz")


def check_saveable(path: Path) -> None:
    """Make sure, before a long run, that a baseline can be written and what is there can be read.

    Raises:
        ReportError: if not.
    """
    check_writable(path)
    check_writable(scores_path(path))
    if path.exists():
        read_baseline(path)


def read_baseline(path: str | os.PathLike[str]) -> Baseline:
    """Read a baseline; its side file may be missing or damaged, which its entries then note.

    Raises:
        ReportError: if the JSON is missing, damaged, edited by hand, or of another version.
    """
    place = Path(path)
    return from_data(load(place), place)


def load(path: Path) -> Any:
    """The JSON of a baseline or a report.

    Raises:
        ReportError: if there is none.
    """
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ReportError(f"{str(path)!r} is damaged: no valid JSON ({error}); {_AGAIN}") from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReportError(f"cannot read {str(path)!r}: {reason}") from None


def from_data(data: Any, path: Path) -> Baseline:
    """A baseline from its JSON.

    Raises:
        ReportError: as :func:`read_baseline`.
    """
    name = str(path)
    if not isinstance(data, Mapping) or data.get("kind") != KIND:
        raise ReportError(f"{name!r} is no baseline of xraynoise; {_AGAIN}")
    version = data.get("baseline_version")
    if version != BASELINE_VERSION or isinstance(version, bool):
        remedy = "save it again with --xraynoise-save"
        if isinstance(version, int) and version > BASELINE_VERSION:
            remedy = "upgrade with: pip install --upgrade pytest-xraynoise"
        raise ReportError(
            f"{name!r} has baseline_version {version!r}, and this pytest-xraynoise reads version "
            f"{BASELINE_VERSION}; {remedy}"
        )
    tests = data.get("tests")
    if not isinstance(tests, Mapping):
        raise ReportError(f"{name!r} is damaged: tests are missing; {_AGAIN}")
    try:
        entries = {nodeid: entry_from_dict(nodeid, entry) for nodeid, entry in tests.items()}
    except ReportError as error:
        raise ReportError(f"{name!r}: {error}; {_AGAIN}") from None
    return Baseline(path, entries, Scores.beside(scores_path(path)))


def write_baseline(path: Path, entries: Mapping[str, Entry]) -> None:
    """Write entries and the scores of those that have samples, each file in one step.

    The side file goes first: an older JSON beside it has digests that do not fit, and is compared
    without pairs, but a JSON never waits for scores that do not come.

    Raises:
        ReportError: if that fails.
    """
    write_atomic(scores_path(path), pack_scores(entries.values()))
    write_atomic(path, dumps(entries))


def dumps(entries: Mapping[str, Entry]) -> str:
    """The JSON: sorted keys, nine digits, no time stamps, one number with its interval a line."""
    data = {
        "kind": KIND,
        "baseline_version": BASELINE_VERSION,
        "tests": {nodeid: entry_to_dict(entry) for nodeid, entry in entries.items()},
    }
    stream = io.StringIO()
    stream.writelines(baseline_text(data))
    return stream.getvalue()
