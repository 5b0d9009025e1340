"""What a segmenter drew, as a transparent picture to lay over the image it saw."""

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
_SCALE = 3  # pixels of the overlay for each of the mask: outlines thinner than a pixel of the image
_FILL_ALPHA = 84


def overlay(mask: str, truth: str | None = None) -> str:
    """Lay out a predicted mask and the true outline.

    Args:
        mask: base64 PNG of a label map, (H, W), 0 = background, k = label k.
        truth: the true label map, of the same size, or None.

    Returns:
        Base64 PNG, (3 H, 3 W) with a transparent background: labels filled and outlined in their
        colour, the truth outlined in white.

    Raises:
        ReportError: if a mask is not a base64 PNG.
    """
    import numpy as np
    from PIL import Image

    found = _decode(mask)
    picture = np.zeros((*(_SCALE * np.array(found.shape)), 4), np.uint8)
    large = np.kron(found, np.ones((_SCALE, _SCALE), np.uint8))
    for label in np.unique(found[found > 0]):
        colour = COLOURS[(int(label) - 1) % len(COLOURS)]
        region = large == label
        picture[region] = (*colour, _FILL_ALPHA)
        picture[_edge(region, 2)] = (*colour, 255)
    if truth is not None:
        true = _decode(truth)
        if true.shape == found.shape:
            large = np.kron(true, np.ones((_SCALE, _SCALE), np.uint8))
            for label in np.unique(true[true > 0]):
                picture[_edge(large == label, 2)] = (*_TRUTH, 255)
    buffer = io.BytesIO()
    image = Image.fromarray(picture).quantize(32, method=Image.Quantize.FASTOCTREE)
    image.save(buffer, "PNG", optimize=True)
    return base64.b64encode(buffer.getvalue()).decode("ascii")


def _decode(text: str) -> Mask:
    import numpy as np
    from PIL import Image

    try:
        with Image.open(io.BytesIO(base64.b64decode(text, validate=True)), formats=["PNG"]) as png:
            # Not convert("L"): a palette image holds the labels in its indices.
            return np.array(png if png.mode in ("L", "P") else png.convert("L"), dtype=np.uint8)
    except (OSError, ValueError, binascii.Error) as error:
        raise ReportError(
            f"a mask in this report is not a base64 PNG ({error}); run the tests again to write it"
        ) from None


def _edge(region: npt.NDArray[np.bool_], width: int) -> npt.NDArray[np.bool_]:
    """The pixels of ``region`` within ``width`` of its outside (4-neighbours)."""
    import numpy as np

    inner = region
    for _ in range(width):
        p = np.pad(inner, 1)
        inner = inner & p[:-2, 1:-1] & p[2:, 1:-1] & p[1:-1, :-2] & p[1:-1, 2:]
    return region & ~inner
