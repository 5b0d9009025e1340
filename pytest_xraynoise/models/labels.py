"""Labels of the model and labels of the dataset, matched by name."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import DataError, ModelError, unknown
from pytest_xraynoise.models.adapters.xrayvision import is_xrayvision

if TYPE_CHECKING:
    from collections.abc import Sequence

_BACKGROUND = ("background", "bg")
_NEGATIVE = (*_BACKGROUND, "normal", "healthy", "negative", "none", "no finding", "no findings")
_SUM_SLACK = 1e-4  # what float32 leaves of a softmax that sums to 1


def declared_labels(model: Any) -> tuple[str, ...] | None:
    """The names of a model's outputs, in order; None for a model that names none.

    Read are the attributes ``labels`` and ``pathologies``, and of models of torchxrayvision
    ``targets`` too. An output that was not trained has a blank name there; here ``label 3``, by its
    place.
    """
    words = ("labels", "pathologies", *(("targets",) if is_xrayvision(model) else ()))
    for word in words:
        found = getattr(model, word, None)
        if isinstance(found, (list, tuple)) and found and all(isinstance(n, str) for n in found):
            return tuple(name or f"label {index}" for index, name in enumerate(found))
    return None


def aligned(names: Sequence[str], wanted: Sequence[str]) -> Alignment | None:
    """What brings the outputs of a model into the order of a dataset; None where they are in it.

    Names match whatever their case, and with ``_`` or ``-`` for a blank. The name of the absence
    of findings (``normal``, ``no finding``, ``background``) may be said on one side only, first of
    two names or of masks.

    Args:
        names: of the model's outputs.
        wanted: the labels of the dataset.

    Raises:
        DataError: for a label that the model does not have; names the nearest one that it has.
        ModelError: for a label that the model has twice.
    """
    mine = [_plain(name) for name in names]
    theirs = [_plain(name) for name in wanted]
    if mine == theirs:
        return None
    alone = len(theirs) == 2 and theirs[0] in _NEGATIVE
    if theirs[0] not in mine and len(theirs) > 1 and (alone or theirs[0] in _BACKGROUND):
        theirs, wanted = theirs[1:], wanted[1:]
    for name, plain in zip(wanted, theirs, strict=True):
        if plain not in mine:
            raise DataError(
                f"the dataset has a label that the model does not: {unknown('label', name, names)}."
                " Say what the targets are in the model's words, XrayDataset(data, labels=[...]), "
                "and have the data yield only labels that the model has"
            )
        if mine.count(plain) > 1:
            places = " and ".join(str(n) for n, own in enumerate(mine) if own == plain)
            raise ModelError(
                f"the model names {name!r} more than once (outputs {places}); give each output a "
                "name of its own"
            )
    return Alignment(tuple(names), tuple(mine.index(plain) for plain in theirs))


class Alignment:
    """Picks and orders the outputs of a model for the labels of a dataset.

    Outputs of a classifier that nobody asked for are left out; where rows of probabilities exclude
    each other (a softmax), the others are brought to a sum of 1 again. A segmenter with a
    background calls the pixels of masks that nobody asked for background.

    Args:
        names: of the model's outputs, all of them; of a segmenter without its background, or with
            it as the first.
        wanted: places of the labels of the dataset among the names.
    """

    def __init__(self, names: tuple[str, ...], wanted: tuple[int, ...]) -> None:
        self.names = names
        self.wanted = wanted
        self._exclusive: bool | None = None

    def __call__(self, outputs: torch.Tensor) -> torch.Tensor:
        """Outputs (N, names, ...) -> (N, labels of the dataset, ...).

        Raises:
            ModelError: for another number of outputs than of names.
        """
        if outputs.ndim > 2:
            return self._masks(outputs if outputs.ndim == 4 else outputs[:, None])
        return self._scores(outputs if outputs.ndim == 2 else outputs[:, None])

    def _scores(self, outputs: torch.Tensor) -> torch.Tensor:
        columns = outputs.shape[1]
        if columns == 1 and len(self.names) == 2:  # two classes, the score of the second
            if self.wanted[-1] == 1:
                return outputs
            raise ModelError(
                f"the model has one output, the score of its last class {self.names[1]!r}, but the "
                f"positive class of the dataset is {self.names[0]!r}; turn one of them round"
            )
        self._check(columns)
        picked = self.wanted
        if len(picked) == 1 and columns == 2 and _plain(self.names[1 - picked[0]]) in _NEGATIVE:
            picked = (1 - picked[0], picked[0])  # one class against the other, as they were trained
        kept = outputs[:, picked]
        if len(picked) in (1, columns) or not self._excludes(outputs):
            return kept
        return kept / kept.sum(1, keepdim=True).clamp(min=torch.finfo(kept.dtype).tiny)

    def _masks(self, outputs: torch.Tensor) -> torch.Tensor:
        columns = outputs.shape[1]
        unnamed = columns == len(self.names) + 1
        if not unnamed:
            self._check(columns)
            if _plain(self.names[0]) not in _BACKGROUND:
                return outputs[:, self.wanted]
        chosen = [place + unnamed for place in self.wanted if place + unnamed > 0]
        others = [place for place in range(columns) if place not in chosen]
        background = outputs[:, others].amax(1, keepdim=True)
        return torch.cat([background, outputs[:, chosen]], 1)

    def _excludes(self, outputs: torch.Tensor) -> bool:
        """Whether rows are a softmax, as the first batch shows."""
        if self._exclusive is None:
            near = (outputs.float().sum(1) - 1).abs().max() <= _SUM_SLACK
            self._exclusive = bool(near and outputs.min() >= 0)
        return self._exclusive

    def _check(self, columns: int) -> None:
        if columns != len(self.names):
            raise ModelError(
                f"the model names {len(self.names)} labels ({', '.join(self.names)}), but returned "
                f"{columns} outputs; expected one for each"
            )


def _plain(name: str) -> str:
    return " ".join(name.casefold().replace("_", " ").replace("-", " ").split())
