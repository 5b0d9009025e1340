"""The steps: AdamW under a one-cycle schedule, with a checkpoint from which they go on bit by bit.

The order of an epoch follows from seed and epoch alone. Everything else that is random, the noise
among it, is drawn from torch's own generator, whose state is in the checkpoint.
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Any

import torch

from pytest_xraynoise.errors import ModelError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pytest_xraynoise.training.objectives import Objective
    from pytest_xraynoise.training.recipe import Recipe
    from pytest_xraynoise.training.samples import Samples

    Save = Callable[[Mapping[str, Any]], None]
    Watch = Callable[[int, int, float], None]

WARM_UP = 0.2
"""Part of the steps in which the learning rate rises."""
MOST_GRADIENT = 5.0
"""Norm that gradients are cut to."""
SECONDS = 30.0
"""Between two checkpoints within an epoch; there is one after each epoch."""
_EPOCH_SEED = 1_000_003
_SHORTEST = 4  # steps of a cycle that rises and falls


class Loop:
    """A training run: a model, its optimiser and where it is.

    Attributes:
        step: steps that are done.
        total: steps in all.
        seconds: spent, over all parts of an interrupted run.
    """

    def __init__(
        self,
        model: torch.nn.Module,
        objective: Objective,
        samples: Samples,
        recipe: Recipe,
        device: torch.device,
    ) -> None:
        self.model = model.to(device, memory_format=torch.channels_last)  # type: ignore[call-overload]
        self._objective, self._samples, self._recipe = objective, samples, recipe
        self._device = device
        self._batch = min(recipe.batch_size, len(samples))
        self._by_epoch = len(samples) // self._batch
        self.total = recipe.steps or recipe.passes * self._by_epoch
        self._optimiser = torch.optim.AdamW(
            model.parameters(), recipe.rate, weight_decay=recipe.weight_decay
        )
        steps = max(self.total, _SHORTEST)
        self._schedule = torch.optim.lr_scheduler.OneCycleLR(
            self._optimiser, recipe.rate, total_steps=steps, pct_start=max(WARM_UP, 2 / steps)
        )
        self.step = 0
        self.seconds = 0.0

    def run(self, save: Save | None = None, watch: Watch | None = None) -> None:
        """Every step that is left.

        Args:
            save: writes a state; called at the start, after each epoch, and in between.
            watch: called after each step with steps done, steps in all and the loss.

        Raises:
            ModelError: when the loss is no number any more.
        """
        self.model.train()
        saved = began = time.monotonic()
        before = self.seconds
        if save is not None and self.step == 0:
            save(self.state())
        while self.step < self.total:
            loss = self._take(self._order()[self.step % self._by_epoch])
            self.step += 1
            now = time.monotonic()
            self.seconds = before + now - began
            if save is not None and (
                self.step % self._by_epoch == 0 or self.step == self.total or now - saved > SECONDS
            ):
                save(self.state())
                saved = now
            if watch is not None:
                watch(self.step, self.total, loss)
        self.model.eval()

    def state(self) -> dict[str, Any]:
        """Where the run is: tensors and plain values."""
        cuda = self._device.type == "cuda"
        return {
            "step": self.step,
            "seconds": self.seconds,
            "model": self.model.state_dict(),
            "optimiser": self._optimiser.state_dict(),
            "schedule": self._schedule.state_dict(),
            "random": torch.get_rng_state(),
            "random_cuda": torch.cuda.get_rng_state(self._device) if cuda else None,
        }

    def restore(self, state: Mapping[str, Any]) -> None:
        """Go on from a state.

        Raises:
            ModelError: for the state of another architecture.
        """
        try:
            self.model.load_state_dict(state["model"])
            self._optimiser.load_state_dict(state["optimiser"])
            self._schedule.load_state_dict(state["schedule"])
            torch.set_rng_state(state["random"])
            if state["random_cuda"] is not None and self._device.type == "cuda":
                torch.cuda.set_rng_state(state["random_cuda"], self._device)
        except (KeyError, TypeError, RuntimeError, ValueError) as error:
            said = str(error).splitlines()[0]
            raise ModelError(f"the checkpoint is not of this architecture: {said}") from error
        self.step, self.seconds = int(state["step"]), float(state["seconds"])

    def _order(self) -> list[list[int]]:
        """The batches of the present epoch; samples that fill no batch wait for another one."""
        epoch = self.step // self._by_epoch
        if getattr(self, "_epoch", None) != epoch:
            seeded = torch.Generator().manual_seed(self._recipe.seed * _EPOCH_SEED + epoch)
            mixed = torch.randperm(len(self._samples), generator=seeded).tolist()
            full = self._by_epoch * self._batch
            self._batches = [mixed[n : n + self._batch] for n in range(0, full, self._batch)]
            self._epoch = epoch
        return self._batches

    def _take(self, places: list[int]) -> float:
        loss = self._objective(self.model, self._samples.at(places), self._device)
        value = float(loss.detach())
        if not math.isfinite(value):
            raise ModelError(
                f"the loss became {value} at step {self.step + 1} of {self.total}; try a lower "
                f"learning_rate than {self._recipe.rate:g}"
            )
        self._optimiser.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        torch.nn.utils.clip_grad_norm_(self.model.parameters(), MOST_GRADIENT)
        self._optimiser.step()
        self._schedule.step()
        return value
