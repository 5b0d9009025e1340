"""The folder of one run: a checkpoint while it lasts, weights and their card when it is done."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ModelError, SpecError
from pytest_xraynoise.models.denoisers.dncnn import read_card
from pytest_xraynoise.training.card import differences
from pytest_xraynoise.training.files import (
    CARD,
    CHECKPOINT,
    WEIGHTS,
    make_folder,
    put,
    put_checkpoint,
    put_json,
    read_checkpoint,
)

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from torch import nn


class Folder:
    """Where a run writes.

    Args:
        path: the folder.
        card: what decides the weights; another run is told by it.
    """

    def __init__(self, path: Path, card: dict[str, Any]) -> None:
        self.path = path
        self._card = json.loads(json.dumps(card))

    def finished(self, *, resume: bool) -> bool:
        """Whether the run was finished before.

        Raises:
            SpecError: the folder holds a finished run, and nobody asked to go on with it; or
                another one.
        """
        if not (self.path / CARD).exists():
            return False
        self._check(read_card(self.path), resume, "a finished run")
        return True

    def state(self, *, resume: bool) -> dict[str, Any] | None:
        """Where the run was interrupted; None where it is to begin.

        Raises:
            SpecError: the folder holds a run, and nobody asked to go on with it; or another one.
            ModelError: a checkpoint that cannot be read.
        """
        if not (self.path / CHECKPOINT).exists():
            make_folder(self.path)
            return None
        state = read_checkpoint(self.path / CHECKPOINT)
        self._check(json.loads(state["card"]), resume, "an unfinished run")
        return state

    def save(self, state: Mapping[str, Any]) -> None:
        """Write a checkpoint."""
        put_checkpoint(self.path / CHECKPOINT, {**state, "card": json.dumps(self._card)})

    def finish(self, model: nn.Module, card: dict[str, Any]) -> dict[str, Any]:
        """Write the weights, then the card, and take the checkpoint away; the card as it reads."""
        from safetensors.torch import save

        weights = {name: value.contiguous() for name, value in model.state_dict().items()}
        put(self.path / WEIGHTS, save(weights))
        put_json(self.path / CARD, card)
        (self.path / CHECKPOINT).unlink(missing_ok=True)
        return read_card(self.path)

    def _check(self, there: dict[str, Any], resume: bool, what: str) -> None:
        if not resume:
            raise SpecError(
                f"{str(self.path)!r} holds {what}; go on with it by --resume (resume=True), or "
                "name another folder: --out"
            )
        kept = {name: there[name] for name in self._card if name in there}
        apart = differences(kept, self._card)
        if not apart:
            return
        text = f"{str(self.path)!r} holds another run: {'; '.join(apart[:4])}"
        if any(part.startswith(("architecture", "kind", "size", "options")) for part in apart):
            raise ModelError(f"{text}; its weights do not fit: name another folder, --out")
        raise SpecError(f"{text}; say the same words again, or name another folder: --out")
