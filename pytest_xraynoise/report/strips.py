"""Image strips for the HTML report: the picture at each severity and what the model said."""

from __future__ import annotations

import base64
import binascii
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report.overlay import COLOURS, overlay
from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from pytest_xraynoise.results import LadderResult, Strip, StripFrame, TestRecord

BUDGET = 24_000_000
"""Characters of base64 that all pictures of one page may take; browsers stay quick below that."""
_MOST_SCORES = 6
_PNG = b"\x89PNG\r\n\x1a\n"


@dataclass(frozen=True, slots=True)
class ScoreView:
    """One bar: a label, its score in [0, 1] (NaN if there is none), whether it is truly there."""

    label: str
    score: float
    true: bool
    colour: str | None

    @property
    def percent(self) -> float:
        """Length of the bar in percent."""
        return 100 * min(1.0, max(0.0, self.score)) if math.isfinite(self.score) else 0.0


@dataclass(frozen=True, slots=True)
class FrameView:
    """One picture, base64 PNG, with its overlay and scores; ``broken`` beyond the first limit."""

    severity: int
    label: str
    image: str
    overlay: str | None
    scores: tuple[ScoreView, ...]
    broken: bool


@dataclass(frozen=True, slots=True)
class StripView:
    """One sample through the ladder."""

    sample_id: str
    truth: str
    frames: tuple[FrameView, ...]
    left_out: int


def strip_views(
    result: LadderResult, count: int, broken: Iterable[int] = ()
) -> tuple[StripView, ...]:
    """The first ``count`` strips of a result, worst degraded first."""
    ordered = sorted(result.strips, key=_degradation, reverse=True)[:count]
    return tuple(_strip(result, strip, frozenset(broken)) for strip in ordered)


def shares(records: Sequence[TestRecord], budget: int = BUDGET) -> list[int]:
    """How many strips of each record fit into ``budget`` characters.

    Failed tests are served first; every test gets its first strip before any gets its second.
    """
    counts = [0] * len(records)
    order = sorted(range(len(records)), key=lambda i: records[i].outcome != "failed")
    spent = 0
    deepest = max((len(r.result.strips) for r in records if r.result), default=0)
    for depth in range(deepest):
        for i in order:
            result = records[i].result
            if result is None or len(result.strips) <= depth or counts[i] < depth:
                continue
            strip = sorted(result.strips, key=_degradation, reverse=True)[depth]
            size = sum(len(f.image) + len(f.mask or "") for f in strip.frames)
            if spent + size <= budget:
                spent += size
                counts[i] += 1
    return counts


def checked_png(text: str) -> str:
    """``text`` if it is a base64 PNG.

    Raises:
        ReportError: otherwise; nothing else may stand in a ``data:`` address of the page.
    """
    try:
        data = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        data = b""
    if not data.startswith(_PNG):
        raise ReportError("an image in this report is not a base64 PNG; run the tests again")
    return text


def _degradation(strip: Strip) -> float:
    return strip.degradation if math.isfinite(strip.degradation) else -math.inf


def _strip(result: LadderResult, strip: Strip, broken: frozenset[int]) -> StripView:
    names = {r.severity: one_line(r.rung.label) for r in result.rungs}
    labels = _labels_to_show(strip)
    known = {label for frame in strip.frames for label in frame.prediction}
    segmented = result.task == "segmentation"
    frames = tuple(
        FrameView(
            severity=frame.severity,
            label=names.get(frame.severity, f"severity {frame.severity}"),
            image=checked_png(frame.image),
            overlay=overlay(frame.mask, strip.truth_mask) if frame.mask else None,
            scores=_scores(result, strip, frame, labels, segmented=segmented),
            broken=frame.severity in broken,
        )
        for frame in sorted(strip.frames, key=lambda frame: frame.severity)
    )
    return StripView(strip.sample_id, strip.truth, frames, len(known) - len(labels))


def _scores(
    result: LadderResult, strip: Strip, frame: StripFrame, labels: list[str], *, segmented: bool
) -> tuple[ScoreView, ...]:
    truths = set(strip.truth.split(", "))
    views = []
    for label in labels:
        colour = None
        if segmented and label in result.labels:
            colour = "rgb({},{},{})".format(*COLOURS[result.labels.index(label) % len(COLOURS)])
        score = frame.prediction.get(label, math.nan)
        true = not segmented and label in truths
        views.append(ScoreView(label, score, true, colour))
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
