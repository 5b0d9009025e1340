"""Terminal, JUnit, HTML, JSON and exit code give one verdict, whatever was decided.

One run checks every row of the table of decisions; each report is then read back by itself.
"""

from __future__ import annotations

import html
import json
import re
from collections import Counter
from pathlib import Path
from xml.etree import ElementTree as ET

import pytest

from pytest_xraynoise.judge import decide, parse_limits
from pytest_xraynoise.report.document import Document
from pytest_xraynoise.results import Verdict
from tests.judge.decision_table import ROWS, Row
from tests.judge.ladders import ladder
from tests.plugin.conftest import stdout

RUN = """
import json
import pathlib

import pytest

from pytest_xraynoise.results import LadderResult

ROWS = json.loads(pathlib.Path(__file__).with_name("rows.json").read_text())


@pytest.mark.parametrize("number", range(len(ROWS)))
def test_row(number, xraynoise):
    row = ROWS[number]
    limits = {
        word: {int(s): v for s, v in value.items()} if isinstance(value, dict) else value
        for word, value in row["limits"].items()
    }
    xraynoise.check(LadderResult.from_dict(row["result"]), **row["how"], **limits)
"""
WORDS = {
    ("pass", "pass"): "pass",
    ("fail", "fail"): "FAIL",
    ("inconclusive", "fail"): "INCONCLUSIVE",
    ("inconclusive", "pass"): "inconclusive",
    ("inconclusive", "skip"): "inconclusive",
}
OUTCOMES = {"pass": "passed", "fail": "failed", "skip": "skipped"}
KINDS = {"pass": "pass", "fail": "fail", "inconclusive": "open"}


def decided(row: Row) -> Verdict:
    how = dict(row.how)
    return decide(row.result, parse_limits(row.limits), mode=how.pop("decide", "point"), **how)


@pytest.fixture
def run(pytester: pytest.Pytester) -> pytest.RunResult:
    """One run over the whole table, with every report."""
    rows = [
        {"result": row.result.to_dict(), "limits": row.limits, "how": dict(row.how)} for row in ROWS
    ]
    Path("rows.json").write_text(json.dumps(rows), encoding="utf-8")
    pytester.makepyfile(test_rows=RUN)
    return pytester.runpytest_inprocess(
        "--xraynoise-json=out.json",
        "--xraynoise-report=out.html",
        "--junit-xml=out.xml",
        "-p",
        "no:cacheprovider",
    )


def number_of(name: str) -> int:
    """The row of ``test_row[12]``."""
    found = re.search(r"test_row\[(\d+)\]", name)
    assert found is not None, name
    return int(found[1])


def test_every_report_gives_the_verdict_of_the_one_decision(run: pytest.RunResult) -> None:
    verdicts = [decided(row) for row in ROWS]
    assert [(v.status, v.action) for v in verdicts] == [(r.status, r.action) for r in ROWS]
    assert {(v.status, v.action) for v in verdicts} == set(WORDS)  # the table has every kind
    _exit_code(run, verdicts)
    _json(verdicts)
    _junit(verdicts)
    _html(verdicts)
    _terminal(run, verdicts)


def _exit_code(run: pytest.RunResult, verdicts: list[Verdict]) -> None:
    run.assert_outcomes(**Counter(OUTCOMES[v.action] for v in verdicts))
    assert run.ret == pytest.ExitCode.TESTS_FAILED


def _json(verdicts: list[Verdict]) -> None:
    document = Document.from_dict(json.loads(Path("out.json").read_text(encoding="utf-8")))
    seen = {number_of(test.nodeid): test for test in document.tests}
    assert sorted(seen) == list(range(len(ROWS)))
    for number, verdict in enumerate(verdicts):
        test = seen[number]
        assert test.verdict is not None
        assert (test.verdict.status, test.outcome) == (verdict.status, OUTCOMES[verdict.action])
        assert test.verdict.headline == verdict.headline
        assert test.verdict.mode == verdict.mode
        assert test.verdict.on_inconclusive == verdict.on_inconclusive
        found = [(c.limit, c.severity, c.label, c.status, c.needed) for c in test.verdict.checks]
        assert found == [(c.limit, c.severity, c.label, c.status, c.needed) for c in verdict.checks]


def _junit(verdicts: list[Verdict]) -> None:
    cases = list(ET.parse("out.xml").iter("testcase"))
    assert len(cases) == len(ROWS)
    for case in cases:
        verdict = verdicts[number_of(case.get("name", ""))]
        properties = {p.get("name"): p.get("value") for p in case.iter("property")}
        assert properties["xraynoise.verdict"] == verdict.status
        ended = {"failure": "fail", "skipped": "skip"}
        assert [ended.get(child.tag) for child in case if child.tag in ended] == (
            [] if verdict.action == "pass" else [verdict.action]
        )
        assert (properties.get("xraynoise.decide") or "point") == verdict.mode
        limits = dict.fromkeys(check.limit for check in verdict.checks)
        if len(limits) > 1:  # all of them are there, not only the first that broke
            told = properties["xraynoise.limits"] or ""
            assert [part.rpartition(": ")[0] for part in told.split("; ")] == list(limits)
        settle = verdict.to_settle
        needed = None if settle is None or settle.needed is None else str(settle.needed)
        assert properties.get("xraynoise.needed") == needed


def _html(verdicts: list[Verdict]) -> None:
    page = Path("out.html").read_text(encoding="utf-8")
    row = r'<tr class="(\w+)" role="row">\s*<td role="cell" class="verdict">.*?test_row\[(\d+)\]'
    rows = re.findall(row, page, re.S)
    assert len(rows) == len(ROWS)
    for kind, number in rows:
        assert kind == KINDS[verdicts[int(number)].status]
    sections = re.findall(r'<section class="card test (\w+)"(.*?)</section>', page, re.S)
    assert len(sections) == len(ROWS)
    for kind, text in sections:
        verdict = verdicts[number_of(text)]
        assert kind == KINDS[verdict.status]
        if verdict.status == "inconclusive":
            assert f'<p class="headline">{html.escape(verdict.headline)}</p>' in text
    counts = Counter(verdict.status for verdict in verdicts)
    shown = _text(re.findall(r'<ul class="counts".*?</ul>', page, re.S)[0])
    assert f"{counts['fail']} failed" in shown
    assert f"{counts['inconclusive']} inconclusive" in shown
    assert f"{counts['pass']} passed" in shown


def _text(markup: str) -> str:
    """What a reader sees."""
    return html.unescape(re.sub(r"<[^>]*>", " ", markup))


def _terminal(run: pytest.RunResult, verdicts: list[Verdict]) -> None:
    _, table = stdout(run).split("X-ray noise robustness", 1)
    lines = [line for line in table.splitlines() if "test_row[" in line and "::" in line]
    seen = {number_of(line): line.split()[0] for line in lines if line.split()[0] in WORDS.values()}
    expected = {n: WORDS[v.status, v.action] for n, v in enumerate(verdicts)}
    assert seen == expected


def test_findings_are_in_every_report(pytester: pytest.Pytester) -> None:
    guess = ladder({"auroc": (0.52, 0.51)}, spread=0.05)
    rows = [{"result": guess.to_dict(), "limits": {"max_auroc_drop": 0.5}, "how": {}}]
    Path("rows.json").write_text(json.dumps(rows), encoding="utf-8")
    pytester.makepyfile(test_rows=RUN)
    run = pytester.runpytest_inprocess(
        "--xraynoise-report=out.html",
        "--xraynoise-json=out.json",
        "--junit-xml=out.xml",
        "-p",
        "no:cacheprovider",
    )
    run.assert_outcomes(passed=1)
    (finding,) = decide(guess, parse_limits({"max_auroc_drop": 0.5})).findings
    assert finding.kind == "weak when clean"
    (test,) = json.loads(Path("out.json").read_text(encoding="utf-8"))["tests"]
    assert test["findings"] == [
        {"kind": "weak when clean", "text": finding.text, "severity": 0, "label": None}
    ]
    assert finding.text in html.unescape(Path("out.html").read_text(encoding="utf-8"))
    properties = {p.get("name"): p.get("value") for p in ET.parse("out.xml").iter("property")}
    assert properties["xraynoise.findings"] == finding.text
    assert "test_row[0]: auroc is 0.520 [0.470, 0.570] on the clean" in stdout(run)


def test_several_broken_limits_are_all_told(pytester: pytest.Pytester) -> None:
    row = next(row for row in ROWS if row.name == "several limits, several metrics")
    rows = [{"result": row.result.to_dict(), "limits": row.limits, "how": {}}]
    Path("rows.json").write_text(json.dumps(rows), encoding="utf-8")
    pytester.makepyfile(test_rows=RUN)
    run = pytester.runpytest_inprocess(
        "--xraynoise-report=out.html", "--junit-xml=out.xml", "-p", "no:cacheprovider"
    )
    text = stdout(run)
    assert "BROKEN     max_auroc_drop=0.05: AUROC fell by 0.150" in text
    assert "BROKEN     min_dice=0.8: Dice was 0.600" in text
    assert "ok         max_dice_drop=0.5: Dice fell by 0.300" in text
    page = Path("out.html").read_text(encoding="utf-8")
    part = re.findall(r"<h3>Limits</h3>(.*?)</div>", page, re.S)[0]
    items = re.findall(r"<li>(.*?)</li>", part, re.S)
    assert [_text(item).split()[:2] for item in items] == [
        ["broken", "max_auroc_drop=0.05"],
        ["broken", "min_dice=0.8"],
        ["kept", "max_dice_drop=0.5"],
    ]
    properties = {p.get("name"): p.get("value") for p in ET.parse("out.xml").iter("property")}
    assert properties["xraynoise.limits"] == (
        "max_auroc_drop=0.05: fail; min_dice=0.8: fail; max_dice_drop=0.5: pass"
    )
