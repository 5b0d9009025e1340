"""The folder of a study: its plan, its models, one file for each ladder."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError, SpecError
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.report.json import read_json, write_json
from pytest_xraynoise.study.plan import differences

if TYPE_CHECKING:
    import os

    from pytest_xraynoise.results import TestRecord
    from pytest_xraynoise.study.plan import Cell, Plan


class StudyFolder:
    """Where a study lies. Every file is written beside and then put in its place.

    Raises:
        SpecError: if the folder holds another study of which anything was made.
    """

    def __init__(self, path: str | os.PathLike[str], plan: Plan) -> None:
        self.path = Path(path)
        self.plan = plan
        self._take()

    def _take(self) -> None:
        said = self.path / "plan.json"
        if not said.exists():
            if self.path.is_dir() and any(self.path.iterdir()):
                raise SpecError(
                    f"{self.path} is not empty and holds no study (no plan.json); give a new or "
                    "empty folder"
                )
        else:
            try:
                before = json.loads(said.read_text(encoding="utf-8"))
                other = differences(self.plan, before)
            except (OSError, ValueError, AttributeError) as error:
                raise SpecError(f"{said} cannot be read ({error}); give another folder") from error
            if other and any((self.path / made).exists() for made in ("models", "ladders")):
                raise SpecError(
                    f"{self.path} holds another study ({'; '.join(other)}); give another folder, "
                    "or the settings of that study to go on with it"
                )
        write_atomic(said, json.dumps(self.plan.to_dict(), indent=2) + "\n")

    def model(self, name: str) -> Path:
        """The folder of a trained model."""
        return self.path / "models" / name

    def cell(self, cell: Cell) -> Path:
        """The file of a ladder."""
        return self.path / "ladders" / f"{cell.key}.json"

    def read(self, cell: Cell) -> TestRecord | None:
        """What was measured; None where it was not, or the file is damaged."""
        path = self.cell(cell)
        if not path.exists():
            return None
        try:
            tests = read_json(path).tests
        except ReportError:
            return None
        return tests[0] if len(tests) == 1 and tests[0].nodeid == cell.nodeid else None

    def write(self, cell: Cell, record: TestRecord) -> None:
        """Keep what was measured."""
        path = self.cell(cell)
        path.parent.mkdir(parents=True, exist_ok=True)
        write_json(Document({}, [record]), path)
