"""Whatever the user's fixture returned, opened as batches with stable ids."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.batch import Batch, Part
from pytest_xraynoise.data.checks import checked_unit
from pytest_xraynoise.data.dataset import XrayDataset
from pytest_xraynoise.data.grouping import by_size
from pytest_xraynoise.data.groups import group_name, listed_groups
from pytest_xraynoise.data.items import scalar_id
from pytest_xraynoise.data.opening import open_reader
from pytest_xraynoise.data.readers import (
    Known,
    NotLoadedError,
    RawBatch,
    Reading,
)
from pytest_xraynoise.data.resize import Size, parse_pitch
from pytest_xraynoise.errors import DataError, SpecError

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import torch

    from pytest_xraynoise.data.intensity import Intensity

DEFAULT_BATCH = 16


class Source:
    """A dataset opened for evaluation; iterate it for :class:`Batch` objects in a fixed order."""

    def __init__(
        self,
        declared: XrayDataset,
        *,
        task: str | None,
        batch_size: int | None,
        workers: int | None = None,
    ) -> None:
        self.declared = declared
        self.intensity: Intensity = declared.intensity
        self.size: Size | None = declared.size
        self._prefer_mask = task == "segmentation"
        self._reader = open_reader(declared.data, workers)
        self.batch_size = batch_size or self._reader.batch_size or DEFAULT_BATCH
        self._order: Sequence[int] | None = self._reader.order
        if self._order is not None and len(self._order) == 0:
            raise DataError(f"the dataset ({self.name}) is empty; nothing can be evaluated")
        self._declared_ids = self._checked_ids(declared.ids)
        self._pitch = parse_pitch(declared.pixel_pitch)
        if isinstance(self._pitch, tuple):
            self._check_count(len(self._pitch), "pixel_pitch", "pitches")
        self._groups = listed_groups(declared.groups)
        if self._groups is not None:
            self._check_count(len(self._groups), "groups", "groups")
        self._group_of: dict[str, str] = {}
        self._skipped: dict[int, str] = {}
        if declared.on_bad_sample == "skip" and self._order is None:
            raise DataError("on_bad_sample='skip' needs a map-style dataset: a stream is over then")

    @property
    def name(self) -> str:
        """What reports call the dataset."""
        return self.declared.name or type(self._reader.inner).__name__

    @property
    def labels(self) -> tuple[str, ...] | None:
        """Declared label names, or those that the dataset carries itself."""
        if self.declared.labels is not None:
            return tuple(map(str, self.declared.labels))
        for attribute in ("labels", "pathologies", "classes", "class_names"):
            names: Any = getattr(self._reader.inner, attribute, None)
            if _is_names(names):
                return tuple(names)
        return None

    @property
    def in_batches(self) -> bool:
        """Whether the data are a loader that makes batches of its own."""
        return self._reader.batch_size is not None

    @property
    def sized(self) -> bool:
        """Whether the number of samples is known before they are read."""
        return self._order is not None

    def __len__(self) -> int:
        if self._order is None:
            # TypeError, as list(source) asks for a length first and goes on without one.
            raise TypeError("the length of an iterable dataset is not known")
        return len(self._order)

    @property
    def positions(self) -> Sequence[int] | None:
        """Places of the samples in the dataset, as they come; None for a stream.

        Those that turned out not to load are not among them.
        """
        if self._order is None or not self._skipped:
            return self._order
        return [position for position in self._order if position not in self._skipped]

    @property
    def skipped(self) -> dict[str, str]:
        """Samples that were to be read and could not be loaded, by id, with the reason."""
        return {self._ident(at, None): reason for at, reason in sorted(self._skipped.items())}

    def keep(self, positions: Sequence[int]) -> None:
        """Restrict the source to these positions (indices into the present order)."""
        order = self.positions
        if order is None:
            raise DataError("an iterable dataset cannot be subset; use a map-style dataset")
        self._order = [order[p] for p in positions]
        self._skipped = dict(self._skipped)  # its own, also in a copy of a source

    def targets(self) -> list[torch.Tensor]:
        """Every target in order, images loaded and dropped."""
        return self.survey()[0]

    def survey(self) -> tuple[list[torch.Tensor], tuple[str, ...] | None]:
        """Every target in order, and every group (None without); images loaded and dropped."""
        targets: list[torch.Tensor] = []
        ids: list[str] = []
        for _, rows, known in self._raw():
            targets += rows
            ids += (one.id for one in known)
        self._order = self.positions
        return targets, self.groups(ids)

    def groups(self, ids: Sequence[str]) -> tuple[str, ...] | None:
        """The groups of samples that were read already; None where none were declared."""
        if self.declared.groups is None:
            return None
        return tuple(self._group_of[ident] for ident in ids)

    def __iter__(self) -> Iterator[Batch]:
        seen: set[str] = set()
        for images, targets, known in self._raw():
            ids = tuple(one.id for one in known)
            parts = by_size(images, ids, self.declared.channels)
            for ident in ids:
                if ident in seen:
                    raise DataError(_not_unique(ident))
                seen.add(ident)
            checked = tuple(self._checked(rows, part, ids) for rows, part in parts)
            yield Batch(ids, targets, checked, tuple(one.pixel_pitch for one in known))
        if not seen and self._skipped:
            ident, reason = next(iter(self.skipped.items()))
            raise DataError(
                f"none of the {len(self.skipped)} samples could be loaded; the first: {ident!r}: "
                f"{reason}"
            )
        if not seen:
            raise DataError(f"the dataset ({self.name}) is empty; nothing can be evaluated")
        if self._order is None and self._groups is not None and len(seen) != len(self._groups):
            raise DataError(
                f"XrayDataset(groups=...) has {len(self._groups)} groups, but the data have "
                f"{len(seen)} samples"
            )

    def _raw(self) -> Iterator[RawBatch]:
        groups = self.declared.groups
        field = groups if isinstance(groups, str) else None
        skip = self._skip if self.declared.on_bad_sample == "skip" else None
        how = Reading(self._known, self._prefer_mask, self.size, field, skip)
        batches = self._reader.read(self._order, self.batch_size, how)
        return batches if self._declared_ids is None else self._named(batches)

    def _named(self, batches: Iterator[RawBatch]) -> Iterator[RawBatch]:
        """The same; a sample that cannot be loaded is told by its id as well."""
        try:
            yield from batches
        except NotLoadedError as error:
            ident = self._ident(error.position, None)
            raise NotLoadedError(error.position, error.reason, ident) from error.__cause__

    def _checked(self, rows: tuple[int, ...], images: torch.Tensor, ids: Sequence[str]) -> Part:
        unit = checked_unit(images, self.intensity, [ids[row] for row in rows])
        return Part(rows, images, unit)

    def _known(self, position: int, own: str | None, group: Any = None) -> Known:
        pitch = self._pitch
        if isinstance(pitch, tuple):
            pitch = pitch[self._place(position, len(pitch), "pixel_pitch", "pitches")]
        ident = self._ident(position, own)
        self._note_group(position, ident, group)
        return Known(ident, pitch)

    def _ident(self, position: int, own: str | None) -> str:
        if self._declared_ids is not None:
            return self._declared_ids[self._place(position, len(self._declared_ids), "ids", "ids")]
        return str(position) if own is None else own

    def _skip(self, position: int, reason: str) -> None:
        self._skipped[position] = reason

    def _note_group(self, position: int, ident: str, own: Any) -> None:
        """Keep the group of a sample: listed, said by the item, or told from its id."""
        declared = self.declared.groups
        if self._groups is not None:
            place = self._place(position, len(self._groups), "groups", "groups")
            self._group_of[ident] = self._groups[place]
        elif declared is not None:
            told = declared(ident) if callable(declared) else own
            self._group_of[ident] = group_name(told, f"sample {ident!r}")

    @staticmethod
    def _place(position: int, have: int, word: str, what: str) -> int:
        if not 0 <= position < have:
            raise DataError(
                f"XrayDataset({word}=...) has {have} {what}, too few for the data, or the loader's "
                "collate_fn changes the number of samples"
            )
        return position

    def _check_count(self, have: int, word: str, what: str) -> None:
        if self._reader.count is not None and have != self._reader.count:
            raise DataError(
                f"XrayDataset({word}=...) has {have} {what}, but the data have "
                f"{self._reader.count} samples"
            )

    def _checked_ids(self, ids: Sequence[Any] | None) -> list[str] | None:
        if ids is None:
            return None
        listed = [scalar_id(one) for one in ids]
        self._check_count(len(listed), "ids", "ids")
        seen: set[str] = set()
        for one in listed:
            if one in seen:
                raise DataError(_not_unique(one))
            seen.add(one)
        return listed


def open_source(
    data: Any,
    *,
    task: str | None = None,
    batch_size: int | None = None,
    workers: int | None = None,
) -> Source:
    """Open a user's data, declared or not.

    Args:
        data: a map-style Dataset, DataLoader, (images, targets) pair, list of items, XrayDataset.
        task: when ``segmentation``, an item's ``mask`` is preferred over its ``target``.
        batch_size: None takes the loader's own, else 16.
        workers: processes that load samples; None leaves a loader its own and loads everything else
            in this process. Arrays need none, and an iterable dataset keeps those of its loader.

    Raises:
        DataError: when the data cannot be opened, or are empty.
        SpecError: for a batch size that is no whole number from 1.
    """
    whole = isinstance(batch_size, int) and not isinstance(batch_size, bool)
    if batch_size is not None and not (whole and batch_size >= 1):
        raise SpecError(f"batch_size={batch_size!r}: expected a whole number from 1")
    declared = data if isinstance(data, XrayDataset) else XrayDataset(data)
    return Source(declared, task=task, batch_size=batch_size, workers=workers)


def _is_names(names: Any) -> bool:
    """Whether these are names of classes: strings, and not the label of each sample."""
    return (
        isinstance(names, (list, tuple))
        and len(names) > 0
        and all(isinstance(name, str) for name in names)
        and len(set(names)) == len(names)
    )


def _not_unique(ident: str) -> str:
    return (
        f"two samples have the id {ident!r}; ids must be unique, because noise and per-sample "
        "results follow them. Give others: XrayDataset(data, ids=[...])"
    )
