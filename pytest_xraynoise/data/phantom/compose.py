"""Patient and findings -> the layers of the chest -> one finished image."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.data.phantom.anatomy import Chest, build_chest
from pytest_xraynoise.data.phantom.bones import bone_thickness
from pytest_xraynoise.data.phantom.frame import Array, Frame
from pytest_xraynoise.data.phantom.render import exposure
from pytest_xraynoise.data.phantom.shapes import step
from pytest_xraynoise.data.phantom.texture import fractal
from pytest_xraynoise.data.phantom.vessels import vessel_thickness

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.data.phantom.findings import Finding
    from pytest_xraynoise.data.phantom.patient import Patient


@dataclass(frozen=True, slots=True)
class Film:
    """One radiograph before noise.

    Attributes:
        exposure: relative exposure, (H, W) float32, 1 = the full beam unattenuated.
        masks: left lung, right lung, heart; (3, H, W) bool.
        chest: the path lengths that it was made of, cm.
    """

    exposure: Array
    masks: npt.NDArray[np.bool_]
    chest: Chest


def take_film(
    patient: Patient, findings: Sequence[Finding], size: int, seed: tuple[int, ...]
) -> Film:
    """Radiograph one patient.

    Args:
        patient: the healthy build.
        findings: applied in order, shapes first.
        size: pixels a side of the square film.
        seed: of the textures and vessels, the patient's own.
    """
    for finding in findings:
        patient = finding.reshape(patient)
    frame = Frame(size, patient.tilt, patient.scale, patient.shift, patient.scoliosis)
    rng = np.random.default_rng(seed)
    chest = build_chest(frame, patient)
    _add_texture(chest, frame, patient, rng)
    chest.bone += bone_thickness(frame, patient)
    for finding in findings:
        finding.alter(chest, frame, patient)
    right, left, heart = chest.masks
    return Film(exposure(chest, patient.technique), np.stack([left, right, heart]), chest)


def _add_texture(chest: Chest, frame: Frame, patient: Patient, rng: np.random.Generator) -> None:
    """Vessels and interstitium in the lungs; muscle and fat in the wall."""
    size = frame.size
    vessels = vessel_thickness(rng, frame, patient) * np.float32(patient.vessel_density)
    interstitium = fractal(rng, size, (22, 44, 70)) * np.float32(0.014 * patient.interstitium)
    chest.fluid += vessels * step(chest.lung - 1.5, 2.5)
    chest.fluid += np.maximum(interstitium + np.float32(0.02), 0) * chest.lung
    wall = fractal(rng, size, (5, 10, 20, 40)) * np.float32(0.022) + 1
    chest.body *= wall
