"""What the source study and others claim, held against what was measured here."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.report.words import interval, metric_name, number
from pytest_xraynoise.study.claim import LEVEL, Claim, at_least, of, severe, told
from pytest_xraynoise.study.label_claims import paired, vulnerability
from pytest_xraynoise.study.means import drop_of, mean_of
from pytest_xraynoise.study.plan import LEAST, METRIC
from pytest_xraynoise.study.task_claims import collapse, dichotomy, holding

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import TestRecord
    from pytest_xraynoise.study.claim import Ladders
    from pytest_xraynoise.study.means import Mean
    from pytest_xraynoise.study.plan import Cell

    Measured = Sequence[tuple[Cell, TestRecord]]

FAMILIES = {
    "classification": (("resnet", "densenet", "efficientnet"), ("vit", "swin")),
    "segmentation": (("unet", "deeplabv3", "fpn"), ("segformer", "upernet")),
}
"""Convolutions and transformers of each task; ConvNeXt is neither quite."""
ERENSTEIN = 0.014
"""|change of AUROC| at 50 % and 75 % dose reduction (Erenstein et al. 2025, J. Imaging 11:90)."""


def claims(measured: Measured) -> list[Claim]:
    """Every claim that the ladders at hand can speak to.

    Models that are weak on clean images have little to lose, which would speak for any claim that
    they lose little: only :func:`not_monotonic` looks at them.
    """
    plain = [
        (cell, record.result)
        for cell, record in measured
        if record.result and not cell.denoiser and not _is_weak(cell, record)
    ]
    return [
        *collapse(plain),
        *holding(plain),
        *dichotomy(plain),
        *vulnerability(plain),
        *paired(plain),
        *not_monotonic(measured),
        *transformers(plain),
        *real_dose(plain),
    ]


def _is_weak(cell: Cell, record: TestRecord) -> bool:
    """Whether a model has too little to lose for its losses to say anything."""
    if record.result is not None and record.result.clean[METRIC[cell.task]] < LEAST[cell.task]:
        return True
    found = record.verdict.findings if record.verdict else ()
    return any(one.kind == "weak when clean" for one in found)


def not_monotonic(measured: Measured) -> list[Claim]:
    """Rungs that are better than a milder one."""
    plain = [(c, r) for c, r in measured if r.verdict is not None and not c.denoiser]
    if not plain:
        return []
    hits = [
        (cell, finding.text)
        for cell, record in plain
        for finding in (record.verdict.findings if record.verdict else ())
        if finding.kind == "non-monotonic"
    ]
    ladders = len({cell.key for cell, _ in hits})
    first = f"; {hits[0][0].model}, {hits[0][0].noise}: {hits[0][1]}" if hits else ""
    return [
        Claim(
            "non-monotonic curves",
            "more noise can give a better number",
            "arXiv 2509.25265",
            "found" if at_least(ladders, len(plain), LEVEL) <= LEVEL else "not found",
            f"a rung significantly better than a milder one (one-sided, Holm over the pairs of "
            f"rungs) in {ladders} of {len(plain)} ladders; chance alone would give "
            f"{LEVEL * len(plain):.1f} on average at most, and as many as these with p "
            f"{at_least(ladders, len(plain), LEVEL):.2g} were the ladders independent{first}",
        )
    ]


def transformers(plain: Ladders) -> list[Claim]:
    """The study's open question: do transformers hold better?"""
    return [
        _family(plain, task, noise, top, *means)
        for task, families in FAMILIES.items()
        for noise, top, means in severe(plain, *((task, names) for names in families))
    ]


def _family(
    plain: Ladders, task: str, noise: str, top: int, convolution: Mean, transformer: Mean
) -> Claim:
    gap = convolution.minus(transformer)
    one, other = (
        ", ".join(dict.fromkeys(cell.model for cell, _ in of(plain, task, noise, family)))
        for family in FAMILIES[task]
    )
    return Claim(
        f"transformers in {task}, {noise}",
        f"transformers lose less {metric_name(METRIC[task])} than convolutions under severe "
        f"{noise} noise",
        "open question of arXiv 2509.25265",
        told(gap),
        f"severity {top}: convolutions ({one}) {number(convolution.value)}, transformers "
        f"({other}) {number(transformer.value)}; difference {number(gap.value)} "
        f"{interval(*gap.interval())}",
    )


def real_dose(plain: Ladders) -> list[Claim]:
    """AUROC at half and at a quarter of the dose."""
    ladders = of(plain, "classification", "lowdose")
    found = []
    for dose, words in ((0.5, "50 %"), (0.25, "75 %")):
        drops = []
        for _, result in ladders:
            for rung in result.rungs:
                if rung.rung.parameter is not None and abs(rung.rung.parameter - dose) < 0.01:
                    drop = drop_of(result, "auroc", rung.severity)
                    drops += [] if drop is None else [drop]
        mean = mean_of(drops)
        if mean is None:
            continue
        low, high = mean.interval()
        inside = low > -ERENSTEIN and high < ERENSTEIN
        outside = high < -ERENSTEIN or low > ERENSTEIN
        found.append(
            Claim(
                f"real dose, -{words}",
                f"at {words} dose reduction mean AUROC changes by less than {ERENSTEIN}",
                "Erenstein et al. 2025, J. Imaging 11:90",
                "found" if inside else "not found" if outside else "cannot be told",
                f"mean drop over {mean.count} classifiers {number(mean.value, 4)} "
                f"{interval(low, high, 4)}",
            )
        )
    return found
