"""The pages about CI and reports: what can be pasted works."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml

from pytest_xraynoise.cli import build_parser
from pytest_xraynoise.plugin.settings import SETTINGS
from pytest_xraynoise.report.csv import COLUMNS
from pytest_xraynoise.report.formats import FORMATS

DOCS = Path(__file__).parents[1] / "docs"
PAGES = ("ci.md", "reports.md", "json.md", "baselines.md")
# Options of pytest and pytest-xdist that the pages use.
OTHERS = {"--junit-xml", "--junitxml", "-n", "--color"}


def blocks(page: str, language: str) -> list[str]:
    text = (DOCS / page).read_text("utf-8")
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def commands(page: str) -> Iterator[list[str]]:
    """The words of every command of a page."""
    for block in blocks(page, "console"):
        for line in block.splitlines():
            for part in re.split(r"&&|>>", line.removeprefix("$ ").partition("#")[0]):
                yield shlex.split(part)
    for block in blocks(page, "yaml"):
        for run in runs(yaml.safe_load(block)):
            yield from map(shlex.split, run.splitlines())


def runs(data: Any) -> Iterator[str]:
    """Every command of a workflow."""
    if isinstance(data, dict):
        for key, value in data.items():
            if key == "run" and isinstance(value, str):
                yield value
            elif key == "script":
                yield from value
            else:
                yield from runs(value)
    elif isinstance(data, list):
        for each in data:
            yield from runs(each)


@pytest.mark.parametrize("page", PAGES)
def test_commands_are_of_options_that_exist(page: str) -> None:
    known = {setting.option for setting in SETTINGS} | OTHERS
    found = 0
    for words in commands(page):
        if words[:1] == ["pytest"]:
            options = [word.partition("=")[0] for word in words if word.startswith("-")]
            assert set(options) <= known, words
            found += len(options)
        elif words[:1] == ["xraynoise"]:
            build_parser().parse_args(words[1:])
            found += 1
    assert found


def test_the_github_workflow_is_one() -> None:
    (text,) = blocks("ci.md", "yaml")[:1]
    workflow = yaml.safe_load(text)
    assert set(workflow) == {"name", True, "permissions", "jobs"}  # YAML 1.1 reads "on" as true
    steps = workflow["jobs"]["robustness"]["steps"]
    assert all(("uses" in step) != ("run" in step) for step in steps)
    used = [step["uses"].partition("@")[0] for step in steps if "uses" in step]
    assert used == [
        f"actions/{n}" for n in ("checkout", "setup-python", "cache", "upload-artifact")
    ]
    cache, upload = (next(s for s in steps if f"/{n}@" in s.get("uses", ""))
                     for n in ("cache", "upload-artifact"))  # fmt: skip
    (run,) = [step["run"] for step in steps if step.get("run", "").startswith("pytest ")]
    assert f"--xraynoise-cache={cache['with']['path']}" in run
    assert "--xraynoise-compare=" in run
    assert upload["if"] == "always()"
    outputs = re.findall(r"--(?:xraynoise-(?:report|json|csv)|junit-xml)=(\S+)", run)
    assert len(outputs) == 4
    assert all(path.startswith(upload["with"]["path"]) for path in outputs)


def test_the_gitlab_pipeline_is_one() -> None:
    (text,) = blocks("ci.md", "yaml")[1:]
    job = yaml.safe_load(text)["robustness"]
    run = job["script"][-1]
    assert f"--junit-xml={job['artifacts']['reports']['junit']}" in run
    assert job["artifacts"]["when"] == "always"
    (cache,) = job["cache"]["paths"]
    assert f"--xraynoise-cache={cache.rstrip('/')}" in run


def test_exit_codes_are_told() -> None:
    text = (DOCS / "ci.md").read_text("utf-8")
    rows = re.findall(r"^\| (\d) \| (.*?) \|", text, re.MULTILINE)
    assert [int(code) for code, _ in rows] == [int(code) for code in pytest.ExitCode][:6]


def test_every_column_of_the_csv_is_told() -> None:
    text = (DOCS / "reports.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|$", text, re.MULTILINE))
    assert rows == dict(COLUMNS)
    for name in FORMATS:
        assert name.partition("-")[0] in text.lower()


def test_links_between_pages_lead_somewhere() -> None:
    for page in ("ci.md", "reports.md", "json.md"):
        text = (DOCS / page).read_text("utf-8")
        for target in re.findall(r"\]\(([^)#:]+\.md)", text):
            assert (DOCS / target).is_file(), target
