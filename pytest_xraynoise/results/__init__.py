"""What a ladder measured, as frozen values without behaviour beyond reading them.

Only the standard library is imported here, so that reports, the command line and the pytest
controller can read results without torch. Per-sample numbers are NumPy arrays where they are read.
"""

from __future__ import annotations

from pytest_xraynoise.results.breaking import BreakingPoint
from pytest_xraynoise.results.comparison import Comparison, Difference
from pytest_xraynoise.results.curve import Interval, MetricCurve
from pytest_xraynoise.results.denoising import Denoising
from pytest_xraynoise.results.ladder import LadderResult, Task
from pytest_xraynoise.results.panels import Panel
from pytest_xraynoise.results.pictures import Strip, StripFrame
from pytest_xraynoise.results.record import TestRecord
from pytest_xraynoise.results.rungs import MetricValue, Rung, RungResult
from pytest_xraynoise.results.spread import Spread
from pytest_xraynoise.results.verdict import (
    CheckStatus,
    Finding,
    LimitCheck,
    Mode,
    Policy,
    Status,
    Verdict,
)

__all__ = [
    "SCHEMA_VERSION",
    "BreakingPoint",
    "CheckStatus",
    "Comparison",
    "Denoising",
    "Difference",
    "Finding",
    "Interval",
    "LadderResult",
    "LimitCheck",
    "MetricCurve",
    "MetricValue",
    "Mode",
    "Panel",
    "Policy",
    "Rung",
    "RungResult",
    "Spread",
    "Status",
    "Strip",
    "StripFrame",
    "Task",
    "TestRecord",
    "Verdict",
]

SCHEMA_VERSION = 1
"""Version of the JSON that ``to_dict`` writes; raised on every incompatible change."""
