"""Classical denoisers, from scipy and scikit-image, one image at a time on the CPU."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import torch
from scipy import ndimage

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable

    import numpy.typing as npt

    Image = npt.NDArray[np.float32]


@dataclass(frozen=True)
class GaussianFilter:
    """A Gaussian blur; the border is mirrored.

    Attributes:
        sigma: in pixels.
    """

    sigma: float = 1.0

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) in [0, 1] -> the same."""
        return _each(images, lambda image: ndimage.gaussian_filter(image, self.sigma))


@dataclass(frozen=True)
class MedianFilter:
    """The median of a square; the border is mirrored. Takes impulses and dead pixels away.

    Attributes:
        side: of the square, in pixels, odd.
    """

    side: int = 3

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) in [0, 1] -> the same."""
        return _each(images, lambda image: ndimage.median_filter(image, self.side))


@dataclass(frozen=True)
class NonLocalMeans:
    """Non-local means (Buades 2005, DOI 10.1109/CVPR.2005.38), with the noise measured per image.

    Patches of 5 x 5 within 6 pixels, filter strength 0.8 sigma; sigma from the wavelet estimate of
    Donoho 1994 (DOI 10.1093/biomet/81.3.425), as scikit-image has both. Needs the extra
    ``denoise``.
    """

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """(N, 1, H, W) in [0, 1] -> the same.

        Raises:
            ModelError: scikit-image or PyWavelets is not installed.
        """
        restoration = _restoration()

        def denoise(image: Image) -> Image:
            sigma = float(restoration.estimate_sigma(image))
            if not sigma > 0:
                return image
            found: Image = restoration.denoise_nl_means(
                image,
                patch_size=5,
                patch_distance=6,
                h=0.8 * sigma,
                sigma=sigma,
                fast_mode=True,
                preserve_range=True,
            )
            return found

        return _each(images, denoise)


def _restoration() -> Any:
    try:
        import pywt  # noqa: F401  # what estimate_sigma needs
        from skimage import restoration
    except ImportError as error:
        raise ModelError(
            f"the denoiser 'nlm' needs {error.name}; install it with: "
            "pip install 'pytest-xraynoise[denoise]'"
        ) from error
    return restoration


def _each(images: torch.Tensor, denoise: Callable[[Image], Any]) -> torch.Tensor:
    arrays = images.detach().cpu().float().numpy()
    made = np.empty_like(arrays)
    for index in np.ndindex(arrays.shape[:2]):
        made[index] = denoise(arrays[index])
    return torch.from_numpy(made).clamp_(0, 1).to(images.device, images.dtype)
