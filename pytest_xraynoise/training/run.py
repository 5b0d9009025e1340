"""Train a model of the zoo, or a denoiser, and leave it in a folder."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import torch
from threadpoolctl import threadpool_limits

from pytest_xraynoise.engine.device import choose_device
from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.models import preserved_state, zoo
from pytest_xraynoise.models.denoisers.dncnn import DnCNN
from pytest_xraynoise.training.augment import LadderNoise
from pytest_xraynoise.training.bar import Bar
from pytest_xraynoise.training.card import data_card, model_card
from pytest_xraynoise.training.folder import Folder
from pytest_xraynoise.training.heads import head_of
from pytest_xraynoise.training.loading import load, load_card, load_denoiser
from pytest_xraynoise.training.loop import Loop
from pytest_xraynoise.training.losses import loss_for
from pytest_xraynoise.training.objectives import DenoisingObjective, TaskObjective, noise_of
from pytest_xraynoise.training.recipe import Recipe
from pytest_xraynoise.training.samples import MEMORY, Samples
from pytest_xraynoise.training.validate import denoised, validated
from pytest_xraynoise.training.words import task_of

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Sequence

    from torch import nn

    from pytest_xraynoise.training.objectives import Objective

    Make = Callable[[], nn.Module]
    Measure = Callable[[nn.Module], dict[str, Any]]

DENOISED = ("poisson", "gaussian", "poisson+gaussian")
"""What a denoiser is trained on where nothing is said."""


@dataclass(frozen=True, slots=True)
class Trained:
    """What a run made.

    Attributes:
        model: in eval mode, on the CPU.
        card: architecture, labels, recipe, data, validation metric, versions: ``model.json``.
        folder: where it lies, None where nothing was written.
    """

    model: Any
    card: dict[str, Any]
    folder: Path | None

    @property
    def metric(self) -> float | None:
        """AUROC, Dice or PSNR on the clean validation images; None without any."""
        found = self.card["validation"]
        return None if found is None else found["value"]


def train(
    architecture: str,
    data: Any,
    validation: Any = None,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    image_size: int | tuple[int, int] | None = None,
    labels: Sequence[str] | None = None,
    device: str = "auto",
    memory: int = MEMORY,
    bar: bool | None = None,
    watch: Callable[[int, int, float], None] | None = None,
    **recipe: Any,
) -> Trained:
    """Train a model of the zoo.

    Args:
        architecture: a name of :func:`pytest_xraynoise.models.zoo.names`.
        data: what ``xray_dataset`` may return, of which samples can be read in any order.
        validation: held-out data of the same form, measured once at the end.
        out: the folder to write to; None writes nothing.
        resume: go on with the run that ``out`` holds, if any; a finished one is read.
        image_size: pixels that images are resized to where the data do not say a ``resize``.
        labels: names of the outputs where the data have none.
        device: auto, cpu, cuda, cuda:N or mps.
        memory: bytes of images that are kept in memory; more are read in every epoch.
        bar: a progress bar on stderr; None: on a terminal only.
        watch: called after each step with steps done, steps in all and the loss.
        **recipe: words of :class:`Recipe`: ``epochs``, ``steps``, ``batch_size``, ``seed``,
            ``robust=("poisson", "gaussian")``, ``consistency=1.0``, ``size`` and so on.

    Returns:
        The model with its card. The same words and data give the same weights on the same machine
        with the same number of threads, interrupted or not.

    Raises:
        SpecError: a word that makes no sense, or a folder that holds another run.
        DataError: data that cannot be trained on.
        ModelError: the zoo is not installed, a damaged checkpoint, or a loss that is no number.
    """
    masks = task_of(architecture) == "segmentation"
    plan = _recipe(architecture, recipe)
    showing = Bar(bar)
    samples = showing.reading(data, image_size=image_size, masks=masks, memory=memory)
    held = None
    if validation is not None:
        held = showing.reading(validation, image_size=image_size, masks=masks, memory=memory)
    head = head_of(samples, labels, masks=masks)
    build = {
        "labels": list(head.labels),
        "image_size": list(samples.shape[-2:]),
        "in_channels": samples.shape[0],
    }
    card = model_card("model", plan, data_card(samples, held), task=head.task, **build)
    objective = TaskObjective(
        loss_for(samples.targets, len(head.labels)),
        noise_of(plan),
        plan.consistency,
        head.task == "multiclass",
    )
    place = choose_device(device)

    def make() -> nn.Module:
        return zoo.build(
            architecture,
            labels=head.labels,
            size=plan.size,  # type: ignore[arg-type]  # checked by the zoo
            image_size=tuple(build["image_size"]),  # type: ignore[arg-type]
            in_channels=samples.shape[0],
            **plan.options,
        )

    def measure(model: nn.Module) -> dict[str, Any]:
        return {} if held is None else validated(model, held, head.labels, place)

    job = _Job(plan, card, samples, objective, make, measure, place, showing.watching(watch))
    return job.run(None if out is None else Path(out), resume, load)


def train_denoiser(
    data: Any,
    validation: Any = None,
    *,
    out: str | os.PathLike[str] | None = None,
    resume: bool = False,
    image_size: int | tuple[int, int] | None = None,
    masks: bool = False,
    device: str = "auto",
    memory: int = MEMORY,
    bar: bool | None = None,
    watch: Callable[[int, int, float], None] | None = None,
    **recipe: Any,
) -> Trained:
    """Train a small DnCNN to take the ladder's own noise away.

    Targets are not looked at. Other arguments as in :func:`train`; ``robust`` names the noise to
    learn, by default poisson, gaussian and poisson+gaussian, and ``options`` may give ``depth`` and
    ``width`` of the network. ``masks`` says that the targets of the data are masks.
    """
    plan = _recipe("dncnn", {"robust": DENOISED, "weight_decay": 0.0, **recipe})
    if plan.consistency:
        raise SpecError("consistency is of classifiers and segmenters; a denoiser has none")
    showing = Bar(bar)
    samples = showing.reading(data, image_size=image_size, masks=masks, memory=memory)
    held = None
    if validation is not None:
        held = showing.reading(validation, image_size=image_size, masks=masks, memory=memory)
    network = DnCNN(**plan.options)
    card = model_card(
        "denoiser", plan, data_card(samples, held), image_size=list(samples.shape[-2:])
    )
    card["options"] = {"depth": network.depth, "width": network.width}
    noise = noise_of(plan)
    if noise is None:
        raise SpecError("robust=(): a denoiser needs noise to learn: robust=['poisson'], say")
    always = LadderNoise(plan.robust, severities=plan.severities)
    place = choose_device(device)

    def measure(model: nn.Module) -> dict[str, Any]:
        return {} if held is None else denoised(model, held, always, place)

    def make() -> nn.Module:
        return DnCNN(**plan.options)

    objective = DenoisingObjective(noise)
    job = _Job(plan, card, samples, objective, make, measure, place, showing.watching(watch))
    return job.run(None if out is None else Path(out), resume, load_denoiser)


@dataclass(frozen=True)
class _Job:
    """One run, with all that it needs."""

    recipe: Recipe
    card: dict[str, Any]
    samples: Samples
    objective: Objective
    make: Make
    measure: Measure
    device: torch.device
    watch: Callable[[int, int, float], None]

    def run(self, out: Path | None, resume: bool, read: Callable[[Path], nn.Module]) -> Trained:
        folder = None if out is None else Folder(out, self.card)
        if folder is not None and out is not None and folder.finished(resume=resume):
            return Trained(read(out), load_card(out), out)
        few = self.recipe.size == "small" and self.device.type == "cpu"
        threads = self.recipe.threads or (1 if few else torch.get_num_threads())
        with preserved_state(self.device), threadpool_limits(threads, "blas"):
            torch.set_num_threads(threads)
            torch.manual_seed(self.recipe.seed)
            loop = Loop(self.make(), self.objective, self.samples, self.recipe, self.device)
            state = None if folder is None else folder.state(resume=resume)
            if state is not None:
                loop.restore(state)
            loop.run(None if folder is None else folder.save, self.watch)
            torch.manual_seed(self.recipe.seed)  # the noise that a denoiser is measured with
            found = self.measure(loop.model) or None
            model = loop.model.to("cpu", memory_format=torch.contiguous_format)
        card = {**self.card, "validation": found, "steps": loop.step, "seconds": loop.seconds}
        if folder is not None:
            card = folder.finish(model, card)
        return Trained(model, card, out)


def _recipe(architecture: str, words: dict[str, Any]) -> Recipe:
    from pytest_xraynoise.errors import unknown

    known = [name for name in Recipe.__dataclass_fields__ if name != "architecture"]
    for word in words:
        if word not in known:
            raise SpecError(unknown("word", word, known))
    listed = {w: tuple(words[w]) for w in ("robust", "severities") if words.get(w) is not None}
    for word in listed:
        if isinstance(words[word], str):
            raise SpecError(f"{word}={words[word]!r}: expected a list, such as ['poisson']")
    return Recipe(architecture, **{**words, **listed})
