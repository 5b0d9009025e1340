"""The HTML report: one file that needs no network, and no scripts to be read."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report import page, run_facts
from pytest_xraynoise.report.changes import changes
from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.report.hero import hero
from pytest_xraynoise.report.matrix import matrix
from pytest_xraynoise.report.models_view import groups
from pytest_xraynoise.report.page_index import page_index
from pytest_xraynoise.report.picture_budget import picture_budget
from pytest_xraynoise.report.rows import rows
from pytest_xraynoise.report.scripts import scripts
from pytest_xraynoise.report.sections import section
from pytest_xraynoise.report.strips import shares
from pytest_xraynoise.report.text import clean

if TYPE_CHECKING:
    import os

    import jinja2

    from pytest_xraynoise.report.document import Document

_MANY = 40
"""Tests from which on a browser lays out a section only when it comes into view."""


def write_html(document: Document, path: str | os.PathLike[str]) -> None:
    """Write the report of ``document`` to ``path``, in one step.

    Raises:
        ReportError: if the file cannot be written, or an image in the document is no PNG.
    """
    write_atomic(path, render(document))


def render(document: Document) -> str:
    """The page as text.

    Everything that comes from outside is escaped. The page's own policy forbids requests and every
    script but the two of this package, by their hashes, so that nothing in a test id can do harm
    even if it were not.
    """
    environment = _environment()
    records = page.worst_first(document.tests)
    table = rows(records)
    parts = groups(records, table)
    strips = shares(records, picture_budget(len(records)))
    sections = [section(i, record, strips[i]) for i, record in enumerate(records)]
    first = hero(records)
    return environment.get_template("report.html.j2").render(
        title=page.title(records),
        counts=page.counts(records),
        hero=first,
        hero_frames=_frames(sections[first.index].strips) if first else (),
        matrix=matrix(records, table),
        rows=table,
        changes=changes(records, table),
        facts=run_facts.facts(document),
        command=run_facts.command(document),
        groups=parts,
        sections=sections,
        many=len(records) > _MANY,
        index=page_index(records, table, parts),
        scripts=scripts(environment),
        version=(document.environment.get("packages") or {}).get("pytest-xraynoise", ""),
    )


def _frames(strips: Any) -> tuple[Any, ...]:
    """Two frames of the first strip: clean, and where the limit first broke (or the noisiest)."""
    if not strips or len(strips[0].frames) < 2:
        return ()
    first, *noisy = strips[0].frames
    return first, next((frame for frame in noisy if frame.broken), noisy[-1])


def _environment() -> jinja2.Environment:
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("pytest_xraynoise.report"),
        autoescape=True,
        undefined=jinja2.StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        finalize=_presentable,
    )
    environment.filters["heat"] = _heat
    return environment


def _presentable(value: Any) -> Any:
    # Markup is a str as well, and is what this package made itself.
    return clean(value) if type(value) is str else value


def _heat(strength: float) -> str:
    """Background of a heatmap cell, on dark and light alike: warm for a loss, cool for a gain."""
    colour = "214 84 52" if strength >= 0 else "40 120 170"
    return f"rgb({colour} / {0.62 * min(1.0, abs(strength)):.2f})"
