"""What is told beside a verdict."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pytest_xraynoise.judge import decide, parse_limits
from pytest_xraynoise.results import Finding, LadderResult, Task
from tests.judge import spread

Array = npt.NDArray[np.float64]
LABELS = ("Effusion", "Nodule", "Mass", "Edema")


def measured(
    targets: Array,
    scores: dict[int, Array],
    labels: tuple[str, ...] = LABELS,
    task: Task = "multilabel",
    metric: str = "auroc",
    per_image: dict[str, dict[int, Array]] | None = None,
) -> LadderResult:
    return spread.measured(
        targets,
        scores,
        metric,
        task=task,
        labels=labels,
        per_image=per_image,
        resamples=2000,
    )


def found(result: LadderResult, per_label: bool = False) -> tuple[Finding, ...]:
    metric = result.metrics[0]
    limits = parse_limits({f"max_{metric}_drop": 1.0})
    return decide(result, limits, per_label=per_label).findings


def multilabel(n: int = 400, strength: tuple[float, ...] = (1.0, 0.9, 0.8)) -> LadderResult:
    rng = np.random.default_rng(2)
    y = (rng.random((n, 4)) < 0.3).astype(float)
    z, e = 2.0 * y + rng.normal(size=y.shape), rng.normal(size=y.shape)
    return measured(y, {s: _squash(k * z + (1 - k) * e) for s, k in enumerate(strength)})


def _squash(z: Array) -> Array:
    squashed: Array = 1 / (1 + np.exp(-z))
    return squashed


def test_a_sound_ladder_has_no_findings() -> None:
    assert found(multilabel()) == ()
    assert found(multilabel(), per_label=True) == ()


def test_a_rung_that_is_better_than_a_milder_one() -> None:
    one, *others = found(multilabel(strength=(1.0, 0.4, 0.9)))
    assert not others
    assert (one.kind, one.severity, one.label) == ("non-monotonic", 2, None)
    assert one.text.startswith("severity 2 is better than severity 1: auroc 0.9")
    ends = one.text.split("[")[1].split("]")[0].split(", ")
    assert 0 < float(ends[0]) < float(ends[1])


def test_noise_that_helps_the_clean_image_is_told_too() -> None:
    (one,) = found(multilabel(strength=(0.3, 0.95)))
    assert one.kind == "non-monotonic"
    assert "severity 1 is better than clean" in one.text


def test_a_gain_within_the_noise_is_none() -> None:
    rng = np.random.default_rng(4)
    y = (rng.random((200, 4)) < 0.3).astype(float)
    z = 2.0 * y + rng.normal(size=y.shape)
    jitter = {s: _squash(z + 0.05 * rng.normal(size=y.shape)) for s in range(1, 6)}
    assert found(measured(y, {0: _squash(z), **jitter})) == ()


def test_a_label_that_collapses_while_the_mean_holds() -> None:
    rng = np.random.default_rng(5)
    y = (rng.random((600, 4)) < 0.3).astype(float)
    z = 2.5 * y + rng.normal(size=y.shape)
    lost = z.copy()
    lost[:, 1] = rng.normal(size=600)
    slightly = z + 0.1 * rng.normal(size=y.shape)
    (one,) = found(
        measured(y, {0: _squash(z), 1: _squash(slightly), 2: _squash(lost), 3: _squash(lost)})
    )
    assert (one.kind, one.label, one.severity) == ("label collapse", "Nodule", 2)
    assert "Nodule collapses while the mean holds: auroc lost 0.4" in one.text
    assert "the mean over 4 labels 0.1" in one.text


def test_labels_that_fall_together_are_no_collapse() -> None:
    assert found(multilabel(strength=(1.0, 0.2))) == ()


@pytest.mark.parametrize("positives", [2, 9, 10])
def test_too_few_of_a_kind(positives: int) -> None:
    rng = np.random.default_rng(6)
    y = np.zeros((300, 4))
    y[:60] = 1
    y[:, 2] = 0
    y[:positives, 2] = 1
    z = 3.0 * y + rng.normal(size=y.shape)
    texts = [
        f for f in found(measured(y, {0: _squash(z), 1: _squash(z)})) if f.kind == "few samples"
    ]
    if positives == 10:
        assert texts == []
    else:
        assert [(f.label, f.severity) for f in texts] == [("Mass", None)]
        assert f"Mass has {positives} positive and {300 - positives} negative" in texts[0].text


def test_too_few_of_the_other_kind_and_classes_that_exclude_each_other() -> None:
    rng = np.random.default_rng(7)
    y = np.repeat([0.0, 1.0, 2.0], (5, 50, 50))
    z = 3.0 * np.eye(3)[y.astype(int)] + rng.normal(size=(105, 3))
    p = np.exp(z) / np.exp(z).sum(axis=1, keepdims=True)
    (one,) = found(measured(y, {0: p, 1: p}, ("normal", "viral", "bacterial"), "multiclass"))
    assert one.text.startswith("normal has 5 positive and 100 negative samples")


def test_a_model_that_is_no_better_than_chance() -> None:
    rng = np.random.default_rng(8)
    y = (rng.random((200, 4)) < 0.3).astype(float)
    z = rng.normal(size=y.shape)
    z[:, 0] += 3 * y[:, 0]
    weak = measured(y, {0: _squash(z), 1: _squash(z)})
    assert [f.label for f in found(weak, per_label=True) if f.kind == "weak when clean"] == [
        "Nodule", "Mass", "Edema",
    ]  # fmt: skip
    guess = measured(y, {s: _squash(rng.normal(size=y.shape)) for s in (0, 1)})
    one = next(f for f in found(guess) if f.kind == "weak when clean")
    assert (one.severity, one.label) == (0, None)
    assert "no better than chance" in one.text


@pytest.mark.parametrize(("dice", "images", "kinds"), [
    (0.9, 20, []), (0.4, 20, ["weak when clean"]), (0.9, 6, ["few samples"]),
])  # fmt: skip
def test_a_segmentation(dice: float, images: int, kinds: list[str]) -> None:
    rng = np.random.default_rng(9)
    values = {
        s: np.clip(dice - 0.01 * s + 0.01 * rng.normal(size=(images, 2)), 0, 1) for s in (0, 1)
    }
    result = measured(
        np.ones((images, 2)), values, ("left", "right"), "segmentation", "dice", {"dice": values}
    )
    assert [f.kind for f in found(result)] == kinds


def test_a_result_from_a_file_keeps_what_it_can_know() -> None:
    result = multilabel(strength=(1.0, 0.4, 0.9))
    again = LadderResult.from_dict(result.to_dict())
    assert again.spread("auroc") is None
    assert found(again) == ()  # rung against rung needs the resamples
    limits = parse_limits({"max_auroc_drop": 0.02})
    here, there = (decide(x, limits, mode="confident-fail") for x in (result, again))
    assert here.status == there.status
    assert [c.status for c in here.checks] == [c.status for c in there.checks]
    assert there.checks[0].method == "delong, as stored"
