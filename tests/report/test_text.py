from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise.report.text import REPLACEMENT, cells, clean, elide, one_line, pad
from pytest_xraynoise.report.words import decimals_that_differ, exact, number, seconds


@given(st.text(), st.integers(0, 40))
def test_elided_text_fits(text: str, width: int) -> None:
    text = one_line(text)
    short = elide(text, width)
    assert cells(short) <= width
    if cells(text) <= width:
        assert short == text
    elif width > 2:
        assert "…" in short


@given(st.text())
def test_clean_text_can_be_written_anywhere(text: str) -> None:
    done = clean(text)
    done.encode("utf-8")
    assert not any(ord(c) < 32 and c not in "\t\n" for c in done)
    assert clean(done) == done


def test_what_people_write_is_left_alone() -> None:
    for text in ("naïve 🫁", "صدر", "胸部\tX線\n", "<script>\"&'"):
        assert clean(text) == text
    assert clean("a\x00b\x1b[1;31mc\r\nd") == f"a{REPLACEMENT}bc\nd"
    assert one_line("a\u202eb\n  c") == "ab c"


def test_wide_characters_take_two_columns() -> None:
    assert cells("胸部") == 4
    assert cells("e\u0301") == 1
    assert pad("胸", 4) == "胸  "
    assert elide("胸部正面像", 5) == "胸…像"


@given(st.floats(-2, 2), st.floats(0.001, 1))
def test_digits_show_the_crossing(observed: float, threshold: float) -> None:
    decimals = decimals_that_differ(observed, threshold)
    shown = float(number(observed, decimals)) if decimals < 12 else observed
    if abs(observed - threshold) > 1e-11:
        assert shown != float(exact(threshold)) or abs(observed - threshold) < 1e-9
        assert (shown > threshold) == (observed > threshold)


def test_numbers_and_durations() -> None:
    assert [number(v) for v in (None, float("inf"), -0.0004, 1.0)] == ["–", "–", "0.000", "1.000"]
    assert [seconds(v) for v in (0.416, 12.34, 250.0)] == ["0.42 s", "12.3 s", "4 min 10 s"]
