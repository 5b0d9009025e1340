"""Noise on a batch: the field drawn once, any number of rungs from it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import NoiseError, SpecError
from pytest_xraynoise.noise.backends.interface import Request
from pytest_xraynoise.noise.dispatch import backend_for
from pytest_xraynoise.noise.ids import check_counter, sample_keys
from pytest_xraynoise.noise.images import check_images
from pytest_xraynoise.noise.ladders import ladder as named_ladder
from pytest_xraynoise.noise.ladders import make_rung
from pytest_xraynoise.noise.normalisation import Normalisation
from pytest_xraynoise.noise.registry import get

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_xraynoise.noise.interface import NoiseKind
    from pytest_xraynoise.noise.normalisation import Numbers
    from pytest_xraynoise.results import Rung

SEEDS = 2**64
DRAWS = 2**16


@dataclass(frozen=True, slots=True)
class Noisy:
    """Images with noise, and what clipping did to them.

    Attributes:
        images: float32, the shape and device of the input.
        mean_shift: (N,) float32, mean of the noisy sample minus its mean before clipping, in units
            of full scale; 0 without clipping.
        clipped: (N,) float32, fraction of the pixels that were cut to [0, 1].
    """

    images: torch.Tensor
    mean_shift: torch.Tensor
    clipped: torch.Tensor


class Prepared:
    """A batch ready for any rung of one kind; made by :func:`prepare`.

    The random field is drawn at the first rung and kept, so that all rungs share it and a further
    rung costs little.
    """

    def __init__(self, request: Request, shape: torch.Size, *, keep_field: bool = True) -> None:
        self._request = request
        self._shape = shape
        self._backend = backend_for(request)
        self._keep_field = keep_field
        self._field: Any = None

    def at(self, rung: Rung, *, normalise: tuple[Numbers, Numbers] | None = None) -> Noisy:
        """The batch at one rung.

        Args:
            rung: from a ladder of the same kind; severity 0 gives a copy of the input, bit for bit.
            normalise: mean and std, each one number or one for each channel; the images are then
                (y - mean) / std, in the same pass. What clipping did is told in intensities.

        Raises:
            SpecError, NoiseError: parameters that are not the kind's, or out of range.
        """
        images = self._request.images
        channels = self._request.outputs or images.shape[1]
        norm = None if normalise is None else Normalisation.of(*normalise, channels)
        if rung.severity == 0:
            none = images.new_zeros(len(images))
            clean = images if norm is None else norm(images)
            whole = clean.expand(-1, channels, -1, -1)
            copied = whole.clone(memory_format=torch.contiguous_format)
            return Noisy(self._in_shape(copied), none, none.clone())
        parameters = self._request.kind.check(rung.parameters)
        if not len(images):
            none = images.new_zeros(0)
            return Noisy(images.new_zeros(self._shape), none, none.clone())
        if self._keep_field and self._field is None:
            self._field = self._backend.draw(self._request)
        made = self._backend.make(self._request, parameters, self._field, norm)
        return Noisy(self._in_shape(made.images), made.mean_shift, made.clipped)

    @property
    def backend(self) -> str:
        """Who makes the noise: ``numba``, ``triton`` or ``numpy``; the images are the same."""
        return self._backend.name

    def _in_shape(self, made: torch.Tensor) -> torch.Tensor:
        return made[:, 0] if len(self._shape) == 3 else made


def prepare(
    images: torch.Tensor,
    kind: str | NoiseKind,
    *,
    ids: Iterable[Any] | None,
    seed: int = 0,
    draw: int = 0,
    clip: bool = True,
    in_range: bool = False,
) -> Prepared:
    """Check a batch and make it ready for any rung of ``kind``.

    Noise is a pure function of (seed, sample id, kind, draw, pixel) and of the rung:
    never of the batch, the order, the number of threads or the device.

    Args:
        images: (N, H, W) or (N, C, H, W) floating point intensities in [0, 1]. One field serves all
            channels of a sample. Computed in float32 whatever the dtype.
        kind: name of the kind, or a kind.
        ids: one integer (0 to 2**64 - 1) or string for each sample; None counts 0 to N - 1.
        seed: 0 to 2**64 - 1.
        draw: which realisation, 0 to 65535.
        clip: cut the result to [0, 1]; what that does is told in :class:`Noisy`.
        in_range: whether all intensities are known to be finite and in [0, 1]. They are not looked
            at then, which spares a GPU the wait.

    Raises:
        SpecError: unknown kind.
        NoiseError: images, ids, seed or draw that cannot be used.
    """
    noise = get(kind)
    batch = check_images(images, in_range=in_range)
    keys = sample_keys(range(len(batch)) if ids is None else ids)
    if len(keys) != len(batch):
        raise NoiseError(f"{len(keys)} ids for {len(batch)} images; each image needs one id")
    request = Request(
        images=batch,
        kind=noise,
        keys=keys,
        seed=check_counter("seed", seed, SEEDS),
        draw=check_counter("draw", draw, DRAWS),
        clip=bool(clip),
        outputs=images.shape[1] if images.ndim == 4 else 1,
    )
    return Prepared(request, images.shape)


def add(
    images: torch.Tensor,
    kind: str | NoiseKind,
    *,
    severity: int | None = None,
    ids: Iterable[Any] | None = None,
    seed: int = 0,
    draw: int = 0,
    ladder: str | None = None,
    clip: bool = True,
    normalise: tuple[Numbers, Numbers] | None = None,
    **parameters: Any,
) -> Noisy:
    """Noise on a batch at one severity of a ladder, or at parameters in their own units.

    ``add(x, "poisson", severity=3)``, ``add(x, "poisson", photons=50)``. Settings of the kind go
    beside them: ``add(x, "lowdose", dose=0.25, detector="csi-0.139", pixel_pitch=0.68)``. Other
    arguments as in :func:`prepare`; use that, and ``at``, for several rungs of the same batch.

    Raises:
        SpecError: unknown kind, ladder, severity or parameter; both or neither of severity and
            parameters.
        NoiseError: images, ids, seed, draw or a parameter that cannot be used.
    """
    noise = get(kind)
    settings = {name: parameters.pop(name) for name in noise.options if name in parameters}
    noise = noise.configured(**settings) if settings else noise
    if (severity is None) == (not parameters):
        own = ", ".join(f"{keyword}=..." for keyword in noise.keywords)
        got = "both" if parameters else "neither"
        raise SpecError(
            f"add needs either severity=... or the noise's own parameters ({own}); got {got}"
        )
    if severity is None:
        if ladder is not None:
            raise SpecError(f"ladder={ladder!r} goes with severity=, not with parameters")
        rung = make_rung(noise, 1, parameters)
    else:
        rung = named_ladder(noise, ladder).rung(severity)
    ready = prepare(images, noise, ids=ids, seed=seed, draw=draw, clip=clip)
    return Prepared(ready._request, ready._shape, keep_field=False).at(rung, normalise=normalise)
