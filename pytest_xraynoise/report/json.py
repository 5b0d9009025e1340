"""The JSON report: everything measured, in a versioned schema. The other writers read it."""

from __future__ import annotations

import json
from importlib import resources
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.results import SCHEMA_VERSION

if TYPE_CHECKING:
    import os


def write_json(document: Document, path: str | os.PathLike[str]) -> None:
    """Write ``document`` to ``path``, in one step.

    Raises:
        ReportError: if the file cannot be written.
    """
    write_atomic(path, dumps(document))


def dumps(document: Document) -> str:
    """The JSON text: ASCII, without NaN, one test a line so that versions of it can be compared."""
    data = document.to_dict()
    tests = ",\n".join(_text(test) for test in data["tests"])
    return (
        f'{{"schema_version": {data["schema_version"]},\n'
        f'"environment": {_text(data["environment"])},\n'
        f'"tests": [\n{tests}\n]}}\n'
    )


def read_json(path: str | os.PathLike[str]) -> Document:
    """Read what :func:`write_json` wrote.

    Raises:
        ReportError: if the file is missing, is no JSON, is damaged, or is of a schema version that
            this release does not read.
    """
    name = str(path)
    try:
        data = json.loads(Path(path).read_text(encoding="utf-8"))
    except (UnicodeDecodeError, json.JSONDecodeError, RecursionError) as error:
        raise ReportError(
            f"{name!r} is not valid JSON ({error}); write it again with --xraynoise-json=PATH"
        ) from None
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ReportError(
            f"cannot read {name!r}: {reason}; give the file that --xraynoise-json=PATH wrote"
        ) from None
    try:
        return Document.from_dict(data)
    except ReportError as error:
        raise ReportError(f"{name!r}: {error}") from None


def schema() -> dict[str, Any]:
    """The JSON Schema (draft 2020-12) of the documents that this release writes."""
    file = resources.files(__package__) / "schema" / f"report-{SCHEMA_VERSION}.schema.json"
    loaded: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return loaded


def _text(data: Any) -> str:
    return json.dumps(data, allow_nan=False, separators=(", ", ": "))
