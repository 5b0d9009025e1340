"""What a module holds: training flags, parameters and buffers, to be put back as they were."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import torch
from torch.nn.parameter import is_lazy

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Iterator


@dataclass(frozen=True, slots=True)
class _Parameter:
    owner: torch.nn.Module
    name: str
    parameter: torch.nn.Parameter
    data: torch.Tensor | None
    """Its storage; None while it has none (lazy modules)."""
    grad: torch.Tensor | None
    grad_data: torch.Tensor | None


@dataclass(frozen=True, slots=True)
class _Buffer:
    owner: torch.nn.Module
    name: str
    buffer: torch.Tensor
    value: torch.Tensor


class Belongings:
    """A module's belongings at one moment.

    The tensors themselves are kept and not copies, so that what is put back is what was there:
    memory that is shared with others, views, pinned memory, layout. Buffers are copied as well, as
    some models count in them even in eval mode.

    Args:
        model: the module. Nothing is changed.

    Attributes:
        device: where everything is; None for a module that holds nothing.

    Raises:
        ModelError: when parameters and buffers are spread over devices, naming one of each.
    """

    def __init__(self, model: torch.nn.Module) -> None:
        self._model = model
        self._training = [(module, module.training) for module in model.modules()]
        self.device = _single_device(model)
        self._parameters = [
            _Parameter(
                owner,
                name,
                parameter,
                _storage(parameter),
                parameter.grad,
                None if parameter.grad is None else parameter.grad.data,
            )
            for owner in model.modules()
            for name, parameter in owner._parameters.items()
            if parameter is not None
        ]
        self._buffers = [
            _Buffer(owner, name, buffer, buffer if is_lazy(buffer) else buffer.clone())
            for owner in model.modules()
            for name, buffer in owner._buffers.items()
            if buffer is not None
        ]

    def put_back(self) -> None:
        """Everything as it was; what the model has made since then comes to its device."""
        with torch.no_grad():
            for kept in self._parameters:
                self._put_parameter(kept)
            for one in self._buffers:
                one.owner._buffers[one.name] = one.buffer
                if not is_lazy(one.value) and not _same(one.buffer, one.value):
                    one.buffer.copy_(one.value)
            self._bring_home()
        for module, training in self._training:
            module.training = training

    def _put_parameter(self, kept: _Parameter) -> None:
        kept.owner._parameters[kept.name] = kept.parameter
        if kept.data is None or _is(kept.parameter.data, kept.data):
            return
        kept.parameter.grad = None  # which has to fit the data, so both change
        kept.parameter.data = kept.data
        if kept.grad is not None and kept.grad_data is not None:
            kept.grad.data = kept.grad_data
            kept.parameter.grad = kept.grad

    def _bring_home(self) -> None:
        if self.device is None:
            return
        for tensor_owner, name, tensor in _tensors(self._model):
            if tensor.device == self.device or is_lazy(tensor):
                continue
            if isinstance(tensor, torch.nn.Parameter):
                tensor.data = tensor.data.to(self.device)
            else:
                tensor_owner._buffers[name] = tensor.to(self.device)


def _storage(parameter: torch.nn.Parameter) -> torch.Tensor | None:
    return None if is_lazy(parameter) else parameter.data


def _is(now: torch.Tensor, before: torch.Tensor) -> bool:
    """Whether two tensors are the same memory in the same layout."""
    return (
        now.device == before.device
        and now.dtype == before.dtype
        and now.shape == before.shape
        and now.stride() == before.stride()
        and now.data_ptr() == before.data_ptr()
    )


def _same(now: torch.Tensor, before: torch.Tensor) -> bool:
    if now.is_meta or now.shape != before.shape:
        return True  # no values, or resized in place: nothing that could be copied back
    return bool(torch.equal(now, before))


def _tensors(model: torch.nn.Module) -> Iterator[tuple[torch.nn.Module, str, torch.Tensor]]:
    for owner in model.modules():
        for name, tensor in (*owner._parameters.items(), *owner._buffers.items()):
            if tensor is not None:
                yield owner, name, tensor


def _single_device(model: torch.nn.Module) -> torch.device | None:
    places: dict[torch.device, str] = {}
    for name, tensor in (*model.named_parameters(), *model.named_buffers()):
        places.setdefault(tensor.device, name)
    if len(places) > 1:
        listed = ", ".join(f"{name} on {device}" for device, name in places.items())
        raise ModelError(
            f"the model is spread over devices ({listed}); move it to one: model.to('cuda')"
        )
    return next(iter(places), None)
