"""Old reports are read: by steps from version to version, and by fields that may be missing."""

from __future__ import annotations

import copy
import dataclasses
import json
import re
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.json import schema
from pytest_xraynoise.report.upgrades import STEPS, upgraded
from pytest_xraynoise.results import SCHEMA_VERSION, BreakingPoint, Comparison, Difference, Finding
from tests.report.factory import classifier, document, judged, segmenter

DOCS = Path(__file__).parents[2] / "docs" / "json.md"


def test_every_version_before_this_one_has_a_step() -> None:
    assert sorted(STEPS) == list(range(1, SCHEMA_VERSION))


def test_steps_are_taken_one_after_the_other() -> None:
    def second(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "schema_version": 2, "told": [*data["told"], "second"]}

    def third(data: dict[str, Any]) -> dict[str, Any]:
        return {**data, "schema_version": 3, "told": [*data["told"], "third"]}

    data = {"schema_version": 1, "told": []}
    assert upgraded(data, {1: second, 2: third}, 3)["told"] == ["second", "third"]
    assert data == {"schema_version": 1, "told": []}
    assert upgraded({"schema_version": 3, "told": []}, {1: second, 2: third}, 3)["told"] == []
    with pytest.raises(ReportError, match=r"schema_version 4.*reads versions up to 3.*upgrade"):
        upgraded({"schema_version": 4}, {1: second, 2: third}, 3)
    with pytest.raises(ReportError, match=r"schema_version 0.*write it again"):
        upgraded({"schema_version": 0}, {1: second, 2: third}, 3)


def full_document() -> dict[str, Any]:
    """A small document with every object that the schema knows."""
    small = classifier(labels=("Mass", "Nodule"), samples=40, strips=1)
    record = judged(small, "max_auroc_drop=0.05")
    assert record.result is not None
    assert record.verdict is not None
    point = BreakingPoint(
        "photons", "photons at white", 15.0, 12.5, 17.0, 25.0, 12.0, "max_auroc_drop=0.05",
        "auroc", 5, "holds down to 15 photons at white", parameters={"photons": 15.0},
    )  # fmt: skip
    difference = Difference("auroc", 3, None, 0.9, 0.85, low=-0.1, high=0.0, rule="auroc:0.01")
    verdict = dataclasses.replace(
        record.verdict, findings=(Finding("few samples", "There are few samples.", 3, "Nodule"),)
    )
    compared = Comparison("main", "fail", "AUROC lost 0.05", (difference,), ("a note",))
    whole = dataclasses.replace(
        record,
        verdict=verdict,
        comparison=compared,
        result=record.result.replace(breaking_point=point, groups=record.result.ids),
    )
    lungs = judged(segmenter(samples=2, strips=1), "max_dice_drop=0.1", nodeid="lungs")
    tests = (whole, lungs, document().tests[3])
    return Document(document().environment, tests).to_dict()


def optional_fields() -> list[tuple[str, str]]:
    found = []
    for name, definition in schema()["$defs"].items():
        required = {
            *definition.get("required", ()),
            *definition.get("then", {}).get("required", ()),
        }
        found += [(name, each) for each in definition.get("properties", {}) if each not in required]
    return found


def test_what_the_schema_leaves_open_may_be_missing() -> None:
    whole = full_document()
    jsonschema.validate(whole, schema())
    assert len(optional_fields()) > 20
    for field in dict.fromkeys(field for _, field in optional_fields()):
        data = copy.deepcopy(whole)
        _remove(data["tests"], field)
        try:
            jsonschema.validate(data, schema())
        except jsonschema.ValidationError:
            continue  # the same word is required in another object
        assert len(Document.from_dict(data).tests) == len(whole["tests"]), field


def _remove(data: Any, field: str) -> None:
    if isinstance(data, dict):
        data.pop(field, None)
        for each in data.values():
            _remove(each, field)
    elif isinstance(data, list):
        for each in data:
            _remove(each, field)


def test_every_field_is_documented() -> None:
    text = DOCS.read_text("utf-8")
    told = set(re.findall(r"`([a-z_]+)`", text))
    known = {"schema_version", "environment", "tests"}
    for definition in schema()["$defs"].values():
        known |= set(definition.get("properties", {}))
    assert known <= told, "not in docs/json.md"


def test_the_schema_is_in_the_package() -> None:
    text = json.dumps(schema())
    assert schema()["properties"]["schema_version"] == {"const": SCHEMA_VERSION}
    assert "http://" not in text.replace("http://json-schema.org", "")
