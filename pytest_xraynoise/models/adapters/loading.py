"""One call for every kind of model file."""

from __future__ import annotations

import zipfile
from pathlib import Path, PurePosixPath
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

_EXPECTED = "expected an ONNX file (.onnx), or what torch.export.save or torch.jit.save wrote"


def load_model(
    path: str | os.PathLike[str], *, labels: Sequence[str] | None = None
) -> Callable[..., Any]:
    """The model of a file, by what the file holds.

    Args:
        path: an ONNX file, a program of ``torch.export``, or TorchScript.
        labels: names of the outputs, in order, so that they are matched with the dataset's.

    Returns:
        An :class:`~pytest_xraynoise.models.adapters.OnnxModel`,
        :class:`~pytest_xraynoise.models.adapters.ExportedModel` or
        :class:`~pytest_xraynoise.models.adapters.ScriptedModel`.

    Raises:
        ModelError: for a file of another kind (weights need their architecture), or one that cannot
            be loaded.
    """
    file = Path(path)
    kind = _kind(file)
    if kind == "onnx":
        from pytest_xraynoise.models.adapters.onnx import OnnxModel

        return OnnxModel(file, labels=labels)
    if kind == "exported":
        from pytest_xraynoise.models.adapters.exported import ExportedModel

        return ExportedModel(file, labels=labels)
    from pytest_xraynoise.models.adapters.scripted import ScriptedModel

    return ScriptedModel(file, labels=labels)


def _kind(file: Path) -> str:
    try:
        with file.open("rb") as opened:
            start = opened.read(9)
        if zipfile.is_zipfile(file):
            with zipfile.ZipFile(file) as archive:
                return _kind_of_archive(file, archive.namelist())
    except OSError as error:
        raise ModelError(f"cannot read the model {file}: {error}") from error
    if file.suffix.lower() == ".onnx":
        return "onnx"
    if start[8:] == b"{" or file.suffix == ".safetensors":
        raise ModelError(_weights_only(file))
    if start[:1] == b"\x80":
        raise ModelError(f"{file} is a pickle, which is not loaded here; {_EXPECTED}")
    raise ModelError(f"{file} is no model file that is known; {_EXPECTED}")


def _kind_of_archive(file: Path, names: Sequence[str]) -> str:
    parts = {PurePosixPath(name).name for name in names}
    if "archive_format" in parts:
        return "exported"
    if "constants.pkl" in parts and any("code" in PurePosixPath(name).parts for name in names):
        return "scripted"
    if "data.pkl" in parts:
        raise ModelError(_weights_only(file))
    raise ModelError(f"{file} is a zip archive, but no model; {_EXPECTED}")


def _weights_only(file: Path) -> str:
    return (
        f"{file} holds weights without an architecture; build the model first, then load them: "
        "zoo.load_weights(zoo.build(name, labels=...), path)"
    )
