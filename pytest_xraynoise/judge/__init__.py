"""Limits, and the one decision that everything shows."""

from pytest_xraynoise.judge.breaking import breaking_point
from pytest_xraynoise.judge.decide import decide
from pytest_xraynoise.judge.enforce import RobustnessFailure, check
from pytest_xraynoise.judge.limits import Limit, is_limit, parse_limit, parse_limits

__all__ = [
    "Limit",
    "RobustnessFailure",
    "breaking_point",
    "check",
    "decide",
    "is_limit",
    "parse_limit",
    "parse_limits",
]
