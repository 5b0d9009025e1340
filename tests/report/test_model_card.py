"""The robustness section of a model card, read as a model hub reads it."""

from __future__ import annotations

import dataclasses
import math
import re
from typing import Any

import pytest
import yaml

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report import yaml as written
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.model_card import model_index, render
from tests.report.factory import ENVIRONMENT, classifier, document, judged


def block(text: str) -> Any:
    return yaml.safe_load(text.split("---\n")[1])


def test_the_block_is_the_index() -> None:
    assert block(render(document())) == {"model-index": model_index(document())}


def test_each_model_has_its_results() -> None:
    index = model_index(document())
    assert [model["name"] for model in index] == [
        "densenet121 (ChestX-ray14)",
        "unet-resnet34 (lungs)",
    ]
    lungs = index[1]["results"]
    assert [result["dataset"]["config"] for result in lungs] == [
        "clean",
        *(f"gaussian-severity-{n}" for n in range(1, 6)),
    ]
    assert {result["task"]["type"] for result in lungs} == {"image-segmentation"}
    record = document().tests[2]
    assert record.result is not None
    for severity, result in enumerate(lungs):
        (metric,) = result["metrics"]
        assert metric["type"] == "dice"
        assert metric["value"] == pytest.approx(
            record.result.metric("dice").value(severity=severity), abs=1e-6
        )
    assert lungs[3]["dataset"]["args"]["sigma"] == 0.18


def test_a_hub_reads_it() -> None:
    hub = pytest.importorskip("huggingface_hub")
    text = render(Document(ENVIRONMENT, (document().tests[2],)))
    card = hub.ModelCard(text)
    assert card.data.model_name == "unet-resnet34 (lungs)"
    results = card.data.eval_results
    assert len(results) == 6
    assert results[3].task_type == "image-segmentation"
    assert results[3].dataset_name == "jsrt-landmark (gaussian noise, 0.18 of full scale)"
    assert results[3].metric_name == "Dice"
    assert not any(a.is_equal_except_value(b) for i, a in enumerate(results) for b in results[:i])
    # Nothing is lost when the hub's own library writes the card again.
    again = hub.ModelCardData(model_name=card.data.model_name, eval_results=results)
    assert again.to_dict()["model-index"] == block(text)["model-index"]


def test_every_result_of_a_run_is_told_apart() -> None:
    hub = pytest.importorskip("huggingface_hub.repocard_data")
    for model in model_index(document()):
        _, results = hub.model_index_to_eval_results([model])
        keys = [(r.unique_identifier, r.metric_type) for r in results]
        assert len(set(keys)) == len(keys)


def test_the_same_measurement_is_told_once() -> None:
    record = document().tests[2]
    twice = Document({}, (record, dataclasses.replace(record, nodeid="other")))
    assert model_index(twice) == model_index(Document({}, (record,)))


def test_the_section_says_what_happened() -> None:
    text = render(document())
    assert text.startswith("---\nmodel-index:\n")
    body = text.split("---\n", 2)[2]
    for part in (
        "## Robustness to noise",
        "pytest-xraynoise 0.1.0",
        "seed 0",
        "| severity | noise | reads as | AUROC | drop | 95% interval |",
        "max\\_auroc\\_drop=0.05 is **broken**: AUROC fell by",
        "Worst label at severity 5: Pneumonia, AUROC",
        "Not measured: ",
    ):
        assert part in body
    assert len(re.findall(r"^#### ", body, re.MULTILINE)) == 4


def test_a_run_that_measured_nothing_has_no_card() -> None:
    with pytest.raises(ReportError, match="nothing for a model card"):
        render(Document({}, (document().tests[3],)))


def test_numbers_that_are_none_are_left_out() -> None:
    result = classifier(samples=80, strips=0)
    value = dataclasses.replace(result.rungs[1].metrics["auroc"], value=math.nan)
    rungs = (result.rungs[0], dataclasses.replace(result.rungs[1], metrics={"auroc": value}))
    record = judged(result.replace(rungs=rungs), "max_auroc_drop=0.05")
    (model,) = model_index(Document({}, (record,)))
    assert [each["dataset"]["config"] for each in model["results"]] == ["clean"]


@pytest.mark.parametrize(
    "value",
    [
        {"a": 1e-05, "b": 1e12, "c": -0.5, "d": 0.0, "e": 12.0, "f": 7, "g": True},
        {"a": "no", "b": "1e5", "c": "# x: y", "d": "", "e": "- 'q\" \\ 🫁 صدر", "f": "null"},
        {"a": [{"b": [1, 2], "c": {"d": []}}, {}], "e": {}, "f": ["x", ["y", ["z"]]]},
    ],
)
def test_yaml_reads_back(value: dict[str, Any]) -> None:
    assert yaml.safe_load(written.dumps(value)) == value
