"""The same noise for training: a module that adds a random rung of a ladder to each sample."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.noise.ladders import ladder as named_ladder
from pytest_xraynoise.noise.prepared import prepare
from pytest_xraynoise.noise.registry import get

if TYPE_CHECKING:
    from collections.abc import Sequence

_KEYS = 2**63 - 1


class NoiseAugment(torch.nn.Module):
    """Add noise of a random severity to each sample, in training mode only.

    Severities and noise come from torch's random numbers, so ``torch.manual_seed`` repeats them and
    the workers of a ``DataLoader`` differ. Use it as a transform of one image or on a batch::

        augment = NoiseAugment("poisson", severities=[1, 2, 3], probability=0.8)
        noisy = augment(images)

    Args:
        kind: name of the kind.
        severities: which rungs, chosen with equal chance; None for the whole ladder.
        ladder: name of the ladder; None for the kind's own default.
        probability: how likely a sample gets noise at all.
        clip: cut to [0, 1].
        settings: settings of the kind, such as ``detector`` and ``pixel_pitch`` of ``lowdose``.

    Raises:
        SpecError: unknown kind, ladder, severity or setting, or a probability outside [0, 1].
    """

    def __init__(
        self,
        kind: str = "poisson",
        *,
        severities: Sequence[int] | None = None,
        ladder: str | None = None,
        probability: float = 1.0,
        clip: bool = True,
        **settings: Any,
    ) -> None:
        super().__init__()
        if not 0 <= probability <= 1:
            raise SpecError(f"probability={probability!r}: expected a number from 0 to 1")
        self.kind = get(kind).configured(**settings)
        chosen = named_ladder(self.kind, ladder)
        wanted = chosen.severities if severities is None else severities
        if not wanted:
            raise SpecError("severities=[]: expected at least one severity")
        self.rungs = tuple(chosen.rung(severity) for severity in wanted)
        self.probability = probability
        self.clip = clip

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """Noise on a batch or on one image.

        Args:
            images: (N, C, H, W), or one image (C, H, W) or (H, W); floating point in [0, 1].

        Returns:
            The same shape, dtype and device; the input itself in evaluation mode.

        Raises:
            NoiseError: images that cannot be given noise.
        """
        if not self.training:
            return images
        batch = images if images.ndim == 4 else images[(None,) * (4 - images.ndim)]
        noisy = batch.clone()
        keys = torch.randint(_KEYS, (len(batch),))
        rungs = torch.randint(len(self.rungs), (len(batch),))
        hit = torch.rand(len(batch)) < self.probability
        for index, rung in enumerate(self.rungs):
            where = torch.nonzero(hit & (rungs == index)).flatten()
            if len(where):
                ready = prepare(batch[where], self.kind, ids=keys[where], clip=self.clip)
                noisy[where] = ready.at(rung).images.to(batch.dtype)
        return noisy.reshape(images.shape)

    def extra_repr(self) -> str:
        """What the module prints between its brackets."""
        severities = ", ".join(str(rung.severity) for rung in self.rungs)
        return f"{self.kind.name}, severities [{severities}], probability={self.probability:g}"
