"""What a pass over the data measured, before anything is judged.

How it is meant to be used. Measuring and scoring are two steps::

    source = opened(request, model, data, how)           # engine.measuring
    measured = measure(request, model, source, how)      # one pass: the only step with the model
    result = finish(request, measured)                   # engine.finishing: metrics, intervals

and whatever comes between them works on :class:`Measured` values alone, which hold NumPy arrays,
strings and numbers, no tensor, and can be pickled and sent anywhere:

* **Shards** (disjoint samples, the same rungs): open the source in each process, keep its part of
  the positions (``source.keep(range(start, stop))``), ``measure`` there, and ``finish(request,
  joined(parts))`` where they arrive. Rows are put in the order of the dataset, so neither the
  number of shards nor their order changes a number; the batches that go through the model may, in
  the last bits.
* **Further rungs** (the same samples): ``measure(request, ..., rungs=missing(request, before),
  base=before)`` runs these rungs only, without the clean images, and ``extended(before, further)``
  has both.
* **Several requests** may read the same :class:`Measured`: each picks its rungs by their
  :class:`Address`, which says how a rung's noise is made and not which severity a ladder calls it.
  So ladders and own rungs share, and every kind of noise shares the clean images.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.data.resize import Size
    from pytest_xraynoise.engine.rows import Array
    from pytest_xraynoise.results import Rung, Task

Pixels = npt.NDArray[np.uint8]


class Address(NamedTuple):
    """How the noise of a rung is made; two rungs with one address are the same images.

    Attributes:
        noise: kind, settings, seed and place of the noise, as JSON; empty for the clean images.
        parameters: of the rung, by name.
        draw: which realisation of the noise.
    """

    noise: str = ""
    parameters: tuple[tuple[str, float], ...] = ()
    draw: int = 0


CLEAN = Address()

Plan = tuple[tuple[int, tuple["Rung", ...]], ...]
"""Noisy rungs to run, draw by draw."""


@dataclass(frozen=True, slots=True)
class RungRows:
    """What one rung gave, a row for each sample.

    Attributes:
        numbers: of a classifier its outputs (N, K) under ``raw``, as the model returned them; of a
            segmenter each per-image number, (N, K) by name, with NaN where not labelled.
        clipped: fraction of the pixels that were cut to [0, 1], (N,).
        shifted: shift of the image mean, (N,).
    """

    numbers: Mapping[str, Array]
    clipped: Array
    shifted: Array

    def rows(self, order: npt.NDArray[np.intp]) -> RungRows:
        """The rows in another order, or some of them."""
        numbers = {name: values[order] for name, values in self.numbers.items()}
        return RungRows(numbers, self.clipped[order], self.shifted[order])


@dataclass(frozen=True, slots=True)
class Samples:
    """The samples of a pass, a row for each.

    Attributes:
        ids: their names.
        targets: (N,) or (N, K) of a classifier; pixels of the true masks (N, K) of a segmenter.
        positions: their places in the dataset.
        sizes: (N, 2) height and width of the images as the data yield them.
        pitches: (N,) their pixel pitch in mm, NaN where none is declared.
        groups: their groups, the patients as a rule; None where none are declared.
        digests: of image and target, when they were asked for; empty otherwise.
    """

    ids: tuple[str, ...]
    targets: Array
    positions: npt.NDArray[np.int64]
    sizes: npt.NDArray[np.int64]
    pitches: Array
    groups: tuple[str, ...] | None = None
    digests: tuple[str, ...] = ()

    def rows(self, order: npt.NDArray[np.intp]) -> Samples:
        """The rows in another order, or some of them."""
        return Samples(
            tuple(self.ids[n] for n in order),
            self.targets[order],
            self.positions[order],
            self.sizes[order],
            self.pitches[order],
            None if self.groups is None else tuple(self.groups[n] for n in order),
            tuple(self.digests[n] for n in order) if self.digests else (),
        )


@dataclass(frozen=True, slots=True)
class Outputs:
    """What the columns of the model's outputs are, as the first batch showed it.

    Attributes:
        task: of all outputs of the model, before a contrast picks two of them.
        names: of the columns; of a segmenter those of its foreground classes.
        judged: of a segmenter, the names that have numbers.
        exclusive: of a segmenter, whether a pixel has one class.
        logits: of a segmenter, whether outputs were taken for logits; None where it is not known.
        unit: of distances between masks, ``mm`` or ``pixels``; empty where none was measured.
        tolerance: of the numbers that have one (``nsd``).
    """

    task: Task
    names: tuple[str, ...]
    judged: tuple[str, ...] = ()
    exclusive: bool = False
    logits: bool | None = None
    unit: str = ""
    tolerance: float = 2.0


@dataclass(frozen=True, slots=True)
class Picture:
    """Small pictures of one sample, uint8.

    Attributes:
        sample: its id.
        lost: how much it lost.
        images: (h, w) at each rung, as the model was given it.
        masks: (h, w) label maps that were predicted; empty for a classifier.
        truth: the true label map; None for a classifier.
    """

    sample: str
    lost: float
    images: Mapping[Address, Pixels]
    masks: Mapping[Address, Pixels] = field(default_factory=dict)
    truth: Pixels | None = None


@dataclass(frozen=True)
class Measured:
    """What passes over the data gave, for any number of rungs.

    Attributes:
        outputs: what the columns are.
        samples: the rows.
        rungs: what each rung gave; ``CLEAN`` is among them unless it was left out.
        loaded: places in the dataset of every sample that was read, those that a contrast left out
            too; None for data that are read as a stream.
        pictures: of the samples that lost most, for the strips.
        pictured: what ``pictures`` show and were chosen by, as
            :func:`~pytest_xraynoise.engine.addresses.view_of` has it.
        resize: the model's size where the data declare one.
        skipped: samples that could not be loaded and were left out, by id, with the reason.
        settings: of the pass: device, precision, batch size, image size and such.
        model, dataset: their names.
    """

    outputs: Outputs
    samples: Samples
    rungs: Mapping[Address, RungRows]
    loaded: tuple[int, ...] | None = None
    pictures: tuple[Picture, ...] = ()
    pictured: str = ""
    resize: Size | None = None
    skipped: Mapping[str, str] = field(default_factory=dict)
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    dataset: str = ""

    def replace(self, **changes: Any) -> Measured:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)
