"""The pages of the examples show what is there, and their commands are of options that exist."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

from pytest_xraynoise.cli import build_parser
from pytest_xraynoise.plugin.settings import SETTINGS
from tests.docs.blocks import DOCS, commands_of

PAGES = sorted((DOCS / "examples").glob("*.md"))
ROOT = DOCS.parent
OTHERS = {"-n", "-e", "--dist", "--junit-xml"}


def shown(page: Path) -> list[str]:
    return re.findall(r'^--8<-- "(.*)"$', page.read_text("utf-8"), re.MULTILINE)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_a_page_shows_files_that_are_there(page: Path) -> None:
    if page.stem in ("index", "xdist", "ray"):
        assert not shown(page)  # commands in a folder that another page shows
    else:
        assert any(Path(name).name.startswith("test_") for name in shown(page))
    for name in shown(page):
        assert (ROOT / name).is_file(), name


def test_every_example_has_a_page() -> None:
    told = {Path(name) for page in PAGES for name in shown(page)}
    index = (DOCS / "examples" / "index.md").read_text("utf-8")
    for found in (ROOT / "examples").rglob("test_*.py"):
        name = found.relative_to(ROOT)
        assert name in told or str(name) in index or str(name.parent) in index, name
    linked = set(re.findall(r"\]\(([\w-]+\.md)\)", index))
    assert linked == {page.name for page in PAGES} - {"index.md"}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.stem)
def test_commands_are_of_options_that_exist(page: Path) -> None:
    known = {setting.option for setting in SETTINGS} | OTHERS
    for command in commands_of(f"examples/{page.name}"):
        program, *words = shlex.split(command)
        if program == "xraynoise":
            build_parser().parse_args(words)
        else:
            assert program in ("pytest", "pip")
            options = {word.partition("=")[0] for word in words if word.startswith("-")}
            assert options <= known, command
