"""The formats that a document can be drawn in, by name. A writer is loaded when it is used."""

from __future__ import annotations

from dataclasses import dataclass
from importlib import import_module
from pathlib import PurePath
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping

    from pytest_xraynoise.report.document import Document


@dataclass(frozen=True, slots=True)
class Format:
    """One format: what it is for, where it goes by default, the functions that make it.

    Attributes:
        help: what is written, for people.
        path: where it is written, unless said otherwise; its suffix stands for the format.
        module: of its writer.
        render: the function in it that makes text of a document.
        write: the function in it that writes a document to a path, in one step.
    """

    help: str
    path: str
    module: str
    render: str
    write: str


_PACKAGE = __package__

FORMATS: Mapping[str, Format] = {
    "html": Format("the page", "xraynoise-report.html", "html", "render", "write_html"),
    "json": Format(
        "everything, in this release's schema", "xraynoise-report.json", "json", "dumps",
        "write_json",
    ),
    "csv": Format(
        "a row for each test, severity, metric and label", "xraynoise-report.csv", "csv", "render",
        "write_csv",
    ),
    "markdown": Format(
        "a short table of the run", "xraynoise-report.md", "markdown", "render", "write_markdown"
    ),
    "model-card": Format(
        "the robustness section of a model card", "xraynoise-model-card.md", "model_card",
        "render", "write_model_card",
    ),
}  # fmt: skip


def format_of(path: str) -> str:
    """The format that a file's suffix stands for; ``html`` where it stands for none."""
    suffix = PurePath(path).suffix.lower()
    of_suffix = (name for name, each in FORMATS.items() if PurePath(each.path).suffix == suffix)
    return next(of_suffix, "html")


def write(name: str, document: Document, path: str | os.PathLike[str]) -> None:
    """Write ``document`` to ``path`` in the format ``name``, in one step.

    Raises:
        ReportError: if the file cannot be written, or the document cannot be drawn so.
    """
    chosen = FORMATS[name]
    getattr(import_module(f"{_PACKAGE}.{chosen.module}"), chosen.write)(document, path)


def render(name: str, document: Document) -> str:
    """``document`` as the text of the format ``name``.

    Raises:
        ReportError: if the document cannot be drawn so.
    """
    chosen = FORMATS[name]
    text: str = getattr(import_module(f"{_PACKAGE}.{chosen.module}"), chosen.render)(document)
    return text
