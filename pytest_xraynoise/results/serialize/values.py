"""Settings, numbers and arrays to what JSON knows, and back."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Array = npt.NDArray[np.float64]


def plain(value: Any) -> Any:
    """Turn settings into what ``json.dumps`` takes: str keys, lists, finite numbers or None.

    NumPy scalars and arrays become numbers and lists; what is none of these becomes its text.
    """
    if value is None or isinstance(value, str | bool | int):
        return value
    if isinstance(value, float):
        return float(value) if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {str(key): plain(item) for key, item in value.items()}
    if isinstance(value, Sequence | set | frozenset) and not isinstance(value, bytes | bytearray):
        return [plain(item) for item in value]
    if hasattr(value, "tolist"):  # NumPy, without importing it
        return plain(value.tolist())
    return str(value)


def number(value: float | None) -> float | None:
    """A finite number, or None."""
    return None if value is None or not math.isfinite(value) else float(value)


def to_float(value: float | None) -> float:
    """The number, NaN for None."""
    return math.nan if value is None else float(value)


def array_to_list(array: Array) -> list[Any]:
    """Nested lists of numbers; None where the array is not finite."""
    import numpy as np

    array = np.asarray(array, dtype=np.float64)
    if np.isfinite(array).all():
        return list(array.tolist())
    empty = np.full(array.shape, None, dtype=object)
    return list(np.where(np.isfinite(array), array.astype(object), empty).tolist())


def array_from_list(values: Sequence[Any]) -> Array:
    """A float64 array; NaN where there is None."""
    import numpy as np

    return np.array(values, dtype=np.float64)  # NumPy reads None as NaN


def by_severity_to_dict(arrays: Mapping[int, Array]) -> dict[str, list[Any]]:
    """Arrays by severity, which becomes a string key."""
    return {str(severity): array_to_list(array) for severity, array in arrays.items()}


def by_severity_from_dict(data: Mapping[str, Any]) -> dict[int, Array]:
    """The inverse of :func:`by_severity_to_dict`."""
    return {int(severity): array_from_list(values) for severity, values in data.items()}
