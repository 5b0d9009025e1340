"""The random numbers of one sample, drawn once and shared by every rung."""

from __future__ import annotations

from typing import TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.noise.spec.normal import normal, uniform
from pytest_xraynoise.noise.spec.philox import Words, pixel_words
from pytest_xraynoise.noise.spec.poisson import poisson

Floats: TypeAlias = npt.NDArray[np.float32]


class Field:
    """Random words of one sample, ``per_pixel`` of them for each pixel.

    Args:
        shape: (H, W) of the image.
        per_pixel: words a pixel, 1, 2 or 4.
        seed: with ``key`` and ``stream`` what the words are a function of; see
            :mod:`pytest_xraynoise.noise.spec.philox`.
        key: of the sample.
        stream: of the kind of noise and the draw.
    """

    def __init__(
        self, shape: tuple[int, int], per_pixel: int, *, seed: int, key: int, stream: int
    ) -> None:
        self.shape = shape
        drawn = pixel_words(shape[0] * shape[1], per_pixel, seed=seed, key=key, stream=stream)
        self._words: Words = drawn.reshape(per_pixel, *shape)

    def words(self, word: int = 0) -> Words:
        """The ``word``-th random word of each pixel, (H, W) uint32."""
        chosen: Words = self._words[word]
        return chosen

    def uniform(self, word: int = 0) -> Floats:
        """Uniform in [0, 1), (H, W) float32."""
        return uniform(self._words[word])

    def normal(self, word: int = 0) -> Floats:
        """Standard normal, (H, W) float32."""
        return normal(self._words[word])

    def poisson(self, rate: Floats, word: int = 0) -> Floats:
        """Poisson counts of ``rate`` quanta, (H, W) float32 whole numbers."""
        return poisson(rate, self._words[word])

    def counted(self, image: Floats, photons: float, word: int = 0) -> Floats:
        """Poisson(image * photons) / photons, in float32 and in this order of operations."""
        at_white = np.float32(photons)
        return self.poisson(image * at_white, word) * (np.float32(1) / at_white)

    def with_readout(self, image: Floats, sigma: float, word: int = 0) -> Floats:
        """Image + sigma z, in float32."""
        return image + self.normal(word) * np.float32(sigma)
