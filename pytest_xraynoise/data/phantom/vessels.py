"""Pulmonary vessels: trees that branch from the hila, deposited as path length."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.frame import Array, Frame
    from pytest_xraynoise.data.phantom.patient import Patient

_Floats = npt.NDArray[np.float64]
_LEVELS = 6


def vessel_thickness(rng: np.random.Generator, frame: Frame, patient: Patient) -> Array:
    """Blood along each ray in cm, (H, W), before the lungs' borders cut it off."""
    thickness = np.zeros(frame.size * frame.size)
    for side in (-1.0, 1.0):
        starts, ends, bends, radii = _tree(rng, patient, side)
        _deposit(thickness, frame, starts, ends, bends, radii)
    return thickness.reshape(frame.size, frame.size).astype(np.float32)


def _tree(
    rng: np.random.Generator, patient: Patient, side: float
) -> tuple[_Floats, _Floats, _Floats, _Floats]:
    """Segments of one lung: starts (S, 2), ends (S, 2), bends (S, 2), radii (S,)."""
    roots = 8
    # Angles from straight up (0) outwards to straight down (pi), denser towards the bases.
    angle = np.linspace(0.25, 2.95, roots) + rng.normal(0, 0.14, roots)
    at = np.empty((roots, 2))
    at[:, 0] = side * (2.6 + rng.uniform(0, 0.8, roots)) + patient.mediastinum_shift
    at[:, 1] = patient.hilum - (0.9 if side > 0 else 0.2) + rng.normal(0, 0.7, roots)
    radius = rng.uniform(0.3, 0.46, roots) * np.sqrt(patient.vessel_density)
    length = rng.uniform(2.4, 3.8, roots) * (1 + 0.25 * (angle > 1.9))
    pieces: list[tuple[_Floats, _Floats, _Floats, _Floats]] = []
    for _ in range(_LEVELS):
        direction = np.stack([side * np.sin(angle), -np.cos(angle)], axis=1)
        end = at + direction * length[:, None]
        normal = direction[:, ::-1] * np.array([-1.0, 1.0])
        bend = normal * (length * rng.normal(0, 0.09, len(length)))[:, None]
        pieces.append((at, end, bend, radius))
        spread = rng.uniform(0.12, 0.5, (len(angle), 2)) * np.array([-1.0, 1.0])
        share = rng.uniform(0.66, 0.9, (len(angle), 2))
        angle = (angle[:, None] + spread).ravel()
        radius = (radius[:, None] * share).ravel()
        length = (length[:, None] * rng.uniform(0.6, 1.0, share.shape)).ravel()
        at = np.repeat(end, 2, axis=0)
    starts, ends, bends, radii = (np.concatenate(parts) for parts in zip(*pieces, strict=True))
    return starts, ends, bends, radii


def _deposit(
    thickness: _Floats, frame: Frame, starts: _Floats, ends: _Floats, bends: _Floats, radii: _Floats
) -> None:
    """Add the segments to a flat image, mass for mass, so that it holds at any pixel size."""
    lengths = np.linalg.norm(ends - starts, axis=1)
    counts = np.maximum(2, np.ceil(lengths / (0.9 * frame.pitch))).astype(np.intp)
    segment = np.repeat(np.arange(len(counts)), counts)
    order = np.arange(len(segment)) - np.repeat(np.cumsum(counts) - counts, counts)
    t = ((order + 0.5) / counts[segment])[:, None]
    points = starts[segment] + (ends - starts)[segment] * t + bends[segment] * (4 * t * (1 - t))
    across = (ends - starts)[:, ::-1] * np.array([-1.0, 1.0]) / lengths[:, None]
    radius = radii[segment]
    volume = np.pi * radius**2 * (lengths / counts)[segment] / frame.pitch**2
    # As many rays across a vessel as its width has pixels, or they show as stripes.
    rays = np.digitize(radius / frame.pitch, (0.25, 1.0, 2.0, 4.0))
    for k, count in enumerate((1, 3, 7, 13, 25)):
        chosen = rays == k
        place = (2 * np.arange(count) + 1) / count - 1  # of the radius, across the vessel
        chord = np.sqrt(1 - place**2)
        aside = across[segment[chosen]] * radius[chosen, None]
        spots = points[chosen][:, None, :] + aside[:, None, :] * place[:, None]
        weight = volume[chosen, None] * (chord / chord.sum())
        _splat(thickness, frame, spots.reshape(-1, 2), weight.ravel())


def _splat(thickness: _Floats, frame: Frame, points: _Floats, weight: _Floats) -> None:
    """Share each weight between the four pixels around its point."""
    column, row = frame.to_pixel(points[:, 0], points[:, 1])
    inside = (column >= 0) & (row >= 0) & (column < frame.size - 1) & (row < frame.size - 1)
    column, row, weight = column[inside], row[inside], weight[inside]
    x, y = column.astype(np.intp), row.astype(np.intp)
    fx, fy = column - x, row - y
    flat = y * frame.size + x
    corners = ((0, (1 - fx) * (1 - fy)), (1, fx * (1 - fy)))
    below = ((frame.size, (1 - fx) * fy), (frame.size + 1, fx * fy))
    for offset, share in corners + below:
        thickness += np.bincount(flat + offset, weight * share, minlength=thickness.size)
