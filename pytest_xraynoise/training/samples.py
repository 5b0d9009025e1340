"""The samples of a training run: read once and kept in memory, or read again where they are many.

Whatever :func:`pytest_xraynoise.evaluate` takes can be trained on: images become intensities in
[0, 1] at one size, targets become what the losses take.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch
from threadpoolctl import threadpool_limits

from pytest_xraynoise.data import XrayDataset, open_source
from pytest_xraynoise.data.resize import parse_size, resized
from pytest_xraynoise.engine.cache.data import DataDigest, offered_digest
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pytest_xraynoise.data import Batch, Source

    Progress = Callable[[int, int], None]

MEMORY = 4 * 2**30
"""Bytes of float32 images that are kept; more are read again in every epoch."""


@dataclass(frozen=True, slots=True)
class Pair:
    """Samples with their targets.

    Attributes:
        images: (N, C, H, W) float32 in [0, 1].
        targets: (N,) class ids, (N, K) findings, or (N, K, H, W) planes; NaN where not labelled.
    """

    images: torch.Tensor
    targets: torch.Tensor


class Samples:
    """Data of any form, opened for training; reads every sample once.

    Args:
        data: what ``xray_dataset`` may return: a map-style dataset, arrays, an XrayDataset.
        image_size: pixels that images are resized to where the data do not declare a ``resize``;
            None leaves them as they are.
        masks: whether an item's mask is its target, rather than its classes.
        memory: bytes of images that are kept.
        progress: called with samples read, and samples in all.

    Attributes:
        name: of the dataset.
        labels: names of the outputs where the data declare them.
        fingerprint: changes with any image or target.
        shape: (C, H, W) of the images.
        targets: of a classifier, all of them; None for masks.

    Raises:
        DataError: for data that cannot be read, are empty, or differ in size without a ``resize``.
    """

    def __init__(
        self,
        data: Any,
        *,
        image_size: int | tuple[int, int] | None = None,
        masks: bool = False,
        memory: int = MEMORY,
        progress: Progress | None = None,
    ) -> None:
        self._declared = declared_at(data, image_size)
        self._masks = masks
        source = self._open()
        if not source.sized:
            raise DataError(
                f"{source.name} is a stream; training reads samples in random order: give a "
                "map-style dataset"
            )
        self.name, self.labels, self._count = source.name, source.labels, len(source)
        self.shape: tuple[int, ...] = ()
        self._kept: Pair | None = None
        self.targets: torch.Tensor | None = None
        with threadpool_limits(1, "blas"):  # rendering phantoms loses by threads that are busy
            self.fingerprint = self._read(source, memory, progress)

    def __len__(self) -> int:
        return self._count

    @property
    def columns(self) -> int:
        """Planes of a mask, or columns of a vector; 1 for class ids."""
        shape = self.at([0]).targets.shape
        return 1 if len(shape) == 1 else shape[1]

    def at(self, places: Sequence[int]) -> Pair:
        """The samples at these places, in their order."""
        if self._kept is not None:
            chosen = torch.tensor(list(places))
            return Pair(self._kept.images[chosen], self._kept.targets[chosen])
        source = self._open()
        source.keep(list(places))
        read = [(_images(source, batch), self._target(batch)) for batch in source]
        return Pair(torch.cat([one for one, _ in read]), torch.cat([two for _, two in read]))

    def batches(self, size: int) -> Iterator[Pair]:
        """Everything in order."""
        for start in range(0, self._count, size):
            yield self.at(range(start, min(start + size, self._count)))

    def _open(self) -> Source:
        return open_source(self._declared, task="segmentation" if self._masks else None)

    def _target(self, batch: Batch) -> torch.Tensor:
        return as_target(batch.targets, masks=self._masks)

    def _read(self, source: Source, memory: int, progress: Progress | None) -> str:
        """Keep the samples while there is room; their fingerprint."""
        images: list[torch.Tensor] | None = []
        targets: list[torch.Tensor] = []
        offered, digest, done = offered_digest(source), DataDigest(), 0
        for batch in source:
            if offered is None:
                digest(batch)
            some = _images(source, batch)
            self._check_shape(tuple(some.shape[1:]))
            done += len(batch.ids)
            if done * 4 * math.prod(self.shape) > memory:
                images = None
            if images is not None:
                images.append(some)
            if images is not None or not self._masks:
                targets.append(self._target(batch))
            if progress is not None:
                progress(done, self._count)
        if images is not None:
            self._kept = Pair(torch.cat(images), torch.cat(targets))
        self.targets = None if self._masks else torch.cat(targets)
        return offered or digest.total(source)

    def _check_shape(self, shape: tuple[int, ...]) -> None:
        if self.shape not in ((), shape):
            raise DataError(
                f"{self.name} has images of shape {self.shape} and {shape}; training needs one: "
                "say image_size=, or XrayDataset(data, resize=...)"
            )
        self.shape = shape


def as_target(targets: torch.Tensor, *, masks: bool) -> torch.Tensor:
    """Targets as losses take them: ids (N,) long, vectors (N, K) or planes (N, K, H, W) float.

    What is not labelled (-1) becomes NaN.

    Raises:
        DataError: masks where there should be classes or the other way round, or masks of ids.
    """
    if masks != (targets.ndim > 2):
        want = "masks (H, W) or (K, H, W)" if masks else "a class, or a vector of findings"
        raise DataError(
            f"targets have the shape {tuple(targets.shape[1:])}; this architecture is trained on "
            f"{want}"
        )
    if targets.ndim == 1:
        return targets.long()
    if targets.ndim == 3:
        if float(targets.max()) > 1:
            raise DataError(
                f"masks hold ids up to {int(targets.max())}; give one plane for each label, "
                "(K, H, W) of 0 and 1"
            )
        targets = targets[:, None]
    values = targets.to(torch.float32)
    return torch.where(values < 0, torch.nan, values)


def declared_at(data: Any, image_size: int | tuple[int, int] | None) -> XrayDataset:
    """The data with their declarations, resized to ``image_size`` where they declare no size.

    Raises:
        SpecError: for a size that is none.
    """
    parse_size(image_size)
    declared = data if isinstance(data, XrayDataset) else XrayDataset(data)
    if declared.resize is not None or image_size is None:
        return declared
    fields = {name: getattr(declared, name) for name in XrayDataset.__dataclass_fields__}
    return XrayDataset(**{**fields, "resize": image_size})


def _images(source: Source, batch: Batch) -> torch.Tensor:
    """Intensities at the size that was declared, (N, C, H, W)."""
    size = source.size
    some = [part.unit if size is None else resized(part.unit, size) for part in batch.parts]
    if len(some) == 1:
        return some[0]
    whole = some[0].new_empty((len(batch.ids), *some[0].shape[1:]))
    for part, images in zip(batch.parts, some, strict=True):
        whole[list(part.rows)] = images
    return whole
