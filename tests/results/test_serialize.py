from __future__ import annotations

import json
import math
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from pytest_xraynoise.results import (
    LadderResult,
    LimitCheck,
    MetricValue,
    Rung,
    RungResult,
    Strip,
    StripFrame,
    TestRecord,
    Verdict,
)
from pytest_xraynoise.results.serialize import (
    ladder_from_dict,
    ladder_to_dict,
    plain,
    record_from_dict,
    record_to_dict,
    verdict_from_dict,
    verdict_to_dict,
)

text = st.text(max_size=12)  # surrogates, NUL and emoji included
numbers = st.floats(allow_infinity=False, width=64)
finite = st.floats(allow_nan=False, allow_infinity=False)
maybe = st.none() | finite


def metric_values(depth: int = 1) -> st.SearchStrategy[MetricValue]:
    labels: st.SearchStrategy[dict[str, MetricValue]] = st.just({})
    if depth:
        labels = st.dictionaries(text, metric_values(depth - 1), max_size=3)
    return st.builds(
        MetricValue, numbers, numbers, maybe, maybe, st.none() | st.just("delong"), labels
    )


@st.composite
def ladders(draw: st.DrawFn) -> LadderResult:
    severities = draw(st.lists(st.integers(0, 9), min_size=1, max_size=4, unique=True))
    names = draw(st.lists(text, min_size=1, max_size=2, unique=True))
    rows, columns = draw(st.integers(1, 4)), draw(st.integers(1, 3))

    def array() -> Any:
        flat = draw(st.lists(numbers, min_size=rows * columns, max_size=rows * columns))
        return np.array(flat, np.float64).reshape(rows, columns)

    rungs = tuple(
        RungResult(
            Rung(s, draw(maybe), draw(text), draw(text), {"photons": draw(numbers)}),
            {name: draw(metric_values()) for name in names},
            draw(numbers),
            draw(numbers),
        )
        for s in severities
    )
    frame = StripFrame(severities[0], "aGk=", {draw(text): draw(numbers)}, draw(st.none() | text))
    return LadderResult(
        noise=draw(text),
        ladder=draw(text),
        task=draw(st.sampled_from(["binary", "multilabel", "multiclass", "segmentation"])),
        labels=tuple(draw(st.lists(text, max_size=3))),
        rungs=rungs,
        ids=tuple(draw(st.lists(text, min_size=rows, max_size=rows))),
        settings={"seed": draw(st.integers()), "x": draw(finite), "list": [1, None, draw(text)]},
        model=draw(text),
        dataset=draw(text),
        excluded=draw(st.dictionaries(text, text, max_size=2)),
        strips=(Strip(draw(text), draw(text), draw(numbers), (frame,), draw(st.none() | text)),),
        _targets=draw(st.none() | st.just(array())),
        _scores={s: array() for s in severities},
        _per_image={"dice": {s: array() for s in severities}},
    )


checks = st.builds(
    LimitCheck, text, text, st.none() | st.integers(0, 9), st.none() | text, numbers, numbers,
    st.booleans(), maybe, maybe,
)  # fmt: skip
verdicts = st.builds(
    Verdict, st.sampled_from(["pass", "fail", "error"]), text, st.lists(checks).map(tuple)
)
records = st.builds(
    TestRecord,
    nodeid=text,
    outcome=st.sampled_from(["passed", "failed", "error", "skipped", "xfailed", "xpassed"]),
    verdict=st.none() | verdicts,
    limits=st.lists(text, max_size=2).map(tuple),
    result=st.none() | ladders(),
    message=text,
    file=text,
    line=st.integers(0, 10_000),
    duration=finite,
)


def through_json(data: Any) -> Any:
    return json.loads(json.dumps(data, allow_nan=False))


def same(a: Any, b: Any) -> bool:
    """Equality to the bit, with NaN equal to NaN, through dataclasses and arrays."""
    if isinstance(a, np.ndarray):
        return (
            isinstance(b, np.ndarray)
            and a.dtype == b.dtype
            and bool(np.array_equal(a, b, equal_nan=True))
        )
    if isinstance(a, float) and math.isnan(a):
        return isinstance(b, float) and math.isnan(b)
    if isinstance(a, dict):
        return list(a) == list(b) and all(same(a[k], b[k]) for k in a)
    if isinstance(a, list | tuple):
        return type(a) is type(b) and len(a) == len(b) and all(map(same, a, b))
    if hasattr(a, "__dataclass_fields__"):
        return type(a) is type(b) and all(
            same(getattr(a, name), getattr(b, name)) for name in a.__dataclass_fields__
        )
    return bool(a == b) and type(a) is type(b)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(records)
def test_a_record_comes_back_exactly(record: TestRecord) -> None:
    assert same(record_from_dict(through_json(record_to_dict(record))), record)


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(ladders())
def test_a_ladder_comes_back_exactly(ladder: LadderResult) -> None:
    assert same(ladder_from_dict(through_json(ladder_to_dict(ladder))), ladder)
    assert ladder.to_dict() == ladder_to_dict(ladder)
    assert same(LadderResult.from_dict(ladder.to_dict()), ladder)


@given(verdicts)
def test_a_verdict_comes_back_exactly(verdict: Verdict) -> None:
    assert same(verdict_from_dict(through_json(verdict_to_dict(verdict))), verdict)


def test_infinity_is_null_and_comes_back_as_nan() -> None:
    value = MetricValue(math.inf, -math.inf, None, math.inf)
    rung = RungResult(Rung(0, None, ""), {"hd95": value})
    ladder = LadderResult("n", "l", "binary", (), (rung,), (), {"limit": math.inf})
    data = ladder_to_dict(ladder)
    assert data["rungs"][0]["metrics"]["hd95"]["value"] is None
    assert data["settings"] == {"limit": None}
    back = ladder_from_dict(through_json(data)).rungs[0].metrics["hd95"]
    assert math.isnan(back.value)
    assert math.isnan(back.drop)
    assert back.low is None
    assert back.high is None


def test_severities_are_string_keys_and_unlabelled_targets_null() -> None:
    rung = RungResult(Rung(0, None, ""), {})
    ladder = LadderResult(
        "n", "l", "multilabel", ("a", "b"), (rung,), ("i",), {},
        _targets=np.array([[1.0, math.nan]]), _scores={0: np.array([[0.1, 0.25]])},
    )  # fmt: skip
    data = ladder_to_dict(ladder)
    assert data["targets"] == [[1.0, None]]
    assert data["scores"] == {"0": [[0.1, 0.25]]}
    assert json.dumps(data["scores"]) == '{"0": [[0.1, 0.25]]}'


def test_an_error_without_a_verdict_reads_as_an_error() -> None:
    data = record_to_dict(TestRecord("t", "error", message="no weights"))
    assert (data["verdict"], data["headline"], data["noise"]) == ("error", None, None)
    assert record_from_dict(data).verdict is None


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (np.float32(0.5), 0.5),
        (np.int64(3), 3),
        (np.array([1.0, math.nan]), [1.0, None]),
        ((1, "a"), [1, "a"]),
        ({1: math.nan}, {"1": None}),
        (True, True),
        (b"x", "b'x'"),
    ],
)
def test_settings_become_plain(value: object, expected: object) -> None:
    assert plain(value) == expected
    assert type(plain(value)) is type(expected)
