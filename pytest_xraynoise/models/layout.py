"""The memory format NHWC: where convolutions are faster in it, and a model gives the same in it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import torch
from torch.nn.parameter import is_lazy

from pytest_xraynoise.models.belongings import Belongings
from pytest_xraynoise.models.state import preserved_state

if TYPE_CHECKING:
    from collections.abc import Callable

AUTO = "auto"
LAST = torch.channels_last

_CONVOLUTIONS = (torch.nn.Conv2d, torch.nn.ConvTranspose2d)
_ROUNDING = {torch.float32: 1e-3, torch.float16: 0.01, torch.bfloat16: 0.05}
"""How far apart the outputs of two orders of summation may be, of the largest of them."""


def gains(model: Any, device: torch.device, computes: torch.dtype) -> bool:
    """Whether a model is expected to be faster with images and weights in NHWC.

    Convolutions are, on a CPU with oneDNN, which otherwise brings every weight into another order
    in every call, and in half precision on the tensor cores of CUDA.

    Args:
        model: anything.
        device: where it runs.
        computes: the dtype that its convolutions compute in.
    """
    if not isinstance(model, torch.nn.Module) or hasattr(model, "_orig_mod"):
        return False  # the latter is compiled already, for the order that it has
    if any(is_lazy(p) for p in model.parameters()):
        return False
    if not any(isinstance(module, _CONVOLUTIONS) for module in model.modules()):
        return False
    half = computes in (torch.float16, torch.bfloat16)
    if device.type == "cpu":
        onednn: bool = torch.backends.mkldnn.is_available()  # type: ignore[no-untyped-call]
        return onednn and (half or computes == torch.float32)
    return device.type == "cuda" and half


def settle(
    model: torch.nn.Module,
    device: torch.device,
    computes: torch.dtype,
    outputs: Callable[[torch.Tensor], torch.Tensor],
    images: torch.Tensor,
) -> bool:
    """Bring a model into NHWC, if it gives the same outputs for some images as without.

    A model that counts on the order of its memory (``view`` of a feature map, kernels of its own)
    raises in NHWC or computes something else; it stays as it is. The tries leave nothing behind in
    random states and buffers.

    Args:
        model: on its device, in eval mode.
        device: that device.
        computes: the dtype that it computes in.
        outputs: from prepared images to what is kept of the model's outputs.
        images: (2, C, H, W), prepared as the model is given them.

    Returns:
        Whether the model is in NHWC now.
    """
    held = Belongings(model)
    try:
        with preserved_state(device):
            plain = outputs(images.clone()).clone()
        held.put_back()
        model.to(memory_format=LAST)
        with preserved_state(device):
            last = outputs(images.clone(memory_format=LAST))
        same = _same(plain, last, _ROUNDING[computes])
    except Exception:  # whatever it is, the run as it was asked for tells it
        same = False
    held.put_back()
    if same:
        model.to(memory_format=LAST)
    return same


def _same(plain: torch.Tensor, last: torch.Tensor, rounding: float) -> bool:
    if plain.shape != last.shape or plain.numel() == 0:
        return False
    apart = (plain.double() - last.double()).abs().max()
    return bool(apart <= rounding * plain.double().abs().max())
