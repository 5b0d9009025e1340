"""Runs of many tests with several models and kinds of noise, every outcome and a baseline."""

from __future__ import annotations

import dataclasses
from functools import cache
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report.document import Document
from pytest_xraynoise.results import BreakingPoint, LadderResult, TestRecord
from pytest_xraynoise.results.comparison import Comparison, Difference
from tests.report.factory import ENVIRONMENT, FINDINGS, classifier, judged, segmenter

if TYPE_CHECKING:
    from collections.abc import Sequence

MODELS = (
    "densenet121 (ChestX-ray14)",
    "resnet50 (ChestX-ray14, noise-trained)",
    "vit-b16 (MIMIC-CXR)",
    "unet-resnet34 (lungs)",
)
_STRENGTHS = (
    (1, 0.97, 0.88, 0.7, 0.42, 0.22),
    (1, 1, 0.99, 0.97, 0.93, 0.86),
    (1, 0.98, 0.9, 0.82, 0.6, 0.4),
)


@cache
def _result(kind: int, noise: str, seed: int) -> LadderResult:
    if kind == 3:
        found = segmenter(noise)
    else:
        found = classifier(noise, FINDINGS, _STRENGTHS[kind], seed=seed, samples=300)
    return found.replace(model=MODELS[kind])


def with_breaking_point(record: TestRecord) -> TestRecord:
    """The record with the breaking point that its rungs tell."""
    result, verdict = record.result, record.verdict
    assert result is not None
    assert verdict is not None
    keyword = "sigma" if result.noise == "gaussian" else "photons"
    rungs = {r.severity: r.rung for r in result.rungs}
    broken = next((c.severity for c in verdict.broken if c.severity), None)
    amounts = [r.parameter for r in rungs.values() if r.parameter is not None]
    unit = rungs[1].unit
    common: dict[str, Any] = {"metric": verdict.checks[0].metric, "evaluations": 5}
    if broken is None:
        reading = f"holds at every rung, to {amounts[-1]:g} {unit}"
        point = BreakingPoint(
            keyword, unit, None, None, None, amounts[-1], None, record.limits[0],
            reading=reading, **common,
        )  # fmt: skip
    else:
        broke = rungs[broken].parameter
        held = rungs[broken - 1].parameter if broken > 1 else None
        assert broke is not None
        at = broke if held is None else (broke * held) ** 0.5
        point = BreakingPoint(
            keyword, unit, at, None, None, held, broke, record.limits[0],
            reading=f"holds to {at:.3g} {unit}", clinical=rungs[broken].reading, **common,
        )  # fmt: skip
    return dataclasses.replace(record, result=result.replace(breaking_point=point))


def compared(record: TestRecord, shift: float, *, rule: str | None = None) -> TestRecord:
    """The record beside a baseline whose values are ``shift`` higher at the noisy rungs."""
    result = record.result
    assert result is not None
    metric = result.metrics[0]
    found = []
    for rung in result.rungs:
        now = rung.metrics[metric].value
        before = min(1.0, now + shift * (rung.severity > 0))
        half = 0.01
        allowed = 0.02 if rule and rung.severity else None
        found.append(
            Difference(
                metric, rung.severity, None, before, now, True,
                now - before - half, now - before + half, "bootstrap",
                rule if rung.severity else None, allowed,
                allowed is not None and before - now > allowed,
            )
        )  # fmt: skip
    failed = any(each.regressed for each in found)
    status = "fail" if failed else "pass" if rule else "told"
    headline = f"{metric} moved by {-shift:+.3f} since the baseline 'main'"
    comparison = Comparison("main", status, headline, tuple(found))  # type: ignore[arg-type]
    return dataclasses.replace(record, comparison=comparison)


@cache
def large_document(tests: int, *, baseline: bool = False, strips: bool = True) -> Document:
    """A run of ``tests`` tests; every tenth has no result. Without strips it opens at once."""
    records: list[TestRecord] = []
    folder = "tests/robustness"
    for i in range(tests):
        kind, noise = i % 4, ("poisson", "gaussian")[i // 4 % 2]
        name = ("findings", "triage", "screening", "lungs")[kind]
        nodeid = f"{folder}/test_{name}.py::test_{name}_{i}[{noise}]"
        if i % 10 == 7:
            records.append(_unmeasured(i, nodeid, noise))
            continue
        result = _result(kind, noise, i % 3)
        if not strips:
            result = result.replace(strips=())
        limit = "max_dice_drop=0.10" if kind == 3 else "max_auroc_drop=0.05"
        record = with_breaking_point(judged(result, limit, nodeid=nodeid, line=10 + i))
        if i % 10 == 8 and record.outcome == "failed":
            record = dataclasses.replace(record, outcome="xfailed", message="known to be brittle")
        if baseline and i % 2 == 0:
            shift = (0.06, -0.03, 0.0)[i // 2 % 3]
            record = compared(record, shift, rule="*:0.02" if i % 4 == 0 else None)
        records.append(record)
    if baseline:
        record = records[1]
        missing = Comparison("main", "missing", "the baseline 'main' lacks it")
        records[1] = dataclasses.replace(record, comparison=missing)
    return Document(ENVIRONMENT, tuple(records))


def _unmeasured(i: int, nodeid: str, noise: str) -> TestRecord:
    if i % 20 == 7:
        message = "ModelError: the model returned NaN for 3 of 64 images, at severity 0"
        return TestRecord(nodeid, "error", message=message, noise=noise)
    return TestRecord(nodeid, "skipped", message="no GPU on this machine", noise=noise)


def kinds_of(records: Sequence[TestRecord]) -> list[str]:
    """The distinct outcomes, in order."""
    return list(dict.fromkeys(record.outcome for record in records))
