"""The rungs of a ladder on one image: NumPy in, NumPy out, and what the noise did to it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
import torch

from pytest_xraynoise.noise.prepared import prepare

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pytest_xraynoise.noise.interface import NoiseKind
    from pytest_xraynoise.results import Rung

Image = npt.NDArray[np.float32]

MID_GREY = (0.45, 0.55)
"""Clean intensities that count as mid grey."""
_ENOUGH = 100


@dataclass(frozen=True, slots=True, eq=False)
class OnImage:
    """One image at one rung; figures in units of full scale, of the image as a model gets it.

    Attributes:
        rung: the rung.
        image: (H, W) float32 with noise, in [0, 1].
        noise_sd: standard deviation of noisy minus clean over all pixels.
        mid_grey_sd: the same over the pixels whose clean value is in :data:`MID_GREY`; None where
            fewer than 100 are.
        snr: mean over ``mid_grey_sd`` there; None without such pixels or without noise.
        clipped: fraction of the pixels that were cut to [0, 1].
        mean_shift: what that did to the mean of the image.
    """

    rung: Rung
    image: Image
    noise_sd: float
    mid_grey_sd: float | None
    snr: float | None
    clipped: float
    mean_shift: float


def on_image(
    image: Image, kind: str | NoiseKind, rungs: Iterable[Rung], *, seed: int = 0
) -> Iterator[OnImage]:
    """Each rung on one image, from the same random field, as ``add(image[None], ...)`` makes it.

    Args:
        image: (H, W) floats in [0, 1].
        kind: name of the kind, or a kind with settings.
        rungs: of a ladder of that kind; severity 0 is the image itself.
        seed: 0 to 2**64 - 1.

    Yields:
        The rungs in their order, one at a time: a caller that keeps none of the images needs
        memory for one.

    Raises:
        SpecError, NoiseError: as :func:`pytest_xraynoise.noise.prepare`, and ``at``.
    """
    clean: Image = np.array(image, dtype=np.float32)  # a copy: torch warns of read-only memory
    ready = prepare(torch.from_numpy(clean)[None], kind, ids=None, seed=seed)
    grey = (clean >= MID_GREY[0]) & (clean <= MID_GREY[1])
    for rung in rungs:
        made = ready.at(rung)
        noisy: Image = made.images[0].numpy()
        added = noisy.astype(np.float64) - clean
        at_grey = float(added[grey].std()) if int(grey.sum()) >= _ENOUGH else None
        yield OnImage(
            rung=rung,
            image=noisy,
            noise_sd=float(added.std()),
            mid_grey_sd=at_grey,
            snr=float(clean[grey].mean(dtype=np.float64)) / at_grey if at_grey else None,
            clipped=float(made.clipped[0]),
            mean_shift=float(made.mean_shift[0]),
        )
