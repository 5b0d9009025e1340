"""What goes through the model together: samples of one size, or of several before a resize."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.data.arrays import take
from pytest_xraynoise.data.resize import size_of
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    import torch

    from pytest_xraynoise.data.resize import Size


@dataclass(frozen=True, slots=True)
class Part:
    """The samples of a batch that have one size.

    Attributes:
        rows: their places in the batch, ascending.
        images: (n, C, H, W) as the dataset yields them.
        unit: (n, C, H, W) float32 intensities in [0, 1].
    """

    rows: tuple[int, ...]
    images: torch.Tensor
    unit: torch.Tensor

    @property
    def size(self) -> Size:
        """Height and width."""
        return size_of(self.unit)


@dataclass(frozen=True, slots=True)
class Batch:
    """Samples that go through the model together.

    Attributes:
        ids: one for each row.
        targets: (N, ...) as the dataset yields them; masks at the model's size after a resize.
        parts: the images by size. Without a resize there is one part that holds all rows.
        pixel_pitch: of each native image in mm, None where it was not declared.
    """

    ids: tuple[str, ...]
    targets: torch.Tensor
    parts: tuple[Part, ...]
    pixel_pitch: tuple[float | None, ...]

    @property
    def images(self) -> torch.Tensor:
        """(N, C, H, W) as the dataset yields them.

        Raises:
            DataError: when the images have several sizes.
        """
        return self._whole().images

    @property
    def unit(self) -> torch.Tensor:
        """(N, C, H, W) float32 intensities in [0, 1].

        Raises:
            DataError: when the images have several sizes.
        """
        return self._whole().unit

    def rows(self, keep: torch.Tensor) -> Batch:
        """The rows where the boolean mask ``keep`` (N,) is true."""
        chosen = keep.nonzero().flatten().tolist()
        places = {old: new for new, old in enumerate(chosen)}
        parts = []
        for part in self.parts:
            own = [n for n, row in enumerate(part.rows) if row in places]
            if own or len(self.parts) == 1:
                rows = tuple(places[part.rows[n]] for n in own)
                parts.append(Part(rows, take(part.images, own), take(part.unit, own)))
        return Batch(
            tuple(self.ids[i] for i in chosen),
            take(self.targets, chosen),
            tuple(parts),
            tuple(self.pixel_pitch[i] for i in chosen),
        )

    def _whole(self) -> Part:
        if len(self.parts) != 1:
            raise DataError(
                f"the images of a batch have {len(self.parts)} sizes; read them by batch.parts"
            )
        return self.parts[0]
