"""Models that torch.export saved."""

from __future__ import annotations

import hashlib
import io
import json
import logging
import warnings
import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

import torch
from torch import nn

from pytest_xraynoise.errors import ModelError
from pytest_xraynoise.models.adapters.batches import fitted_images, in_batches_of, static

if TYPE_CHECKING:
    import os
    from collections.abc import Mapping, Sequence
    from typing import Self

_TRAINING = {
    "aten.batch_norm.default": 5,
    "aten.dropout.default": 2,
    # What these two are after run_decompositions().
    "aten._native_batch_norm_legit_functional.default": 5,
    "aten.native_dropout.default": 2,
}
"""Operators that behave otherwise in training, and the place of the argument that says so."""


class ExportedModel(nn.Module):
    """The model of a file that ``torch.export.save`` wrote (``.pt2``).

    torch itself unpickles some parts that such a file may have (weights of unusual layouts, custom
    objects, sample inputs), and loads native code that AOTInductor compiled, so files that have
    such parts are refused before torch sees them. What is left is a program: load only what you
    trust as you trust its author's code.

    Batches of any size run, also where the model was exported for a fixed one, and images of one
    channel are repeated where it wants three.

    Args:
        path: the file.
        labels: names of the outputs, in order.

    Attributes:
        network: the loaded module.
        labels: names of the outputs, or None.
        digest: of the file.

    Raises:
        ModelError: for a file that torch cannot load, would unpickle or would run native code of, a
            model of several inputs, and one that was exported in training mode.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, labels: Sequence[str] | None = None
    ) -> None:
        super().__init__()
        file = Path(path)
        try:
            content = file.read_bytes()
        except OSError as error:
            raise ModelError(f"cannot read the model {file}: {error}") from error
        self.digest = hashlib.sha256(content).hexdigest()
        program = _program(content, file)
        self._shape = _input_shape(program, file)
        _refuse_training(program, file)
        self.network = program.module()
        self.labels = None if labels is None else tuple(labels)
        self.xraynoise_name = file.name

    def forward(self, images: torch.Tensor) -> torch.Tensor:
        """The output for a batch.

        Raises:
            ModelError: for images of another size than it was exported for.
        """
        count, *shape = self._shape
        return in_batches_of(count, fitted_images(images, shape, self.xraynoise_name), self.network)

    def train(self, mode: bool = True) -> Self:
        """Note the mode; the program was fixed when it was exported and refuses to be told."""
        self.training = mode
        return self


def _program(content: bytes, file: Path) -> torch.export.ExportedProgram:
    try:
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            pickled = _pickled(archive)
    except (zipfile.BadZipFile, ValueError, KeyError) as error:
        raise ModelError(f"{file} is no archive of torch.export: {error}") from error
    if pickled:
        raise ModelError(
            f"{file} holds pickled objects ({', '.join(pickled[:5])}), and nothing is unpickled "
            "here; save it anew with torch.export.save, without custom objects"
        )
    logger = logging.getLogger("torch.export")
    level = logger.level
    logger.setLevel(logging.CRITICAL)  # it prints a traceback before it raises
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            return torch.export.load(io.BytesIO(content))
    except Exception as error:  # whatever a newer or older format lets torch stumble over
        raise ModelError(
            f"torch {torch.__version__} cannot load {file}: {type(error).__name__}: {error}"
        ) from error
    finally:
        logger.setLevel(level)


def _pickled(archive: zipfile.ZipFile) -> list[str]:
    """Parts of an archive that torch would unpickle.

    Raises:
        ValueError: for an archive of another kind.
    """
    names = archive.namelist()
    if len({name.casefold() for name in names}) < len(names):
        raise ValueError("it has two parts of one name")  # of which torch may read the other one
    if not any(PurePosixPath(name).name == "archive_format" for name in names):
        raise ValueError("it has no archive_format, which torch 2.8 and newer write")
    found = []
    for name in names:
        path = PurePosixPath(name.casefold())  # as torch finds them
        if "aotinductor" in path.parts:
            raise ValueError("it holds native code (AOTInductor), which torch would run at once")
        if path.name.endswith(("weights_config.json", "constants_config.json")):
            found += _pickled_payloads(json.loads(archive.read(name)))
        elif path.suffix == ".pt" and not _only_tensors(archive.read(name)):
            found.append(str(path))
    return found


def _pickled_payloads(config: Mapping[str, Any]) -> list[str]:
    payloads = config["config"]
    return [
        name
        for name, payload in payloads.items()
        if payload["use_pickle"] or not payload["path_name"].startswith(("weight_", "tensor_"))
    ]


def _only_tensors(content: bytes) -> bool:
    """Whether a part (the sample inputs) can be loaded without unpickling anything else."""
    try:
        torch.load(io.BytesIO(content), map_location="cpu", weights_only=True)
    except Exception:  # torch would go on and unpickle it
        return not content
    return True


def _input_shape(program: torch.export.ExportedProgram, file: Path) -> tuple[int | None, ...]:
    inputs = program.graph_signature.user_inputs
    values = [
        node.meta.get("val")
        for node in program.graph.nodes
        if node.op == "placeholder" and node.name in inputs
    ]
    if len(values) != 1 or not isinstance(values[0], torch.Tensor) or values[0].ndim != 4:
        raise ModelError(f"{file} has {len(inputs)} input(s); expected one tensor (N, C, H, W)")
    return tuple(static(dimension) for dimension in values[0].shape)


def _refuse_training(program: torch.export.ExportedProgram, file: Path) -> None:
    for node in program.graph.nodes:
        place = _TRAINING.get(str(node.target))
        if place is not None and len(node.args) > place and node.args[place] is True:
            raise ModelError(
                f"{file} was exported in training mode ({node.name}); call model.eval() before "
                "torch.export.export"
            )
