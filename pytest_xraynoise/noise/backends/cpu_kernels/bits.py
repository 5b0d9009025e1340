# ruff: noqa: ARG001 - Numba reads the argument names of an intrinsic, its code does not
"""Bit-level helpers for the CPU kernels, as LLVM instructions that vectorise.

Numba's own integer conversions widen to 64 bits and keep loops from vectorising; these do not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from llvmlite import ir  # type: ignore[import-untyped, unused-ignore]
from numba import types
from numba.extending import intrinsic

from pytest_xraynoise.noise.spec import coefficients as c

if TYPE_CHECKING:
    from collections.abc import Callable

_I32 = ir.IntType(32)
_F32 = ir.FloatType()


def _typed(function: Callable[..., Any]) -> Callable[..., Any]:
    return cast("Callable[..., Any]", intrinsic(function))


def _constant(value: int) -> ir.Constant:
    return ir.Constant(_I32, value)


@_typed
def distance(context: Any, word: Any) -> Any:
    """The word as int32, complemented when negative, made odd, as float32."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        sign = builder.ashr(args[0], _constant(31))
        return builder.sitofp(builder.or_(builder.xor(args[0], sign), _constant(1)), _F32)

    return types.float32(types.uint32), code


@_typed
def signed_by(context: Any, value: Any, word: Any) -> Any:
    """Value where the word's top bit is set, -value where it is not."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        sign = builder.and_(builder.not_(args[1]), _constant(0x80000000))
        return builder.bitcast(builder.xor(builder.bitcast(args[0], _I32), sign), _F32)

    return types.float32(types.float32, types.uint32), code


@_typed
def steps(context: Any, value: Any) -> Any:
    """How many floats lie between 2**62 and the value, as float32."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        bits = builder.bitcast(args[0], _I32)
        return builder.sitofp(builder.sub(bits, _constant(c.WHOLE_BITS)), _F32)

    return types.float32(types.float32), code


@_typed
def mantissa(context: Any, value: Any) -> Any:
    """Mantissa m of value = m 2**e with 1 <= m < 2."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        bits = builder.and_(builder.bitcast(args[0], _I32), _constant(c.MANTISSA_BITS))
        return builder.bitcast(builder.or_(bits, _constant(c.ONE_BITS)), _F32)

    return types.float32(types.float32), code


@_typed
def top_bits(context: Any, word: Any) -> Any:
    """The top 24 bits of the word as float32."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        return builder.sitofp(builder.lshr(args[0], _constant(8)), _F32)

    return types.float32(types.uint32), code


@_typed
def power_of_half(context: Any, n: Any) -> Any:
    """2**-n for a whole float32 n between 0 and 126."""

    def code(_context: Any, builder: Any, _signature: Any, args: Any) -> Any:
        biased = builder.sub(_constant(127), builder.fptosi(args[0], _I32))
        return builder.bitcast(builder.shl(biased, _constant(23)), _F32)

    return types.float32(types.float32), code
