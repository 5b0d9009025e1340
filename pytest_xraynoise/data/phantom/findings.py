"""Radiological findings: what each does to a patient's build and to the path lengths.

Sizes and contrasts run from obvious down to what a reader overlooks, so that a classifier has
something to lose. Every finding is one frozen dataclass that draws itself and applies itself.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, ClassVar

import numpy as np

from pytest_xraynoise.data.phantom.anatomy import Chest, pleural_cavity
from pytest_xraynoise.data.phantom.shapes import ellipse_level, ellipsoid, step
from pytest_xraynoise.data.phantom.texture import fractal
from pytest_xraynoise.data.phantom.torso import cage_width

if TYPE_CHECKING:
    from pytest_xraynoise.data.phantom.frame import Frame
    from pytest_xraynoise.data.phantom.patient import Patient


@dataclass(frozen=True, slots=True)
class Finding:
    """One finding of one patient.

    Attributes:
        severity: from 0 (barely there) to 1 (nobody misses it).
        side: -1 the patient's right, +1 the patient's left.
        seed: of the finding's own randomness, so that it looks the same at every size.
    """

    severity: float
    side: int
    seed: tuple[int, ...]

    label: ClassVar[str]

    @property
    def rng(self) -> np.random.Generator:
        """A fresh generator for this finding."""
        return np.random.default_rng(self.seed)

    def reshape(self, patient: Patient) -> Patient:
        """The patient's build with this finding (volume loss, a large heart)."""
        return patient

    def alter(self, chest: Chest, frame: Frame, patient: Patient) -> None:
        """Change the path lengths in place."""


def _pick(patient_value: tuple[float, float], side: int) -> float:
    return patient_value[1 if side > 0 else 0]


def _inside(rng: np.random.Generator, patient: Patient, side: int) -> tuple[float, float]:
    """A point well inside the lung of that side, which a pneumothorax leaves to the lung."""
    v = rng.uniform(patient.apex + 3.6, _pick(patient.dome, side) - 1.2)
    right, left = cage_width(np.array([v], dtype=np.float32), patient)
    half = float((left if side > 0 else right)[0])
    inner = min(4.3, 0.55 * half)
    return side * rng.uniform(inner, max(0.82 * half, inner + 0.5)), v


@dataclass(frozen=True, slots=True)
class Pneumothorax(Finding):
    """Air between the wall and a lung whose surface has left it; widest at the apex."""

    label: ClassVar[str] = "Pneumothorax"

    def alter(self, chest: Chest, frame: Frame, patient: Patient) -> None:
        """Collapse the lung and draw the visceral pleura as a thin line."""
        retract = 0.15 + 3.2 * self.severity**2
        rest, _, surface, _ = pleural_cavity(frame, patient, retract)
        full, _, _, _ = pleural_cavity(frame, patient)
        here = frame.left if self.side > 0 else ~frame.left
        kept = np.where(here, np.minimum(rest / np.maximum(full, np.float32(0.1)), 1), 1)
        line = np.exp(-np.square(surface * np.float32(1 / 0.09))) * here * (chest.lung > 0.3)
        chest.gas += chest.lung * (1 - kept)
        chest.fluid *= step(surface - 0.2, 0.4) * here + ~here
        chest.lung *= kept
        chest.lung += line * np.float32(0.35)
        chest.fluid += line * np.float32(0.35)


@dataclass(frozen=True, slots=True)
class Atelectasis(Finding):
    """Plates of collapsed lung above a raised diaphragm, the mediastinum drawn across."""

    label: ClassVar[str] = "Atelectasis"

    def reshape(self, patient: Patient) -> Patient:
        """Raise the dome of that side and shift the mediastinum towards it."""
        raised = list(patient.dome)
        raised[1 if self.side > 0 else 0] -= 0.2 + 1.8 * self.severity
        pulled = patient.mediastinum_shift + self.side * 0.7 * self.severity
        return replace(patient, dome=(raised[0], raised[1]), mediastinum_shift=pulled)

    def alter(self, chest: Chest, frame: Frame, patient: Patient) -> None:
        """Add one to three plates in the lower zone."""
        rng = self.rng
        dome = _pick(patient.dome, self.side)
        for _ in range(1 + int(rng.integers(0, 2)) + int(self.severity > 0.6)):
            at = (self.side * rng.uniform(5.0, 8.8), dome - rng.uniform(0.8, 4.8))
            half = rng.uniform(1.8, 3.0) + 1.6 * self.severity
            thick = rng.uniform(0.22, 0.38) + 0.45 * self.severity
            angle = self.side * rng.uniform(-0.35, 0.5)
            bend = np.float32(rng.uniform(-0.03, 0.03))
            window = frame.window(at[0], at[1], half + 1)
            if window is None:
                continue
            u, v = frame.u[window], frame.v[window]
            v = v + bend * np.square(u - np.float32(at[0]))
            level = ellipse_level(u, v, at, (half, thick), angle)
            depth = rng.uniform(2.0, 3.2) + 3.4 * self.severity
            chest.fluid[window] += ellipsoid(level, depth)


@dataclass(frozen=True, slots=True)
class Effusion(Finding):
    """Fluid in the pleural space, upright: a meniscus that climbs the flank."""

    label: ClassVar[str] = "Effusion"

    def alter(self, chest: Chest, frame: Frame, patient: Patient) -> None:
        """Replace lung below the meniscus by fluid, gradually, as fluid is thinnest on top."""
        rng = self.rng
        here = frame.left if self.side > 0 else ~frame.left
        angle = _pick(patient.dome, self.side) + patient.dome_rise * 0.8
        climb = 1.0 + 2.0 * rng.uniform() + self.severity
        height = 0.3 + 7.5 * self.severity**1.7
        flank = np.clip(frame.au * np.float32(1 / max(patient.width)), 0, 1.1)
        meniscus = np.float32(angle - height) - np.float32(climb) * (flank**4 - np.float32(0.35))
        layer = 1.6 + 2.0 * self.severity
        filled = step(frame.v - meniscus, layer) * here
        chest.fluid += filled * np.maximum(chest.lung - chest.fluid, 0)
        # Air from a pneumothorax on the same side floats above the fluid.
        chest.gas *= 1 - filled * (chest.wall > 0) * (frame.v < chest.dome)


@dataclass(frozen=True, slots=True)
class Consolidation(Finding):
    """Airspace filled with fluid: a patchy cloud with soft borders."""

    label: ClassVar[str] = "Consolidation"

    def alter(self, chest: Chest, frame: Frame, patient: Patient) -> None:
        """Fill part of the lung inside a few overlapping clouds."""
        rng = self.rng
        centre = np.array(_inside(rng, patient, self.side))
        size = rng.uniform(1.5, 2.2) + 2.0 * self.severity
        cloud = np.zeros_like(chest.lung)
        for _ in range(int(rng.integers(3, 6))):
            at = centre + rng.normal(0, 0.6 * size, 2)
            axes = size * rng.uniform(0.6, 1.2, 2)
            level = ellipse_level(
                frame.u, frame.v, (at[0], at[1]), (axes[0], axes[1]), rng.uniform(0, 3)
            )
            cloud = np.maximum(cloud, np.exp(-level))
        mottle = fractal(rng, frame.size, (18, 36, 60))
        filled = np.clip(cloud * (1 + np.float32(0.45) * mottle), 0, 1)
        here = frame.left if self.side > 0 else ~frame.left
        amount = 0.16 + 0.6 * self.severity
        chest.fluid += filled * here * np.float32(amount) * chest.lung


@dataclass(frozen=True, slots=True)
class Nodule(Finding):
    """Round masses of 11 to 40 mm, one or a few, some dense with calcium."""

    label: ClassVar[str] = "Nodule"

    def alter(self, chest: Chest, frame: Frame, patient: Patient) -> None:
        """Add the spheres, slightly lobulated, where there is lung to hold them."""
        rng = self.rng
        for number in range(1 + int(rng.integers(0, 3)) + int(self.severity > 0.5)):
            at = _inside(rng, patient, self.side)
            radius = (0.75 + 1.25 * self.severity) * (0.75 if number else 1.0)
            window = frame.window(at[0], at[1], 2 * radius + 1)
            if window is None:
                continue
            u, v = frame.u[window], frame.v[window]
            ratio = rng.uniform(0.85, 1.15)
            level = ellipse_level(u, v, at, (radius * ratio, radius / ratio), rng.uniform(0, 3))
            lobes = np.arctan2(v - np.float32(at[1]), u - np.float32(at[0]))
            level = level * (1 + np.float32(0.12) * np.sin(3 * lobes + rng.uniform(0, 6)))
            solid = rng.uniform(0.85, 1.1)
            chest.fluid[window] += ellipsoid(level.astype(np.float32), 3.4 * radius * solid)


@dataclass(frozen=True, slots=True)
class Cardiomegaly(Finding):
    """A heart wider than half the chest (for the obvious cases)."""

    label: ClassVar[str] = "Cardiomegaly"

    def reshape(self, patient: Patient) -> Patient:
        """Enlarge the heart, which lets its apex down and outwards."""
        larger = patient.heart_scale * (1.10 + 0.30 * self.severity)
        return replace(
            patient, heart_scale=larger, heart_angle=patient.heart_angle - 0.15 * self.severity
        )


FINDINGS: tuple[type[Finding], ...] = (
    Pneumothorax,
    Atelectasis,
    Effusion,
    Consolidation,
    Nodule,
    Cardiomegaly,
)
LABELS: tuple[str, ...] = tuple(kind.label for kind in FINDINGS)


def sample_findings(
    rng: np.random.Generator, seed: tuple[int, ...], prevalence: float, most: int = 3
) -> tuple[Finding, ...]:
    """Draw each finding with the given prevalence, then drop at random down to ``most``."""
    present = np.flatnonzero(rng.uniform(size=len(FINDINGS)) < prevalence)
    severities = rng.beta(1.5, 1.2, size=len(FINDINGS))
    sides = rng.choice([-1, 1], size=len(FINDINGS))
    if len(present) > most:
        present = np.sort(rng.choice(present, size=most, replace=False))
    return tuple(FINDINGS[k](float(severities[k]), int(sides[k]), (*seed, int(k))) for k in present)
