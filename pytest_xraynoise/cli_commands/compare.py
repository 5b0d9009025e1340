"""``xraynoise compare``: two files of measurements against each other, without running anything."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import XrayNoiseError

if TYPE_CHECKING:
    import argparse
    from collections.abc import Sequence

    from pytest_xraynoise.judge.expression import Rule
    from pytest_xraynoise.report.measured_file import MeasuredFile
    from pytest_xraynoise.results import Comparison

FINE, REGRESSION, CANNOT = 0, 1, 2

_EPILOG = (
    "Exit codes: 0 no regression, 1 a regression, 2 the files cannot be compared. A regression in "
    "one test is 1 also where another test cannot be compared."
)


def arguments(parser: argparse.ArgumentParser) -> None:
    """The arguments of the command."""
    parser.epilog = _EPILOG
    parser.add_argument("baseline", metavar="A.json", help="a baseline, or an --xraynoise-json")
    parser.add_argument("now", metavar="B.json", help="the same of the model that is judged")
    parser.add_argument(
        "--fail",
        metavar="EXPR",
        nargs="+",
        action="extend",
        default=[],
        help="how much may be lost: METRIC[@SEVERITY][/LABEL]:NUMBER[%%], such as auroc:0.01 "
        "dice:2.5%%; without it differences are only told",
    )
    parser.add_argument(
        "--decide",
        choices=("point", "confident-fail", "confident-pass"),
        default="point",
        help="fail when the loss itself is beyond the number, when its whole interval is, or "
        "unless its whole interval is within (default: %(default)s)",
    )
    parser.add_argument(
        "--missing",
        choices=("fail", "warn", "skip"),
        default="warn",
        help="what to do about tests that only A or only B has: exit code 1, say so, or nothing "
        "(default: %(default)s)",
    )


def run(given: argparse.Namespace) -> int:
    """Compare, print, and return the exit code.

    Raises:
        XrayNoiseError: for files that cannot be read.
    """
    from pytest_xraynoise.judge.expression import ExpressionError, parse_rules
    from pytest_xraynoise.report.measured_file import read_measured

    try:
        rules = parse_rules(given.fail) if given.fail else ()
    except ExpressionError as error:  # more than a line: the caret stands below the fault
        print(f"xraynoise: error: --fail: {error}", file=sys.stderr)
        return CANNOT
    before, after = read_measured(given.baseline), read_measured(given.now)
    common = [nodeid for nodeid in after.entries if nodeid in before.entries]
    if not common:
        print(
            f"xraynoise: error: {before.name} and {after.name} have no measured test in common",
            file=sys.stderr,
        )
        return CANNOT
    found, troubled = _compared(common, before, after, rules, given.decide)
    unused = _unused(rules, found)
    lacking, crashed = _tell_others(before, after, given.missing)
    troubled += crashed if given.missing != "skip" else 0
    for rule in unused:
        print(f"the rule {rule} was about no test", file=sys.stderr)
    regressed = sum(each.status == "fail" for each in found)
    print(f"{len(found)} compared, {regressed} regressed" + _count(troubled, "not comparable"))
    if regressed or (lacking and given.missing == "fail"):
        return REGRESSION
    return CANNOT if troubled or (rules and len(unused) == len(rules)) else FINE


def _compared(
    nodeids: Sequence[str],
    before: MeasuredFile,
    after: MeasuredFile,
    rules: Sequence[Rule],
    decide: str,
) -> tuple[list[Comparison], int]:
    """Compare and print each test; the comparisons, and how many tests could not be compared."""
    from pytest_xraynoise.judge.compare import compare
    from pytest_xraynoise.report.comparison_text import comparison_lines

    found, troubled = [], 0
    for nodeid in nodeids:
        try:
            each = compare(
                before.entries[nodeid],
                after.entries[nodeid],
                rules,
                name=before.name,
                decide=decide,  # type: ignore[arg-type]  # argparse has checked it
            )
        except XrayNoiseError as error:
            print(f"xraynoise: error: {' '.join(str(error).split())}", file=sys.stderr)
            troubled += 1
            continue
        found.append(each)
        print(f"{nodeid}: {_WORDS[each.status]}")
        for line in comparison_lines(each):
            print(f"  {line}")
    return found, troubled


_CRASHED = ("error", "failed", "interrupted")
_WORDS = {"fail": "REGRESSED", "pass": "ok", "told": "compared"}


def _unused(rules: Sequence[Rule], found: Sequence[Comparison]) -> list[str]:
    used = {each.rule for comparison in found for each in comparison.differences}
    return [rule.text for rule in rules if rule.text not in used]


def _tell_others(before: MeasuredFile, after: MeasuredFile, policy: str) -> tuple[int, int]:
    """Name the tests that are on one side only; how many those are, and how many crashed in B."""
    lacking = [nodeid for nodeid in after.entries if nodeid not in before.entries]
    gone = [nodeid for nodeid in before.entries if nodeid not in after.entries]
    for nodeid in lacking if policy != "skip" else ():
        print(f"{before.name} lacks {nodeid}", file=sys.stderr)
    for nodeid in gone if policy != "skip" else ():
        how = after.unmeasured.get(nodeid)
        why = f" (there it ended as: {how})" if how else ""
        print(f"{after.name} lacks {nodeid}{why}", file=sys.stderr)
    crashed = sum(after.unmeasured.get(nodeid) in _CRASHED for nodeid in gone)
    return len(lacking) + len(gone), crashed


def _count(number: int, word: str) -> str:
    return f", {number} {word}" if number else ""
