"""A film drawn from a handful of numbers: a body, lungs, ribs and a border, and nothing random."""

from __future__ import annotations

import torch

Film = torch.Tensor
"""Float32 intensities in [0, 1], (H, W), (N, H, W) or (N, C, H, W)."""
MOST_RIBS = 12


def film(
    height: int,
    width: int,
    *,
    level: float = 0.5,
    body: float = 0.0,
    lungs: float = 0.0,
    ribs: int = 0,
    rib_contrast: float = 0.0,
    border: float = 0.0,
    tilt: float = 0.0,
) -> torch.Tensor:
    """One X-ray-like image; with the defaults it is plain grey.

    It is no anatomy (that is :class:`~pytest_xraynoise.ChestPhantom`): it has what noise depends
    on, which is bright and dark smooth areas, fine bright lines, and black edges.

    Args:
        height: rows, 1 or more.
        width: columns, 1 or more.
        level: brightness of the plain film, 0 to 1.
        body: how much brighter a soft ellipse in the middle is, 0 to 1.
        lungs: how much darker two soft ellipses inside it are, 0 to 1.
        ribs: bright lines across, 0 to 12.
        rib_contrast: how much brighter they are, 0 to 1.
        border: share of each side that the collimator leaves black, 0 to below 0.5.
        tilt: rise of the brightness from left to right, -1 to 1.

    Returns:
        (height, width) float32 in [0, 1].
    """
    rows = torch.linspace(-1, 1, height)[:, None] if height > 1 else torch.zeros(1, 1)
    columns = torch.linspace(-1, 1, width)[None, :] if width > 1 else torch.zeros(1, 1)
    image = torch.full((height, width), level) + tilt * columns / 4
    image = image + body * _ellipse(rows, columns, 0.0, 0.9, 0.8)
    for side in (-0.4, 0.4):
        image = image - lungs * _ellipse(rows, columns, side, 0.6, 0.3)
    if ribs:
        wave = torch.cos(torch.pi * ribs * (rows + columns**2 / 4))
        image = image + rib_contrast * wave.clamp(min=0) ** 4
    edge = 1 - 2 * border
    inside = (rows.abs() <= edge) & (columns.abs() <= edge)
    return (image.clamp(0, 1) * inside).to(torch.float32)


def _ellipse(
    rows: torch.Tensor, columns: torch.Tensor, centre: float, tall: float, wide: float
) -> torch.Tensor:
    """1 inside, 0 far outside, and smooth between."""
    radius = (rows / tall) ** 2 + ((columns - centre) / wide) ** 2
    return torch.exp(-(radius**2))
