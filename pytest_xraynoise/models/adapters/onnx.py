"""Models in ONNX files, run by onnxruntime."""

from __future__ import annotations

import hashlib
import importlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import ModelError, SpecError, unknown
from pytest_xraynoise.models.adapters.batches import fitted_images, in_batches_of, static

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

_TYPES = {
    "tensor(float)": torch.float32,
    "tensor(float16)": torch.float16,
    "tensor(double)": torch.float64,
}
_PROVIDERS = ("CUDAExecutionProvider", "CPUExecutionProvider")


class OnnxModel:
    """A callable for the model of an ONNX file: (N, C, H, W) float -> the output that it names.

    Batches of any size run, also where the file has a fixed one. Images of one channel are repeated
    where the model wants three. It can be pickled; the file is then opened again where it arrives.

    Args:
        path: the file. Tensors that it keeps in files beside it are found there.
        labels: names of the outputs, in order.
        output: which of several outputs; the only one by default.
        providers: of onnxruntime, in order of preference; CUDA where it is there, then the CPU.

    Attributes:
        path: the file.
        labels: names of the outputs, or None.
        providers: those in use.
        digest: of the file.

    Raises:
        ModelError: without onnxruntime, for a file that it cannot read, and for a model of several
            inputs.
        SpecError: for an output or a provider that is not there.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        *,
        labels: Sequence[str] | None = None,
        output: str | None = None,
        providers: Sequence[str] | None = None,
    ) -> None:
        self.path = Path(path)
        self.labels = None if labels is None else tuple(labels)
        self.xraynoise_name = self.path.name
        self._asked = output
        self._wanted = None if providers is None else tuple(providers)
        self._open()

    def __call__(self, images: torch.Tensor) -> torch.Tensor:
        """Outputs (N, ...) of a batch, on the device of the images.

        Raises:
            ModelError: for images of another size than the file was made for.
        """
        count, *shape = self._shape
        given = fitted_images(images, shape, self.xraynoise_name).detach().to("cpu", self._dtype)
        return in_batches_of(count, given, self._run).to(images.device)

    def __getstate__(self) -> dict[str, Any]:
        kept = ("path", "labels", "xraynoise_name", "_asked", "_wanted")
        return {name: getattr(self, name) for name in kept}

    def __setstate__(self, state: dict[str, Any]) -> None:
        self.__dict__.update(state)
        self._open()

    def _run(self, images: torch.Tensor) -> torch.Tensor:
        (found,) = self._session.run([self._output], {self._input: images.contiguous().numpy()})
        return torch.from_numpy(found)

    def _open(self) -> None:
        runtime = _runtime()
        known = runtime.get_available_providers()
        for provider in self._wanted or ():
            if provider not in known:
                raise SpecError(unknown("provider", provider, known))
        chosen = self._wanted or tuple(p for p in _PROVIDERS if p in known) or tuple(known)
        options = runtime.SessionOptions()
        options.intra_op_num_threads = torch.get_num_threads()
        options.log_severity_level = 3  # errors only: they come as exceptions
        try:
            self.digest = hashlib.sha256(self.path.read_bytes()).hexdigest()
            self._session = runtime.InferenceSession(str(self.path), options, list(chosen))
        except OSError as error:
            raise ModelError(f"cannot read the model {self.path}: {error}") from error
        except Exception as error:  # onnxruntime has a class of its own for each status
            raise ModelError(f"onnxruntime cannot load {self.path}: {error}") from error
        self.providers = tuple(self._session.get_providers())
        self._take_input()
        self._take_output()

    def _take_input(self) -> None:
        inputs = self._session.get_inputs()
        if len(inputs) != 1 or len(inputs[0].shape) != 4 or inputs[0].type not in _TYPES:
            said = "; ".join(f"{one.name}: {one.type} {one.shape}" for one in inputs)
            raise ModelError(
                f"{self.path} has the inputs {said}; expected one of floats (N, C, H, W)"
            )
        self._input = inputs[0].name
        self._dtype = _TYPES[inputs[0].type]
        self._shape = tuple(static(dimension) for dimension in inputs[0].shape)

    def _take_output(self) -> None:
        found = [one.name for one in self._session.get_outputs()]
        if self._asked is not None and self._asked not in found:
            raise SpecError(unknown(f"output of {self.path.name}", self._asked, found))
        if self._asked is None and len(found) != 1:
            raise ModelError(
                f"{self.path} has the outputs {', '.join(found)}; say which one: "
                f"OnnxModel(path, output={found[0]!r})"
            )
        self._output = self._asked or found[0]


def _runtime() -> Any:
    try:
        return importlib.import_module("onnxruntime")
    except ImportError as error:
        raise ModelError(
            f"models in ONNX files need onnxruntime, which cannot be imported ({error}); install "
            "it with: pip install 'pytest-xraynoise[onnx]'"
        ) from error
