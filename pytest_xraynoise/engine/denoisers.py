"""From a word to a denoiser."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from pytest_xraynoise.engine.denoiser_words import parse_word
from pytest_xraynoise.models.denoisers.dncnn import CARD, load_dncnn
from pytest_xraynoise.models.denoisers.filters import GaussianFilter, MedianFilter, NonLocalMeans

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from pytest_xraynoise.models.denoisers.dncnn import DnCNN

    Denoiser = Callable[[torch.Tensor], torch.Tensor]


def built_in(text: str) -> Denoiser:
    """The denoiser of a word; the same object for the same word while its file does not change.

    Raises:
        SpecError: an unknown word.
        ModelError: ``dncnn`` without a trained denoiser in its folder.
    """
    word = parse_word(text)
    if word.name == "dncnn":
        path = Path(word.path)
        card = (path if path.is_dir() else path.parent) / CARD
        changed = card.stat().st_mtime_ns if card.exists() else 0
        return _loaded(str(path.absolute()), changed)
    return _filter(word.name, word.number)


@functools.cache
def _filter(name: str, number: float) -> Denoiser:
    if name == "gaussian":
        return GaussianFilter(number)
    return MedianFilter(int(number)) if name == "median" else NonLocalMeans()


@functools.lru_cache(maxsize=8)
def _loaded(path: str, changed: int) -> DnCNN:  # noqa: ARG001  # part of the key
    return load_dncnn(path)
