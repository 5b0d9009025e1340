"""The words that say how much may be lost against a baseline."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pytest_xraynoise import metrics
from pytest_xraynoise.judge.expression import ExpressionError, Rule, looks_like_rule, parse_rules

LABEL = st.text(st.characters(exclude_characters='"', exclude_categories=("C", "Z")), min_size=1)


def rule_texts() -> st.SearchStrategy[tuple[str, Rule]]:
    """A rule as one may write it, and what it means."""
    return st.builds(
        _written,
        st.sampled_from(("auroc", "dice", "ece", "hd95")),
        st.none() | st.integers(0, 9),
        st.none() | st.just("*") | LABEL,
        st.integers(0, 999),
        st.booleans(),
    )


def _written(
    metric: str, severity: int | None, label: str | None, thousandths: int, relative: bool
) -> tuple[str, Rule]:
    at = "" if severity is None else f"@{severity}"
    named = "" if label is None else f"/{label}" if label == "*" else f'/"{label}"'
    percent = thousandths / 10
    number = f"{percent:g}%" if relative else f"{thousandths / 1000:g}"
    text = f"{metric}{at}{named}:{number}"
    return text, Rule(metric, severity, label, thousandths / 1000, relative, text)


@given(rule_texts())
def test_every_rule_reads_back_as_it_was_meant(pair: tuple[str, Rule]) -> None:
    text, meant = pair
    (rule,) = parse_rules(text)
    assert (rule.metric, rule.severity, rule.label) == (meant.metric, meant.severity, meant.label)
    assert rule.relative == meant.relative
    assert rule.number == pytest.approx(meant.number, abs=1e-12)
    assert rule.text == text


@given(st.text(max_size=30))
def test_any_text_parses_or_says_where_it_does_not(text: str) -> None:
    fault: ExpressionError | None = None
    rules: tuple[Rule, ...] = ()
    try:
        rules = parse_rules(text)
    except ExpressionError as error:
        fault = error
    if fault is None:
        assert rules
        assert all(rule.metric in metrics.names() for rule in rules)
    else:
        assert 0 <= fault.position <= len(text)
        assert str(fault).splitlines()[-1] == f"  {' ' * fault.position}^"


def test_several_rules_in_one_word_or_many() -> None:
    together = parse_rules("auroc:0.01  dice:2.5%,ece@3:.1")
    apart = parse_rules(["auroc:0.01", "dice:2.5%", "ece@3:.1"])
    assert together == apart
    assert [(r.metric, r.severity, r.number, r.relative) for r in apart] == [
        ("auroc", None, 0.01, False),
        ("dice", None, 0.025, True),
        ("ece", 3, 0.1, False),
    ]


@pytest.mark.parametrize(
    ("text", "problem", "position"),
    [
        ("", "expected a rule such as auroc:0.01", 0),
        ("auroc", "expected ':' and the loss", 5),
        ("auroc:", "expected a number from 0", 6),
        ("auroc:-0.1", "expected a number from 0", 6),
        ("auroc:0.01 dice:x", "expected a number from 0", 16),
        ("auroc:0.01%5", "expected the end of the rule", 11),
        ("auroc@x:0.1", "expected a severity after '@'", 6),
        ("auroc/:0.1", "expected a label after '/'", 6),
        ("aurok:0.01", "did you mean 'auroc'?", 0),
        ("dice:0.1 :0.2", "expected the name of a metric", 9),
        ("auroc:5", "did you mean auroc:5%?", 6),
        ("auroc:100%", "cannot lose 100% or more", 6),
        ("auroc:0.1 auroc:0.2", "has two rules", 10),
        ("hd95:1e999", "expected a finite number", 5),
    ],
)
def test_a_fault_is_pointed_at(text: str, problem: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        parse_rules(text)
    message, line, caret = str(caught.value).split("\n")
    assert problem in message
    assert line == f"  {text}"
    assert caret == f"  {' ' * position}^"


def test_a_distance_and_a_lower_is_better_share_have_no_upper_end() -> None:
    assert [rule.number for rule in parse_rules("hd95:12 brier:150%")] == [12.0, 1.5]


@pytest.mark.parametrize(
    ("text", "number", "covered"),
    [
        ("auroc:0.1", ("auroc", 3, None), True),
        ("auroc:0.1", ("auroc", 0, None), True),
        ("auroc:0.1", ("auroc", 3, "Mass"), False),
        ("auroc:0.1", ("dice", 3, None), False),
        ("auroc@2:0.1", ("auroc", 3, None), False),
        ("auroc@2/Mass:0.1", ("auroc", 2, "Mass"), True),
        ("auroc/*:0.1", ("auroc", 2, "Mass"), True),
        ("auroc/*:0.1", ("auroc", 2, None), False),
    ],
)
def test_what_a_rule_is_about(
    text: str, number: tuple[str, int, str | None], covered: bool
) -> None:
    assert parse_rules(text)[0].covers(*number) is covered


@pytest.mark.parametrize(
    ("word", "yes"),
    [
        ("dice:2.5%", True),
        ("auroc@3/*:0.1", True),
        ("dice:2.5x", True),
        ("tests/test_a.py::test_b", False),
        ("test_a.py", False),
        ("-n", False),
        ("", False),
    ],
)
def test_rules_and_tests_are_told_apart_on_a_command_line(word: str, yes: bool) -> None:
    assert looks_like_rule(word) is yes
