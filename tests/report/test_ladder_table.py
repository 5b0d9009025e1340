from __future__ import annotations

import csv
import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.report.ladder_row import LadderRow, Measured, quantity, readings, strength
from pytest_xraynoise.report.ladder_table import (
    COLUMNS,
    csv_text,
    markdown_lines,
    sd_text,
    share_text,
    shift_text,
    snr_text,
    table_lines,
)
from pytest_xraynoise.results import Rung
from tests.report.ladder_factory import measured, row

SETTING = "of a detector air kerma of 2.5 uGy on csi-0.139, an image 35 cm wide"


def ladder_of(*texts: str) -> LadderRow:
    shown = [measured(n, text) for n, text in enumerate(texts, start=1)]
    return LadderRow("noise", "ladder", "what it is", [measured(0), *shown])


def test_the_table_as_it_is_printed() -> None:
    assert table_lines([row((0, 1, 3))], 80)[:8] == [
        "poisson, ladder imagenet-c: counting noise",
        "",
        "severity  strength             noise sd   SNR  clipped  mean shift",
        "       0  clean",
        "       1  60 photons at white    0.0500  5.00     0.4%     -0.0021",
        "       3  20 photons at white    0.1500  5.00     0.4%     -0.0021",
        "",
        "severity 1: about 1/100 of an exposure",
    ]


@settings(max_examples=60, deadline=None)
@given(
    st.integers(30, 200),
    st.text(st.characters(codec="utf-8"), max_size=90),
    st.text(st.characters(codec="utf-8"), max_size=200),
)
def test_no_line_is_wider_than_the_terminal_and_all_is_ascii(
    width: int, unit: str, reading: str
) -> None:
    rung = Rung(1, 1234567.0, unit, reading, {"amount": 1234567.0, "other": 0.1})
    shown = Measured(rung, 0.123, None, None, 0.5, 0.25)
    lines = table_lines([LadderRow("noise", "custom", "sum", [measured(0), shown])], width)
    assert all(len(line) <= width and line.isascii() and line.isprintable() for line in lines)
    assert any("0.1230" in line for line in lines)


def test_a_narrow_terminal_goes_without_what_matters_least() -> None:
    heads = {w: next(x for x in table_lines([row()], w) if "noise sd" in x) for w in (80, 50, 36)}
    assert " ".join(heads[80].split()) == "severity strength noise sd SNR clipped mean shift"
    assert "mean shift" not in heads[50]
    assert heads[36].split() == ["severity", "strength", "noise", "sd"]


def test_a_long_strength_goes_on_below_itself() -> None:
    rung = Rung(1, 1500.0, "electrons rms per detector pixel", "", {"electrons": 1500.0})
    lines = table_lines([LadderRow("e", "l", "", [Measured(rung, 0.1, 0.1, 5, 0, 0)])], 68)
    start = next(i for i, line in enumerate(lines) if "1,500" in line)
    assert lines[start].startswith("       1  1,500 electrons rms")
    assert lines[start].endswith("0.1000  5.00        0           0")
    assert lines[start + 1].startswith(" " * 10)
    assert " ".join(lines[start + 1].split()).endswith("pixel")


def test_what_all_readings_end_with_is_said_once() -> None:
    each, shared = readings(
        ladder_of(f"dose 0.5 (DI -3) {SETTING}", f"dose 0.25 (DI -6) {SETTING}")
    )
    assert each == ["dose 0.5 (DI -3)", "dose 0.25 (DI -6)"]
    assert shared == SETTING
    lines = "\n".join(table_lines([ladder_of(f"a {SETTING}", f"b {SETTING}")], 200))
    assert lines.count(SETTING) == 1
    assert f"severity 2: b\nall severities: {SETTING}" in lines


def test_a_bracket_is_not_torn_and_short_ends_stay() -> None:
    each, shared = readings(
        ladder_of(f"dose (DI -3, 1 uGy) {SETTING}", f"dose (DI -6, 2 uGy) {SETTING}")
    )
    assert each == ["dose (DI -3, 1 uGy)", "dose (DI -6, 2 uGy)"]
    assert shared == SETTING
    assert readings(ladder_of("1/100 of an exposure", "1/200 of an exposure")) == (
        ["1/100 of an exposure", "1/200 of an exposure"],
        "",
    )


def test_a_reading_that_is_the_summary_is_not_repeated() -> None:
    text = "rows and columns that read nothing; a stress test, no physical dose"
    shown = LadderRow("n", "l", text, [measured(0), measured(1, text), measured(2, text)])
    assert "\n".join(table_lines([shown], 200)).count(text) == 1


def test_markdown_is_one_table_a_noise_with_the_whole_reading() -> None:
    lines = markdown_lines([row((0, 1)), row((0, 2), noise="a|b_c")])
    assert lines[2:6] == [
        "| severity | strength | noise sd | SNR | clipped | mean shift | reading |",
        "| ---: | --- | ---: | ---: | ---: | ---: | --- |",
        "| 0 | clean |  |  |  |  |  |",
        "| 1 | 60 photons at white | 0.0500 | 5.00 | 0.4% | -0.0021 | "
        "60 photons at white; about 1/100 of an exposure |",
    ]
    assert lines[7].startswith(r"**a\|b\_c, ladder imagenet-c")


def test_csv_has_every_digit_and_leaves_out_what_is_not_defined() -> None:
    third = 1 / 3
    shown = [measured(0, snr=None), measured(1, noise_sd=third, mid_grey_sd=None, snr=None)]
    text = csv_text([LadderRow("poisson", "custom", "", shown)])
    clean, first = csv.DictReader(io.StringIO(text))
    assert tuple(first) == COLUMNS
    assert float(first["noise_sd"]) == third
    assert (first["mid_grey_sd"], first["snr"], clean["parameter"]) == ("", "", "")
    assert first["parameters"] == "photons=60.0"
    assert first["reading"] == shown[1].rung.reading


def test_a_strength_names_every_parameter() -> None:
    both = Rung(1, 60.0, "photons at white", "", {"photons": 60.0, "sigma": 0.08})
    assert strength(both) == "60 photons at white, sigma 0.08"
    pitched = Rung(1, 0.794328, "of the dose", "", {"dose": 0.794328, "pixel_pitch": 0.1})
    assert strength(pitched) == "0.7943 of the dose"
    index = Rung(1, -3.0, "deviation index", "", {"dose": 0.5})
    assert strength(index) == "-3 deviation index"
    assert strength(Rung(0, None, "x")) == "clean"


@pytest.mark.parametrize(
    ("value", "text"), [(60.0, "60"), (0.79433, "0.7943"), (24000.0, "24,000"), (1e6, "1,000,000")]
)
def test_quantities(value: float, text: str) -> None:
    assert quantity(value) == text


def test_figures_show_what_is_there_and_hide_no_noise() -> None:
    assert [sd_text(v) for v in (0.0, 0.0912, 0.00213, 3.1e-5)] == [
        "0", "0.0912", "0.00213", "3.1e-05",
    ]  # fmt: skip
    assert [snr_text(v) for v in (None, 5.4321, 54.3, 1882.6)] == ["-", "5.43", "54.3", "1,883"]
    assert [share_text(v) for v in (0.0, 1e-5, 0.1234)] == ["0", "<0.1%", "12.3%"]
    assert [shift_text(v) for v in (0.0, -0.0021, 0.18, 4e-6)] == [
        "0", "-0.0021", "+0.1800", "0.0000",
    ]  # fmt: skip
