"""From flat fields to a calibration."""

from __future__ import annotations

import math
from pathlib import PurePath
from typing import TYPE_CHECKING, TypeAlias

import numpy as np
import numpy.typing as npt

from pytest_xraynoise.errors import DataError, SpecError, unknown
from pytest_xraynoise.noise.calibration.checks import check_pair, check_shapes, clipped_share
from pytest_xraynoise.noise.calibration.estimates import calibration_of
from pytest_xraynoise.noise.calibration.fit import BlockTable, fit
from pytest_xraynoise.noise.calibration.intervals import resampled_weights
from pytest_xraynoise.noise.calibration.layout import Layout, layout_of
from pytest_xraynoise.noise.calibration.measure import PairBlocks, measure_pair
from pytest_xraynoise.noise.calibration.quality import image_warnings
from pytest_xraynoise.noise.calibration.reading import Flat, read_flat
from pytest_xraynoise.noise.calibration.spectrum import bands_of
from pytest_xraynoise.noise.dose import FLUENCE, quanta_per_pixel

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from pytest_xraynoise.noise.calibration.result import Calibration

    Source: TypeAlias = str | os.PathLike[str] | npt.NDArray[np.generic] | Flat

Floats: TypeAlias = npt.NDArray[np.float64]

FEWEST_RESAMPLES = 200
LEAST_SPAN = 1.5
"""Ratio of the highest to the lowest mean that tells gain from readout noise at all."""


def calibrate(
    flats: Sequence[Source],
    *,
    kerma: Sequence[float] | None = None,
    dark: Sequence[Source] = (),
    offset: float | None = None,
    pixel_pitch: float | None = None,
    quality: str = "RQA9",
    region: float = 0.5,
    confidence: float = 0.95,
    resamples: int = 2000,
    seed: int = 0,
) -> Calibration:
    """Fit gain, readout noise, structural noise and blur of a detector to its flat fields.

    Photon transfer (Janesick 2007, ISBN 978-0-8194-6722-5) with the gain from NPS(0), since the
    scintillator's blur lowers the variance of a pixel and not NPS(0).

    Args:
        flats: two for each exposure, one pair after the other: files or (H, W) arrays, raw and
            linear in exposure.
        kerma: detector air kerma in uGy, one for each pair; needed for the efficiency.
        dark: frames without exposure; their mean is the offset of each pixel. Two or more measure
            the readout noise as well.
        offset: DN at no exposure, in place of dark frames; 0 without either.
        pixel_pitch: mm; taken from DICOM files when not given.
        quality: radiation quality of IEC 62220-1:2003.
        region: fraction of each side, in the middle of the image, that is used.
        confidence: of the intervals.
        resamples: of the bootstrap over blocks of the region.
        seed: of the bootstrap.

    Raises:
        SpecError: arguments that do not go together or are out of range.
        DataError: flat fields that cannot be used.
    """
    _check_arguments(flats, kerma, dark, offset, pixel_pitch, confidence, resamples)
    if quality not in FLUENCE:
        raise SpecError(unknown("radiation quality", quality, FLUENCE))
    images = [read_flat(source) for source in flats]
    darks = [read_flat(source) for source in dark]
    check_shapes([*images, *darks])
    pitch = _pitch(images, pixel_pitch)
    incident = None
    if kerma is not None and pitch is not None:
        incident = quanta_per_pixel(1.0, quality, pitch)
    layout = layout_of(images[0].pixels.shape, region)
    bands = bands_of(layout.side)
    pairs, clipped = _measured(images, darks, offset, layout)
    order = sorted(range(len(images) // 2), key=lambda i: float(pairs[i].mean.mean()))
    dark_pairs = pairs[len(images) // 2 :]
    flat_pairs = [pairs[i] for i in order]
    _check_span(flat_pairs, dark_pairs)
    table = BlockTable.of([*flat_pairs, *dark_pairs])
    found, plan = fit(table.averaged(np.full(layout.count, 1 / layout.count)), bands, len(darks))
    drawn = table.averaged(resampled_weights(layout.count, resamples, seed))
    integers = all(image.pixels.dtype.kind in "iu" for image in images)
    noise = math.sqrt(max(float(flat_pairs[0].random.mean()), 0.0))
    doubts = image_warnings(clipped, max(pair.defects for pair in pairs), noise, integers)
    return calibration_of(
        table,
        found,
        plan.solve(drawn),
        plan,
        kerma=None if kerma is None else [float(kerma[i]) for i in order],
        incident=incident,
        pixel_pitch=pitch,
        quality=quality,
        rounding=1 / 12 if integers else 0.0,
        confidence=confidence,
        layout=layout,
        doubts=doubts,
        sources=tuple(PurePath(images[2 * i + j].name).name for i in order for j in (0, 1)),
    )


def _measured(
    images: list[Flat], darks: list[Flat], offset: float | None, layout: Layout
) -> tuple[list[PairBlocks], list[tuple[str, float]]]:
    """The pairs of flats, then those of darks; and the share of clipped pixels by name."""
    bands = bands_of(layout.side)
    clipped: list[tuple[str, float]] = []

    def region(image: Flat) -> Floats:
        cut = layout.region(image.pixels)
        clipped.append((PurePath(image.name).name, clipped_share(image, cut)))
        return cut

    dark_regions = [region(image) for image in darks]
    base: Floats | float = offset or 0.0
    if dark_regions:
        base = np.mean(dark_regions, axis=0)
    pairs = []
    for first, second in zip(images[::2], images[1::2], strict=True):
        a, b = region(first) - base, region(second) - base
        pairs.append(measure_pair(a, b, check_pair(first, second, a, b), layout, bands))
    for one, other in zip(dark_regions[::2], dark_regions[1::2], strict=False):
        pairs.append(measure_pair(one, other, None, layout, bands))
    return pairs, clipped


def _check_arguments(
    flats: Sequence[Source],
    kerma: Sequence[float] | None,
    dark: Sequence[Source],
    offset: float | None,
    pixel_pitch: float | None,
    confidence: float,
    resamples: int,
) -> None:
    count = len(flats)
    if count < 2 or count % 2:
        raise SpecError(
            f"got {count} flat field{'s' * (count != 1)}; expected pairs: two images at each "
            "exposure, one after the other"
        )
    if kerma is not None:
        if len(kerma) != count // 2:
            raise SpecError(
                f"got {len(kerma)} kerma for {count // 2} pairs of flat fields; expected one for "
                "each pair, in uGy, in the order of the pairs"
            )
        _check_positive({f"kerma of pair {i}": value for i, value in enumerate(kerma, 1)}, "uGy")
    if pixel_pitch is not None:
        _check_positive({"pixel_pitch": pixel_pitch}, "mm")
    if offset is not None and len(dark):
        raise SpecError("give either an offset or dark frames, not both")
    if offset is not None and not math.isfinite(offset):
        raise SpecError(f"offset={offset!r}: expected a finite number of DN")
    if not 0.5 <= confidence < 1:
        raise SpecError(f"confidence={confidence!r}: expected 0.5 or more and below 1")
    if resamples < FEWEST_RESAMPLES:
        raise SpecError(f"resamples={resamples!r}: expected {FEWEST_RESAMPLES} or more")
    _check_distinct([*flats, *dark])


def _check_positive(values: dict[str, float], unit: str) -> None:
    for name, value in values.items():
        if not (math.isfinite(value) and value > 0):
            raise SpecError(f"{name}={value!r}: expected a finite number above 0, in {unit}")


def _check_distinct(sources: Sequence[Source]) -> None:
    seen: set[str] = set()
    for source in sources:
        if isinstance(source, np.ndarray | Flat):
            continue
        name = str(source)
        if name in seen:
            raise SpecError(f"{name!r} is named twice; expected each image once")
        seen.add(name)


def _check_span(flats: list[PairBlocks], darks: list[PairBlocks]) -> None:
    lowest, highest = (float(flats[i].mean.mean()) for i in (0, -1))
    if not darks and highest < LEAST_SPAN * lowest:
        raise DataError(
            f"all flat fields have about the same mean ({lowest:.4g} to {highest:.4g} DN), which "
            "cannot tell gain from readout noise; add pairs at other exposures (a factor of 10 or "
            "more between the lowest and the highest), or two dark frames"
        )


def _pitch(images: list[Flat], stated: float | None) -> float | None:
    if stated is not None:
        return stated
    known = {image.pixel_pitch for image in images}
    if len(known) > 1:
        raise DataError(
            f"the flat fields state different pixel pitches ({', '.join(map(str, known))}); "
            "expected images of one detector, or pixel_pitch in mm"
        )
    return known.pop()
