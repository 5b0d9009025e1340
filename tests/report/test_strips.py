"""Image strips: which are shown, what stands under them, contours over contours, their weight."""

from __future__ import annotations

import base64
import dataclasses
import io

import numpy as np
import pytest
from PIL import Image

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.noise import custom_ladder, ladder
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.heatmap import heatmap
from pytest_xraynoise.report.html import render
from pytest_xraynoise.report.overlay import COLOURS, overlay
from pytest_xraynoise.report.rung_words import caption
from pytest_xraynoise.report.sections import section
from pytest_xraynoise.report.strips import shares, strip_views
from pytest_xraynoise.report.thumbnails import SIDE, thumbnail
from pytest_xraynoise.results import Rung
from tests.report.factory import chest, classifier, document, found_mask, judged, noisy, png
from tests.report.test_html import HOSTILE, Page


def opened(data: str) -> Image.Image:
    return Image.open(io.BytesIO(base64.b64decode(data)))


def test_the_prediction_is_outlined_over_the_outline_of_the_truth() -> None:
    _, mask = chest(1, 64)
    found = found_mask(mask, 2, 1)
    picture = np.asarray(opened(overlay(png(found), png(mask))).convert("RGBA"))
    assert picture.shape == (192, 192, 4)
    shown = picture[..., 3] > 0
    large = np.kron(found, np.ones((3, 3), np.uint8))
    inner = large == 1
    for _ in range(3):
        p = np.pad(inner, 1)
        inner = inner & p[:-2, 1:-1] & p[2:, 1:-1] & p[1:-1, :-2] & p[1:-1, 2:]
    white = (picture[..., :3] == 255).all(-1) & shown
    assert white.any()
    # nothing is filled: what lies inside the prediction is its own picture, or the truth's line
    assert not (shown & inner & ~white).any()
    for label in (1, 2):
        line = shown & (picture[..., :3] == COLOURS[label - 1]).all(-1)
        assert line.any()
        assert set(np.unique(large[line])) == {label}
    # the background beyond both lines is transparent
    assert not shown[(large == 0) & (np.kron(mask, np.ones((3, 3), np.uint8)) == 0)].any()
    alone = np.asarray(opened(overlay(png(found))).convert("RGBA"))
    assert not ((alone[..., :3] == 255).all(-1) & (alone[..., 3] > 0)).any()


def test_a_perfect_prediction_hides_the_truth() -> None:
    _, mask = chest(1, 64)
    picture = np.asarray(opened(overlay(png(mask), png(mask))).convert("RGBA"))
    assert not ((picture[..., :3] == 255).all(-1) & (picture[..., 3] > 0)).any()


def test_many_labels_repeat_their_colours() -> None:
    labels = np.zeros((16, 64), np.uint8)
    for k in range(8):
        labels[4:12, 8 * k + 1 : 8 * k + 7] = k + 1
    picture = np.asarray(opened(overlay(png(labels))).convert("RGBA"))
    assert tuple(picture[4 * 3, 50 * 3, :3]) == COLOURS[0]  # the seventh label


@pytest.mark.parametrize("bad", ["not base64!", base64.b64encode(b"<svg onload=1>").decode()])
def test_only_png_gets_into_the_page(bad: str) -> None:
    result = classifier(samples=60, strips=1)
    frame = dataclasses.replace(result.strips[0].frames[0], image=bad)
    strip = dataclasses.replace(result.strips[0], frames=(frame,))
    with pytest.raises(ReportError, match="not a base64 PNG"):
        strip_views(result.replace(strips=(strip,)), 1)
    with pytest.raises(ReportError, match="not a base64 PNG"):
        overlay(bad)


@pytest.mark.parametrize("severity", [0, 1, 3, 5])
def test_thumbnails_are_light_and_look_alike(severity: int) -> None:
    pixels = noisy(chest(3, SIDE)[0], "poisson", severity, 3)
    small = thumbnail(png(pixels))
    assert len(small.data) < 14_000
    back = np.asarray(opened(small.data).convert("L"), np.float64)
    assert back.shape == (SIDE, SIDE)
    assert abs(back.mean() - pixels.mean()) < 1
    assert abs(back.std() - pixels.std()) < 0.08 * pixels.std()  # the grain is still there
    assert np.corrcoef(back.ravel(), pixels.ravel())[0, 1] > 0.9


def test_what_is_smaller_as_png_stays_png_and_what_is_large_shrinks() -> None:
    flat = np.zeros((40, 40), np.uint8)
    assert thumbnail(png(flat)).media == "image/png"
    large = thumbnail(png(np.full((400, 800), 90, np.uint8)))
    assert opened(large.data).size == (SIDE, SIDE // 2)


def test_strips_come_worst_degraded_first() -> None:
    result = classifier(samples=60, strips=3)
    shuffled = result.replace(strips=result.strips[::-1])
    by_degradation = sorted(result.strips, key=lambda strip: -strip.degradation)
    views = strip_views(shuffled, 3)
    assert [view.sample_id for view in views] == [strip.sample_id for strip in by_degradation]


def test_the_page_says_how_strips_were_chosen() -> None:
    text = Page(render(document())).text
    assert "chosen by the largest step of a score towards the wrong answer" in text
    assert "chosen by the loss of Dice from the clean image to the worst rung" in text


def test_many_labels_are_cut_to_the_true_and_the_changed() -> None:
    labels = tuple(f"finding {i}" for i in range(14))
    result = classifier(labels=labels, samples=120, strips=2)
    for view, strip in zip(
        strip_views(result, 2), sorted(result.strips, key=lambda s: -s.degradation), strict=True
    ):
        shown = {score.label for score in view.frames[0].scores}
        assert len(shown) == 6
        assert view.left_out == 8
        truths = [t for t in strip.truth.split(", ") if t in labels]
        assert set(truths[:6]) <= shown or len(truths) > 6


def test_a_bar_has_the_threshold_of_its_label() -> None:
    result = classifier(samples=60, strips=1)
    settings = {**result.settings, "thresholds": {"Nodule": 0.25, "Effusion": None}}
    record = judged(result.replace(settings=settings), "max_auroc_drop=0.05")
    scores = {s.label: s for s in shares([record], 10**6)[0][0].frames[0].scores}
    assert scores["Nodule"].threshold == 0.25
    assert scores["Effusion"].threshold is None
    assert '<i style="left:25.0%">' in render(Document({}, (record,)))


def test_pictures_keep_within_their_budget() -> None:
    failed, passed = document().tests[1], document().tests[0]
    views = shares([passed, failed], 10**7)
    assert [len(each) for each in views] == [1, 3]
    size = sum(frame.size for frame in views[1][0].frames)
    assert [len(each) for each in shares([passed, failed], 0)] == [0, 0]
    assert [len(each) for each in shares([passed, failed], int(size * 1.2))] == [0, 1]
    assert section(0, failed, views[1][:1]).strips_left_out == 2
    assert "2 further strips are left out" in Page(_page(failed, 1)).text


def _page(record: object, count: int) -> str:
    from pytest_xraynoise.report import html

    views = shares([record], 10**7)  # type: ignore[list-item]
    item = section(0, record, views[0][:count])  # type: ignore[arg-type]
    template = html._environment().get_template("section.html.j2")
    return f"<main>{template.render(item=item)}</main>"


def test_the_heatmap_is_of_the_deciding_metric_with_the_worst_label_first() -> None:
    record = document().tests[1]
    heat = section(0, record).heatmap
    assert heat is not None
    assert heat.metric == "AUROC"
    worst = [max(float(cell.text) for cell in cells) for _, cells in heat.rows]
    assert worst == sorted(worst, reverse=True)
    assert max(cell.strength for _, cells in heat.rows for cell in cells) == 1.0
    assert record.result is not None
    assert heatmap(record.result, "ece") is None  # without labels


@pytest.mark.parametrize(
    ("rung", "words"),
    [
        (ladder("poisson").rungs[0], "60 photons at white"),
        (custom_ladder("poisson", photons=[20_000]).rungs[0], "20,000 photons at white"),
        (ladder("lowdose").rungs[2], "25% dose, DI −6"),
        (ladder("quantum").rungs[4], "5% dose, DI −13"),
        (custom_ladder("lowdose", deviation_index=[0]).rungs[0], "100% dose, DI 0"),
        (custom_ladder("lowdose", dose=[0.3]).rungs[0], "30% dose, DI −5.2"),
        (ladder("electronic").rungs[0], "1,500 electrons rms per detector pixel"),
        (ladder("gaussian").rungs[0], "0.08 of full scale"),
        (Rung(0, None, "x"), "clean"),
        (Rung(1, float("nan"), HOSTILE), "nan <script>alert(1)</script>\"'&\ufffd\ufffd🫁 صدر"),
    ],
)
def test_captions_have_the_units_of_the_noise(rung: Rung, words: str) -> None:
    assert caption(rung) == words
