"""The reports of sharded jobs as one report."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.judge.comparable import IncomparableError, refuse_other
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.measured_file import of_document

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import TestRecord

_UNFINISHED = ("not run", "interrupted")


def merged(documents: Sequence[tuple[str, Document]]) -> Document:
    """One document of several, each given with the name of its file.

    Of a test that several have, the one that came further counts (measured, then ended without a
    result, then not finished), and among equals the one of the later file.

    Raises:
        ReportError: for reports of other versions of the package or of the noise, and for a test
            that was measured twice with settings, data or a ladder that differ.
    """
    for word, get in (("pytest-xraynoise", _version), ("noise_spec", _spec)):
        _check_same(word, [(name, get(document)) for name, document in documents])
    chosen: dict[str, tuple[str, TestRecord]] = {}
    for name, document in documents:
        for record in document.tests:
            have = chosen.get(record.nodeid)
            if have is not None:
                _check_twin(have, (name, record))
            if have is None or _came(record) >= _came(have[1]):
                chosen[record.nodeid] = (name, record)
    tests = tuple(record for _, (_, record) in sorted(chosen.items()))
    return Document(_environment([document for _, document in documents]), tests)


def _came(record: TestRecord) -> int:
    """How far a test came."""
    if record.outcome in _UNFINISHED:
        return 0
    return 1 if record.result is None else 2


def _check_twin(one: tuple[str, TestRecord], other: tuple[str, TestRecord]) -> None:
    sides = [of_document(Document({}, (record,)), name) for name, record in (one, other)]
    nodeid = one[1].nodeid
    entries = [side.entries.get(nodeid) for side in sides]
    if entries[0] is None or entries[1] is None:
        return
    try:
        refuse_other(entries[0], entries[1], one[0])
    except IncomparableError as error:
        raise ReportError(
            f"{nodeid} was measured differently in {one[0]!r} and {other[0]!r}: "
            f"{'; '.join(error.reasons)}"
        ) from None


def _check_same(word: str, values: Sequence[tuple[str, Any]]) -> None:
    known = [(name, value) for name, value in values if value is not None]
    for name, value in known[1:]:
        if value != known[0][1]:
            raise ReportError(
                f"{known[0][0]!r} has {word} {known[0][1]} and {name!r} has {value}; reports of "
                "one run are merged, so run all shards with the same version"
            )


def _version(document: Document) -> Any:
    return (document.environment.get("packages") or {}).get("pytest-xraynoise")


def _spec(document: Document) -> Any:
    return document.environment.get("noise_spec")


def _environment(documents: Sequence[Document]) -> dict[str, Any]:
    """That of the first, with the earliest start and every device."""
    found = dict(documents[0].environment)
    starts = [str(d.environment["started"]) for d in documents if d.environment.get("started")]
    devices = dict.fromkeys(
        d.environment["device"] for d in documents if d.environment.get("device")
    )
    if starts:
        found["started"] = min(starts)
    if devices:
        found["device"] = ", ".join(devices)
    return {**found, "merged_from": len(documents)}
