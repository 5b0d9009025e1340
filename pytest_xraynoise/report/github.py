"""What a GitHub Actions job shows of a run: annotations on the marker's line, and a step summary.

https://docs.github.com/actions/reference/workflows-and-actions/workflow-commands
"""

from __future__ import annotations

import os
import re
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report import markdown
from pytest_xraynoise.report.outcome import beyond, reason
from pytest_xraynoise.report.text import REPLACEMENT, clean, elide, one_line
from pytest_xraynoise.report.words import is_inconclusive, outcome_word, short_id

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.report.document import Document
    from pytest_xraynoise.results import TestRecord

MOST_ANNOTATIONS = 10
"""GitHub shows so many of a kind for each step, and drops the others."""

MOST_BYTES = 1024 * 1024
"""A step whose summary is larger shows none at all."""

_ROWS = (50, 10, 0)
# Line separators and overrides of the writing direction; spaces are part of a name.
_UNSEEN = re.compile("[\u2028-\u202e]")
_MOST_TITLE, _MOST_TEXT = 120, 1000


def annotation_lines(
    records: Sequence[TestRecord], root: Path, workspace: Path | None
) -> list[str]:
    """Workflow commands: an error for each failure, a warning for what stayed inconclusive.

    The failures furthest beyond their limits come first, and a notice says how many were left out.

    Args:
        records: the tests.
        root: what their files are relative to.
        workspace: the checkout, which files are told relative to; None where it is not known.
    """
    broken = [record for record in records if record.outcome in ("failed", "error")]
    broken.sort(key=beyond, reverse=True)
    open_ = [r for r in records if r.outcome not in ("failed", "error") and is_inconclusive(r)]
    lines = [_annotation("error", r, root, workspace) for r in broken[:MOST_ANNOTATIONS]]
    lines += [_annotation("warning", r, root, workspace) for r in open_[:MOST_ANNOTATIONS]]
    left = sum(max(0, len(found) - MOST_ANNOTATIONS) for found in (broken, open_))
    if left:
        more = "1 more test is" if left == 1 else f"{left} more tests are"
        lines.append(f"::notice title=pytest-xraynoise::{more} in the step summary and the reports")
    return lines


def step_summary(
    document: Document, environment: Mapping[str, str], reports: Sequence[Path], room: int
) -> str:
    """The markdown of a step summary, at most ``room`` bytes; empty where nothing fits."""
    more = [text] if (text := _link(environment, reports)) else []
    for rows in _ROWS:
        text = f"{markdown.render(document, most=rows, more=more)}\n"
        if len(text.encode()) <= room:
            return text
    return ""


def append_summary(
    path: Path, document: Document, environment: Mapping[str, str], reports: Sequence[Path]
) -> None:
    """Add the summary to ``path``, where other steps and tools may have written before.

    Raises:
        ReportError: if it cannot be written. What was in the file is then still there, alone.
    """
    try:
        used = path.stat().st_size if path.exists() else 0
        text = step_summary(document, environment, reports, MOST_BYTES - used)
        _append(path, text.encode(), used)
    except (OSError, ValueError) as error:
        raise ReportError(f"cannot write the step summary to {str(path)!r}: {error}") from error


def _append(path: Path, data: bytes, used: int) -> None:
    with path.open("ab") as stream:
        try:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        except BaseException:
            os.ftruncate(stream.fileno(), used)
            raise


def _annotation(level: str, record: TestRecord, root: Path, workspace: Path | None) -> str:
    title = elide(f"{outcome_word(record)}: {short_id(record.nodeid)}", _MOST_TITLE)
    text = _data(elide(reason(record) or one_line(record.message), _MOST_TEXT))
    found = {"file": _place(record.file, root, workspace), "line": str(record.line or 1)}
    where = found if record.file else {}
    properties = ",".join(f"{k}={_property(v)}" for k, v in {**where, "title": title}.items())
    return f"::{level} {properties}::{text}"


def _place(file: str, root: Path, workspace: Path | None) -> str:
    """The file relative to the workspace, with slashes; as it is where it lies outside."""
    path = Path(os.path.normpath(root / file))
    if workspace is not None and path.is_relative_to(workspace):
        path = path.relative_to(workspace)
    return _UNSEEN.sub(REPLACEMENT, clean(path.as_posix()))


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")


def _link(environment: Mapping[str, str], reports: Sequence[Path]) -> str:
    """Where the reports are: a link to the artifacts of the run, where that is known."""
    if not reports:
        return ""
    names = ", ".join(markdown.escape(path.name) for path in reports)
    words = ("GITHUB_SERVER_URL", "GITHUB_REPOSITORY", "GITHUB_RUN_ID")
    server, repository, run = (environment.get(word, "") for word in words)
    if not (server and repository and run):
        return f"Reports: {names}"
    address = f"{server}/{repository}/actions/runs/{run}#artifacts"
    return f"Reports: [{names}, in the artifacts of this run](<{address}>)"
