"""A report that cannot be written leaves the one that was there, whichever writer it is."""

from __future__ import annotations

import os
from collections.abc import Callable
from functools import cache, partial
from pathlib import Path
from typing import Any

import pytest

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.judge.baseline import entry_of
from pytest_xraynoise.report import formats
from pytest_xraynoise.report.baseline_file import write_baseline
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.github import append_summary
from tests.judge.measured import multilabel
from tests.report.factory import ENVIRONMENT, classifier, judged


def baseline(_: Document, path: Path) -> None:
    write_baseline(path, {"a": entry_of("a", multilabel(n=40), library="1", noise_spec=2)})


WRITERS: dict[str, Callable[[Document, Path], Any]] = {
    **{name: partial(formats.write, name) for name in formats.FORMATS},
    "baseline": baseline,
    "step summary": lambda document, path: append_summary(path, document, {}, []),
}


@cache
def document() -> Document:
    result = classifier(labels=("Mass",), samples=40, strips=0)
    return Document(ENVIRONMENT, (judged(result, "max_auroc_drop=0.05"),))


def full(*args: object, **kwargs: object) -> None:
    raise OSError(28, "No space left on device")


def interrupt(*args: object, **kwargs: object) -> None:
    raise KeyboardInterrupt


@pytest.mark.parametrize(
    ("trouble", "error"), [(full, ReportError), (interrupt, KeyboardInterrupt)]
)
@pytest.mark.parametrize("name", WRITERS)
def test_a_failing_write_keeps_the_old_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str, trouble: object, error: type
) -> None:
    path = tmp_path / "old.json"
    path.write_text("old")
    monkeypatch.setattr(os, "fsync", trouble)
    with pytest.raises(error):
        WRITERS[name](document(), path)
    assert path.read_text() == "old"
    assert [each.name for each in tmp_path.iterdir()] == ["old.json"]


@pytest.mark.parametrize("name", formats.FORMATS)
def test_a_document_that_cannot_be_drawn_keeps_the_old_file(tmp_path: Path, name: str) -> None:
    path = tmp_path / "old"
    path.write_text("old")
    with pytest.raises((AttributeError, TypeError)):
        formats.write(name, Document({}, (None,)), path)  # type: ignore[arg-type]
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("name", formats.FORMATS)
def test_what_is_written_is_whole(tmp_path: Path, name: str) -> None:
    path = tmp_path / "new" / "report"
    formats.write(name, document(), path)
    assert path.read_text("utf-8") == formats.render(name, document())
