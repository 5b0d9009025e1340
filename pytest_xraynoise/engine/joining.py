"""Measurements put together: shards of the data as one, and further rungs of the same samples."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.engine.measured import RungRows, Samples
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.engine.measured import Address, Measured


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
        twice = Counter(ids).most_common(1)[0][0]
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
        skipped={ident: why for part in parts for ident, why in part.skipped.items()},
    )


def extended(measured: Measured, further: Measured) -> Measured:
    """The same samples with further rungs.

    The pictures stay those of ``measured``, and ``pictured`` says what they show.

    Raises:
        DataError: when the samples, their images or their targets are not the same.
    """
    if (reason := difference(measured, further)) is not None:
        raise DataError(reason)
    return measured.replace(
        rungs={**measured.rungs, **aligned(further, measured)},
        settings={**measured.settings, **further.settings},
    )


def aligned(measured: Measured, other: Measured) -> dict[Address, RungRows]:
    """The rungs of a pass with their rows in the order of another over the same samples."""
    row = {ident: n for n, ident in enumerate(measured.samples.ids)}
    order = np.array([row[ident] for ident in other.samples.ids], dtype=np.intp)
    return {address: rows.rows(order) for address, rows in measured.rungs.items()}


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
