"""What was measured as a header for JSON and plain arrays, and back."""

from __future__ import annotations

import hashlib
import json
from typing import TYPE_CHECKING, Any

import numpy as np

from pytest_xraynoise.engine.measured import (
    CLEAN,
    Address,
    Measured,
    Outputs,
    Picture,
    RungRows,
    Samples,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    import numpy.typing as npt

    Packed = tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]


def name_of(address: Address) -> str:
    """The name of a rung's entry."""
    return f"rung-{_digest(list(address))}"


def name_of_view(view: str) -> str:
    """The name of the entry that holds the pictures of a view."""
    return f"pictures-{_digest(view)}"


def pack_base(measured: Measured) -> Packed:
    """Everything but noisy rungs and pictures."""
    outputs, samples = measured.outputs, measured.samples
    header: dict[str, Any] = {
        "outputs": {
            "task": outputs.task,
            "names": list(outputs.names),
            "judged": list(outputs.judged),
            "exclusive": outputs.exclusive,
            "logits": outputs.logits,
            "unit": outputs.unit,
            "tolerance": outputs.tolerance,
        },
        "ids": list(samples.ids),
        "groups": None if samples.groups is None else list(samples.groups),
        "digests": list(samples.digests),
        "loaded": None if measured.loaded is None else list(measured.loaded),
        "resize": None if measured.resize is None else list(measured.resize),
        "skipped": list(map(list, measured.skipped.items())),
        "settings": dict(measured.settings),
        "model": measured.model,
        "dataset": measured.dataset,
    }
    arrays = {
        "targets": samples.targets,
        "positions": samples.positions,
        "sizes": samples.sizes,
        "pitches": samples.pitches,
    }
    clean, numbers = pack_rung(CLEAN, measured.rungs[CLEAN], outputs)
    return header | {"clean": clean}, arrays | {f"clean-{k}": v for k, v in numbers.items()}


def unpack_base(packed: Packed) -> Measured:
    """The inverse of :func:`pack_base`."""
    header, arrays = packed
    outputs = dict(header["outputs"])
    outputs |= {"names": tuple(outputs["names"]), "judged": tuple(outputs["judged"])}
    clean = {k.removeprefix("clean-"): v for k, v in arrays.items() if k.startswith("clean-")}
    loaded, groups, resize = header["loaded"], header["groups"], header["resize"]
    return Measured(
        Outputs(**outputs),
        Samples(
            tuple(header["ids"]),
            arrays["targets"],
            arrays["positions"],
            arrays["sizes"],
            arrays["pitches"],
            None if groups is None else tuple(groups),
            tuple(header["digests"]),
        ),
        {CLEAN: unpack_rung((header["clean"], clean))},
        loaded=None if loaded is None else tuple(loaded),
        resize=None if resize is None else (resize[0], resize[1]),
        skipped=dict(header["skipped"]),
        settings=header["settings"],
        model=header["model"],
        dataset=header["dataset"],
    )


def pack_rung(address: Address, rows: RungRows, outputs: Outputs) -> Packed:
    """One rung, with what its columns are."""
    numbers = list(rows.numbers)
    arrays = {f"number-{n}": rows.numbers[name] for n, name in enumerate(numbers)}
    header = {"address": list(address), "numbers": numbers, "columns": _columns(outputs)}
    return header, arrays | {"clipped": rows.clipped, "shifted": rows.shifted}


def unpack_rung(packed: Packed) -> RungRows:
    """The inverse of :func:`pack_rung`."""
    header, arrays = packed
    numbers = {name: arrays[f"number-{n}"] for n, name in enumerate(header["numbers"])}
    return RungRows(numbers, arrays["clipped"], arrays["shifted"])


def pack_pictures(view: str, pictures: tuple[Picture, ...]) -> Packed:
    """The pictures of a view."""
    arrays: dict[str, npt.NDArray[Any]] = {}
    header: list[dict[str, Any]] = []
    for n, one in enumerate(pictures):
        images, masks = list(one.images), list(one.masks)
        arrays |= {f"{n}-image-{k}": one.images[at] for k, at in enumerate(images)}
        arrays |= {f"{n}-mask-{k}": one.masks[at] for k, at in enumerate(masks)}
        if one.truth is not None:
            arrays[f"{n}-truth"] = one.truth
        where = {"images": list(map(list, images)), "masks": list(map(list, masks))}
        header.append({"sample": one.sample, "lost": one.lost, **where})
    return {"view": view, "pictures": header}, arrays


def unpack_pictures(packed: Packed) -> tuple[Picture, ...]:
    """The inverse of :func:`pack_pictures`."""
    header, arrays = packed
    return tuple(
        Picture(
            one["sample"],
            one["lost"],
            {_address(at): arrays[f"{n}-image-{k}"] for k, at in enumerate(one["images"])},
            {_address(at): arrays[f"{n}-mask-{k}"] for k, at in enumerate(one["masks"])},
            arrays.get(f"{n}-truth"),
        )
        for n, one in enumerate(header["pictures"])
    )


def fits(packed: Packed, base: Measured) -> RungRows | None:
    """The rows of a packed rung with the numbers that the base has.

    None where some are lacking or of another shape, and where the rung was measured for other
    labels, another tolerance, or outputs that were taken for something else.
    """
    if packed[0]["columns"] != _columns(base.outputs):
        return None
    rows = unpack_rung(packed)
    clean = base.rungs[CLEAN].numbers
    for name, values in clean.items():
        if name not in rows.numbers or rows.numbers[name].shape != values.shape:
            return None
    if not np.isfinite(rows.clipped).all():
        return None
    return RungRows({name: rows.numbers[name] for name in clean}, rows.clipped, rows.shifted)


def _columns(outputs: Outputs) -> list[Any]:
    """What the numbers of a rung depend on beside its address, in the words of JSON."""
    judged, tolerance = list(outputs.judged), outputs.tolerance
    return [judged, tolerance, outputs.exclusive, outputs.logits, outputs.unit]


def _address(parts: list[Any]) -> Address:
    noise, parameters, draw = parts
    return Address(noise, tuple((word, value) for word, value in parameters), draw)


def _digest(value: Any) -> str:
    text = json.dumps(value, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:32]


def digest_of(said: Mapping[str, Any]) -> str:
    """The digest of plain values."""
    return _digest(dict(said))
