"""Where the numbers of a request are found among those that were measured, and which are missing.

An address says how the noise of a rung is made and not which severity a ladder calls it, so ladders
and own rungs share what they have in common, and every kind of noise shares the clean images.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from pytest_xraynoise.engine.measured import CLEAN, Address
from pytest_xraynoise.engine.repeats import key_of
from pytest_xraynoise.noise.describe import described

if TYPE_CHECKING:
    from pytest_xraynoise.engine.measured import Measured, Plan
    from pytest_xraynoise.engine.request import LadderRequest
    from pytest_xraynoise.results import Rung


def noise_of(request: LadderRequest) -> str:
    """Everything that makes the noise of a request but the parameters of the rung, as JSON."""
    kind = request.kind
    said = {
        "kind": kind.name,
        "settings": described(kind),
        "seed": request.seed,
        "at": request.noise_at,
    }
    return json.dumps(said, sort_keys=True)


def address_of(noise: str, rung: Rung, draw: int = 0) -> Address:
    """Where the numbers of a rung are; ``noise`` is that of :func:`noise_of`."""
    if rung.severity == 0:
        return CLEAN
    return Address(noise, tuple(sorted(rung.parameters.items())), draw)


def addresses(request: LadderRequest) -> dict[int, Address]:
    """The address of every rung and draw of a request, by its key, clean first.

    Keys are those of :mod:`~pytest_xraynoise.engine.repeats`.
    """
    noise = noise_of(request)
    found: dict[int, Address] = {}
    for draw in range(request.repeats):
        for rung in request.rungs:
            found.setdefault(key_of(rung.severity, draw), address_of(noise, rung, draw))
    return found


def view_of(request: LadderRequest) -> str:
    """What decides which samples a request has pictures of, and of which rungs, as JSON."""
    picked = (request.labels, request.contrast, request.outputs)
    return json.dumps([*picked, list(addresses(request).values())])


def everything(request: LadderRequest) -> Plan:
    """All noisy rungs of a request in all its draws."""
    noisy = tuple(rung for rung in request.rungs if rung.severity)
    return tuple((draw, noisy) for draw in range(request.repeats))


def missing(request: LadderRequest, measured: Measured) -> Plan:
    """The noisy rungs of a request that were not measured yet; empty when all were."""
    noise = noise_of(request)
    plan = []
    for draw, rungs in everything(request):
        new = tuple(r for r in rungs if address_of(noise, r, draw) not in measured.rungs)
        if new:
            plan.append((draw, new))
    return tuple(plan)
