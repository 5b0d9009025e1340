"""How a run uses the machine. Nothing here decides what is measured; needs no torch."""

from __future__ import annotations

from dataclasses import dataclass, field

from pytest_xraynoise.errors import SpecError, nearest, unknown

PRECISIONS = ("fp32", "bf16", "fp16")
AUTO = "auto"


@dataclass(frozen=True, slots=True)
class Execution:
    """How a run uses the machine; checked when it is made.

    Two runs of the same request that differ in these alone give the same scores to float
    tolerance, but for the precision, which is part of what is measured.

    Attributes:
        device: auto, cpu, cuda, cuda:N or mps.
        batch_size: images that go through the model together; ``auto`` or None lets the run choose.
        precision: fp32, bf16 or fp16.
        channels_last: memory format NHWC for images and weights; ``auto`` where that is faster.
        compile: run the model through ``torch.compile``.
        loader_workers: processes that load samples; None leaves a DataLoader its own, and has
            everything else loaded in this process.

    Raises:
        SpecError: for a value that is none of these.
    """

    device: str = AUTO
    batch_size: int | str | None = None
    precision: str = "fp32"
    channels_last: bool | str = field(default=AUTO, kw_only=True)
    compile: bool = field(default=False, kw_only=True)
    loader_workers: int | None = field(default=None, kw_only=True)

    def __post_init__(self) -> None:
        check_batch_size(self.batch_size)
        if self.precision not in PRECISIONS:
            raise SpecError(unknown("precision", self.precision, PRECISIONS))
        if not isinstance(self.channels_last, bool) and self.channels_last != AUTO:
            told = f"channels_last={self.channels_last!r}: expected 'auto', True or False"
            raise SpecError(told + _or_auto(self.channels_last))
        if not isinstance(self.compile, bool):
            raise SpecError(f"compile={self.compile!r}: expected True or False")
        workers = self.loader_workers
        if workers is not None and not (_whole(workers) and workers >= 0):
            raise SpecError(
                f"loader_workers={workers!r}: expected a number of processes, a whole number from "
                "0 (load in this process)"
            )

    @property
    def fixed_batch(self) -> int | None:
        """The batch size that was said; None for auto."""
        return self.batch_size if isinstance(self.batch_size, int) else None


def check_batch_size(value: object) -> None:
    """Refuse what is neither ``auto``, None nor a whole number from 1.

    Raises:
        SpecError: for anything else.
    """
    if value is None or value == AUTO or (_whole(value) and value >= 1):  # type: ignore[operator]
        return
    raise SpecError(
        f"batch_size={value!r}: expected 'auto' or a whole number from 1{_or_auto(value)}"
    )


def _or_auto(value: object) -> str:
    """A hint where that was meant."""
    close = isinstance(value, str) and nearest(value, (AUTO,))
    return f"; did you mean {AUTO!r}?" if close else ""


def _whole(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)
