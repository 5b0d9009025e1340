"""What a model returned for a batch: its shape is checked at once, its numbers when looked at."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Sequence


@dataclass(frozen=True, slots=True)
class Returned:
    """Outputs of a batch that nobody has looked at, which would wait for a GPU.

    Attributes:
        values: (N, ...) float32.
        total: their sum, which is finite only where every value is.
        ids: of the samples.
        where: which samples at which severity, for messages.
        precision: that the model computed in.
    """

    values: torch.Tensor
    total: torch.Tensor
    ids: Sequence[str]
    where: str
    precision: str

    def checked(self) -> torch.Tensor:
        """The values, all of them finite.

        Raises:
            ModelError: where one is not; names the sample.
        """
        if bool(torch.isfinite(self.total)):
            return self.values
        count = len(self.ids)
        finite = torch.isfinite(self.values.reshape(count, -1)).all(1)
        if not bool(finite.all()):
            first = self.ids[int((~finite).nonzero()[0])]
            narrow = "; fp16 ends at 65504, try bf16 or fp32" if self.precision == "fp16" else ""
            raise ModelError(
                f"the model returned NaN or infinite values for {int((~finite).sum())} of {count} "
                f"images, first for sample {first!r} ({self.where}); scores must be finite{narrow}"
            )
        return self.values


def check_finite(outputs: Sequence[Returned]) -> None:
    """Look at the outputs of several batches with one wait.

    Raises:
        ModelError: for the first that are not finite.
    """
    if outputs and not bool(torch.isfinite(torch.stack([one.total for one in outputs])).all()):
        for one in outputs:
            one.checked()


def returned(tensor: Any, ids: Sequence[str], where: str, precision: str) -> Returned:
    """What a model returned, if it is a tensor with a row for each sample.

    Raises:
        ModelError: where it is not.
    """
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
    # A copy, because models may return the same memory each time: CUDA graphs, engines.
    values = tensor.detach().to(torch.float32, copy=True)
    # A sum is finite only where every value is: one quick look spares a slow one at each of them.
    return Returned(values, values.sum(), ids, where, precision)
