"""The picture of a ladder on one image: a row a noise, the clean image and each severity in it."""

from __future__ import annotations

import io
import warnings
from pathlib import PurePath
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import ReportError, unknown
from pytest_xraynoise.report.files import check_writable, write_atomic
from pytest_xraynoise.report.ladder_layout import DPI, FONT, Layout, Picture, Words, layout

if TYPE_CHECKING:
    import os
    from collections.abc import Sequence

    from matplotlib.figure import Figure

    from pytest_xraynoise.report.ladder_row import LadderRow
    from pytest_xraynoise.report.ladder_view import Panel, View

FORMATS = ("png", "pdf", "svg")
_LARGEST = 60_000  # picture pixels a side; beyond 2 ** 16 Matplotlib draws nothing
_STYLE = {"text.parse_math": False, "svg.fonttype": "path", "svg.hashsalt": "xraynoise"}
_NO_METADATA = {"pdf": {"CreationDate": None, "Creator": None, "Producer": None},
                "svg": {"Date": None, "Creator": None, "Format": None, "Type": None}}  # fmt: skip


def check_picture_path(path: str | os.PathLike[str]) -> str:
    """The format that the end of ``path`` names; nothing is created.

    Raises:
        ReportError: not one of :data:`FORMATS`, or a place that cannot be written.
    """
    ending = PurePath(path).suffix.lower().removeprefix(".")
    if ending not in FORMATS:
        said = unknown("format of a picture", ending, FORMATS)
        raise ReportError(f"cannot write a picture to {str(path)!r}: {said}")
    check_writable(path)
    return ending


def write_ladder_picture(
    rows: Sequence[tuple[LadderRow, Sequence[Panel]]],
    view: View,
    path: str | os.PathLike[str],
    *,
    title: str,
    subtitle: str = "",
) -> None:
    """Draw a ladder and put it to ``path`` in one step: PNG (8 bit grey), PDF or SVG.

    The same input gives the same bytes.

    Args:
        rows: each noise with one panel for each of its measured rungs, the clean image first.
        view: how the panels were cut.
        path: what it is called decides the format.
        title: what the image is.
        subtitle: how its intensities came to be.

    Raises:
        ReportError: an unknown format, a picture too large to draw, or a place that cannot be
            written.
    """
    form = check_picture_path(path)
    page = layout(rows, view, title, subtitle)
    if max(page.width, page.height) > _LARGEST:
        raise ReportError(
            f"a picture of {page.width} x {page.height} pixels is too large to draw; ask for fewer "
            "noises or severities, or for a smaller detail"
        )
    write_atomic(path, _rendered(page, form))


def _rendered(page: Layout, form: str) -> bytes:
    import matplotlib as mpl
    import numpy as np
    from matplotlib.backends.backend_agg import FigureCanvasAgg

    buffer = io.BytesIO()
    with mpl.rc_context(_STYLE), warnings.catch_warnings():  # type: ignore[arg-type]
        warnings.simplefilter("ignore")  # a glyph of a file's name that the font lacks
        figure = draw(page)
        if form == "png":
            from PIL import Image

            canvas = FigureCanvasAgg(figure)
            canvas.draw()  # type: ignore[no-untyped-call]
            # Grey: a third of the bytes, and noise is most of them.
            drawn = np.asarray(canvas.buffer_rgba())  # type: ignore[no-untyped-call]
            grey = Image.fromarray(drawn).convert("L")
            grey.save(buffer, "PNG", dpi=(DPI, DPI), optimize=True)
        else:
            figure.savefig(buffer, format=form, dpi=DPI, metadata=_NO_METADATA[form])
    return buffer.getvalue()


def draw(page: Layout) -> Figure:
    """The page as a Matplotlib figure of its size, one axes a panel."""
    from matplotlib.figure import Figure

    figure = Figure(figsize=(page.width / DPI, page.height / DPI), dpi=DPI, facecolor="white")
    for picture in page.pictures:
        _draw_picture(figure, page, picture)
    for words in page.words:
        _draw_words(figure, page, words)
    return figure


def _draw_picture(figure: Figure, page: Layout, picture: Picture) -> None:
    from matplotlib.patches import Rectangle

    bottom = page.height - picture.y - picture.height
    axes = figure.add_axes(
        (
            picture.x / page.width,
            bottom / page.height,
            picture.width / page.width,
            picture.height / page.height,
        )
    )
    axes.set_axis_off()
    axes.imshow(
        picture.grey[..., None].repeat(3, axis=2),  # as colours: a grey map rounds some levels
        interpolation="none",
        aspect="auto",
        extent=(0, picture.width, picture.height, 0),
    )
    if picture.frame is not None:
        x, y, width, height = picture.frame
        for colour, points in (("black", 1.6), ("white", 0.7)):
            axes.add_patch(
                Rectangle((x, y), width, height, fill=False, edgecolor=colour, linewidth=points)
            )


def _draw_words(figure: Figure, page: Layout, words: Words) -> None:
    for number, line in enumerate(words.lines):
        figure.text(
            words.x / page.width,
            1 - (words.y + (number + 0.8) * words.pitch) / page.height,
            line,
            family=FONT,
            size=words.points,
            weight="bold" if words.bold else "normal",
            color=words.colour,
            va="baseline",
        )
