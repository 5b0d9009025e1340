"""The study in figures."""

from __future__ import annotations

import io
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.report.files import write_atomic
from pytest_xraynoise.study.plan import METRIC

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.figure import Figure

    from pytest_xraynoise.results import LadderResult, TestRecord
    from pytest_xraynoise.study.plan import Cell

    Measured = Sequence[tuple[Cell, TestRecord]]

_STYLE: dict[Any, Any] = {"font.size": 9, "axes.spines.top": False, "axes.spines.right": False}
_DPI = 150


def write_figures(measured: Measured, folder: Path) -> list[Path]:
    """Write a figure for each noise to ``folder``: ``curves-poisson.png`` and so on."""
    folder.mkdir(parents=True, exist_ok=True)
    written = []
    for noise in dict.fromkeys(cell.noise for cell, _ in measured):
        ladders = [
            (cell, record.result)
            for cell, record in measured
            if record.result is not None and cell.noise == noise and cell.denoiser is None
        ]
        if ladders:
            path = folder / f"curves-{noise.replace('+', '-')}.png"
            write_atomic(path, _png(_curves(noise, ladders)))
            written.append(path)
    return written


def _curves(noise: str, ladders: Sequence[tuple[Cell, LadderResult]]) -> Figure:
    """A column a task; full lines for clean training, dashed ones for robust."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    tasks = list(dict.fromkeys(cell.task for cell, _ in ladders))
    with mpl.rc_context(_STYLE):
        figure = Figure(figsize=(5.2 * len(tasks), 3.6), dpi=_DPI, layout="constrained")
        for place, task in enumerate(tasks):
            axes = figure.add_subplot(1, len(tasks), place + 1)
            mine = [(cell, result) for cell, result in ladders if cell.task == task]
            colours = {
                name: f"C{n}" for n, name in enumerate(dict.fromkeys(c.model for c, _ in mine))
            }
            for cell, result in mine:
                curve = result.metric(METRIC[task])
                x = list(result.severities)
                axes.plot(
                    x,
                    [curve.value(severity=s) for s in x],
                    color=colours[cell.model],
                    linestyle="-" if cell.training == "clean" else "--",
                    marker="o",
                    markersize=3,
                    label=f"{cell.model}, {cell.training}",
                )
            names = {r.severity: r.rung for r in mine[0][1].rungs}
            axes.set_xticks(
                list(names),
                [
                    f"{s}\n{'clean' if r.parameter is None else f'{r.parameter:.3g}'}"
                    for s, r in names.items()
                ],
            )
            unit = next((r.unit for r in names.values() if r.parameter is not None), "")
            axes.set_xlabel(f"severity, {unit}")
            axes.set_ylabel({"auroc": "AUROC", "dice": "Dice"}[METRIC[task]])
            axes.set_title(f"{task}, {noise}", fontsize=9)
            axes.set_ylim(None, 1.0)
            axes.legend(fontsize=6, frameon=False, ncols=2)
    return figure


def _png(figure: Figure) -> bytes:
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()
