"""What the source study claims of findings, and of pairs of them."""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING

from pytest_xraynoise.report.words import interval, number
from pytest_xraynoise.stats import holm
from pytest_xraynoise.study.claim import LEVEL, Claim, of
from pytest_xraynoise.study.means import drop_of, of_interval
from pytest_xraynoise.study.pairs import pairs
from pytest_xraynoise.study.plan import LEAST, STRESS

if TYPE_CHECKING:
    from pytest_xraynoise.results import LadderResult
    from pytest_xraynoise.study.claim import Ladders


def vulnerability(plain: Ladders) -> list[Claim]:
    """Findings that lose differently under the same noise.

    A finding that the model hardly sees on clean images has nothing to lose, and is left out.
    """
    tests: list[tuple[float, str]] = []
    for noise in STRESS:
        for cell, result in of(plain, "classification", noise):
            top = max(result.severities)
            drops = {name: drop_of(result, "auroc", top, name) for name in result.labels}
            known = {
                name: drop
                for name, drop in drops.items()
                if drop is not None and _clean(result, name) >= LEAST["classification"]
            }
            if len(known) < 2:
                continue
            tests += [
                (
                    first.minus(second).p_above,
                    f"{a} {number(first.value)} against {b} "
                    f"{number(second.value)} ({cell.model}, {noise}, severity {top})",
                )
                for (a, first), (b, second) in itertools.permutations(known.items(), 2)
            ]
    if not tests:
        return []
    adjusted = holm([p for p, _ in tests])
    sure = sum(p <= LEVEL for p in adjusted)
    least = min(range(len(tests)), key=lambda n: tests[n][0])
    return [
        Claim(
            "differential vulnerability",
            "some findings lose more than others under the same noise",
            "arXiv 2509.25265",
            "found" if sure else "not found",
            f"{sure} of {len(tests)} comparisons of two findings hold after Holm; the surest: "
            f"drop of {tests[least][1]}, p {adjusted[least]:.2g}",
        )
    ]


def _clean(result: LadderResult, label: str) -> float:
    return result.metric("auroc").by_label[label].rungs[0].value


def paired(plain: Ladders) -> list[Claim]:
    """Pairs of findings that lose more than either of the two: each against both, then Holm."""
    looks = []
    for cell, result in plain:
        if cell.training != "clean" or cell.noise not in STRESS:
            continue
        for pair in pairs(result, max(result.severities)):
            names = (pair.first, pair.second)
            alone = [drop_of(result, "auroc", pair.severity, name) for name in names]
            gaps = [of_interval(pair.drop).minus(one) for one in alone if one is not None]
            if len(gaps) == 2:
                looks.append((max(gap.p_above for gap in gaps), pair, cell))
    if not looks:
        return []
    sure = sum(p <= LEVEL for p in holm([p for p, _, _ in looks]))
    _, pair, cell = max(looks, key=lambda look: look[1].drop.estimate)
    return [
        Claim(
            "pairs",
            "telling two findings apart can lose more than either finding does (Pneumothorax "
            "against Atelectasis: 0.355)",
            "arXiv 2509.25265",
            "found" if sure else "not found",
            f"{sure} of {len(looks)} pairs lose more than both of their findings after Holm; the "
            f"largest drop: {pair.first} against {pair.second} {number(pair.drop.estimate)} "
            f"{interval(pair.drop.low, pair.drop.high)} ({cell.model}, {cell.noise}, severity "
            f"{pair.severity}, {pair.count} images), the findings alone at most "
            f"{number(pair.single)}; the largest of many, so its interval flatters it",
        )
    ]
