"""A rung in few words, for captions: ``60 photons at white``, ``25% dose, DI −6``."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pytest_xraynoise.report.text import one_line

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pytest_xraynoise.results import LadderResult, Rung

_OF_DOSE = "of the reference dose"


def caption(rung: Rung) -> str:
    """The rung in the units of its noise.

    A dose is given in percent of the reference dose with its deviation index,
    DI = 10 log10(dose) (IEC 62494-1), whichever word the ladder was written in; counts above a
    thousand have separators.

    >>> from pytest_xraynoise.results import Rung
    >>> caption(Rung(3, 0.251189, "of the reference dose", parameters={"dose": 0.251189}))
    '25% dose, DI −6'
    """
    if rung.parameter is None:
        return "clean"
    dose = rung.parameters.get("dose")
    if dose is not None and dose > 0 and _is_dose(rung):
        return f"{_percent(dose)} dose, DI {_signed(10 * math.log10(dose))}"
    amount = f"{rung.parameter:,.6g}" if abs(rung.parameter) >= 1000 else f"{rung.parameter:.4g}"
    return one_line(f"{amount} {rung.unit}")


def captions(result: LadderResult) -> dict[int, str]:
    """The captions of the rungs of a result, by severity."""
    return {each.severity: caption(each.rung) for each in result.rungs}


def noisiest(result: LadderResult, severities: Iterable[int | None]) -> int:
    """The first of ``severities`` that is a noisy rung of the ladder, else the last rung."""
    known = result.severities
    return next((s for s in severities if s and s in known), known[-1])


def _is_dose(rung: Rung) -> bool:
    # Other kinds may have a dose among their parameters (electronic noise is read out at one).
    return rung.unit == _OF_DOSE or rung.unit in (
        "deviation index",
        "exposure index",
        "uGy at the detector",
    )


def _percent(dose: float) -> str:
    percent = 100 * dose
    return f"{percent:.0f}%" if percent >= 10 else f"{percent:.2g}%"


def _signed(value: float) -> str:
    text = f"{abs(value):.0f}" if abs(value - round(value)) < 0.05 else f"{abs(value):.1f}"
    return f"−{text}" if value < 0 and float(text) else text
