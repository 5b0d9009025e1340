"""What a file holds that can be compared: a baseline, or a JSON report."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.judge.baseline import entry_of
from pytest_xraynoise.report.baseline_file import KIND, from_data, load
from pytest_xraynoise.report.document import Document

if TYPE_CHECKING:
    import os

    from pytest_xraynoise.judge.baseline import Entry


@dataclass(frozen=True, slots=True)
class MeasuredFile:
    """The tests of a file.

    Attributes:
        name: of the file.
        entries: by test id.
        unmeasured: tests without a result, with how they ended.
    """

    name: str
    entries: Mapping[str, Entry]
    unmeasured: Mapping[str, str]


def read_measured(path: str | os.PathLike[str]) -> MeasuredFile:
    """Read a baseline or a report of ``--xraynoise-json``.

    Raises:
        ReportError: for a file that is neither, is damaged or was edited by hand, or of another
            version.
    """
    place = Path(path)
    data = load(place)
    if isinstance(data, Mapping) and "kind" in data:
        found = from_data(data, place)
        entries = {n: entry for n in found.entries if (entry := found.entry(n)) is not None}
        return MeasuredFile(str(path), entries, {})
    if not isinstance(data, Mapping) or "schema_version" not in data:
        raise ReportError(
            f"{str(path)!r} is neither a baseline ({KIND!r}) nor a report of --xraynoise-json"
        )
    try:
        document = Document.from_dict(data)
    except ReportError as error:
        raise ReportError(f"{str(path)!r}: {error}") from None
    return of_document(document, str(path))


def of_document(document: Document, name: str) -> MeasuredFile:
    """The tests of a report; of one that is there twice the later."""
    packages = document.environment.get("packages") or {}
    spec = document.environment.get("noise_spec")
    entries, unmeasured = {}, {}
    for record in document.tests:
        if record.result is None:
            unmeasured[record.nodeid] = record.outcome
        else:
            entries[record.nodeid] = entry_of(
                record.nodeid,
                record.result,
                library=str(packages.get("pytest-xraynoise", "")),
                noise_spec=spec if isinstance(spec, int) else None,
            )
    return MeasuredFile(name, entries, unmeasured)
