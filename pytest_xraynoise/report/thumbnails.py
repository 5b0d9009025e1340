"""Pictures of samples made light enough for a page of hundreds of tests."""

from __future__ import annotations

import base64
import binascii
import io
from dataclasses import dataclass

from pytest_xraynoise.errors import ReportError

SIDE = 160
"""Longest side in pixels."""

QUALITY = 40
"""Of the JPEG. Grain takes most of its bytes; below this, blocks show in place of grain."""


@dataclass(frozen=True, slots=True)
class Thumbnail:
    """A picture for a ``data:`` address: its media type and its bytes as base64."""

    media: str
    data: str


def thumbnail(png: str) -> Thumbnail:
    """A grey picture as JPEG, or as the PNG that it is where that is smaller.

    Args:
        png: base64 PNG; larger ones than :data:`SIDE` are made smaller.

    Raises:
        ReportError: for anything else; nothing else may stand in a ``data:`` address of the page.
    """
    from PIL import Image

    try:
        data = base64.b64decode(png, validate=True)
        with Image.open(io.BytesIO(data), formats=["PNG"]) as opened:
            small = max(opened.size) <= SIDE and opened.mode in ("L", "P", "1", "RGB")
            picture = opened.convert("L")
    except (
        OSError,
        ValueError,
        SyntaxError,
        binascii.Error,
        Image.DecompressionBombError,
    ) as error:
        raise ReportError(
            f"an image in this report is not a base64 PNG ({error}); run the tests again"
        ) from None
    picture.thumbnail((SIDE, SIDE))
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", quality=QUALITY, optimize=True)
    if small and len(data) <= buffer.tell():
        return Thumbnail("image/png", png)
    return Thumbnail("image/jpeg", base64.b64encode(buffer.getvalue()).decode("ascii"))
