"""What a baseline holds of one test."""

from __future__ import annotations

import json
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.judge.baseline import entry_from_dict, entry_of, entry_to_dict, stable
from pytest_xraynoise.judge.samples import (
    Samples,
    aligned,
    fingerprint,
    packed,
    samples_of,
    unpacked,
)
from pytest_xraynoise.metrics import get
from pytest_xraynoise.results.ladder import Draw
from tests.judge.measured import multilabel, segmentation


def test_an_entry_reads_back_as_it_was_written() -> None:
    entry = entry_of("t.py::a", multilabel(), library="1.2", noise_spec=2)
    written = json.loads(json.dumps(entry_to_dict(entry)))
    read = entry_from_dict("t.py::a", written)
    assert entry_to_dict(read) == written
    assert (read.labels, read.data, read.scores) == (entry.labels, entry.data, entry.scores)
    assert read.library == "1.2"
    for before, after in zip(entry.rungs, read.rungs, strict=True):
        for name, value in before.metrics.items():
            assert after.metrics[name].value == pytest.approx(value.value, abs=1e-9)
            assert after.metrics[name].value_low == pytest.approx(value.value_low, abs=1e-9)
            assert after.metrics[name].labels.keys() == value.labels.keys()


def test_how_a_run_was_done_is_not_part_of_what_it_is() -> None:
    one = entry_to_dict(entry_of("a", multilabel(device="cpu", batch_size=4)))
    other = entry_to_dict(entry_of("a", multilabel(device="cuda:0", batch_size=64)))
    assert one == other
    assert (
        entry_to_dict(entry_of("a", multilabel(noise_at="native")))["settings"] != one["settings"]
    )


@pytest.mark.parametrize(
    ("change", "says"),
    [
        (lambda e: e["rungs"][0]["metrics"]["auroc"]["macro"].update(value=1.0), "was changed"),
        (lambda e: e.update(seed=7), "was changed after it was written"),
        (lambda e: e.pop("digest"), "field 'digest' is missing"),
    ],
)
def test_a_hand_edited_entry_is_named(change: Any, says: str) -> None:
    written = entry_to_dict(entry_of("t.py::a", multilabel()))
    change(written)
    with pytest.raises(ReportError, match=rf"the entry of t\.py::a .*{says}"):
        entry_from_dict("t.py::a", written)


@given(st.floats(allow_nan=True, allow_infinity=True))
def test_digits_are_few_and_stable(value: float) -> None:
    short = stable(value)
    assert stable(short) == short
    if np.isfinite(value):
        assert short == pytest.approx(value, rel=1e-8)
    else:
        assert short is None


@given(arrays(np.float64, (8, 2), elements=st.floats(0, 1)))
def test_packing_keeps_the_order_of_probabilities(scores: Any) -> None:
    ids = tuple("abcdefgh")
    before = Samples(ids, np.zeros((8, 2)), {0: scores})
    after = unpacked(ids, before.targets, packed(before)).scores[0]
    assert after == pytest.approx(scores, abs=1e-6)
    for k in range(2):
        order = np.argsort(scores[:, k], kind="stable")
        assert (np.diff(after[order, k]) >= 0).all()


def test_confident_probabilities_stay_apart() -> None:
    """As float32 probabilities all of these are 1."""
    scores = 1 - np.array([1e-8, 1e-9, 1e-10, 1e-11])
    targets = np.array([0.0, 0.0, 1.0, 1.0])
    samples = Samples(tuple("abcd"), targets, {0: scores})
    kept = unpacked(samples.ids, targets, packed(samples)).scores[0]
    assert get("auroc").compute(targets, kept).value == 1.0  # type: ignore[union-attr]
    assert len(np.unique(scores.astype(np.float32))) == 1


def test_the_order_of_samples_does_not_change_data_or_scores() -> None:
    plain = entry_of("a", multilabel())
    shuffled = entry_of("a", multilabel(order=np.random.default_rng(1).permutation(200).tolist()))
    assert plain.data == shuffled.data
    assert plain.scores == shuffled.scores


def test_other_targets_are_other_data() -> None:
    ids = ("a", "b")
    one, other = np.array([0.0, 1.0]), np.array([0.0, np.nan])
    assert fingerprint(ids, one) == fingerprint(("b", "a"), one[::-1])
    assert fingerprint(ids, one) != fingerprint(ids, other)
    assert fingerprint(("ab", "c"), one).ids != fingerprint(("a", "bc"), one).ids


def test_samples_are_put_in_any_order() -> None:
    samples = Samples(
        ("a", "b", "c"), np.arange(3.0), {0: np.array([0.1, 0.2, 0.3])}, {}, ("x", "y", "z")
    )
    turned = aligned(samples, ("c", "a", "b"))
    assert turned.targets.tolist() == [2.0, 0.0, 1.0]
    assert turned.scores[0].tolist() == [0.3, 0.1, 0.2]
    assert turned.groups == ("z", "x", "y")


def test_scores_that_do_not_suffice_are_not_kept() -> None:
    good = multilabel()
    scores = dict(good._scores)
    scores[1] = np.where(np.arange(600).reshape(200, 3) == 5, np.nan, scores[1])
    assert samples_of(good) is not None
    assert samples_of(good.replace(_scores=scores)) is None, "NaN"
    assert samples_of(good.replace(_scores={0: scores[0]})) is None, "rungs are missing"
    assert samples_of(good.replace(_targets=None)) is None, "no targets"
    empty = good.replace(_scores={s: x[:0] for s, x in good._scores.items()})
    assert samples_of(empty) is None, "empty"
    drawn = good.replace(_draws=(Draw({1: scores[2], 2: scores[2]}),))
    assert samples_of(drawn) is None
    assert "several times" in entry_of("a", drawn).notes[0]


def test_a_segmentation_keeps_its_per_image_numbers() -> None:
    samples = samples_of(segmentation())
    assert samples is not None
    assert set(samples.per_image) == {"dice", "iou"}
    assert np.isnan(samples.per_image["dice"][0][::7, 1]).all()
