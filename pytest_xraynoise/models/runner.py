"""Run a user's model on batches, and leave it exactly as it was."""

from __future__ import annotations

import contextlib
import os
import traceback
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import DataError, ModelError, XrayNoiseError
from pytest_xraynoise.models import layout
from pytest_xraynoise.models.belongings import Belongings
from pytest_xraynoise.models.memory import DoesNotFitError, is_out_of_memory
from pytest_xraynoise.models.outputs import default_output
from pytest_xraynoise.models.precision import (
    DTYPES,
    autocast,
    check_precision,
    own_dtype,
    precision_word,
)
from pytest_xraynoise.models.returned import Returned, returned
from pytest_xraynoise.models.state import preserved_state

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

    On entry a module is moved to ``device`` and set to eval mode; gradients are off inside. On exit
    every submodule has its own training flag again, parameters and buffers are the tensors that
    they were, and the process has its random states, modes and switches back
    (:func:`~pytest_xraynoise.models.state.preserved_state`).

    Args:
        model: an nn.Module, or any callable (N, C, H, W) float32 -> output.
        device: where the images go. Callables that are no module are left where they are.
        preprocess: applied to the images before the model, on ``device`` and in float32.
        output: picks the tensor out of what the model returns.
        precision: fp32, or bf16 or fp16 by autocast. A module whose parameters are of another dtype
            than float32 already keeps it: it is given images of its dtype, and no autocast.
        channels_last: keep images and weights in the memory format NHWC. ``"auto"`` does so where
            it is expected to be faster (:func:`~pytest_xraynoise.models.layout.gains`) and the
            model gives the same for the first two images; it runs those twice more for it.
        compile: run the model through ``torch.compile``.

    Raises:
        ModelError: for something that is no model.
        SpecError: for a precision that ``device`` does not have.
    """

    def __init__(
        self,
        model: Any,
        device: torch.device,
        preprocess: Callable[[torch.Tensor], Any] | None = None,
        output: Callable[[Any], Any] | None = None,
        *,
        precision: str = "fp32",
        channels_last: bool | str = False,
        compile: bool = False,  # noqa: A002  # torch's word
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
        check_precision(precision, device)
        self.model = model
        self.device = device
        self._asked = precision
        self._dtype = own_dtype(model)
        self._tries_layout = channels_last == layout.AUTO and not compile
        self._format = layout.LAST if channels_last is True else torch.contiguous_format
        self._compiles = compile
        self._preprocess = preprocess
        self._output = output or default_output
        self._forward: Callable[[Any], Any] = model
        self._belongings: Belongings | None = None
        self._leave = contextlib.ExitStack()

    @property
    def precision(self) -> str:
        """The precision that the model computes in: its own where it has one."""
        return self._asked if self._dtype is None else precision_word(self._dtype)

    @property
    def channels_last(self) -> bool:
        """Whether images and weights are in the memory format NHWC; known after a first batch."""
        return self._format is layout.LAST

    @property
    def name(self) -> str:
        """The model and where it runs, for messages: ``Net on cpu in fp32``."""
        return f"{model_name(self.model)} on {self.device} in {self.precision}"

    def __enter__(self) -> ModelRunner:
        with contextlib.ExitStack() as stack:
            stack.enter_context(preserved_state(self.device))
            if isinstance(self.model, torch.nn.Module):
                self._belongings = Belongings(self.model)
                stack.callback(self._belongings.put_back)
                self._settle(self.model, self._belongings.device)
            if self._compiles:
                self._forward = torch.compile(self.model)
            torch.set_grad_enabled(False)
            self._leave = stack.pop_all()
        return self

    def _settle(self, model: torch.nn.Module, home: torch.device | None) -> None:
        doing = "put into eval mode"
        try:
            model.eval()
            doing = f"moved to {self.device}"
            if home is not None and home != self.device:
                model.to(self.device)
            doing = "brought into the memory format channels_last"
            if self.channels_last:
                model.to(memory_format=layout.LAST)
        except Exception as error:
            if is_out_of_memory(error):
                raise ModelError(
                    f"the model does not fit on {self.device}: {error}. Free its memory, or take "
                    "another device"
                ) from error
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
        self._forward = self.model
        self._leave.close()

    def __call__(self, images: torch.Tensor, ids: Sequence[str], severity: int) -> torch.Tensor:
        """Raw outputs (N, ...) float32 of a batch; the model gets a copy that it may write into.

        Raises:
            DoesNotFitError: when the batch does not fit.
            ModelError: when preprocessing or model raise, or return something that does not fit.
        """
        return self.launch(images, ids, severity).checked()

    def launch(self, images: torch.Tensor, ids: Sequence[str], severity: int) -> Returned:
        """The same without a wait for a GPU, and so without a look at the numbers.

        Raises:
            DoesNotFitError: when the batch does not fit.
            ModelError: when preprocessing or model raise, or return something of another shape.
        """
        where = f"samples {ids[0]!r} to {ids[-1]!r} at severity {severity}"
        prepared = self._call(self._copied, images, "copying the images", where)
        if self._preprocess is not None:
            prepared = self._call(self._preprocess, prepared, "xray_preprocess", where)
        if self._tries_layout:
            prepared = self._tried(prepared)
        with self._autocast():
            raw = self._call(self._forward, self._as_own(prepared), "the model", where)
        tensor = self._call(self._output, raw, "xray_output", where)
        return returned(tensor, ids, where, self.precision)

    def _tried(self, prepared: Any) -> Any:
        """The first batch, in NHWC when it is to be."""
        self._tries_layout = False
        computes = self._dtype or DTYPES[self._asked]
        if not isinstance(prepared, torch.Tensor) or prepared.ndim != 4:
            return prepared
        if not layout.gains(self.model, self.device, computes):
            return prepared

        def outputs(images: torch.Tensor) -> torch.Tensor:
            with self._autocast():
                found: torch.Tensor = self._output(self.model(self._as_own(images)))
            return found

        # Two images, as some operations look at the order of memory from two on.
        pair = prepared[:2] if len(prepared) > 1 else torch.cat((prepared, prepared))
        if not layout.settle(self.model, self.device, computes, outputs, pair):
            return prepared
        self._format = layout.LAST
        return prepared.contiguous(memory_format=self._format)

    def _autocast(self) -> contextlib.AbstractContextManager[Any]:
        return autocast("fp32" if self._dtype is not None else self._asked, self.device)

    def _copied(self, images: torch.Tensor) -> torch.Tensor:
        return images.to(self.device, copy=True, memory_format=self._format)

    def _as_own(self, prepared: Any) -> Any:
        """The images in the dtype of a model that has its own."""
        if self._dtype is None or not isinstance(prepared, torch.Tensor):
            return prepared
        return prepared.to(self._dtype) if prepared.dtype.is_floating_point else prepared

    def _call(self, function: Callable[[Any], Any], value: Any, what: str, where: str) -> Any:
        try:
            return function(value)
        except XrayNoiseError:
            raise
        except Exception as error:
            if str(error).startswith("DataLoader worker"):  # told by a signal, amid the model
                raise DataError(f"a loader worker ended while {what} ran: {error}") from error
            shape = tuple(value.shape) if isinstance(value, torch.Tensor) else type(value).__name__
            if is_out_of_memory(error):
                raise DoesNotFitError(
                    f"{what} ran out of memory on {where} (input {shape}): "
                    f"{str(error).strip().splitlines()[0] if str(error).strip() else 'no details'}"
                ) from error
            raise ModelError(
                f"{what} raised {type(error).__name__} on {where} (input {shape}): {error}"
                f"{self._hint(error)}{_users_frames(error)}"
            ) from error

    def _hint(self, error: Exception) -> str:
        text = str(error)
        if "same device" in text:
            return (
                ". A tensor that is neither parameter nor buffer does not move with its module: "
                "make it a buffer (register_buffer)"
            )
        if "not implemented for" in text and self.precision != "fp32":
            return f". {self.device} lacks this operation in {self.precision}; use precision='fp32'"
        if text.startswith("CUDA error"):
            return ". A GPU tells its errors late: a batch before this one may have caused it"
        if self._compiles and "dynamo" in f"{type(error).__module__}{text}".lower():
            return ". The model cannot be compiled here; leave compile=True out"
        return ""


def _users_frames(error: BaseException) -> str:
    """The last frames of the user's own code; of torch where there are none."""
    every = traceback.extract_tb(error.__traceback__)
    ours = _NOT_THE_USERS[0]
    frames = [frame for frame in every if not frame.filename.startswith(_NOT_THE_USERS)]
    frames = frames or [frame for frame in every if not frame.filename.startswith(ours)]
    return "\n" + "".join(traceback.format_list(frames[-4:])).rstrip() if frames else ""
