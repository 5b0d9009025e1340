from __future__ import annotations

import dataclasses

import pytest

from pytest_xraynoise.report.curve import BLOCKS, Point, blocks
from pytest_xraynoise.report.sentence import headline
from pytest_xraynoise.report.terminal import failure_text, one_line_summary, rungs, summary
from pytest_xraynoise.report.text import cells
from pytest_xraynoise.results import LadderResult, LimitCheck, MetricValue, TestRecord, Verdict
from tests.report.factory import classifier, document, judged, segmenter


def with_drop(drop: float, *, severity: int = 3) -> LadderResult:
    """The classifier with one rung's AUROC drop set by hand."""
    result = classifier(samples=80, strips=0)
    clean = result.clean["auroc"]
    rungs = []
    for rung in result.rungs:
        own = drop if rung.severity == severity else 0.0
        value = MetricValue(clean - own, own, own - 0.03, own + 0.03, "delong")
        rungs.append(dataclasses.replace(rung, metrics={"auroc": value}))
    return result.replace(rungs=tuple(rungs))


def test_no_records_no_lines() -> None:
    assert summary([], 80) == []


@pytest.mark.parametrize("width", [200, 120, 80, 60, 40, 20])
def test_the_table_fits_the_width(width: int) -> None:
    lines = summary(document().tests, width)
    assert len(lines) == 6
    assert max(cells(line) for _, line in lines) <= width
    assert [style for style, _ in lines] == ["bold", "pass", "fail", "fail", "error", "warn"]


def test_a_wide_table_tells_all() -> None:
    lines = [line for _, line in summary(document().tests, 200)]
    assert lines[0].split() == [
        "verdict", "test", "curve", "noise", "metric", "clean", "worst", "drop", "interval",
        "severity", "limit",
    ]  # fmt: skip
    failed = lines[2]
    for part in ("FAIL", "test_noise.py::test_findings[poisson]", "███▆▃▁", "AUROC", ">3", "[0."):
        assert part in failed
    assert failed.endswith("max_auroc_drop=0.05")
    assert "NaN for 3 of 64 images" in lines[4]


def test_a_long_id_is_elided_in_its_middle() -> None:
    record = dataclasses.replace(document().tests[1], nodeid="a/b.py::" + "long" * 3000 + "[end]")
    line = summary([record], 100)[1][1]
    assert cells(line) <= 100
    assert "  longlong" in line
    assert "…" in line
    assert "b.py" not in line
    assert "[end]" in line


def test_a_narrow_table_keeps_verdict_test_and_drop() -> None:
    head = summary(document().tests, 80)[0][1].split()
    assert head == ["verdict", "test", "curve", "drop", "severity", "limit"]
    assert summary(document().tests, 60)[0][1].split() == [*head[:4], "severity"]


def test_a_terminal_without_blocks_gets_no_curves() -> None:
    lines = [line for _, line in summary(document().tests, 200, curves=False)]
    assert "curve" not in lines[0]
    assert not set(BLOCKS) & set("".join(lines))


@pytest.mark.parametrize(
    ("values", "drawn"),
    [
        ((1.0, 1.0, 1.0), "███"),
        ((0.9, 0.89, 0.9), "███"),
        ((1.0, 0.5, 0.0), "█▄▁"),
        ((0.0, 10.0), "▁█"),
        ((1.0, float("nan"), 0.0), "█·▁"),
        ((float("nan"),), ""),
        ((), ""),
    ],
)
def test_a_curve_is_one_character_a_rung(values: tuple[float, ...], drawn: str) -> None:
    assert blocks([Point(i, value, value, value) for i, value in enumerate(values)]) == drawn


@pytest.mark.parametrize("width", [200, 80, 60, 20])
def test_every_rung_is_listed_and_fits(width: int) -> None:
    lines = rungs(document().tests, width)
    assert max(cells(line) for _, line in lines) <= width
    assert sum(style == "fail" for style, _ in lines) == 2
    listed = [line.split()[0] for _, line in lines if line.startswith("  ")]
    assert listed.count("5") == 4, "an error has no rungs"
    assert rungs([], width) == []


def test_every_rung_tells_its_limit() -> None:
    lines = [line for _, line in rungs(document().tests, 120)]
    start = lines.index("tests/robustness/test_noise.py::test_findings[poisson]")
    third = next(line for line in lines[start:] if "12 photons at white" in line)
    assert third.split()[0] == "3"
    assert third.endswith("max_auroc_drop=0.05  BROKEN")


def test_the_run_in_one_line() -> None:
    ((style, line),) = one_line_summary(document().tests, 200)
    assert style == "fail"
    assert line.startswith(
        "xraynoise: 2 of 5 tests failed, 1 error, 1 expected failure; worst test_lungs[gaussian]: "
        "Dice fell by"
    )
    ((style, line),) = one_line_summary(document().tests[:1], 80)
    assert (style, line) == ("plain", "xraynoise: 1 test passed")
    assert cells(one_line_summary(document().tests, 60)[0][1]) <= 60
    assert one_line_summary([], 80) == []


def test_the_first_line_says_what_broke() -> None:
    text = failure_text(judged(with_drop(0.083), "max_auroc_drop=0.05"))
    assert text.splitlines()[0] == (
        "AUROC fell by 0.083 [0.053, 0.113] at severity 3 (12 photons at white); "
        "max_auroc_drop=0.05 allows 0.05"
    )


def test_digits_show_the_crossing_everywhere() -> None:
    record = judged(with_drop(0.0504), "max_auroc_drop=0.05")
    text = failure_text(record)
    assert "fell by 0.0504 [0.0204, 0.0804]" in text.splitlines()[0]
    broken = [line for line in text.splitlines() if line.endswith("BROKEN")]
    assert len(broken) == 1
    assert "0.0504" in broken[0]
    assert "0.0504" in summary([record], 120)[1][1]


def test_the_ladder_is_an_aligned_table() -> None:
    text = failure_text(document().tests[1])
    table = text.split("\n\n")[1].splitlines()
    assert len(table) == 7
    assert table[0].split("  ")[0] == "severity"
    assert "ok" in table[1 + 2]
    ends = {line.index("max_auroc_drop") for line in table[2:]}
    assert len(ends) == 1
    assert "12 photons at white" in table[4]
    assert "Worst label: Pneumonia, AUROC 0.975 -> 0.509" in text
    assert "at severity 5" in text.partition("Worst label")[2]
    assert "Severity 3 reads as: 12 photons at white, 224 px over 35 cm" in text
    assert "Also measured, without a limit:" in text
    assert "ECE" in text


def test_a_minimum_is_said_as_a_value() -> None:
    text = headline(document().tests[4])
    assert text.startswith("AUROC was 0.8")
    assert text.endswith("min_auroc=0.90 asks for at least 0.9")


@pytest.mark.parametrize(
    ("limit", "metric", "says"),
    [
        ("max_relative_auroc_drop=0.05", "auroc", "AUROC fell, relative to clean, by 0.083 at"),
        ("max_ece_increase=0.05", "ece", "ECE rose by 0.083 at"),
        ("max_ece=0.05", "ece", "ECE was 0.083 at"),
    ],
)
def test_each_kind_of_limit_has_its_words(limit: str, metric: str, says: str) -> None:
    check = LimitCheck(limit, metric, 3, None, 0.083, 0.05, True)
    result = classifier(samples=80, strips=0)
    record = TestRecord("t", "failed", Verdict("fail", "", (check,)), (limit,), result)
    assert headline(record).startswith(says)


def test_a_label_and_a_mean_are_named() -> None:
    record = judged(classifier(samples=200, strips=0), "max_auroc_drop=0.05", label="Pneumothorax")
    text = failure_text(record)
    assert text.startswith("AUROC of Pneumothorax fell by")
    assert "AUROC Pneumothorax" in text.split("\n\n")[1]
    check = LimitCheck("max_auroc_drop=0.05", "auroc", None, None, 0.07, 0.05, True)
    verdict = Verdict("fail", "", (check,))
    mean = TestRecord("t", "failed", verdict, result=classifier(samples=80, strips=0))
    assert "AUROC fell by 0.070 on average over the ladder" in failure_text(mean)
    assert "over the ladder" in failure_text(mean).split("\n\n")[1]


def test_an_unknown_limit_keeps_the_verdicts_own_words() -> None:
    check = LimitCheck("baseline auroc:0.01", "auroc", 2, None, 0.02, 0.01, True)
    verdict = Verdict("fail", "AUROC is 0.020 below the baseline", (check,))
    record = TestRecord("t", "failed", verdict, result=classifier(samples=80, strips=0))
    assert headline(record) == "AUROC is 0.020 below the baseline"


def test_an_error_is_its_message() -> None:
    assert failure_text(document().tests[3]).startswith("ModelError: the model returned NaN")
    assert failure_text(TestRecord("t", "error", message="\x1b[31mred\x00")) == "red�"


def test_segmentation_names_dice() -> None:
    text = failure_text(judged(segmenter(strips=0), "max_dice_drop=0.10"))
    assert text.startswith("Dice fell by")
    assert "Worst label: right lung, Dice" in text or "Worst label: left lung, Dice" in text
