"""Noise on a batch: at the images' own resolution or at the model's, for the pitch that it has."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import torch

from pytest_xraynoise import noise
from pytest_xraynoise.data.resize import resized, resized_pitch
from pytest_xraynoise.engine.transfer import sent

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pytest_xraynoise.data import Batch, Source
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.noise import NoiseKind
    from pytest_xraynoise.results import Rung

CHUNK = 2**24
"""Pixels of native images that get noise at a time; bounds the memory, changes no number."""


@dataclass(slots=True)
class Made:
    """A batch at one rung.

    Attributes:
        images: (N, C, H, W) float32 as the dataset would give them, at the model's size.
        clipped: (N,) float32, fraction of the pixels that were cut to [0, 1].
        shifted: (N,) float32, shift of the image mean.
    """

    images: torch.Tensor
    clipped: torch.Tensor
    shifted: torch.Tensor


@dataclass(frozen=True, slots=True)
class _Group:
    """Samples that get noise together: one size and one pitch."""

    rows: tuple[int, ...]
    unit: torch.Tensor
    pixel_pitch: float | None


class Noising:
    """How the batches of one run get their noise.

    Attributes:
        kind: the noise, with the settings that were asked for.
        native: whether noise comes before the resize.
    """

    def __init__(self, request: LadderRequest, source: Source) -> None:
        self.kind: NoiseKind = request.kind
        self.native = request.noise_at == "native"
        self._seed = request.seed
        self._size = source.size
        self._intensity = source.intensity
        self._before = self.native and source.size is not None
        self._stated = request.pixel_pitch

    def clean(self, batch: Batch, device: torch.device) -> torch.Tensor:
        """Clean intensities at the model's size, (N, C, H, W) float32 on ``device``."""
        if self._size is None:
            return batch.unit.to(device)
        made = [(part.rows, resized(part.unit.to(device), self._size)) for part in batch.parts]
        return _assembled(made, len(batch.ids))

    def at(
        self, batch: Batch, clean: torch.Tensor, rungs: Sequence[Rung], draw: int = 0
    ) -> Mapping[int, Made]:
        """The batch at each rung; on CUDA nobody waits for it.

        Args:
            batch: as the data gave it.
            clean: its clean intensities, of :meth:`clean`.
            rungs: all but the clean one.
            draw: which realisation of the noise.
        """
        count = len(batch.ids)
        parts: dict[int, list[tuple[tuple[int, ...], Made]]] = {r.severity: [] for r in rungs}
        for group in self._groups(batch, clean):
            ids = [batch.ids[row] for row in group.rows]
            prepared = noise.prepare(
                group.unit,
                self._kind(group.pixel_pitch),
                ids=ids,
                seed=self._seed,
                draw=draw,
                in_range=True,  # the data have been checked, and a resize stays in it
            )
            # After a resize of the noise, intensities are no longer what leaves the kernel.
            normalise = None if self._before else self._intensity.normalisation
            for rung in rungs:
                noisy = prepared.at(rung, normalise=normalise)
                images = noisy.images
                if self._before and self._size is not None:
                    images = self._intensity.from_unit(resized(images, self._size))
                here = Made(images, noisy.clipped, noisy.mean_shift)
                parts[rung.severity].append((group.rows, here))
        return {severity: _joined(parts.pop(severity), count) for severity in list(parts)}

    def _groups(self, batch: Batch, clean: torch.Tensor) -> Iterator[_Group]:
        takes_pitch = self._stated is None and "pixel_pitch" in self.kind.options
        unknown: list[float | None] = [None] * len(batch.ids)
        pitches = self._pitches_of(batch) if takes_pitch else unknown
        if not self._before:
            yield from _split(tuple(range(len(batch.ids))), clean, pitches, len(batch.ids))
            return
        for part in batch.parts:
            unit = part.unit.to(clean.device)
            yield from _split(part.rows, unit, pitches, max(1, CHUNK // unit[0].numel()))

    def _pitches_of(self, batch: Batch) -> list[float | None]:
        """The pitch of each row where the noise is added."""
        pitches = list(batch.pixel_pitch)
        if self._size is None or self._before:
            return pitches
        for part in batch.parts:
            for row in part.rows:
                pitch = pitches[row]
                if pitch is not None:
                    pitches[row] = resized_pitch(pitch, part.size, self._size)
        return pitches

    def _kind(self, pixel_pitch: float | None) -> NoiseKind:
        if pixel_pitch is None:
            return self.kind
        return self.kind.configured(pixel_pitch=pixel_pitch)


def _split(
    rows: tuple[int, ...], unit: torch.Tensor, pitches: Sequence[float | None], most: int
) -> Iterator[_Group]:
    """The rows of one size by their pitch, at most ``most`` at a time."""
    places: dict[float | None, list[int]] = {}
    for place, row in enumerate(rows):
        places.setdefault(pitches[row], []).append(place)
    for pitch, every in places.items():
        for start in range(0, len(every), most):
            some = every[start : start + most]
            whole = len(some) == len(rows)
            chosen = unit if whole else unit.index_select(0, sent(torch.tensor(some), unit.device))
            yield _Group(tuple(rows[place] for place in some), chosen, pitch)


def _joined(parts: Sequence[tuple[tuple[int, ...], Made]], count: int) -> Made:
    """A rung of several groups as one batch."""
    columns = ([(rows, getattr(one, f.name)) for rows, one in parts] for f in fields(Made))
    return Made(*(_assembled(column, count) for column in columns))


def _assembled(parts: Sequence[tuple[tuple[int, ...], torch.Tensor]], count: int) -> torch.Tensor:
    """Rows of several groups as one batch."""
    if len(parts) == 1:
        return parts[0][1]
    whole = parts[0][1].new_empty((count, *parts[0][1].shape[1:]))
    for rows, images in parts:
        whole.index_copy_(0, sent(torch.tensor(rows), whole.device), images)
    return whole
