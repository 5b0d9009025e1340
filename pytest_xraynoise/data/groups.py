"""Groups of samples that belong together, the images of one patient as a rule."""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Hashable, Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import torch

from pytest_xraynoise.errors import DataError, SpecError, unknown

Groups = (
    Sequence[Hashable] | npt.NDArray[np.generic] | torch.Tensor | Callable[[str], Hashable] | str
)
"""One group for each sample, a function from a sample's id, or the items' field that holds it."""

_RECIPE = (
    "expected one group for each sample, a function from a sample's id to its group, or the name "
    "of the field that holds it in each item, such as groups='patient'"
)


def check_groups(groups: object) -> None:
    """Refuse what cannot name groups at all.

    Raises:
        SpecError: for anything but the three forms.
    """
    listed = hasattr(groups, "__len__") and not isinstance(groups, (bytes, Mapping))
    if isinstance(groups, str):
        listed = bool(groups)
    if groups is not None and not listed and not callable(groups):
        raise SpecError(f"groups={groups!r}: {_RECIPE}")


def listed_groups(groups: Any) -> tuple[str, ...] | None:
    """The groups of all samples, where they were listed.

    Raises:
        DataError: for a group that is no name, with the number of its sample.
    """
    if groups is None or isinstance(groups, str) or callable(groups):
        return None
    values = groups.tolist() if hasattr(groups, "tolist") else list(groups)
    return tuple(group_name(value, f"sample {number}") for number, value in enumerate(values))


def group_name(value: Any, where: str) -> str:
    """The name of a group: the text, or the number as one.

    Raises:
        DataError: for a missing value (None, NaN, an empty text) or anything else.
    """
    plain = value
    if hasattr(value, "item"):
        with contextlib.suppress(ValueError, RuntimeError):  # an array of several
            plain = value.item()
    nan = isinstance(plain, float) and math.isnan(plain)
    missing = plain is None or nan or (isinstance(plain, str) and not plain)
    if missing or not isinstance(plain, (str, int, float)):
        what = "has no group" if missing else f"has a {type(value).__name__} for a group"
        raise DataError(
            f"{where} {what} ({value!r}); groups are texts or whole numbers, and every sample "
            "needs one: give a sample whose patient is not known a group of its own"
        )
    return f"{plain:.0f}" if isinstance(plain, float) and plain.is_integer() else str(plain)


def field_of(item: Any, field: str, where: str) -> Any:
    """The field of an item, or of a batch, that holds the group.

    Raises:
        DataError: for an item without it.
    """
    if not isinstance(item, Mapping):
        raise DataError(
            f"{where} is a {type(item).__name__} without named fields, so groups={field!r} finds "
            "none; let the dataset yield mappings, or give one group for each sample"
        )
    if field not in item:
        raise DataError(f"{where}: groups={field!r}: {unknown('field', field, map(str, item))}")
    return item[field]


def batch_field(item: Any, field: str | None, count: int, where: str) -> list[Any]:
    """The field of a collated batch, one value for each of ``count`` samples; None without one.

    Raises:
        DataError: for a batch without it, or another number of values.
    """
    if field is None:
        return [None] * count
    values = field_of(item, field, where)
    if hasattr(values, "tolist"):
        values = values.tolist()
    if isinstance(values, str) or not isinstance(values, Sequence) or len(values) != count:
        have = len(values) if isinstance(values, (list, tuple)) else 1
        raise DataError(f"{where} has {count} images but {have} values of the field {field!r}")
    return list(values)
