"""The study in tables: plain cells, as markdown and as LaTeX."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pytest_xraynoise.report import markdown
from pytest_xraynoise.report.words import interval, number
from pytest_xraynoise.study.claims import claims
from pytest_xraynoise.study.pairs import pairs
from pytest_xraynoise.study.plan import METRIC, STRESS

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pytest_xraynoise.results import LadderResult, TestRecord
    from pytest_xraynoise.study.plan import Cell

    Measured = Sequence[tuple[Cell, TestRecord]]

_NAMES = {"auroc": "AUROC", "dice": "Dice"}
_LATEX = {
    "\\": r"\textbackslash{}",
    "&": r"\&",
    "%": r"\%",
    "$": r"\$",
    "#": r"\#",
    "_": r"\_",
    "{": r"\{",
    "}": r"\}",
    "~": r"\textasciitilde{}",
    "^": r"\textasciicircum{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    "–": "--",
}


@dataclass(frozen=True, slots=True)
class Table:
    """A table: what it shows, its head, its rows; all plain text."""

    title: str
    note: str
    head: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]

    def to_markdown(self) -> str:
        """With its title as a heading."""
        parts = [f"## {markdown.escape(self.title)}"]
        parts += [markdown.escape(self.note)] if self.note else []
        lines = [[markdown.escape(cell) for cell in row] for row in (self.head, *self.rows)]
        lines.insert(1, ["---"] * len(self.head))
        parts.append("\n".join(f"| {' | '.join(line)} |" for line in lines))
        return "\n\n".join(parts) + "\n"

    def to_latex(self) -> str:
        """A ``table`` with ``booktabs`` rules."""
        lines = [[latex(cell) for cell in row] for row in (self.head, *self.rows)]
        body = [f"{' & '.join(line)} \\\\" for line in lines]
        caption = latex(f"{self.title}. {self.note}" if self.note else self.title)
        return "\n".join(
            [
                r"\begin{table}",
                rf"\caption{{{caption}}}",
                rf"\begin{{tabular}}{{{'l' * len(self.head)}}}",
                r"\toprule",
                body[0],
                r"\midrule",
                *body[1:],
                r"\bottomrule",
                r"\end{tabular}",
                r"\end{table}",
                "",
            ]
        )


def latex(text: str) -> str:
    r"""Text that LaTeX shows as it is.

    >>> print(latex("50 % of_it"))
    50 \% of\_it
    """
    return re.sub("|".join(map(re.escape, _LATEX)), lambda m: _LATEX[m.group()], text)


def tables(measured: Measured) -> list[Table]:
    """Every table that has rows."""
    found = [
        overview(measured),
        rung_by_rung(measured),
        claimed(measured),
        paired(measured),
        robust(measured),
        denoised(measured),
    ]
    return [table for table in found if table.rows]


def _plain(measured: Measured, training: str = "clean") -> list[tuple[Cell, LadderResult]]:
    return [
        (cell, record.result)
        for cell, record in measured
        if record.result is not None and cell.denoiser is None and cell.training == training
    ]


def _drop(result: LadderResult, metric: str, severity: int) -> str:
    at = result.metric(metric).rungs[severity]
    return f"{number(at.drop)} {interval(at.low, at.high)}".strip()


def overview(measured: Measured) -> Table:
    """A row a model: clean, and the drop at the last rung of each noise."""
    noises = list(dict.fromkeys(cell.noise for cell, _ in _plain(measured)))
    by_model: dict[tuple[str, str], dict[str, LadderResult]] = {}
    for cell, result in _plain(measured):
        by_model.setdefault((cell.task, cell.model), {})[cell.noise] = result
    rows = []
    for (task, model), ladders in by_model.items():
        metric = METRIC[task]
        clean = number(next(iter(ladders.values())).clean[metric])
        drops = [
            _drop(ladders[n], metric, max(ladders[n].severities)) if n in ladders else ""
            for n in noises
        ]
        rows.append((model, task, _NAMES[metric], clean, *drops))
    return Table(
        "All models, trained on clean images",
        "Drop at the last rung of each ladder, with its 95 % interval.",
        ("model", "task", "metric", "clean", *noises),
        tuple(rows),
    )


def rung_by_rung(measured: Measured) -> Table:
    """The metric at every rung."""
    most = max((max(r.severities) for _, r in _plain(measured)), default=0)
    rows = []
    for cell, result in _plain(measured):
        curve = result.metric(METRIC[cell.task])
        values = [
            number(curve.value(severity=s)) if s in curve.rungs else "" for s in range(most + 1)
        ]
        rows.append((cell.model, cell.noise, _NAMES[METRIC[cell.task]], *values))
    return Table(
        "Rung by rung",
        "Models trained on clean images.",
        ("model", "noise", "metric", "clean", *map(str, range(1, most + 1))),
        tuple(rows),
    )


def claimed(measured: Measured) -> Table:
    """The claims."""
    rows = tuple((c.name, c.claim, c.source, c.verdict, c.evidence) for c in claims(measured))
    note = (
        "Means over models take the largest standard error that their correlation allows. Errors "
        "are those of the images: another training of the same models is not in them. Models that "
        "are weak on clean images (AUROC below 0.7, Dice below 0.5) are left out, "
        "but for the question whether curves are monotonic."
    )
    return Table("Claims", note, ("", "claim", "source", "here", "evidence"), rows)


def paired(measured: Measured) -> Table:
    """The three pairs of findings that lose most, of each classifier and stress noise."""
    rows = []
    for cell, result in _plain(measured):
        if cell.noise not in STRESS:
            continue
        top = max(result.severities)
        worst = sorted(pairs(result, top), key=lambda pair: -pair.drop.estimate)[:3]
        rows += [
            (
                cell.model,
                cell.noise,
                f"{pair.first} vs {pair.second}",
                str(pair.count),
                number(pair.clean),
                f"{number(pair.drop.estimate)} {interval(pair.drop.low, pair.drop.high)}",
                number(pair.single),
            )
            for pair in worst
        ]
    return Table(
        "Pairs of findings",
        "AUROC of telling one from the other among images with exactly one of them, at the last "
        "rung; the three that lose most. Single: the larger drop of the two findings alone.",
        ("model", "noise", "pair", "images", "clean", "drop", "single"),
        tuple(rows),
    )


def robust(measured: Measured) -> Table:
    """Clean training against robust training."""
    before = {(c.model, c.noise): r for c, r in _plain(measured)}
    rows = []
    for cell, after in _plain(measured, "robust"):
        clean = before.get((cell.model, cell.noise))
        if clean is None:
            continue
        metric = METRIC[cell.task]
        top = max(after.severities)
        rows.append(
            (
                cell.model,
                cell.noise,
                _NAMES[metric],
                number(clean.clean[metric]),
                number(after.clean[metric]),
                _drop(clean, metric, top),
                _drop(after, metric, top),
                breaking(clean),
                breaking(after),
            )
        )
    return Table(
        "Noise-robust training",
        "Before: trained on clean images; after: with the noise of the ladders. Drop at the last "
        "rung; breaking point of the limit with its interval.",
        (
            "model",
            "noise",
            "metric",
            "clean before",
            "clean after",
            "drop before",
            "drop after",
            "breaks before",
            "breaks after",
        ),
        tuple(rows),
    )


def breaking(result: LadderResult) -> str:
    """Where a limit breaks, with the interval of that place."""
    point = result.breaking_point
    if point is None:
        return ""
    if point.parameter is None:
        return point.reading
    ends = f" ({point.low:.3g} to {point.high:.3g})" if point.low and point.high else ""
    return f"{point.parameter:.3g}{ends} {point.unit}"


def denoised(measured: Measured) -> Table:
    """With a denoiser in front, and without."""
    rows = []
    for cell, record in measured:
        result = record.result
        if cell.denoiser is None or result is None or result.denoising is None:
            continue
        metric = METRIC[cell.task]
        top = max(result.severities)
        bare = result.denoising.metric(metric).rungs[top]
        cost = result.denoising.clean.metrics[metric]
        rows.append(
            (
                cell.model,
                cell.noise,
                cell.denoiser,
                _NAMES[metric],
                f"{number(bare.drop)} {interval(bare.low, bare.high)}".strip(),
                _drop(result, metric, top),
                f"{number(cost.drop)} {interval(cost.low, cost.high)}".strip(),
            )
        )
    return Table(
        "Denoisers in front of the model",
        "Drop at the last rung against the clean images through the bare model; the last column is "
        "what the denoiser costs on clean images.",
        ("model", "noise", "denoiser", "metric", "without", "with", "cost when clean"),
        tuple(rows),
    )
