"""A small folder of DICOM radiographs, such as a detector exports: phantoms, written by pydicom."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from pytest_xraynoise import ChestPhantom

LABEL = "Cardiomegaly"
BITS = 12
TARGET_INDEX = 250
EXPOSURE_INDEX = 200


def write_films(root: Path, count: int = 80, size: int = 128) -> Path:
    """``count`` images in a folder for each patient, and ``labels.csv`` with a line for each."""
    phantom = ChestPhantom(count, size=size, seed=7, prevalence=0.4)
    lines = [f"file,{LABEL}"]
    for number in range(count):
        item = phantom[number]
        name = f"patient{number // 2:02d}/IM{number:03d}"
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        film(item["image"][0], number, phantom.pixel_pitch).save_as(
            root / name, enforce_file_format=True
        )
        lines.append(f"{name},{item['target'][phantom.labels.index(LABEL)]:.0f}")
    (root / "labels.csv").write_text("\n".join(lines))
    return root


def film(image: Any, number: int, pixel_pitch: float) -> Any:
    """A digital X-ray image for presentation: logarithmic, 12 bits, at 0.8 of its target exposure.

    Args:
        image: (H, W) intensities in [0, 1], white = little exposure.
        number: of the film.
        pixel_pitch: mm.
    """
    import pydicom

    made = pydicom.Dataset()
    made.file_meta = pydicom.dataset.FileMetaDataset()
    made.file_meta.TransferSyntaxUID = pydicom.uid.ExplicitVRLittleEndian
    made.SOPClassUID = pydicom.uid.DigitalXRayImageStorageForPresentation
    made.SOPInstanceUID = f"1.2.826.0.1.3680043.8.498.{number + 1}"
    made.PatientID, made.Modality = f"P{number // 2}", "DX"
    made.Rows, made.Columns = image.shape
    made.SamplesPerPixel, made.PixelRepresentation = 1, 0
    made.BitsAllocated, made.BitsStored, made.HighBit = 16, BITS, BITS - 1
    made.PhotometricInterpretation = "MONOCHROME1"  # low values are white
    made.PresentationLUTShape = "INVERSE"
    made.PixelIntensityRelationship, made.PixelIntensityRelationshipSign = "LOG", 1
    made.ImagerPixelSpacing = [pixel_pitch, pixel_pitch]
    made.ExposureIndex, made.TargetExposureIndex = EXPOSURE_INDEX, TARGET_INDEX
    made.PixelData = np.round((1 - image) * (2**BITS - 1)).astype("<u2").tobytes()
    made["PixelData"].VR = "OW"
    return made
