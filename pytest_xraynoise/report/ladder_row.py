"""What the picture and the table of a ladder show: plain values, one row a noise."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.results import Rung

_WORTH_SHARING = 40
_STARTS = frozenset({"at", "by", "for", "in", "of", "on", "with"})


@dataclass(frozen=True, slots=True)
class Measured:
    """A rung, and what its noise did to one image, in units of full scale.

    Attributes:
        rung: severity 0 is the clean image.
        noise_sd: standard deviation of noisy minus clean over the image.
        mid_grey_sd: the same at mid grey; None where the image has too little of it.
        snr: mean over standard deviation at mid grey, or None.
        clipped: fraction of the pixels that were cut to [0, 1].
        mean_shift: what that did to the mean.
    """

    rung: Rung
    noise_sd: float
    mid_grey_sd: float | None
    snr: float | None
    clipped: float
    mean_shift: float


@dataclass(frozen=True, slots=True)
class LadderRow:
    """One noise on one image.

    Attributes:
        noise: name of the kind.
        ladder: name of the ladder.
        summary: the kind in one line.
        measured: the clean image, then the rungs.
        settings: what the kind was told beside its rungs, in words.
    """

    noise: str
    ladder: str
    summary: str
    measured: Sequence[Measured]
    settings: Mapping[str, str] = field(default_factory=dict)

    @property
    def title(self) -> str:
        """``poisson, ladder imagenet-c: quantum (shot) noise ...``."""
        told = "".join(f", {key}={value}" for key, value in self.settings.items())
        summary = f": {self.summary}" if self.summary else ""
        return one_line(f"{self.noise}, ladder {self.ladder}{told}{summary}")


def strength(rung: Rung) -> str:
    """The parameters of a rung with their units: ``60 photons at white, sigma 0.08``.

    The pixel pitch is left to the reading: it is the same at every rung.
    """
    if rung.parameter is None:
        return rung.label
    others = [(k, v) for k, v in rung.parameters.items() if k != "pixel_pitch"][1:]
    told = "".join(f", {keyword} {quantity(value)}" for keyword, value in others)
    return one_line(f"{quantity(rung.parameter)} {rung.unit}{told}")


def quantity(value: float) -> str:
    """A parameter in digits that people read: ``0.7943``, ``60``, ``24,000``."""
    return f"{value:.4g}" if abs(value) < 1000 else f"{value:,.10g}"


def readings(row: LadderRow) -> tuple[list[str], str]:
    """The reading of each rung above severity 0, and the end that all of them share.

    What a reading repeats of the rung's own strength is left out. The shared end is empty unless
    it is long enough to be worth saying once.
    """
    noisy = [m.rung for m in row.measured if m.rung.severity > 0]
    said = [one_line(rung.reading) for rung in noisy]
    if len(said) > 1:
        shared = _shared_end(said)
        if len(shared) >= _WORTH_SHARING:
            heads = [text.removesuffix(shared).rstrip(" ;,") for text in said]
            return [_beyond(h, r) for h, r in zip(heads, noisy, strict=True)], shared
    return [_beyond(text, rung) for text, rung in zip(said, noisy, strict=True)], ""


def _shared_end(texts: Sequence[str]) -> str:
    """The words that all texts end with, from a preposition on and outside of brackets."""
    if len(set(texts)) == 1:
        return texts[0]
    backwards = zip(*(text.split(" ")[::-1] for text in texts), strict=False)
    same = itertools.takewhile(lambda words: len(set(words)) == 1, backwards)
    shared = [words[0] for words in same][::-1]
    while shared and not (shared[0] in _STARTS and _outside(" ".join(shared), texts)):
        shared = shared[1:]
    return " ".join(shared)


def _outside(end: str, texts: Sequence[str]) -> bool:
    heads = (text.removesuffix(end) for text in texts)
    return all(head.count("(") == head.count(")") for head in heads)


def _beyond(text: str, rung: Rung) -> str:
    """What a reading says beyond the rung's own strength."""
    return "" if strength(rung).startswith(text) else text.removeprefix(f"{rung.label}; ")
