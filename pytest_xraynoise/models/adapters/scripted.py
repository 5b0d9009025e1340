"""Models that TorchScript saved."""

from __future__ import annotations

import hashlib
import warnings
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence


class ScriptedModel(nn.Module):
    """The model of a file that ``torch.jit.save`` wrote.

    The file holds a program, which torch's own interpreter runs; no Python object is unpickled.

    Args:
        path: the file.
        labels: names of the outputs, in order.

    Attributes:
        network: the loaded module.
        labels: names of the outputs, or None.
        digest: of the file.

    Raises:
        ModelError: for a file that torch cannot load.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, labels: Sequence[str] | None = None
    ) -> None:
        super().__init__()
        file = Path(path)
        try:
            self.digest = hashlib.sha256(file.read_bytes()).hexdigest()
            with warnings.catch_warnings():  # torch recommends torch.export to whoever loads one
                warnings.simplefilter("ignore")
                self.network = torch.jit.load(str(file), "cpu")  # type: ignore[no-untyped-call]
        except OSError as error:
            raise ModelError(f"cannot read the model {file}: {error}") from error
        except (RuntimeError, ValueError) as error:
            raise ModelError(
                f"{file} is no model that TorchScript can load: {str(error).splitlines()[0]}"
            ) from error
        self.labels = None if labels is None else tuple(labels)
        self.xraynoise_name = file.name

    def forward(self, images: torch.Tensor) -> Any:
        """What the loaded module returns."""
        return self.network(images)
