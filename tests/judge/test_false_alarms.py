"""How often a confident verdict is wrong, and how often the recommended size finds what is there.

A ladder of five rungs on the same samples and the same random field, three labels, Holm over all.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from pytest_xraynoise.engine.scoring import score_with_spreads
from pytest_xraynoise.judge import decide, parse_limits
from pytest_xraynoise.results import LadderResult, Rung, RungResult, Verdict

Array = npt.NDArray[np.float64]
LABELS = ("Effusion", "Nodule", "Mass")
TRUE_DROP = 0.177
"""Of the last rung with ``lost=0.9``."""
PILOT = 60
"""Samples at which more than half of the ladders are left open."""


def ladder_of(
    rng: np.random.Generator, samples: int, lost: float, jitter: float = 0.6, rungs: int = 5
) -> LadderResult:
    """Findings whose separation falls by ``lost`` at the last rung; each image has its own noise.

    With ``lost=0`` every rung is as good as clean: the same model under other draws.
    """
    y = (rng.random((samples, 3)) < 0.3).astype(float)
    base, field = rng.normal(size=y.shape), rng.normal(size=y.shape)
    scores = {0: 1.5 * y + np.hypot(1.0, jitter) * base}
    for severity in range(1, rungs + 1):
        kept = 1.5 - lost * severity / rungs
        scores[severity] = kept * y + base + jitter * field
    score = score_with_spreads(
        task="multilabel", labels=LABELS, targets=y, scores=scores, per_image={},
        metrics=("auroc",),
    )  # fmt: skip
    return LadderResult(
        noise="poisson",
        ladder="custom",
        task="multilabel",
        labels=LABELS,
        rungs=tuple(
            RungResult(Rung(s, None if s == 0 else float(s), "units"), values)
            for s, values in score.values.items()
        ),
        ids=tuple(map(str, range(samples))),
        settings={"confidence": 0.95, "seed": 0},
        _targets=y,
        _spreads=score.spreads,
    )


def judged(result: LadderResult, limit: float, mode: str = "confident-fail") -> Verdict:
    return decide(result, parse_limits({"max_auroc_drop": limit}), mode=mode, per_label=True)


def alarms(trials: int) -> float:
    rng = np.random.default_rng(11)
    return (
        sum(judged(ladder_of(rng, 300, lost=0.0), 0.0).status == "fail" for _ in range(trials))
        / trials
    )


def caught(trials: int, lost: float, limit: float, pilot: int) -> float:
    """Of ladders that a pilot leaves open, how many fail at the number it recommends."""
    rng = np.random.default_rng(12)
    found = tried = 0
    while tried < trials:
        first = judged(ladder_of(rng, pilot, lost), limit)
        if first.status != "inconclusive" or first.to_settle is None or not first.to_settle.needed:
            continue
        tried += 1
        found += judged(ladder_of(rng, first.to_settle.needed, lost), limit).status == "fail"
    return found / tried


def test_a_model_that_noise_does_not_touch_raises_few_false_alarms() -> None:
    # 200 trials at 2.5% or less: beyond 6% is more than three standard errors.
    assert alarms(200) <= 0.06


def test_a_true_drop_beyond_the_limit_is_caught_at_the_recommended_size() -> None:
    assert caught(40, lost=0.9, limit=TRUE_DROP / 2, pilot=PILOT) >= 0.9


@pytest.mark.slow
def test_false_alarms_in_a_thousand_trials() -> None:
    assert alarms(1000) <= 0.025


@pytest.mark.slow
def test_what_a_thousand_recommendations_find() -> None:
    assert caught(1000, lost=0.9, limit=TRUE_DROP / 2, pilot=PILOT) >= 0.95


def test_the_true_drop_is_twice_the_limit() -> None:
    result = ladder_of(np.random.default_rng(13), 200_000, lost=0.9)
    assert result.metric("auroc").drop(severity=5) == pytest.approx(TRUE_DROP, abs=0.003)
