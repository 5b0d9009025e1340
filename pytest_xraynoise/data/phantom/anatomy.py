"""The soft chest: trunk, pleural cavities, heart and great vessels as path lengths in cm."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.data.phantom.shapes import ellipse_level, ellipsoid, positive_sqrt, step
from pytest_xraynoise.data.phantom.torso import (
    cage_depth,
    cage_width,
    mediastinum_width,
    trunk_depth,
    trunk_width,
)

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.frame import Array, Frame
    from pytest_xraynoise.data.phantom.patient import Patient


@dataclass(slots=True)
class Chest:
    """Path lengths along the beam in cm, (H, W) each; findings change them in place."""

    body: Array
    """Everything inside the skin."""
    lung: Array
    """Aerated lung."""
    gas: Array
    """Air outside the lungs: airways, stomach, a pneumothorax."""
    fluid: Array
    """Soft tissue inside the lung that is counted in ``lung``: vessels, consolidation, masses."""
    bone: Array
    masks: npt.NDArray[np.bool_]
    """Right lung field, left lung field, heart: (3, H, W)."""
    dome: Array
    """Height of the diaphragm's outline, cm."""
    wall: Array
    """Distance to the rib cage's inner surface in the image plane, cm, positive inside."""


def build_chest(frame: Frame, patient: Patient) -> Chest:
    """The patient's chest before vessels, bones and findings."""
    heart, silhouette = _heart(frame, patient)
    cavity, field, wall, dome = pleural_cavity(frame, patient)
    lung = np.maximum(cavity - heart - _great_vessels(frame, patient), 0)
    lung *= _aeration_below_dome(frame, dome)
    field &= ~silhouette
    masks = np.stack([field & ~frame.left, field & frame.left, silhouette])
    body = _body(frame, patient)
    zero = np.zeros_like(body)
    gas = np.minimum(_airways(frame, patient) + _stomach(frame, patient, dome), body)
    return Chest(body, lung, gas, zero, zero.copy(), masks, dome, wall)


def pleural_cavity(
    frame: Frame, patient: Patient, retract: float = 0.0
) -> tuple[Array, npt.NDArray[np.bool_], Array, Array]:
    """(chord, lung field, distance to the wall, dome height) of both pleural cavities.

    Args:
        frame: the film.
        patient: whose chest.
        retract: how far a collapsed lung's surface has left the wall, cm.
    """
    half = frame.rows_by_side(
        lambda v: cage_width(v, patient, retract)[0], lambda v: cage_width(v, patient, retract)[1]
    )
    ratio = frame.au / np.maximum(half, np.float32(1e-3))
    chord = positive_sqrt(1 - ratio * ratio * ratio)
    chord *= frame.rows(lambda v: cage_depth(v, patient))
    centre = np.float32(patient.mediastinum_shift)
    medial = np.abs(frame.u - centre) - frame.rows(lambda v: mediastinum_width(v, patient))
    # Lung wraps round the mediastinum in front and behind, so that its border is no knife edge.
    chord *= step(medial, 1.5) * step(frame.v - frame.columns(lambda u: _cap(u, patient)), 0.9)
    dome = frame.columns(lambda u: _dome(u, patient))
    wall = half - frame.au
    field = (wall > 0) & (medial > 0) & (frame.v < dome)
    field &= frame.v > frame.columns(lambda u: _cap(u, patient))
    return chord, field, wall, dome


def _cap(u: Array, patient: Patient) -> Array:
    """Height of the rounded top of each lung over ``u``."""
    return np.asarray(patient.apex + 0.9 + 1.5 * np.square((np.abs(u) - 4.2) / 2.9))


def _dome(u: Array, patient: Patient) -> Array:
    """Height of the diaphragm over ``u``: highest over the middle of each lung."""
    height = np.where(u > 0, patient.dome[1], patient.dome[0])
    x = (np.abs(u) - 5.2) / 8.0
    fall = np.where(x > 0, x * x * (0.75 + 0.5 * x * x), 0.35 * x * x)
    return np.asarray(height + patient.dome_rise * fall, dtype=np.float32)


def _aeration_below_dome(frame: Frame, dome: Array) -> Array:
    """Part of the lung that a ray still meets: the back recess reaches below the dome."""
    below = np.clip((frame.v - dome) * np.float32(1 / 6.0), 0, 1)
    return np.asarray(1 - np.sqrt(np.sqrt(below)), dtype=np.float32)


def _body(frame: Frame, patient: Patient) -> Array:
    ratio = frame.au / frame.rows(lambda v: trunk_width(v, patient))
    chord = positive_sqrt(1 - ratio * ratio * ratio)
    chord *= frame.rows(lambda v: trunk_depth(v, patient))
    if patient.breast > 0:
        for side in (-1, 1):
            centre = (side * 7.9, 2.2 + 0.6 * patient.breast)
            level = ellipse_level(frame.u, frame.v, centre, (6.2, 4.8 + 0.5 * patient.breast))
            # Tissue hangs: full at the lower edge, flat towards the collar bone.
            hang = np.clip((frame.v - np.float32(centre[1])) * np.float32(0.16) + 0.7, 0, 1)
            chord += ellipsoid(level, 1.1 * patient.breast) * hang
    return chord


def _heart(frame: Frame, patient: Patient) -> tuple[Array, npt.NDArray[np.bool_]]:
    """Chord and silhouette: the ventricles as one ellipsoid, the right atrium as another."""
    k = patient.heart_scale
    u0 = patient.mediastinum_shift + 0.8 * patient.turn
    v0 = (patient.dome[0] + patient.dome[1]) / 2 - 2.5 + patient.heart_drop
    ventricles = ellipse_level(
        frame.u, frame.v, (u0 + 2.0 * k, v0), (5.9 * k, 4.1 * k), patient.heart_angle
    )
    atrium = ellipse_level(
        frame.u, frame.v, (u0 - 0.9 * k, v0 - 0.6), (2.9 * k, 4.3 * np.sqrt(k)), 0.15
    )
    chord = np.maximum(ellipsoid(ventricles, 11.5 * np.sqrt(k)), ellipsoid(atrium, 9.0))
    silhouette = np.minimum(ventricles, atrium) < 1
    return chord, silhouette


def _great_vessels(frame: Frame, patient: Patient) -> Array:
    """Aortic knob and descending aorta, pulmonary trunk, superior vena cava, hila."""
    shift = patient.mediastinum_shift
    knob_at = (shift + 1.9 + 0.2 * patient.turn, patient.hilum - 4.3)
    knob = ellipse_level(frame.u, frame.v, knob_at, (patient.knob, patient.knob * 1.05))
    chord = ellipsoid(knob, 7.5)
    trunk_at = (shift + 2.4, patient.hilum - 1.2)
    trunk = ellipse_level(frame.u, frame.v, trunk_at, (1.7 * patient.pulmonary_trunk, 2.1))
    chord = np.maximum(chord, ellipsoid(trunk, 7.0))
    aorta = np.abs(frame.u - np.float32(shift + 1.7)) * np.float32(1 / 1.35)
    chord = np.maximum(
        chord, ellipsoid(aorta * aorta, 2.8) * step(frame.v - np.float32(knob_at[1]), 2)
    )
    cava = np.abs(frame.u - np.float32(shift - 1.3 + 0.4 * patient.turn)) * np.float32(1 / 1.55)
    above = step(np.float32(patient.hilum + 2) - frame.v, 3)
    chord = np.maximum(chord, ellipsoid(cava * cava, 4.0) * above)
    for side, drop in ((-1, 0.3), (1, -0.6)):
        at = (shift + side * 3.3, patient.hilum + drop)
        hilum = ellipse_level(frame.u, frame.v, at, (1.5, 2.4), -0.25 * side)
        chord = chord + ellipsoid(hilum, 1.5)
    return np.asarray(chord)


def _airways(frame: Frame, patient: Patient) -> Array:
    """Trachea from the neck to the carina, and both main bronchi."""
    carina = patient.hilum - 2.6
    centre = np.float32(patient.mediastinum_shift - 0.25 + 0.3 * patient.turn)
    s = (frame.u - centre) * np.float32(1 / 0.85)
    trachea = ellipsoid(s * s, 1.7) * step(np.float32(carina) - frame.v, 1.0)
    below = frame.v - np.float32(carina - 0.3)
    slope = np.where(frame.u > centre, np.float32(1.05), np.float32(0.8))
    branch = (np.abs(frame.u - centre) - slope * below) * np.float32(1 / 0.85)
    bronchi = ellipsoid(branch * branch, 1.2) * step(below - 0.2, 0.8) * step(2.9 - below, 1.2)
    return np.asarray(np.maximum(trachea, bronchi))


def _stomach(frame: Frame, patient: Patient, dome: Array) -> Array:
    """Gas under the left dome, flat underneath; absent in a third of patients."""
    if patient.gastric <= 0:
        return np.zeros_like(dome)
    top = patient.dome[1] + 0.8
    level = ellipse_level(frame.u, frame.v, (5.4, top + 1.7), (2.9, 1.7))
    return ellipsoid(level, 5.0 * patient.gastric) * step(np.float32(top + 2.2) - frame.v, 0.5)
