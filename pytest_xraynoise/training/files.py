"""Files of a run: written beside and put in place, so that a kill leaves the old or the new."""

from __future__ import annotations

import io
import json
import os
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import ModelError, ReportError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

CARD = "model.json"
WEIGHTS = "model.safetensors"
CHECKPOINT = "checkpoint.pt"


def put(path: Path, content: bytes) -> None:
    """Write a file whole or not at all.

    Raises:
        ReportError: where it cannot be written.
    """
    beside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        with beside.open("wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise ReportError(f"cannot write {str(path)!r}: {error.strerror or error}") from error


def put_json(path: Path, value: Mapping[str, Any]) -> None:
    """Write JSON; NaN is refused."""
    put(path, json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False).encode() + b"\n")


def put_checkpoint(path: Path, state: Mapping[str, Any]) -> None:
    """Write tensors and plain values, which ``weights_only=True`` reads."""
    stream = io.BytesIO()
    torch.save(dict(state), stream)
    put(path, stream.getvalue())


def read_checkpoint(path: Path) -> dict[str, Any]:
    """A checkpoint; nothing in it can run code.

    Raises:
        ModelError: for a file that is damaged, or no checkpoint of a training run.
    """
    try:
        state = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises whatever a damaged archive makes it raise
        raise ModelError(
            f"the checkpoint {str(path)!r} cannot be read: {str(error).splitlines()[0]}; remove it "
            "to begin anew"
        ) from error
    if not isinstance(state, dict) or not {"card", "step", "model"} <= state.keys():
        raise ModelError(f"{str(path)!r} is no checkpoint of a training run")
    return state


def make_folder(folder: Path) -> None:
    """The folder of a run.

    Raises:
        ReportError: where it cannot be made.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ReportError(
            f"cannot make the folder {str(folder)!r}: {error.strerror or error}"
        ) from error
