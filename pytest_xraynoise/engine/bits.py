"""Checksums of tensors and arrays: of every bit and its place, at memory speed."""

from __future__ import annotations

import zlib
from typing import Any

import numpy as np
import torch

EXACT = 2**25
"""Bytes up to which a checksum runs through all of them in order."""

_WIDTH = 2**12 + 1  # of a table of sums: prime to the sides that images have
_BLOCK = _WIDTH * 2**10


class UnreadableError(Exception):
    """What something holds cannot be told."""


def tensor_sign(tensor: torch.Tensor) -> tuple[Any, ...]:
    """Version, memory, shape, type and checksum of a tensor on any device.

    Writing through ``tensor.data`` or a shared array counts no version, so the bits count too.

    Raises:
        UnreadableError: for tensors without memory, and layouts that hide it.
    """
    try:
        version: int | None = tensor._version
    except RuntimeError:  # made in inference mode
        version = None
    try:
        place = tensor.data_ptr() if tensor.layout is torch.strided else 0
        total = _tensor_checksum(tensor.detach())
    except (RuntimeError, TypeError, NotImplementedError, ValueError) as error:
        raise UnreadableError(str(error)) from error
    return version, place, tuple(tensor.shape), str(tensor.dtype), str(tensor.device), total


def _tensor_checksum(values: torch.Tensor) -> tuple[int, ...]:
    if values.is_meta:
        raise UnreadableError("a tensor without memory")
    if values.layout is torch.sparse_coo:
        whole = values.coalesce()
        return (*_tensor_checksum(whole.indices()), *_tensor_checksum(whole.values()))
    if values.layout is not torch.strided:
        raise UnreadableError(f"a tensor of layout {values.layout}")
    if values.is_quantized:
        values = values.int_repr()
    raw = values.resolve_conj().resolve_neg().contiguous().reshape(-1).view(torch.uint8)
    if raw.device.type == "cpu":
        return bytes_checksum(raw.numpy())
    if raw.numel() <= EXACT:
        return bytes_checksum(raw.cpu().numpy())
    rows = [_sums_there(raw[at : at + _BLOCK]) for at in range(0, raw.numel(), _BLOCK)]
    return bytes_checksum(torch.cat(rows).cpu().numpy().view(np.uint8))


def _sums_there(raw: torch.Tensor) -> torch.Tensor:
    """Sums of the rows and columns of bytes laid out as a table, where the bytes are."""
    whole = len(raw) // _WIDTH * _WIDTH
    table = raw[:whole].view(-1, _WIDTH)
    sums = [table.sum(0, dtype=torch.int64), table.sum(1, dtype=torch.int64)]
    return torch.cat([*sums, raw[whole:].to(torch.int64)])


def array_sign(array: np.ndarray[Any, Any]) -> tuple[Any, ...]:
    """Memory, strides, shape, type and checksum of an array that holds no Python objects."""
    place = array.__array_interface__["data"][0]
    raw = np.ascontiguousarray(array).reshape(-1).view(np.uint8)
    return array.shape, array.strides, str(array.dtype), place, bytes_checksum(raw)


def bytes_checksum(raw: np.ndarray[Any, Any] | bytes | bytearray | memoryview) -> tuple[int, ...]:
    """A checksum that depends on the order of bytes.

    Up to :data:`EXACT` bytes it is a CRC of all. Of more it is the CRC of some, evenly spread, and
    of the sums over the rows and columns of all of them laid out as tables: a change of one value
    and a swap of two change some of these sums.
    """
    values = np.frombuffer(raw, np.uint8) if not isinstance(raw, np.ndarray) else raw
    if values.size <= EXACT:
        return values.size, zlib.crc32(np.ascontiguousarray(values).data)
    total = zlib.crc32(np.ascontiguousarray(values[:: 1 + values.size // EXACT]).data)
    words = values[: values.size // 8 * 8].view(np.uint64)
    total = zlib.crc32(values[words.size * 8 :].tobytes(), total)
    for at in range(0, words.size, _BLOCK):
        block = words[at : at + _BLOCK]
        whole = block.size // _WIDTH * _WIDTH
        table = block[:whole].reshape(-1, _WIDTH)
        for part in (table.sum(0), table.sum(1), block[whole:]):
            total = zlib.crc32(np.ascontiguousarray(part).data, total)
    return values.size, total
