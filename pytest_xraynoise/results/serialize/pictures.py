"""Strips of pictures."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.results.pictures import Strip, StripFrame
from pytest_xraynoise.results.serialize.values import number, to_float

if TYPE_CHECKING:
    from collections.abc import Mapping


def strip_to_dict(strip: Strip) -> dict[str, Any]:
    """A strip and its frames."""
    return {
        "sample_id": strip.sample_id,
        "truth": strip.truth,
        "degradation": number(strip.degradation),
        "truth_mask": strip.truth_mask,
        "frames": [
            {
                "severity": frame.severity,
                "image": frame.image,
                "prediction": {k: number(v) for k, v in frame.prediction.items()},
                "mask": frame.mask,
            }
            for frame in strip.frames
        ],
    }


def strip_from_dict(data: Mapping[str, Any]) -> Strip:
    """The inverse of :func:`strip_to_dict`."""
    frames = tuple(
        StripFrame(
            severity=int(frame["severity"]),
            image=frame["image"],
            prediction={name: to_float(value) for name, value in frame["prediction"].items()},
            mask=frame["mask"],
        )
        for frame in data["frames"]
    )
    degradation = to_float(data["degradation"])
    return Strip(data["sample_id"], data["truth"], degradation, frames, data["truth_mask"])
