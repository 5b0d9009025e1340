"""Where a pass over the data runs: in this process, or on a Ray cluster."""

from __future__ import annotations

import functools
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pytest_xraynoise.engine.execution import AUTO
from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable

    from pytest_xraynoise.engine.execution import Execution
    from pytest_xraynoise.engine.measured import Measured

ENGINES = ("local", "ray")


@dataclass(frozen=True)
class Engine:
    """One that is not local.

    Attributes:
        measure: has the signature of :func:`~pytest_xraynoise.engine.measuring.measure`.
    """

    measure: Callable[..., Measured]

    def here(self, how: Execution) -> Execution:
        """How this process uses its own machine, which need not have what the others have."""
        return replace(how, device="cpu", precision="fp32", channels_last=AUTO, compile=False)


def chosen_engine(
    name: str, ray_address: str | None = None, ray_actors: int | None = None
) -> Engine | None:
    """The engine of a name; None is the local one.

    Args:
        name: ``local`` or ``ray``.
        ray_address: of the cluster.
        ray_actors: how many actors at most.

    Raises:
        SpecError: for a name that means nothing, words of Ray for another engine, and where Ray is
            not installed.
    """
    check_engine(name)
    if name == "local":
        for word, value in (("ray_address", ray_address), ("ray_actors", ray_actors)):
            if value is not None:
                raise SpecError(f"{word}={value!r} is for engine='ray'; say that too")
        return None
    if ray_actors is not None and not (type(ray_actors) is int and ray_actors >= 1):
        raise SpecError(f"ray_actors={ray_actors!r}: expected a whole number from 1")
    from pytest_xraynoise.engine.ray.address import check_form
    from pytest_xraynoise.engine.ray.library import need_ray

    if ray_address is not None:
        check_form(ray_address)
    need_ray()
    from pytest_xraynoise.engine.ray.measuring import measure_on_ray

    return Engine(functools.partial(measure_on_ray, address=ray_address, actors=ray_actors))


def check_engine(name: str) -> str:
    """Refuse an engine that there is none of.

    Raises:
        SpecError: with the nearest name.
    """
    if name not in ENGINES:
        raise SpecError(unknown("engine", name, ENGINES))
    return name
