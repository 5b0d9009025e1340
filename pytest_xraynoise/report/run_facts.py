"""What is needed to repeat a run, for the top of the HTML report."""

from __future__ import annotations

import shlex
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_xraynoise.report.document import Document

_MOST_NAMES = 4


def facts(document: Document) -> list[tuple[str, str]]:
    """What is needed to repeat the run, as (name, value); what is not known is left out."""
    environment = document.environment
    results = [record.result for record in document.tests if record.result is not None]
    commit = environment.get("commit")
    if commit and environment.get("dirty"):
        commit = f"{commit} with uncommitted changes"
    devices = [environment.get("device"), *(r.settings.get("device") for r in results)]
    device = devices[0] or _distinct(devices)
    packages = environment.get("packages") or {}
    started = str(environment.get("started") or "")
    found: list[tuple[str, Any]] = [
        ("Model", _distinct(r.model for r in results)),
        ("Data", _distinct(r.dataset for r in results)),
        ("Device", device),
        ("Seed", _distinct(r.settings.get("seed") for r in results)),
        ("Started", started.replace("T", " ").replace("+00:00", " UTC")),
        ("Commit", commit),
        ("Python", environment.get("python")),
        ("Platform", environment.get("platform")),
        ("Versions", ", ".join(f"{name} {version}" for name, version in packages.items())),
    ]
    return [(name, str(value)) for name, value in found if value]


def command(document: Document) -> str:
    """The command line that ran the tests, empty if it is not known."""
    return shlex.join(str(word) for word in document.environment.get("command") or [])


def _distinct(values: Iterable[object]) -> str:
    names = list(dict.fromkeys(str(v) for v in values if v not in (None, "")))
    more = f" and {len(names) - _MOST_NAMES} more" if len(names) > _MOST_NAMES else ""
    return ", ".join(names[:_MOST_NAMES]) + more
