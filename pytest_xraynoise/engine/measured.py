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
import json
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.engine.repeats import key_of
from pytest_xraynoise.errors import DataError
from pytest_xraynoise.noise.describe import described

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pytest_xraynoise.data.resize import Size
    from pytest_xraynoise.engine.classification import Array
    from pytest_xraynoise.engine.request import LadderRequest
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
        pictured: what ``pictures`` show and were chosen by, as :func:`view_of` has it.
        resize: the model's size where the data declare one.
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
    settings: Mapping[str, Any] = field(default_factory=dict)
    model: str = ""
    dataset: str = ""

    def replace(self, **changes: Any) -> Measured:
        """A copy with some fields changed."""
        return dataclasses.replace(self, **changes)


def noise_of(request: LadderRequest) -> str:
    """Everything that makes the noise of a request but the parameters of the rung, as JSON."""
    kind = request.kind
    said = {
        "kind": kind.name,
        "settings": described(kind),
        "seed": request.seed,
        "at": request.noise_at,
    }
    return json.dumps(said, sort_keys=True)


def address_of(noise: str, rung: Rung, draw: int = 0) -> Address:
    """Where the numbers of a rung are; ``noise`` is that of :func:`noise_of`."""
    if rung.severity == 0:
        return CLEAN
    return Address(noise, tuple(sorted(rung.parameters.items())), draw)


def addresses(request: LadderRequest) -> dict[int, Address]:
    """The address of every rung and draw of a request, by its key, clean first.

    Keys are those of :mod:`~pytest_xraynoise.engine.repeats`.
    """
    noise = noise_of(request)
    found: dict[int, Address] = {}
    for draw in range(request.repeats):
        for rung in request.rungs:
            found.setdefault(key_of(rung.severity, draw), address_of(noise, rung, draw))
    return found


def view_of(request: LadderRequest) -> str:
    """What decides which samples a request has pictures of, and of which rungs, as JSON."""
    picked = (request.labels, request.contrast, request.outputs)
    return json.dumps([*picked, list(addresses(request).values())])


def everything(request: LadderRequest) -> Plan:
    """All noisy rungs of a request in all its draws."""
    noisy = tuple(rung for rung in request.rungs if rung.severity)
    return tuple((draw, noisy) for draw in range(request.repeats))


def missing(request: LadderRequest, measured: Measured) -> Plan:
    """The noisy rungs of a request that were not measured yet; empty when all were."""
    noise = noise_of(request)
    plan = []
    for draw, rungs in everything(request):
        new = tuple(r for r in rungs if address_of(noise, r, draw) not in measured.rungs)
        if new:
            plan.append((draw, new))
    return tuple(plan)


def joined(parts: Sequence[Measured]) -> Measured:
    """Disjoint samples that went through the same rungs, as one, in the order of the dataset.

    Raises:
        DataError: when the parts do not belong together, or two of them have a sample in common.
    """
    first = parts[0]
    for part in parts[1:]:
        if set(part.rungs) != set(first.rungs) or part.outputs.names != first.outputs.names:
            raise DataError("parts that went through other rungs or labels cannot be joined")
        if part.outputs.task != first.outputs.task or part.outputs.unit != first.outputs.unit:
            raise DataError(
                f"a part of the data was taken for {part.outputs.task}"
                f"{_in(part.outputs.unit)}, another for {first.outputs.task}"
                f"{_in(first.outputs.unit)}; say task="
            )
    ids = [ident for part in parts for ident in part.samples.ids]
    if len(set(ids)) != len(ids):
        twice = next(ident for n, ident in enumerate(ids) if ident in ids[:n])
        raise DataError(f"sample {twice!r} is in two parts of the data; ids must be unique")
    samples = _one_after_another([part.samples for part in parts])
    order = np.argsort(samples.positions, kind="stable")
    rungs = {
        address: _stacked([part.rungs[address] for part in parts]).rows(order)
        for address in first.rungs
    }
    known = [part.loaded for part in parts if part.loaded is not None]
    loaded = tuple(sorted(place for one in known for place in one))
    place = dict(zip(samples.ids, samples.positions.tolist(), strict=True))
    shown = [one for part in parts for one in part.pictures]
    pictures = tuple(sorted(shown, key=lambda one: (-one.lost, place[one.sample])))
    return first.replace(
        samples=samples.rows(order),
        rungs=rungs,
        loaded=loaded if len(known) == len(parts) else None,
        pictures=pictures,
    )


def extended(measured: Measured, further: Measured) -> Measured:
    """The same samples with further rungs.

    The pictures stay those of ``measured``, and ``pictured`` says what they show.

    Raises:
        DataError: when the samples, their images or their targets are not the same.
    """
    if (reason := difference(measured, further)) is not None:
        raise DataError(reason)
    row = {ident: n for n, ident in enumerate(further.samples.ids)}
    order = np.array([row[ident] for ident in measured.samples.ids], dtype=np.intp)
    added = {address: rows.rows(order) for address, rows in further.rungs.items()}
    return measured.replace(
        rungs={**measured.rungs, **added}, settings={**measured.settings, **further.settings}
    )


def difference(measured: Measured, further: Measured) -> str | None:
    """Why two passes are not over the same samples; None where they are."""
    a, b = measured.samples, further.samples
    if sorted(a.ids) != sorted(b.ids):
        return f"the data gave {len(b.ids)} samples that are not the {len(a.ids)} of before"
    if a.digests and b.digests:
        digests = dict(zip(b.ids, b.digests, strict=True))
        changed = [i for i, d in zip(a.ids, a.digests, strict=True) if digests[i] != d]
        if changed:
            return f"sample {changed[0]!r} is not what it was before: image or target changed"
    if measured.outputs.names != further.outputs.names:
        return "the model has other outputs than before"
    return None


def _in(unit: str) -> str:
    return f" (distances in {unit})" if unit else ""


def _one_after_another(parts: Sequence[Samples]) -> Samples:
    groups = [part.groups for part in parts]
    digests = [part.digests for part in parts]
    known = [one for one in groups if one is not None]
    return Samples(
        tuple(ident for part in parts for ident in part.ids),
        np.concatenate([part.targets for part in parts]),
        np.concatenate([part.positions for part in parts]),
        np.concatenate([part.sizes for part in parts]),
        np.concatenate([part.pitches for part in parts]),
        tuple(g for one in known for g in one) if len(known) == len(parts) else None,
        tuple(d for one in digests for d in one) if all(digests) else (),
    )


def _stacked(parts: Sequence[RungRows]) -> RungRows:
    numbers = {
        name: np.concatenate([part.numbers[name] for part in parts]) for name in parts[0].numbers
    }
    return RungRows(
        numbers,
        np.concatenate([part.clipped for part in parts]),
        np.concatenate([part.shifted for part in parts]),
    )
