"""Trained models, from the folders that runs wrote."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models import zoo
from pytest_xraynoise.models.denoisers.dncnn import DnCNN, load_dncnn, read_card

if TYPE_CHECKING:
    import os


def load(folder: str | os.PathLike[str]) -> zoo.ZooModel:
    """The model that a run trained, in eval mode on the CPU.

    Args:
        folder: with ``model.json`` and the weights that it names.

    Raises:
        ModelError: no finished run, a damaged one, weights of another architecture, or a run that
            trained a denoiser.
    """
    card = load_card(folder)
    if card["kind"] != "model":
        raise ModelError(f"{str(folder)!r} holds a {card['kind']}; read it with load_denoiser()")
    model = built(card)
    return zoo.load_weights(model, Path(folder) / card["weights"]).eval()


def load_card(folder: str | os.PathLike[str]) -> dict[str, Any]:
    """What a run says of its model: ``model.json``.

    Raises:
        ModelError: there is none, or it is damaged.
    """
    return read_card(Path(folder))


def load_denoiser(folder: str | os.PathLike[str]) -> DnCNN:
    """The denoiser that a run trained, in eval mode on the CPU.

    Raises:
        ModelError: no finished run, a damaged one, or a run that trained something else.
    """
    return load_dncnn(folder)


def built(card: dict[str, Any]) -> zoo.ZooModel:
    """The architecture of a card, freshly initialised."""
    try:
        return zoo.build(
            card["architecture"],
            labels=card["labels"],
            size=card["size"],
            image_size=tuple(card["image_size"]),
            in_channels=card["in_channels"],
            **card["options"],
        )
    except KeyError as error:
        raise ModelError(f"the card of the model lacks {error}; train it again") from error
