"""What an actor is to do with every block, and what it says back."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pytest_xraynoise import errors, metrics, noise
from pytest_xraynoise.engine.collectors import measured_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.measured import Measured
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.errors import XrayNoiseError
    from pytest_xraynoise.metrics import Metric
    from pytest_xraynoise.noise import NoiseKind


@dataclass(frozen=True)
class Net:
    """The model and what stands before and behind it."""

    model: Any
    preprocess: Any = None
    output: Any = None


@dataclass(frozen=True)
class Task:
    """One request, for all blocks.

    Attributes:
        request: what was asked for.
        how: how each actor uses its machine.
        batch_size: images that go through the model together, to start with.
        words: further words of :func:`~pytest_xraynoise.engine.measuring.measure`.
        kind: the kind of noise, registered there if it is the user's own.
        metrics: those that the request names, for the same reason.
    """

    request: LadderRequest
    how: Execution
    batch_size: int
    words: Mapping[str, Any] = field(default_factory=dict)
    kind: NoiseKind | None = None
    metrics: tuple[Metric, ...] = ()

    @classmethod
    def of(cls, request: LadderRequest, how: Execution, batch_size: int, **words: Any) -> Task:
        """The task of a request, with everything that it names."""
        named = (*(request.metrics or ()), *request.also, *words.get("foreseen", ()))
        names = dict.fromkeys((*named, *measured_names(request)))
        known = set(metrics.names())
        kind = noise.get(request.noise)
        return cls(
            request,
            how,
            batch_size,
            words,
            None if type(kind).__module__.startswith("pytest_xraynoise.") else kind,
            tuple(metrics.get(name) for name in names if name in known),
        )

    def pinned(self, logits: bool) -> Task:
        """The same with the model's outputs taken for what they were found to be elsewhere."""
        outputs = "logits" if logits else "probabilities"
        return replace(self, request=replace(self.request, outputs=outputs))

    def register(self) -> None:
        """Make the user's own noise and metrics known in this process."""
        if self.kind is not None:
            noise.register_noise(self.kind)
        for metric in self.metrics:
            if metric.name not in metrics.names():
                metrics.register_metric(metric)


@dataclass(frozen=True)
class Block:
    """A part of the samples.

    Attributes:
        number: its place among the blocks, from 0.
        positions: places in the dataset of its samples.
    """

    number: int
    positions: tuple[int, ...]

    @property
    def words(self) -> str:
        """For messages."""
        return f"samples at positions {self.positions[0]} to {self.positions[-1]}"


@dataclass(frozen=True)
class Done:
    """What a block gave; None where a contrast left no sample of it."""

    measured: Measured | None


@dataclass(frozen=True)
class Refused:
    """An error of ours, told in words: exceptions lose their shape between processes."""

    kind: str
    message: str

    @classmethod
    def of(cls, error: XrayNoiseError) -> Refused:
        """The error, by the name of its public kind."""
        kinds = (kind.__name__ for kind in type(error).__mro__)
        return cls(next(name for name in kinds if hasattr(errors, name)), str(error))

    @property
    def error(self) -> XrayNoiseError:
        """The error again, as the local engine would have raised it."""
        kind = getattr(errors, self.kind)
        error: XrayNoiseError = kind(self.message)
        return error
