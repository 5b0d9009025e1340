"""A denoiser before a model's own preprocessing, with its promises held."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import ModelError, XrayNoiseError
from pytest_xraynoise.models.belongings import Belongings
from pytest_xraynoise.models.memory import is_out_of_memory

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_xraynoise.data.intensity import Intensity

SLACK = 0.1
"""How far beyond [0, 1] a denoiser may ring; that is cut, more is taken for another scale."""


@dataclass(frozen=True, eq=False)
class Front:
    """What is applied to images before the model: the denoiser, then the model's preprocessing.

    The denoiser is given intensities (N, 1, H, W) float32 in [0, 1], whatever the data are
    normalised to; channels go through it one by one. A module is in eval mode and on the images'
    device while it runs, and is left as it was.

    Attributes:
        denoiser: an nn.Module or a callable.
        preprocess: the model's own, None for none.
        intensity: how the data's values stand for intensities.
    """

    denoiser: Any
    preprocess: Callable[[torch.Tensor], Any] | None
    intensity: Intensity

    def __call__(self, images: torch.Tensor) -> Any:
        """What the model is given for (N, C, H, W) images as the data yield them.

        Raises:
            ModelError: a denoiser that raises, or returns something else than intensities.
        """
        unit = self.intensity.to_unit(images).clamp(0, 1)
        planes = unit.reshape(-1, 1, *unit.shape[-2:])
        cleaned = self._checked(self._denoised(planes), planes)
        made = self.intensity.from_unit(cleaned.reshape(unit.shape))
        return made if self.preprocess is None else self.preprocess(made)

    @property
    def name(self) -> str:
        """What reports call the denoiser."""
        return denoiser_name(self.denoiser)

    def _denoised(self, planes: torch.Tensor) -> Any:
        module = self.denoiser if isinstance(self.denoiser, torch.nn.Module) else None
        if module is None:
            return self._call(planes.clone())
        before = Belongings(module)
        try:
            module.eval()
            if before.device is not None and before.device != planes.device:
                module.to(planes.device)
            return self._call(planes.clone())
        finally:
            before.put_back()

    def _call(self, planes: torch.Tensor) -> Any:
        try:
            with torch.no_grad():
                return self.denoiser(planes)
        except XrayNoiseError:
            raise
        except Exception as error:
            if is_out_of_memory(error):
                raise  # the batch is halved for it
            raise ModelError(
                f"the denoiser {self.name} raised {type(error).__name__} on intensities of shape "
                f"{tuple(planes.shape)}: {error}"
            ) from error

    def _checked(self, found: Any, planes: torch.Tensor) -> torch.Tensor:
        said = f"the denoiser {self.name} returned"
        expected = f"expected intensities in [0, 1] of shape {tuple(planes.shape)}"
        if not isinstance(found, torch.Tensor):
            raise ModelError(f"{said} a {type(found).__name__}; {expected}, a tensor")
        if found.shape != planes.shape:
            raise ModelError(f"{said} shape {tuple(found.shape)}; {expected}")
        values = found.detach().to(planes.device, torch.float32)
        if not bool(torch.isfinite(values).all()):
            raise ModelError(f"{said} NaN or infinite values; {expected}")
        low, high = (float(end) for end in torch.aminmax(values))
        if low < -SLACK or high > 1 + SLACK:
            raise ModelError(
                f"{said} values from {low:.3g} to {high:.3g}; {expected}. Does it denoise another "
                "scale (0 to 255, or normalised images)? Convert before and after it"
            )
        return values.clamp(0, 1)


def denoiser_name(denoiser: Any) -> str:
    """What reports call a denoiser: its ``name``, its class, or its function."""
    for attribute in ("xraynoise_name", "__name__"):
        name = getattr(denoiser, attribute, None)
        if isinstance(name, str):
            return name
    return type(denoiser).__name__
