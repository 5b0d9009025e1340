"""The folder of results: JSON, CSV, HTML overview, tables, figures, a pytest file."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_xraynoise.report.csv import write_csv
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.environment import collect
from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.report.html import write_html
from pytest_xraynoise.report.json import write_json
from pytest_xraynoise.study.figures import write_figures
from pytest_xraynoise.study.limits_file import limits_file
from pytest_xraynoise.study.tables import tables

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import TestRecord
    from pytest_xraynoise.study.folder import StudyFolder
    from pytest_xraynoise.study.plan import Cell

_HEAD = """# A study of noise

In the manner of arXiv 2509.25265, whose exact rungs and training are not public; the numbers are of
this run alone. Plan: `plan.json`. Every ladder: `index.html`, `results.json`, `results.csv`.
"""


def write_results(folder: StudyFolder, measured: Sequence[tuple[Cell, TestRecord]]) -> None:
    """Write everything that follows from the ladders; nothing is measured here."""
    records = sorted((record for _, record in measured), key=lambda record: record.nodeid)
    device = next((r.result.settings.get("device") for r in records if r.result), None)
    document = Document(collect(sys.argv, device=device), records)
    write_json(document, folder.path / "results.json")
    write_csv(document, folder.path / "results.csv")
    write_html(document, folder.path / "index.html")
    made = tables(measured)
    markdown = "\n".join([_HEAD, *(table.to_markdown() for table in made)])
    write_atomic(folder.path / "tables.md", markdown)
    write_atomic(folder.path / "tables.tex", "\n".join(table.to_latex() for table in made))
    write_figures(measured, folder.path / "figures")
    write_atomic(folder.path / "test_study.py", limits_file(measured))
