"""Image strips for the HTML report: the picture at each severity and what the model said."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report.overlay import COLOURS, overlay
from pytest_xraynoise.report.rung_words import captions
from pytest_xraynoise.report.thumbnails import thumbnail

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pytest_xraynoise.results import LadderResult, Strip, StripFrame, TestRecord

_MOST_SCORES = 6

CHOICE = {
    "segmentation": "by the loss of Dice from the clean image to the worst rung",
    "": "by the largest step of a score towards the wrong answer, from the clean image to any rung",
}
"""How strips are chosen, by task, in words; as ``engine`` does it."""


@dataclass(frozen=True, slots=True)
class ScoreView:
    """One bar: a label, its score in [0, 1] (NaN if there is none), whether it is truly there.

    ``threshold`` is the probability from which on the label is said to be present, if known.
    """

    label: str
    score: float
    true: bool
    colour: str | None
    threshold: float | None = None

    @property
    def percent(self) -> float:
        """Length of the bar in percent."""
        return 100 * min(1.0, max(0.0, self.score)) if math.isfinite(self.score) else 0.0


@dataclass(frozen=True, slots=True)
class FrameView:
    """One picture as base64 of ``media`` type, with its overlay and its scores.

    ``broken`` says that a limit is broken at its severity.
    """

    severity: int
    label: str
    media: str
    image: str
    overlay: str | None
    scores: tuple[ScoreView, ...]
    broken: bool

    @property
    def size(self) -> int:
        """Characters that its pictures take."""
        return len(self.image) + len(self.overlay or "")


@dataclass(frozen=True, slots=True)
class StripView:
    """One sample through the ladder."""

    sample_id: str
    truth: str
    frames: tuple[FrameView, ...]
    left_out: int


def shares(records: Sequence[TestRecord], budget: int) -> list[tuple[StripView, ...]]:
    """The strips of each record that fit into ``budget`` characters, worst degraded first.

    Failed tests are served first; every test gets its first strip before any gets its second.

    Raises:
        ReportError: if an image or a mask is not a base64 PNG.
    """
    left = budget
    found: list[list[StripView]] = [[] for _ in records]
    waiting = [_worst_first(record.result) for record in records]
    order = sorted(range(len(records)), key=lambda i: records[i].outcome != "failed")
    for depth in range(max(map(len, waiting), default=0)):
        for i in order:
            result = records[i].result
            if result is None or len(waiting[i]) <= depth or len(found[i]) < depth or left <= 0:
                continue
            view = _strip(result, waiting[i][depth], _broken(records[i]))
            size = sum(frame.size for frame in view.frames)
            if size > left:  # to draw the rest only to leave it out would cost seconds
                return [tuple(views) for views in found]
            left -= size
            found[i].append(view)
    return [tuple(views) for views in found]


def strip_views(
    result: LadderResult, count: int, broken: Iterable[int] = ()
) -> tuple[StripView, ...]:
    """The first ``count`` strips of a result, worst degraded first."""
    return tuple(_strip(result, strip, frozenset(broken)) for strip in _worst_first(result)[:count])


def _broken(record: TestRecord) -> frozenset[int]:
    checks = record.verdict.checks if record.verdict else ()
    return frozenset(c.severity for c in checks if c.broken and c.severity is not None)


def _worst_first(result: LadderResult | None) -> list[Strip]:
    return sorted(result.strips, key=_degradation, reverse=True) if result else []


def _degradation(strip: Strip) -> float:
    return strip.degradation if math.isfinite(strip.degradation) else -math.inf


def _strip(result: LadderResult, strip: Strip, broken: frozenset[int]) -> StripView:
    names = captions(result)
    labels = _labels_to_show(strip)
    known = {label for frame in strip.frames for label in frame.prediction}
    frames = []
    for frame in sorted(strip.frames, key=lambda frame: frame.severity):
        picture = thumbnail(frame.image)
        frames.append(
            FrameView(
                severity=frame.severity,
                label=names.get(frame.severity, f"severity {frame.severity}"),
                media=picture.media,
                image=picture.data,
                overlay=overlay(frame.mask, strip.truth_mask) if frame.mask else None,
                scores=_scores(result, strip, frame, labels),
                broken=frame.severity in broken,
            )
        )
    return StripView(strip.sample_id, strip.truth, tuple(frames), len(known) - len(labels))


def _scores(
    result: LadderResult, strip: Strip, frame: StripFrame, labels: list[str]
) -> tuple[ScoreView, ...]:
    truths = set(strip.truth.split(", "))
    segmented = result.task == "segmentation"
    thresholds: Mapping[str, object] = result.settings.get("thresholds") or {}
    views = []
    for label in labels:
        colour = None
        if segmented and label in result.labels:
            colour = "rgb({},{},{})".format(*COLOURS[result.labels.index(label) % len(COLOURS)])
        score = frame.prediction.get(label, math.nan)
        true = not segmented and label in truths
        at = thresholds.get(label)
        at = float(at) if isinstance(at, int | float) and 0 < at < 1 and not segmented else None
        views.append(ScoreView(label, score, true, colour, at))
    return tuple(views)


def _labels_to_show(strip: Strip) -> list[str]:
    """At most six labels: the true ones first, then those whose score changed most."""
    first = strip.frames[0].prediction if strip.frames else {}
    names = list(dict.fromkeys(label for frame in strip.frames for label in frame.prediction))
    if len(names) <= _MOST_SCORES:
        return names
    truths = set(strip.truth.split(", "))

    def change(label: str) -> float:
        scores = [
            f.prediction.get(label, math.nan) - first.get(label, math.nan) for f in strip.frames
        ]
        return max((abs(s) for s in scores if math.isfinite(s)), default=0.0)

    chosen = sorted(names, key=lambda label: (label not in truths, -change(label)))[:_MOST_SCORES]
    return [label for label in names if label in chosen]
