"""How much noise the limits must stand: ``min_dose=0.25``, ``min_severity=3``."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.errors import NoiseError, SpecError
from pytest_xraynoise.judge.breaking import (
    LEAST_TOLERANCE,
    TOLERANCE,
    check_uniform,
    make_plan,
    path_of,
)

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from pytest_xraynoise.judge.limits import Limit
    from pytest_xraynoise.judge.search import Plan
    from pytest_xraynoise.noise import NoiseKind
    from pytest_xraynoise.results import Rung

REQUIREMENT_WORDS = ("min_dose", "min_severity", "breaking_point")
DOSE = "dose"
SAME = 1e-9  # a dose written in another unit comes back with rounding


@dataclass(frozen=True, slots=True)
class Requirement:
    """What the limits must stand, and whether the breaking point is searched for.

    Attributes:
        min_dose: the lowest dose at which the limits must hold, a fraction of the reference.
        min_severity: the highest severity at which they must hold.
        breaking_point: True for a search to 5%, a fraction for one to that tolerance, False for
            none. None searches where ``min_dose`` or ``min_severity`` is given.
    """

    min_dose: float | None = None
    min_severity: int | None = None
    breaking_point: bool | float | None = None

    def __post_init__(self) -> None:
        """Refuse words that contradict each other, or say nothing."""
        if self.min_dose is not None and self.min_severity is not None:
            raise SpecError("min_dose and min_severity say the same thing; give one of them")
        said = self.breaking_point
        if said is None or isinstance(said, bool):
            return
        if not isinstance(said, int | float) or not LEAST_TOLERANCE <= said < 1:
            raise SpecError(
                f"breaking_point={said!r}: expected True, False, or the tolerance of the search, a "
                f"fraction from {LEAST_TOLERANCE:g} to below 1 (0.01 for 1%)"
            )

    @property
    def given(self) -> bool:
        """Whether less than the whole ladder has to hold."""
        return self.min_dose is not None or self.min_severity is not None

    @property
    def plan(self) -> Plan | None:
        """How to search; None where nothing is searched."""
        asked = self.given if self.breaking_point is None else self.breaking_point
        if asked is False:
            return None
        return make_plan(TOLERANCE if asked is True else asked)

    @property
    def text(self) -> str:
        """The requirement as it was written; empty where there is none."""
        if self.min_dose is not None:
            return f"min_dose={self.min_dose:.15g}"
        return "" if self.min_severity is None else f"min_severity={self.min_severity}"

    def asks_for(self, rung: Rung) -> bool:
        """Whether the limits must hold at a rung."""
        if rung.severity == 0:
            return True
        if self.min_dose is not None:
            return rung.parameters[DOSE] >= self.min_dose * (1 - SAME)
        return self.min_severity is None or rung.severity <= self.min_severity

    def needs_run(self, rungs: Sequence[Rung]) -> bool:
        """Whether the required dose itself is no rung, so that it has to be run beside them."""
        if self.min_dose is None:
            return False
        doses = (rung.parameters[DOSE] for rung in rungs if rung.severity)
        return not any(math.isclose(dose, self.min_dose, rel_tol=SAME) for dose in doses)

    def check_has(self, limits: Collection[object]) -> None:
        """Refuse a requirement without a limit that could be required.

        Raises:
            SpecError: with an example.
        """
        if self.given and not limits:
            raise SpecError(
                f"{self.text}: which limit must hold {self.until}? Give at least one, such as "
                "max_auroc_drop=0.05"
            )

    def check(
        self,
        kind: NoiseKind,
        rungs: Sequence[Rung],
        limits: Sequence[Limit],
        aggregate: str = "worst",
    ) -> None:
        """Refuse what makes no sense, before anything is run.

        Raises:
            SpecError: with the fix.
        """
        self.check_has(limits)
        if self.min_dose is not None:
            self._check_dose(kind)
        if self.min_severity is not None:
            self._check_severity(kind, rungs)
        searched = self.plan is not None
        if aggregate != "worst" and (self.given or searched):
            word = self.text or "breaking_point"
            raise SpecError(
                f"{word} is about single rungs, and aggregate={aggregate!r} about all of them "
                "together; leave one of them out"
            )
        self._check_limits(rungs, limits)
        if searched or self.needs_run(rungs):
            check_uniform(limits)
        if searched:
            path_of(kind, rungs)

    @property
    def until(self) -> str:
        """How far the limits must hold, in words."""
        if self.min_dose is not None:
            return f"down to {self.min_dose:g} of the reference dose"
        return f"up to severity {self.min_severity}"

    def _check_dose(self, kind: NoiseKind) -> None:
        if kind.keywords != (DOSE,):
            raise SpecError(
                f"min_dose={self.min_dose!r} needs a noise whose rungs are doses, such as "
                f"'lowdose' or 'quantum'; the rungs of {kind.name!r} are "
                f"{' and '.join(kind.keywords)}: use min_severity="
            )
        dose = self.min_dose
        number = isinstance(dose, int | float) and not isinstance(dose, bool)
        try:
            kind.check({DOSE: dose})
        except NoiseError:
            number = False
        if not number:
            raise SpecError(
                f"min_dose={dose!r}: expected a fraction of the reference dose, such as "
                "min_dose=0.25"
            )

    def _check_severity(self, kind: NoiseKind, rungs: Sequence[Rung]) -> None:
        severity, have = self.min_severity, [rung.severity for rung in rungs if rung.severity]
        if isinstance(severity, bool) or not isinstance(severity, int) or severity not in have:
            raise SpecError(
                f"min_severity={severity!r}: expected one of the severities that are run, "
                f"{', '.join(map(str, have))}"
            )
        if len(have) == 1:
            return
        path = path_of(kind, rungs)
        places = [path.position(rung.parameters) for rung in rungs if rung.severity]
        if places != sorted(places):
            rung_values = ", ".join(f"{r.parameters[path.keyword]:g}" for r in rungs if r.severity)
            raise SpecError(
                f"min_severity={severity}: the rungs are to go from mild to severe noise, but they "
                f"are {path.keyword}=[{rung_values}]; put them in order"
            )

    def _check_limits(self, rungs: Sequence[Rung], limits: Sequence[Limit]) -> None:
        if not self.given:
            return
        asked = {rung.severity for rung in rungs if self.asks_for(rung)}
        for limit in limits:
            beyond = sorted(set(limit.by_severity) - asked)
            if beyond:
                raise SpecError(
                    f"{limit.text} limits severity {beyond[0]}, and {self.text} asks for nothing "
                    "there; leave one of them out"
                )
