"""One patient's build: every number that makes this chest differ from the next."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, slots=True)
class Patient:
    """Lengths in cm, in a frame with the spine at u = 0 and the film's centre near v = 0.

    Pairs are (right, left), the patient's own sides.
    """

    tilt: float
    scale: float
    shift: tuple[float, float]
    scoliosis: float
    turn: float
    """Rotation about the long axis: how far front structures move to the left."""
    technique: float
    """Exposure of the bare detector, as a fraction of full scale."""

    width: tuple[float, float]
    apex: float
    wide: float
    depth: float
    dome: tuple[float, float]
    dome_rise: float
    wall: float
    """Soft tissue in front of and behind the rib cage together."""
    side_wall: float
    shoulder: float
    mediastinum: float
    mediastinum_shift: float
    breast: float

    heart_scale: float
    heart_angle: float
    heart_drop: float
    knob: float
    pulmonary_trunk: float
    hilum: float

    rib_spacing: float
    rib_slope: float
    rib_phase: float
    bone: float
    """Bone mineral relative to the average."""
    clavicle_lift: float
    scapula: float

    vessel_density: float
    interstitium: float
    gastric: float


def sample_patient(rng: np.random.Generator) -> Patient:
    """Draw an adult of average health; findings are added to it afterwards."""

    def normal(mean: float, sd: float) -> float:
        return float(mean + sd * np.clip(rng.standard_normal(), -2.2, 2.2))

    def uniform(low: float, high: float) -> float:
        return float(rng.uniform(low, high))

    width, dome = normal(12.6, 0.6), normal(7.0, 1.0)
    return Patient(
        tilt=normal(0.0, 0.028),
        scale=normal(1.0, 0.04),
        shift=(normal(0.0, 0.7), normal(0.0, 0.8)),
        scoliosis=normal(0.0, 0.3),
        turn=normal(0.0, 0.5),
        technique=uniform(0.62, 1.0),
        width=(width + normal(0.15, 0.2), width + normal(-0.1, 0.2)),
        apex=normal(-13.2, 0.7),
        wide=normal(4.6, 0.7),
        depth=normal(16.5, 1.2),
        dome=(dome - abs(normal(0.6, 0.3)), dome + abs(normal(0.6, 0.4))),
        dome_rise=normal(3.2, 0.6),
        wall=normal(4.3, 0.9),
        side_wall=normal(2.6, 0.5),
        shoulder=normal(0.0, 0.8),
        mediastinum=normal(2.2, 0.25),
        mediastinum_shift=0.0,
        breast=max(0.0, normal(1.2, 1.2)),
        heart_scale=normal(1.0, 0.06),
        heart_angle=normal(0.6, 0.12),
        heart_drop=normal(0.0, 0.5),
        knob=normal(1.7, 0.22),
        pulmonary_trunk=normal(1.0, 0.15),
        hilum=normal(-1.2, 0.5),
        rib_spacing=normal(2.2, 0.13),
        rib_slope=normal(1.0, 0.12),
        rib_phase=uniform(-0.7, 0.7),
        bone=normal(1.0, 0.16),
        clavicle_lift=normal(0.0, 0.7),
        scapula=normal(0.0, 0.7),
        vessel_density=normal(1.5, 0.25),
        interstitium=uniform(0.5, 1.5),
        gastric=uniform(-0.6, 1.0),
    )
