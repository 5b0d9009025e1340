"""The skeleton of a chest film: ribs, clavicles, spine and shoulder blades."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pytest_xraynoise.data.phantom.shapes import ellipse_level, ellipsoid, positive_sqrt, step, tube
from pytest_xraynoise.data.phantom.torso import cage_width

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.frame import Array, Frame
    from pytest_xraynoise.data.phantom.patient import Patient

_RIBS = 11


def bone_thickness(frame: Frame, patient: Patient) -> Array:
    """Cortical bone (or its equivalent in cancellous bone) along each ray, cm, (H, W)."""
    bone = _spine(frame)
    _add_ribs(bone, frame, patient)
    _add_clavicles(bone, frame, patient)
    _add_shoulders(bone, frame, patient)
    return bone * np.float32(patient.bone)


def _spine(frame: Frame) -> Array:
    """Vertebral bodies between their discs, pedicles and spinous processes; taller downwards."""

    def phase(v: Array) -> Array:
        return np.asarray(np.pi * (v + 0.018 * v * v) / 2.3, dtype=np.float32)

    def bodies(v: Array) -> Array:
        return np.asarray(0.45 + 0.55 * np.clip(np.abs(np.sin(phase(v))) * 2.5, 0, 1))

    def processes(v: Array) -> Array:
        return np.asarray(np.clip(np.sin(2 * phase(v) + 0.9) * 3 - 1.2, 0, 1), dtype=np.float32)

    def width(v: Array) -> Array:
        return np.asarray(1.6 + 0.022 * np.clip(v + 10, 0, 25), dtype=np.float32)

    half = frame.rows(width)
    body = step(half - frame.au, 0.9) * frame.rows(bodies) * np.float32(0.62)
    process = step(0.35 - frame.au, 0.3) * frame.rows(processes) * np.float32(0.45)
    aside: Array = np.abs(frame.au - half * np.float32(0.68))
    pedicle = step(0.3 - aside, 0.3)
    return np.asarray(body + process + pedicle * frame.rows(processes) * np.float32(0.3))


def _add_ribs(bone: Array, frame: Frame, patient: Patient) -> None:
    """Each rib is half an ellipse seen on edge: its back half above, its front half below."""
    heads = np.array([patient.apex + 0.9 + patient.rib_phase])
    for k in range(1, _RIBS):
        gap = patient.rib_spacing * (0.78 + 0.035 * k)
        heads = np.append(heads, heads[-1] + gap)
    for k, head in enumerate(heads):
        drop = patient.rib_slope * (1.25 + 0.78 * k - 0.028 * k * k)
        middle = float(head) + drop
        widths = cage_width(np.array([middle], dtype=np.float32), patient)
        for side, half in zip((-1, 1), (float(w[0]) + 0.35 for w in widths), strict=True):
            _add_rib(bone, frame, side, max(half, 4.2), drop, float(head), k)


def _add_rib(
    bone: Array, frame: Frame, side: int, half: float, drop: float, head: float, number: int
) -> None:
    window = frame.window(side * half / 2, head + drop, float(np.hypot(half / 2, drop)) + 1)
    if window is None:
        return
    u, v = frame.u[window] * np.float32(side), frame.v[window]
    x = u * np.float32(1 / half)
    y = (v - np.float32(head + drop)) * np.float32(1 / drop)
    radius = np.sqrt(x * x + y * y) + np.float32(1e-4)
    # First-order distance to the ellipse, from the gradient of its implicit radius.
    slope = np.sqrt(np.square(x * np.float32(1 / half)) + np.square(y * np.float32(1 / drop)))
    distance = np.abs(radius - 1) * radius / (slope + np.float32(1e-4))
    cos = np.minimum(np.abs(y) / radius, 1)
    # At the flank the rib runs along the beam: seen thin-edged, and crossed lengthwise.
    breadth = np.float32(0.30) + np.float32(0.28) * cos
    chord = tube(distance, breadth, 0.3) / np.sqrt(cos * cos + np.float32(0.3))
    front = y > 0
    # Cartilage at the front ends is not opaque; the first rib's arch closes nearer the midline.
    end = np.where(front, np.float32(0.36 if number > 1 else 0.62) * half, np.float32(1.5))
    reach = step(u - end, 1.2)
    strength = np.where(front, np.float32(0.46 if number < 8 else 0.15), np.float32(0.62))
    bone[window] += chord * reach * strength


def _add_clavicles(bone: Array, frame: Frame, patient: Patient) -> None:
    for side in (-1, 1):
        level = patient.apex + 3.4
        window = frame.window(side * 9.0, level - 1.6, 9.0)
        if window is None:
            continue
        u = frame.u[window] * np.float32(side) - np.float32(side * patient.turn)
        x = np.clip((u - 1.6) / 14, 0, 1.2)
        path = level - (2.0 + patient.clavicle_lift) * x - 0.65 * np.sin(2 * np.pi * x)
        breadth = np.float32(0.52) + np.float32(0.35) * np.square(x - np.float32(0.45)) * 4
        chord = tube(np.abs(frame.v[window] - path) * np.float32(0.94), breadth, 0.32)
        bone[window] += chord * step(u - np.float32(1.6), 0.7) * np.float32(0.85)


def _add_shoulders(bone: Array, frame: Frame, patient: Patient) -> None:
    """Shoulder blades turned clear of the lungs, as PA positioning does, and humeral heads."""
    for side in (-1, 1):
        u, v = frame.u * np.float32(side), frame.v
        medial = np.float32(13.3 + patient.scapula) + (v + 4) * np.float32(0.10)
        along = step(v + 10, 2) * step(2.5 - v, 4)
        blade = step(u - medial, 0.5) * along * np.float32(0.13)
        rim = positive_sqrt(1 - np.square((u - medial - np.float32(0.3)) / np.float32(0.45)))
        head = ellipsoid(ellipse_level(u, v, (18.2, patient.apex + 3.8), (2.6, 2.6)), 1.6)
        bone += blade + rim * along * np.float32(0.22) + head
