"""Every kind of decision: what was measured, what was asked, and what has to come out.

Intervals are 95% ones. ``judge.decide`` is held against the table, and so is every report.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from pytest_xraynoise.results import CheckStatus, LadderResult, Policy, Status
from tests.judge.ladders import ladder


@dataclass(frozen=True)
class Row:
    """One row.

    Attributes:
        name: of the row.
        metrics: values at severities 0, 1, 2 ...
        spread: half the width of every interval.
        limits: the words of a marker.
        how: ``decide``, ``inconclusive``, ``aggregate``, ``per_label``.
        status: of the verdict.
        action: what becomes of a test.
        checks: of every check, in order.
        labels: values of labels.
    """

    name: str
    metrics: Mapping[str, tuple[float, ...]]
    spread: float
    limits: Mapping[str, Any]
    how: Mapping[str, Any]
    status: Status
    action: Policy
    checks: tuple[CheckStatus, ...]
    labels: Mapping[str, Mapping[str, tuple[float, ...]]] = field(default_factory=dict)

    @property
    def result(self) -> LadderResult:
        """What was measured."""
        lower = [name for name in self.metrics if name in ("ece", "brier", "hd95")]
        return ladder(self.metrics, self.labels or None, self.spread, lower)


FAIL = {"decide": "confident-fail"}
PASS = {"decide": "confident-pass"}
ONE = {"auroc": (0.95, 0.90)}  # a drop of 0.05
DROP = {"max_auroc_drop": 0.05}


def _auroc(*drops: float) -> dict[str, tuple[float, ...]]:
    return {"auroc": (0.95, *(0.95 - drop for drop in drops))}


ROWS: tuple[Row, ...] = (
    # The number alone.
    Row("point within", _auroc(0.04), 0.02, DROP, {}, "pass", "pass", ("pass",)),
    Row("point beyond", _auroc(0.06), 0.02, DROP, {}, "fail", "fail", ("fail",)),
    Row("point tie", ONE, 0.02, DROP, {}, "pass", "pass", ("pass",)),
    Row(
        "point skips nothing",
        _auroc(0.06),
        0.02,
        DROP,
        {"inconclusive": "skip"},
        "fail",
        "fail",
        ("fail",),
    ),
    # The whole interval.
    Row("fail: within", _auroc(0.02), 0.02, DROP, FAIL, "pass", "pass", ("pass",)),
    Row("pass: within", _auroc(0.02), 0.02, DROP, PASS, "pass", "pass", ("pass",)),
    Row("fail: beyond", _auroc(0.08), 0.02, DROP, FAIL, "fail", "fail", ("fail",)),
    Row("pass: beyond", _auroc(0.08), 0.02, DROP, PASS, "fail", "fail", ("fail",)),
    Row(
        "fail: straddles, estimate beyond",
        _auroc(0.06),
        0.02,
        DROP,
        FAIL,
        "inconclusive",
        "pass",
        ("inconclusive",),
    ),
    Row(
        "pass: straddles, estimate beyond",
        _auroc(0.06),
        0.02,
        DROP,
        PASS,
        "inconclusive",
        "fail",
        ("inconclusive",),
    ),
    Row(
        "fail: straddles, estimate within",
        _auroc(0.04),
        0.02,
        DROP,
        FAIL,
        "inconclusive",
        "pass",
        ("inconclusive",),
    ),
    Row(
        "pass: straddles, estimate within",
        _auroc(0.04),
        0.02,
        DROP,
        PASS,
        "inconclusive",
        "fail",
        ("inconclusive",),
    ),
    Row(
        "pass: estimate at the limit",
        ONE,
        0.02,
        DROP,
        PASS,
        "inconclusive",
        "fail",
        ("inconclusive",),
    ),
    # An interval that ends at its limit is within, one that begins there is not beyond.
    Row("pass: ends at the limit", _auroc(0.04), 0.01, DROP, PASS, "pass", "pass", ("pass",)),
    Row(
        "fail: begins at the limit",
        _auroc(0.06),
        0.01,
        DROP,
        FAIL,
        "inconclusive",
        "pass",
        ("inconclusive",),
    ),
    # What an inconclusive verdict does can be said.
    *(
        Row(
            f"{mode['decide']}: inconclusive={policy}",
            _auroc(0.06),
            0.02,
            DROP,
            {**mode, "inconclusive": policy},
            "inconclusive",
            policy,
            ("inconclusive",),
        )
        for mode in (FAIL, PASS)
        for policy in ("fail", "pass", "skip")
    ),
    Row(
        "skip does not hide a failure",
        _auroc(0.08),
        0.02,
        DROP,
        {**PASS, "inconclusive": "skip"},
        "fail",
        "fail",
        ("fail",),
    ),
    # Floors, ceilings, increases, relative drops.
    Row(
        "floor kept",
        {"dice": (0.95, 0.85)},
        0.02,
        {"min_dice": 0.8},
        PASS,
        "pass",
        "pass",
        ("pass", "pass"),
    ),
    Row(
        "floor broken",
        {"dice": (0.95, 0.75)},
        0.02,
        {"min_dice": 0.8},
        FAIL,
        "fail",
        "fail",
        ("pass", "fail"),
    ),
    Row(
        "floor undecided",
        {"dice": (0.95, 0.81)},
        0.02,
        {"min_dice": 0.8},
        PASS,
        "inconclusive",
        "fail",
        ("pass", "inconclusive"),
    ),
    Row(
        "floor of the clean images",
        {"dice": (0.79, 0.78)},
        0.02,
        {"min_dice": {0: 0.8}},
        FAIL,
        "inconclusive",
        "pass",
        ("inconclusive",),
    ),
    Row(
        "ceiling broken",
        {"ece": (0.02, 0.12)},
        0.01,
        {"max_ece": 0.1},
        FAIL,
        "fail",
        "fail",
        ("pass", "fail"),
    ),
    Row(
        "ceiling undecided",
        {"ece": (0.02, 0.105)},
        0.01,
        {"max_ece": 0.1},
        FAIL,
        "inconclusive",
        "pass",
        ("pass", "inconclusive"),
    ),
    Row(
        "increase broken",
        {"ece": (0.02, 0.15)},
        0.01,
        {"max_ece_increase": 0.1},
        FAIL,
        "fail",
        "fail",
        ("fail",),
    ),
    Row(
        "relative drop undecided",
        {"dice": (0.5, 0.44)},
        0.02,
        {"max_relative_dice_drop": 0.1},
        PASS,
        "inconclusive",
        "fail",
        ("inconclusive",),
    ),
    # Many looks: p is 0.022 at each of three rungs, twice that is more than 0.025.
    Row("one look of it", _auroc(0.0704), 0.0198, DROP, FAIL, "fail", "fail", ("fail",)),
    Row(
        "three looks of it",
        _auroc(0.0704, 0.0704, 0.0704),
        0.0198,
        DROP,
        FAIL,
        "inconclusive",
        "pass",
        ("inconclusive",) * 3,
    ),
    Row(
        "Holm steps down",
        _auroc(0.0704, 0.09, 0.2),
        0.0198,
        DROP,
        FAIL,
        "fail",
        "fail",
        ("fail", "fail", "fail"),
    ),
    Row(
        "a broken rung beats an undecided one",
        _auroc(0.06, 0.2),
        0.02,
        DROP,
        PASS,
        "fail",
        "fail",
        ("inconclusive", "fail"),
    ),
    Row(
        "labels are looks too",
        _auroc(0.02),
        0.02,
        DROP,
        {**FAIL, "per_label": True},
        "inconclusive",
        "pass",
        ("pass", "pass", "inconclusive"),
        labels={"Effusion": {"auroc": (0.95, 0.949)}, "Nodule": {"auroc": (0.95, 0.89)}},
    ),
    Row(
        "several limits, several metrics",
        {"auroc": (0.95, 0.80), "dice": (0.9, 0.6)},
        0.01,
        {"max_auroc_drop": 0.05, "min_dice": 0.8, "max_dice_drop": 0.5},
        {},
        "fail",
        "fail",
        ("fail", "pass", "fail", "pass"),
    ),
    Row(
        "a mean over rungs, by the number",
        _auroc(0.02, 0.1),
        0.02,
        DROP,
        {"aggregate": "mean"},
        "fail",
        "fail",
        ("fail",),
    ),
)
