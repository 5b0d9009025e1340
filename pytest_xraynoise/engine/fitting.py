"""What has to come between data and model for the two to fit, found in what both declare."""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data import Natural
from pytest_xraynoise.models.adapters.xrayvision import is_xrayvision, to_xrayvision
from pytest_xraynoise.models.denoisers.front import Front
from pytest_xraynoise.models.labels import aligned, declared_labels
from pytest_xraynoise.models.outputs import default_output

if TYPE_CHECKING:
    from collections.abc import Callable

    import torch

    from pytest_xraynoise.data import Source
    from pytest_xraynoise.models.labels import Alignment

    Preprocess = Callable[[torch.Tensor], Any]
    Output = Callable[[Any], Any]


class _AlignedOutput:
    """The tensor of an output, in the order of the dataset's labels."""

    def __init__(self, alignment: Alignment) -> None:
        self._alignment = alignment

    def __call__(self, raw: Any) -> torch.Tensor:
        return self._alignment(default_output(raw))


def _in_its_range(preprocess: Preprocess | None) -> Preprocess:
    """To the range of torchxrayvision, after a denoiser, unless the user preprocesses."""
    if isinstance(preprocess, Front) and preprocess.preprocess is None:
        return replace(preprocess, preprocess=to_xrayvision)
    return to_xrayvision if preprocess is None else preprocess


def fitting(
    model: Any, source: Source, preprocess: Preprocess | None, output: Output | None
) -> tuple[Preprocess | None, Output | None]:
    """Preprocessing and choice of the output for a model on a dataset.

    What the user gives is taken as it is. Where nothing is given, a model of torchxrayvision gets
    intensities in its range, if the data did not declare any, and a model that names its labels has
    its outputs brought into the order of the dataset's.

    Raises:
        DataError: for a label of the dataset that the model does not have.
    """
    if isinstance(source.intensity, Natural) and is_xrayvision(model):
        preprocess = _in_its_range(preprocess)
    names = declared_labels(model)
    if output is None and names is not None and source.labels is not None:
        alignment = aligned(names, source.labels)
        output = None if alignment is None else _AlignedOutput(alignment)
    return preprocess, output
