"""Measurements of earlier runs, looked up by the content of model and data."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.addresses import addresses, view_of
from pytest_xraynoise.engine.cache.code_digest import NotFingerprintableError
from pytest_xraynoise.engine.cache.data import DataDigest, digest_by_reading, offered_digest
from pytest_xraynoise.engine.cache.keys import content_digest, versions
from pytest_xraynoise.engine.cache.packing import (
    digest_of,
    fits,
    name_of,
    name_of_view,
    pack_base,
    pack_pictures,
    pack_rung,
    unpack_base,
    unpack_pictures,
)
from pytest_xraynoise.engine.measured import CLEAN

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data import Source
    from pytest_xraynoise.engine.cache.store import Store
    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.measured import Measured
    from pytest_xraynoise.engine.request import LadderRequest

_BROKEN = (KeyError, IndexError, TypeError, ValueError, AttributeError)


@dataclass
class Place:
    """Where the measurements of one model and one dataset are kept.

    Attributes:
        model: the digest of everything but the data.
        digest: of the data, while they are read.
        data: the digest of the data, once it is known.
    """

    model: str
    digest: DataDigest
    data: str | None = None

    @property
    def folder(self) -> str:
        """The name that all entries begin with."""
        return f"{self.model[:32]}/{(self.data or '')[:32]}"


class KeptMeasurements:
    """What earlier runs measured."""

    def __init__(self, store: Store) -> None:
        self.store = store

    def place(
        self,
        request: LadderRequest,
        things: Sequence[Any],
        how: Execution,
        device: str,
        hidden: Sequence[Any],
    ) -> Place | None:
        """Where the measurements of a request are kept; None where that cannot be told.

        Args:
            request: what was asked for.
            things: model, preprocessing and output function.
            how: how the machine is used.
            device: what the model runs on, as reports name it.
            hidden: settings of the noise that are no plain values.
        """
        noise = type(request.kind)
        own = () if noise.__module__.startswith("pytest_xraynoise.") else (noise,)
        try:
            if hidden:
                name = type(hidden[0]).__name__
                raise NotFingerprintableError(f"a {name} among the settings of the noise")
            content = content_digest(*things, *own)
        except NotFingerprintableError as error:
            self.store.say_once(
                f"not cached: {_name(things[0])} cannot be told from its content, because of "
                f"{error}. A module, a function at the top of a file, or an object of a class of "
                "your own can"
            )
            return None
        said = {
            "content": content,
            "samples": request.samples,
            "task": request.task,
            "outputs": request.outputs,
            "contrast": None if request.contrast is None else list(request.contrast),
        }
        return Place(digest_of({**said, **versions(how, device)}), DataDigest())

    def find(self, place: Place, request: LadderRequest, source: Source) -> Measured | None:
        """What is known of a request: clean images, and those of its rungs that there are.

        Data are read for it only where this model has entries at all, and do not say themselves
        what they are.
        """
        if not self.store.has(place.model[:32]):
            return None
        if place.data is None:
            place.data = offered_digest(source) or digest_by_reading(source)
        packed = self.store.read(f"{place.folder}/base")
        if packed is None:
            return None
        try:
            base = unpack_base(packed)
        except _BROKEN:
            return None
        rungs = dict(base.rungs)
        for address in dict.fromkeys(addresses(request).values()):
            if address == CLEAN:
                continue
            found = self.store.read(f"{place.folder}/{name_of(address)}")
            try:
                rows = None if found is None else fits(found, base)
            except _BROKEN:
                continue
            if rows is not None:
                rungs[address] = rows
        shown = self.store.read(f"{place.folder}/{name_of_view(view_of(request))}")
        known = base.replace(rungs=rungs)
        if shown is None:
            return known
        return known.replace(pictures=unpack_pictures(shown), pictured=view_of(request))

    def keep(self, place: Place, measured: Measured, before: Measured | None, view: str) -> None:
        """Write what ``before`` did not have."""
        old = {} if before is None else before.rungs
        if before is None or old.get(CLEAN) is not measured.rungs[CLEAN]:
            old = {}
            self.store.write(f"{place.folder}/base", *pack_base(measured))
        for address, rows in measured.rungs.items():
            if address != CLEAN and old.get(address) is not rows:
                packed = pack_rung(address, rows, measured.outputs)
                self.store.write(f"{place.folder}/{name_of(address)}", *packed)
        shown = before is not None and before.pictured == view
        if measured.pictures and measured.pictured == view and not shown:
            name = f"{place.folder}/{name_of_view(view)}"
            self.store.write(name, *pack_pictures(view, measured.pictures))


def _name(model: Any) -> str:
    return f"the model ({getattr(model, '__name__', type(model).__name__)})"
