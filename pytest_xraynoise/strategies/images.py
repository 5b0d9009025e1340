"""X-ray-like images."""

from __future__ import annotations

from typing import TYPE_CHECKING

from hypothesis import strategies as st

from pytest_xraynoise.data.film import MOST_RIBS, film
from pytest_xraynoise.errors import SpecError

if TYPE_CHECKING:
    from hypothesis.strategies import DrawFn, SearchStrategy

    from pytest_xraynoise.data.film import Film

_STEPS = 20


def xray_images(shape: tuple[int, ...] = (1, 32, 32)) -> SearchStrategy[Film]:
    """X-ray-like images: a smooth body with lungs, ribs and a black border, in [0, 1].

    They shrink towards a plain grey film: first the ribs go, then border, lungs and body.

    Args:
        shape: (H, W), (N, H, W) or (N, C, H, W); channels hold the same image.

    Returns:
        A strategy of float32 tensors of that shape.

    Raises:
        SpecError: another number of axes, or one that is empty.
    """
    sides = all(isinstance(n, int) and not isinstance(n, bool) and n > 0 for n in shape)
    if len(shape) not in (2, 3, 4) or not sides:
        raise SpecError(f"shape={shape!r}: expected (H, W), (N, H, W) or (N, C, H, W), each from 1")
    return _images(tuple(shape))


@st.composite
def _images(draw: DrawFn, shape: tuple[int, ...]) -> Film:
    height, width = shape[-2:]
    count = 1 if len(shape) == 2 else shape[0]
    made = [_film(draw, height, width) for _ in range(count)]
    stacked = made[0].new_empty((count, height, width))
    for index, one in enumerate(made):
        stacked[index] = one
    if len(shape) == 2:
        return stacked[0]
    return stacked[:, None].expand(shape).contiguous() if len(shape) == 4 else stacked


def _film(draw: DrawFn, height: int, width: int) -> Film:
    return film(
        height,
        width,
        body=draw(_share(0.5)),
        lungs=draw(_share(0.5)),
        border=draw(_share(0.3)),
        tilt=draw(_share(1.0)),
        ribs=draw(st.integers(0, MOST_RIBS)),
        rib_contrast=draw(_share(0.4)),
        level=0.5 - draw(_share(0.45)),
    )


def _share(most: float) -> SearchStrategy[float]:
    """0 to ``most`` in steps, shrinking towards 0: whole numbers shrink further than floats do."""
    return st.integers(0, _STEPS).map(lambda n: most * n / _STEPS)
