"""Sample ids as the 64-bit keys of the random streams."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from numbers import Integral
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import NoiseError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

_LIMIT = 2**64


def sample_keys(ids: Iterable[Any]) -> npt.NDArray[np.uint64]:
    """One 64-bit key for each sample id.

    Args:
        ids: integers from 0 to 2**64 - 1, which map to themselves, or strings, which map to the
            first 8 bytes (little endian) of BLAKE2b of their UTF-8. A string that spells such an
            integer ("12") is that integer, so ids read from a file give the same noise. Tensors and
            arrays work too.

    Returns:
        uint64 array, one key for each id.

    Raises:
        NoiseError: an id that is neither, negative, or too large.
    """
    import numpy as np

    values = ids.tolist() if hasattr(ids, "tolist") else ids
    if isinstance(values, str | bytes) or not isinstance(values, Iterable):
        raise NoiseError(f"ids={ids!r}: expected a list with one id for each sample")
    return np.array([_key(value) for value in values], dtype=np.uint64)


def check_counter(name: str, value: object, limit: int) -> int:
    """Return ``value`` as an int with 0 <= value < limit.

    Raises:
        NoiseError: anything else.
    """
    if isinstance(value, bool) or not isinstance(value, Integral) or not 0 <= int(value) < limit:
        raise NoiseError(f"{name}={value!r}: expected a whole number from 0 to {limit - 1}")
    return int(value)


def _key(value: object) -> int:
    if isinstance(value, str):
        if value.isascii() and value.isdigit() and value == str(int(value)) and int(value) < _LIMIT:
            return int(value)
        digest = hashlib.blake2b(value.encode("utf-8", "surrogatepass"), digest_size=8).digest()
        return int.from_bytes(digest, "little")
    if isinstance(value, bool) or not isinstance(value, Integral):
        raise NoiseError(
            f"sample id {value!r} ({type(value).__name__}): expected a whole number from 0 to "
            "2**64 - 1, or a string"
        )
    if not 0 <= int(value) < _LIMIT:
        raise NoiseError(
            f"sample id {value}: expected a whole number from 0 to 2**64 - 1; "
            "give such samples a string id instead"
        )
    return int(value)
