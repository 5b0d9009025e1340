"""Outlines of the trunk and of the rib cage as functions of height, in cm."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.frame import Array
    from pytest_xraynoise.data.phantom.patient import Patient


def cage_width(v: Array, patient: Patient, retract: float = 0.0) -> tuple[Array, Array]:
    """Half-widths (right, left) of the thoracic cavity at height ``v``.

    Args:
        v: heights, cm.
        patient: whose cavity.
        retract: how far the surface lies inside the wall, cm; more at the apex than at the side.
    """
    s = np.clip((v - (patient.apex + retract)) / (patient.wide - patient.apex), 0, 1)
    shape = (1 - (1 - s) ** 2.4) ** 0.6
    waist = 1 - 0.012 * np.clip(v - patient.wide, 0, 8)
    right, left = (
        np.clip(width * shape * waist - 0.6 * retract, 0, None).astype(np.float32)
        for width in patient.width
    )
    return right, left


def cage_depth(v: Array, patient: Patient) -> Array:
    """Depth of the cavity along the beam on the midline of each lung, cm."""
    s = np.clip((v - patient.apex) / 15, 0, 1)
    return np.asarray(patient.depth * np.sqrt(1 - (1 - s) ** 2), dtype=np.float32)


def mediastinum_width(v: Array, patient: Patient) -> Array:
    """Half-width of what lies between the lungs; wider at the neck's root and at the hila."""
    neck = 1.2 * np.exp(-(((v - patient.apex) / 2.6) ** 2))
    base = 0.5 / (1 + np.exp(-(v - 3)))
    return np.asarray(patient.mediastinum + neck + base, dtype=np.float32)


def trunk_width(v: Array, patient: Patient) -> Array:
    """Half-width of the skin's outline: neck, shoulders, armpits, flanks."""
    cage = max(patient.width)
    flank = cage + patient.side_wall
    shoulder = patient.apex + patient.shoulder
    heights = [-32, shoulder - 4, shoulder - 1.5, shoulder + 1, shoulder + 3.5, -3, 2, 8, 32]
    widths = [5.8, 6.4, 8.5, 13.5, 20, 20, flank + 1.2, flank, flank - 0.4]
    return _smooth(np.interp(v, heights, widths))


def trunk_depth(v: Array, patient: Patient) -> Array:
    """Thickness of the body along the beam on the midline, cm."""
    chest = patient.depth + patient.wall
    heights = [-32, patient.apex - 2, patient.apex + 3, -4, 4, 12, 32]
    depths = [11.5, 12.5, 0.78 * chest, 0.97 * chest, chest, chest, chest]
    return _smooth(np.interp(v, heights, depths))


def _smooth(table: np.typing.NDArray[np.float64]) -> Array:
    """Round the corners of a tabulated outline (a running mean of about 3 cm)."""
    if table.size < 1000:
        return table.astype(np.float32)
    reach = 96
    padded = np.pad(table, reach, mode="edge")
    total = np.cumsum(np.insert(padded, 0, 0.0))
    width = 2 * reach + 1
    return ((total[width:] - total[:-width]) / width).astype(np.float32)
