"""Train what is missing, measure what is missing, write the results."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.study.folder import StudyFolder
from pytest_xraynoise.study.measuring import measure
from pytest_xraynoise.study.plan import DNCNN
from pytest_xraynoise.study.results import write_results

if TYPE_CHECKING:
    import os
    from collections.abc import Callable
    from pathlib import Path

    from pytest_xraynoise.results import TestRecord
    from pytest_xraynoise.study.plan import Cell, Plan


def run(
    plan: Plan,
    out: str | os.PathLike[str],
    *,
    device: str = "auto",
    tell: Callable[[str], None] | None = None,
) -> Path:
    """Run a study, or go on with one.

    Whatever is in the folder is not made again: a study that was killed at any point goes on
    with the training step or the ladder at which it was.

    Args:
        plan: what to do.
        out: the folder, new or of the same study.
        device: auto, cpu, cuda, cuda:N or mps.
        tell: takes a line for each model and ladder.

    Returns:
        The folder: ``index.html``, ``results.json``, ``results.csv``, ``tables.md``,
        ``tables.tex``, ``figures/``, ``test_study.py``, and what was made on the way (``models/``,
        ``ladders/``).

    Raises:
        SpecError: if the folder holds another study.
        DataError, ModelError, MetricError: as training and evaluation raise them.
    """
    say = tell or _say_nothing
    folder = StudyFolder(out, plan)
    work = _Work(folder, plan, device, say)
    cells = plan.cells()
    records = []
    for count, cell in enumerate(cells, start=1):
        record = folder.read(cell)
        if record is None:
            record = work.measured(cell)
            folder.write(cell, record)
            say(f"[{count}/{len(cells)}] {cell.nodeid}: {_verdict(record)}")
        records.append(record)
    write_results(folder, list(zip(cells, records, strict=True)))
    say(f"results in {folder.path}")
    return folder.path


def _say_nothing(_: str) -> None:
    """For a run that nobody watches."""


def _verdict(record: TestRecord) -> str:
    return record.verdict.headline if record.verdict else record.outcome


class _Work:
    """Models and data, each opened at its first use and kept."""

    def __init__(
        self, folder: StudyFolder, plan: Plan, device: str, say: Callable[[str], None]
    ) -> None:
        self._folder, self._plan, self._device, self._say = folder, plan, device, say
        self.model = functools.lru_cache(maxsize=1)(self._model)
        self.data = functools.cache(self._data)

    def measured(self, cell: Cell) -> TestRecord:
        """Run one ladder, training what it needs."""
        denoiser = cell.denoiser
        if denoiser == DNCNN:
            denoiser = f"{DNCNN}:{self._denoiser(cell.task)}"
        model = self.model(cell.task, cell.model, cell.training)
        _, held_out = self.data(cell.task)
        return measure(cell, self._plan, model, held_out, denoiser=denoiser, device=self._device)

    def _data(self, task: str) -> tuple[Any, Any]:
        from pytest_xraynoise import training

        plan = self._plan
        return training.open_data(
            plan.data,
            task=task,
            image_size=plan.image_size,
            samples=plan.train_samples,
            seed=plan.seed,
            keep=True,
        )

    def _model(self, task: str, name: str, how: str) -> Any:
        from pytest_xraynoise import training

        plan = self._plan
        data, held_out = self.data(task)
        words: dict[str, Any] = {} if plan.epochs is None else {"epochs": plan.epochs}
        if how == "robust":
            words |= {"robust": plan.robust_noises, "consistency": plan.consistency}
        trained = training.train(
            name,
            data,
            held_out,
            out=self._folder.model(f"{name}-{how}"),
            resume=True,
            image_size=plan.image_size,
            device=self._device,
            size=plan.size,
            seed=plan.seed,
            **words,
        )
        self._say(_card_line(name, how, trained.card))
        return trained.model

    def _denoiser(self, task: str) -> Path:
        from pytest_xraynoise import training

        plan = self._plan
        place = self._folder.model(f"{DNCNN}-{task}")
        data, held_out = self.data(task)
        words: dict[str, Any] = {} if plan.epochs is None else {"epochs": plan.epochs}
        training.train_denoiser(
            data,
            held_out,
            out=place,
            resume=True,
            masks=task == "segmentation",
            image_size=plan.image_size,
            device=self._device,
            seed=plan.seed,
            **words,
        )
        return place


def _card_line(name: str, how: str, card: dict[str, Any]) -> str:
    found = card.get("validation") or {}
    measured = (
        f"{found['metric']} {found['value']:.3f} on clean images" if found else "no validation"
    )
    return f"{name}, {how}: {measured}, trained in {card.get('seconds', 0.0):.0f} s"
