"""What a segmenter drew, as contours over those of the truth, to lay over the image it saw."""

from __future__ import annotations

import base64
import binascii
import io
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Mask = npt.NDArray[np.uint8]
    Flags = npt.NDArray[np.bool_]

# Okabe and Ito (2008), told apart with any colour vision and on grey; label k has colour k - 1.
COLOURS = (
    (86, 180, 233),
    (230, 159, 0),
    (0, 158, 115),
    (204, 121, 167),
    (240, 228, 66),
    (213, 94, 0),
)
_TRUTH = (255, 255, 255)
_SIDE = 480  # pixels of the longest side at most: lines thinner than a pixel of the image
_LINE = 2
_PALETTE = bytes(number for colour in ((0, 0, 0), *COLOURS, _TRUTH) for number in colour)
_WHITE = 1 + len(COLOURS)


def overlay(mask: str, truth: str | None = None) -> str:
    """Lay out the contours of a prediction over those of the truth.

    Args:
        mask: base64 PNG of a label map, (H, W), 0 = background, k = label k.
        truth: the true label map, of the same size, or None.

    Returns:
        Base64 PNG with a transparent background, up to three times as large: each predicted label
        outlined in its colour, and below it the truth outlined in white.

    Raises:
        ReportError: if a mask is not a base64 PNG.
    """
    import numpy as np
    from PIL import Image

    found = _decode(mask)
    scale = max(1, min(3, _SIDE // max(found.shape)))
    picture = np.zeros([scale * side for side in found.shape], np.uint8)
    true = None if truth is None else _decode(truth)
    if true is not None and true.shape == found.shape:
        picture[_contours(_larger(true, scale))] = _WHITE
    large = _larger(found, scale)
    line = _contours(large)
    picture[line] = (large[line].astype(np.intp) - 1) % len(COLOURS) + 1
    image = Image.fromarray(picture, mode=None).convert("P")
    image.putpalette(_PALETTE)
    buffer = io.BytesIO()
    image.save(buffer, "PNG", transparency=0, bits=4)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _decode(text: str) -> Mask:
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as png:
            # Not convert("L"): a palette image holds the labels in its indices.
            return np.array(png if png.mode in ("L", "P") else png.convert("L"), dtype=np.uint8)
    except (
        OSError,
        ValueError,
        SyntaxError,
        binascii.Error,
        Image.DecompressionBombError,
    ) as error:
        raise ReportError(
            f"a mask in this report is not a base64 PNG ({error}); run the tests again to write it"
        ) from None


def _larger(mask: Mask, scale: int) -> Mask:
    import numpy as np

    return np.repeat(np.repeat(mask, scale, axis=0), scale, axis=1)


def _contours(labels: Mask) -> Flags:
    """The pixels of labels that lie within a line's width of another label or the background."""
    import numpy as np

    line = np.zeros(labels.shape, np.bool_)
    padded = np.pad(labels, _LINE)
    height, width = labels.shape
    for step in range(1, _LINE + 1):
        for down, right in ((step, 0), (-step, 0), (0, step), (0, -step)):
            y, x = _LINE + down, _LINE + right
            line |= padded[y : y + height, x : x + width] != labels
    return line & (labels > 0)
