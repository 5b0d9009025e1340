"""The breaking point on the page: interval and clinical reading are always said."""

from __future__ import annotations

import pytest

from pytest_xraynoise.report.breaking_view import breaking_words
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.report.html import render
from pytest_xraynoise.results import BreakingPoint
from tests.report.factory import classifier, judged
from tests.report.test_html import Page


@pytest.mark.parametrize(
    ("low", "high", "span"),
    [
        (11.04, 26.5, "11 to 26.5 photons at white"),
        (None, 26.5, "up to 26.5 photons at white"),
        (11.04, None, "from 11 photons at white"),
        (None, None, None),
    ],
)
def test_the_interval_is_told_where_the_sentence_lacks_it(
    low: float | None, high: float | None, span: str | None
) -> None:
    point = BreakingPoint(
        "photons", "photons at white", 15.0, low, high, 25.0, 12.0, "max_auroc_drop=0.05", "auroc",
        5, "holds down to 15 photons at white, between rung 2 and rung 3",
        clinical="about 1/12,000 of a 2.5 uGy exposure",
    )  # fmt: skip
    result = classifier(samples=60, strips=0).replace(breaking_point=point)
    words = breaking_words(result)
    assert words.startswith("Breaking point: holds down to 15 photons at white")
    told = f"95% interval of the breaking point: {span}"
    assert (told in words) if span else ("interval" not in words)
    assert words.endswith("There: about 1/12,000 of a 2.5 uGy exposure")
    page = Page(render(Document({}, (judged(result, "max_auroc_drop=0.05"),)))).text
    assert words in page


def test_an_interval_in_the_sentence_is_not_said_twice() -> None:
    point = BreakingPoint(
        "dose", "of the reference dose", 0.11, 0.09, 0.13, 0.12, 0.1, "min_auroc=0.8", "auroc", 9,
        "holds down to 0.11 of the reference dose (interval 0.09 to 0.13)", searched=True,
    )  # fmt: skip
    words = breaking_words(classifier(samples=60, strips=0).replace(breaking_point=point))
    assert words.count("0.09") == 1
    assert breaking_words(classifier(samples=60, strips=0)) == ""
