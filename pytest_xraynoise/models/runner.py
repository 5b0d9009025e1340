"""Run a user's model on batches, and leave it exactly as it was."""

from __future__ import annotations

import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import ModelError, XrayNoiseError
from pytest_xraynoise.models.outputs import default_output

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from types import TracebackType

_NOT_THE_USERS = tuple(
    f"{folder}{os.sep}"
    for folder in (Path(__file__).resolve().parents[1], Path(torch.__file__).resolve().parent)
)
"""Folders whose frames tell a user nothing: this package and torch."""


def model_name(model: Any) -> str:
    """What reports call a model: its ``name``, its class, or its function."""
    for attribute in ("xraynoise_name", "__name__"):
        name = getattr(model, attribute, None)
        if isinstance(name, str):
            return name
    return type(model).__name__


class ModelRunner:
    """A model in eval mode on one device, for the length of a ``with`` block.

    On entry a module is moved to ``device`` and set to eval mode; on exit every submodule has its
    own training flag again and the parameters are back where they were. Gradients are off inside.

    Args:
        model: an nn.Module, or any callable (N, C, H, W) float32 -> output.
        device: where the images go. Callables that are no module are left where they are.
        preprocess: applied to the images before the model, on ``device``.
        output: picks the tensor out of what the model returns.
    """

    def __init__(
        self,
        model: Any,
        device: torch.device,
        preprocess: Callable[[torch.Tensor], Any] | None = None,
        output: Callable[[Any], Any] | None = None,
    ) -> None:
        if not callable(model):
            raise ModelError(
                f"the model is a {type(model).__name__}, which cannot be called; expected an "
                "nn.Module or a callable (N, C, H, W) -> logits or probabilities"
            )
        if isinstance(model, type):
            raise ModelError(
                f"the model is the class {model.__name__} itself; return an instance: "
                f"{model.__name__}(...)"
            )
        self.model = model
        self.device = device
        self._preprocess = preprocess
        self._output = output or default_output
        self._training: list[tuple[torch.nn.Module, bool]] = []
        self._home: torch.device | None = None
        self._grad = torch.is_grad_enabled()

    def __enter__(self) -> ModelRunner:
        self._grad = torch.is_grad_enabled()
        if isinstance(self.model, torch.nn.Module):
            self._training = [(module, module.training) for module in self.model.modules()]
            self._home = _single_device(self.model)
            self._settle(self.model)
        torch.set_grad_enabled(False)
        return self

    def _settle(self, model: torch.nn.Module) -> None:
        doing = "put into eval mode"
        try:
            model.eval()
            doing = f"moved to {self.device}"
            if self._home is not None and self._home != self.device:
                model.to(self.device)
        except Exception as error:
            self._restore()
            raise ModelError(
                f"the model could not be {doing}: {type(error).__name__}: {error}. If it is ready "
                "as it is, hide that it is a module: lambda images: model(images)"
            ) from error

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        torch.set_grad_enabled(self._grad)
        self._restore()

    def _restore(self) -> None:
        if isinstance(self.model, torch.nn.Module):
            for module, training in self._training:
                module.training = training
            if self._home is not None and self._home != self.device:
                self.model.to(self._home)

    def __call__(self, images: torch.Tensor, ids: Sequence[str], severity: int) -> torch.Tensor:
        """Raw outputs (N, ...) float32 of a batch; the model gets a copy that it may write into.

        Raises:
            ModelError: when preprocessing or model raise, or return something that does not fit.
        """
        where = f"samples {ids[0]!r} to {ids[-1]!r} at severity {severity}"
        prepared: Any = images.to(self.device, copy=True, memory_format=torch.contiguous_format)
        if self._preprocess is not None:
            prepared = self._call(self._preprocess, prepared, "xray_preprocess", where)
        raw = self._call(self.model, prepared, "the model", where)
        tensor = self._call(self._output, raw, "xray_output", where)
        return _checked(tensor, ids, where)

    def _call(self, function: Callable[[Any], Any], value: Any, what: str, where: str) -> Any:
        try:
            return function(value)
        except XrayNoiseError:
            raise
        except Exception as error:
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            raise ModelError(
                f"{what} raised {type(error).__name__} on {where} (input {shape}): {error}"
                f"{_users_frames(error)}"
            ) from error


def _checked(tensor: Any, ids: Sequence[str], where: str) -> torch.Tensor:
    if not isinstance(tensor, torch.Tensor):
        raise ModelError(
            f"the output for {where} is a {type(tensor).__name__}, no tensor; "
            "xray_output (output=) has to return a tensor (N, ...)"
        )
    count = len(ids)
    if tensor.ndim == 0 or len(tensor) != count or tensor.numel() == 0:
        hint = "; does it squeeze() the batch away?" if count == 1 else ""
        raise ModelError(
            f"the model returned shape {tuple(tensor.shape)} for a batch of {count} ({where}); "
            f"expected one row for each image: ({count}, ...){hint}"
        )
    values = tensor.detach().to(torch.float32)
    finite = torch.isfinite(values.reshape(count, -1)).all(1)
    if not bool(finite.all()):
        first = ids[int((~finite).nonzero()[0])]
        raise ModelError(
            f"the model returned NaN or infinite values for {int((~finite).sum())} of {count} "
            f"images, first for sample {first!r} ({where}); scores must be finite"
        )
    return values


def _single_device(model: torch.nn.Module) -> torch.device | None:
    """The one device of a module; None without parameters.

    Raises:
        ModelError: when parameters and buffers are spread, naming one of each.
    """
    places: dict[torch.device, str] = {}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        places.setdefault(tensor.device, name)
    if len(places) > 1:
        listed = ", ".join(f"{name} on {device}" for device, name in places.items())
        raise ModelError(
            f"the model is spread over devices ({listed}); move it to one: model.to('cuda')"
        )
    return next(iter(places), None)


def _users_frames(error: BaseException) -> str:
    """The last frames of the user's own code; of torch where there are none."""
    every = traceback.extract_tb(error.__traceback__)
    ours = _NOT_THE_USERS[0]
    frames = [frame for frame in every if not frame.filename.startswith(_NOT_THE_USERS)]
    frames = frames or [frame for frame in every if not frame.filename.startswith(ours)]
    return "\n" + "".join(traceback.format_list(frames[-4:])).rstrip() if frames else ""
