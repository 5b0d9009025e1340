"""Text as no report would like it, in every place of a document that takes text."""

from __future__ import annotations

import dataclasses
from functools import cache

from pytest_xraynoise.report.document import Document
from pytest_xraynoise.results import Comparison, Difference, Finding, TestRecord
from tests.report.factory import classifier, judged

TEXTS = {
    "script": "<script>alert(1)</script>",
    "quotes": "\"double\" 'single' `back` “curly”",
    "emoji": "🫁🩻 e\u0301 👩‍⚕️",
    "right to left": "صدر \u202eevil\u202c \u2067x\u2069",
    "NUL and controls": "a\x00b\x07c\x1b[31md\x85e\u2028f\ud800g\ufffeh",
    "markup": "]]> &amp; --> | a_b *c* [d](e) {{ 7*7 }} {% raw %} ${x} %s %0A::error::",
    "lines": "one\r\ntwo\nthree\tfour",
    "formula": '=HYPERLINK("http://x","y")',
    "long": "x" * 10_000,
}


@cache
def hostile_document(text: str) -> Document:
    """A run in which everything that is text is ``text``."""
    result = classifier(
        labels=(text, f"{text} 2"), samples=40, strips=1, note=text, device=text
    ).replace(
        model=text, dataset=text, noise=text, ladder=text, excluded={text: text}
    )  # fmt: skip
    rungs = [
        dataclasses.replace(r, rung=dataclasses.replace(r.rung, unit=text, reading=text))
        for r in result.rungs
    ]
    strips = [dataclasses.replace(s, sample_id=text, truth=text) for s in result.strips]
    result = result.replace(rungs=tuple(rungs), strips=tuple(strips))
    record = judged(result, "max_auroc_drop=0.05", nodeid=f"{text}.py::{text}", file=f"{text}.py")
    assert record.verdict is not None
    verdict = dataclasses.replace(
        record.verdict, headline=text, findings=(Finding("few samples", text, 1, text),)
    )
    difference = Difference("auroc", 1, text, 0.9, 0.8, rule=text, allowed=0.01, regressed=True)
    compared = Comparison(text, "fail", text, (difference,), (text,))
    tests = (
        dataclasses.replace(record, verdict=verdict, comparison=compared, message=text),
        TestRecord(text, "error", message=text, file=text, line=1, noise=text),
        TestRecord(text, "failed", message=f"E   {text}", file=text, line=1),
        TestRecord(text, "not run", message=text, noise=text),
    )
    environment = {"command": [text], "platform": text, "commit": text, "packages": {"x": text}}
    return Document(environment, tests)
