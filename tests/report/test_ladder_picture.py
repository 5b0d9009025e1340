from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

from pytest_xraynoise.errors import ReportError, SpecError
from pytest_xraynoise.report import ladder_picture
from pytest_xraynoise.report.ladder_layout import A_LINE, Layout, layout, text_width, wrapped
from pytest_xraynoise.report.ladder_picture import draw, write_ladder_picture
from pytest_xraynoise.report.ladder_view import FITS, REDUCED, View, view_of
from tests.report.ladder_factory import noisy, panels, row


def page_of(view: View, rows: int = 1, severities: int = 3) -> Layout:
    each = tuple(range(severities + 1))
    return layout([(row(each), panels(view, severities + 1))] * rows, view, "title", "subtitle")


def written(path: Path, view: View, **words: str) -> npt.NDArray[np.uint8]:
    rows = [(row(), panels(view, 4))]
    write_ladder_picture(rows, view, path, **{"title": "title", "subtitle": "subtitle", **words})
    with Image.open(path) as picture:
        assert picture.mode == "L"
        return np.asarray(picture)


SHAPES = [(700, 650), (224, 224), (300, 211), (1500, 37), (2100, 1900), (90, 64), (2, 1)]


@pytest.mark.parametrize("shape", SHAPES)
def test_details_are_drawn_pixel_for_pixel(tmp_path: Path, shape: tuple[int, int]) -> None:
    images = noisy(shape, 1)
    view = view_of(images[0])
    drawn = written(tmp_path / "a.png", view)
    page = page_of(view)
    assert drawn.shape == (page.height, page.width)
    exact = [p for p in page.pictures if p.frame is None]
    assert len(exact) == 4
    for picture in exact:
        zoom = picture.width // picture.grey.shape[1]
        enlarged = picture.grey.repeat(zoom, axis=0).repeat(zoom, axis=1)
        area = drawn[picture.y :, picture.x :][: picture.height, : picture.width]
        assert np.array_equal(area, enlarged)


@pytest.mark.parametrize(("rows", "severities"), [(1, 1), (1, 5), (3, 2), (2, 15)])
def test_each_severity_of_each_noise_has_its_panels_and_words(rows: int, severities: int) -> None:
    view = view_of(noisy((700, 700), 1)[0])
    page = page_of(view, rows, severities)
    assert len(page.pictures) == 2 * rows * (severities + 1)
    assert len(draw(page).axes) == len(page.pictures)
    said = [line for words in page.words for line in words.lines]
    for severity in range(1, severities + 1):
        assert said.count(f"severity {severity}") == rows
    assert said.count("clean") == rows
    assert said.count("60 photons at white") == rows
    assert said.count("noise sd 0.0500, SNR 5.00") == rows
    assert said.count("clipped 0.4%") == rows * severities
    assert said.count("mean shift -0.0021") == rows * severities


@pytest.mark.parametrize("severities", [2, 8])
@pytest.mark.parametrize("shape", [(224, 224), (1800, 1500), (40, 900)])
def test_nothing_overlaps_and_nothing_leaves_the_page(
    shape: tuple[int, int], severities: int
) -> None:
    page = page_of(view_of(noisy(shape, 1)[0]), 2, severities)
    boxes = [(p.x, p.y, p.x + p.width, p.y + p.height) for p in page.pictures]
    for words in page.words:
        width = max(text_width(line, words.points, words.bold) for line in words.lines)
        boxes.append((words.x, words.y, words.x + round(width), words.end))
    for number, (left, top, right, bottom) in enumerate(boxes):
        assert 0 <= left < right <= page.width
        assert 0 <= top < bottom <= page.height
        for other in boxes[number + 1 :]:
            apart = left >= other[2] or other[0] >= right or top >= other[3] or other[1] >= bottom
            assert apart
    assert len({p.x for p in page.pictures}) <= A_LINE


@settings(max_examples=50, deadline=None)
@given(st.integers(1, 1500), st.integers(1, 1500), st.booleans())
def test_every_view_lies_in_the_image_and_is_a_whole_number_of_times_larger(
    height: int, width: int, alone: bool
) -> None:
    view = view_of(np.full((height, width), 0.3, np.float32), alone=alone)
    if view.box is not None:
        top, left, rows, columns = view.box
        assert 0 <= top <= height - rows
        assert 0 <= left <= width - columns
        assert rows >= 1 <= columns
        assert max(view.detail) <= FITS
    assert (view.box is not None) or not alone
    assert max(view.whole) <= FITS
    assert min(view.whole) >= 1
    if max(height, width) > FITS:
        assert max(view.whole) == REDUCED
    else:
        assert view.whole == (height * view.scale, width * view.scale)


def test_the_detail_is_where_noise_shows() -> None:
    image = np.zeros((1000, 1000), np.float32)
    image[600:800, 200:400] = 0.5
    view = view_of(image)
    assert view.box is not None
    top, left, rows, columns = view.box
    assert image[top : top + rows, left : left + columns].mean() > 0.3


def test_the_detail_can_be_chosen() -> None:
    image = noisy((600, 800), 1)[0]
    assert view_of(image, size=50, at=(100, 200)).box == (175, 75, 50, 50)
    assert view_of(image, size=50, at=(799, 0)).box == (0, 750, 50, 50)
    assert view_of(image, size=50).zoom == REDUCED // 50
    assert view_of(image, size=700).zoom == 1
    cut = view_of(image, size=50, at=(100, 200)).panel(image).detail
    assert cut is not None
    assert np.array_equal(cut, np.rint(image[175:225, 75:125] * 255).astype(np.uint8))


@pytest.mark.parametrize(
    ("words", "says"),
    [
        ({"size": 0}, "a detail of 0 pixels: expected 1 to 800 of an image of 800 x 600"),
        ({"size": 801}, "a detail of 801 pixels"),
        ({"at": (800, 0)}, "around column 800, row 0: the image has 800 columns, 600 rows"),
        ({"at": (0, -1)}, "around column 0, row -1"),
    ],
)
def test_a_detail_outside_the_image_is_refused(words: dict[str, Any], says: str) -> None:
    with pytest.raises(SpecError, match=says):
        view_of(noisy((600, 800), 1)[0], **words)


def test_a_panel_is_the_mean_of_what_it_shows() -> None:
    image = noisy((1000, 1000), 1)[0]
    whole = view_of(image).panel(image).whole
    assert whole.shape == (REDUCED, REDUCED)
    assert whole.mean() / 255 == pytest.approx(image.mean(), abs=2e-3)
    assert whole.std() / 255 < image.std() / 2


def test_grey_is_on_one_scale_whatever_the_image() -> None:
    dim = np.full((600, 600), 0.2, np.float32)
    panel = view_of(dim).panel(dim)
    assert set(np.unique(panel.whole)) == {51}


@settings(max_examples=60, deadline=None)
@given(st.text(st.characters(codec="utf-8", categories=["L", "N", "P", "Zs"]), max_size=120))
def test_wrapping_loses_nothing_and_fits(text: str) -> None:
    lines = wrapped(text, 300, 6.5)
    assert "".join(lines).replace(" ", "") == "".join(text.split())
    assert all(text_width(line, 6.5) <= 300 or len(line) == 1 for line in lines)


def test_the_same_ladder_gives_the_same_bytes(tmp_path: Path) -> None:
    view = view_of(noisy((60, 60), 1)[0])
    for form in ladder_picture.FORMATS:
        pair = [tmp_path / f"{name}.{form}" for name in "ab"]
        for path in pair:
            write_ladder_picture([(row((0, 1)), panels(view, 2))], view, path, title="t")
        first, second = (path.read_bytes() for path in pair)
        assert first == second
        start = {"png": b"\x89PNG", "pdf": b"%PDF", "svg": b"<?xml"}[form]
        assert first.startswith(start)
    assert not list(tmp_path.glob(".*"))


def test_a_name_in_any_letters_is_drawn(tmp_path: Path) -> None:
    view = view_of(noisy((60, 60), 1)[0])
    assert written(tmp_path / "a.png", view, title="胸部 $x$ <b> \n\x1b[31m🫁.png").size


def test_a_picture_that_cannot_be_written_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    view = view_of(noisy((60, 60), 1)[0])
    rows = [(row(), panels(view, 4))]
    with pytest.raises(ReportError, match="unknown format of a picture 'pgn'; did you mean 'png'"):
        write_ladder_picture(rows, view, tmp_path / "a.pgn", title="t")
    (tmp_path / "file").write_text("")
    with pytest.raises(ReportError, match="is a file, not a directory"):
        write_ladder_picture(rows, view, tmp_path / "file" / "a.png", title="t")
    monkeypatch.setattr(ladder_picture, "_LARGEST", 1000)
    with pytest.raises(ReportError, match="is too large to draw; ask for fewer"):
        write_ladder_picture(rows, view, tmp_path / "a.png", title="t")
    assert not (tmp_path / "a.png").exists()
