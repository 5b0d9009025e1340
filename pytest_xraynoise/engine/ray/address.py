"""Which cluster a run uses, and whether anything answers there."""

from __future__ import annotations

import os
import re
import socket

from pytest_xraynoise.errors import SpecError

LOCAL = "local"
"""A cluster of this machine alone, started for the run."""

AUTO = "auto"
"""The cluster that runs on this machine already."""

_FORM = re.compile(
    r"(?P<client>ray://)?(?P<host>\[[0-9a-fA-F:.]+\]|[^\s:/\[\]]+):(?P<port>\d{1,5})"
)
_PATIENCE = 5.0  # seconds; ray itself would try for minutes
_START = "start one: ray start --head --port=6379"


def check_form(address: str) -> str:
    """An address as Ray takes it.

    Raises:
        SpecError: for anything but ``HOST:PORT``, ``ray://HOST:PORT``, ``auto`` and ``local``.
    """
    found = _FORM.fullmatch(address)
    if address in (AUTO, LOCAL) or (found and 0 < int(found["port"]) < 2**16):
        return address
    raise SpecError(
        f"Ray address {address!r}: expected HOST:PORT of the head node (such as 10.0.0.1:6379), "
        "ray://HOST:PORT, auto (the cluster that this machine belongs to) or local (one that is "
        "started for the run)"
    )


def chosen(said: str | None) -> str:
    """The address that was said, else that of ``RAY_ADDRESS``, else ``local``.

    Raises:
        SpecError: for one that is none.
    """
    if said:
        return check_form(said)
    if variable := os.environ.get("RAY_ADDRESS"):
        try:
            return check_form(variable)
        except SpecError as error:
            raise SpecError(f"RAY_ADDRESS: {error}") from None
    return LOCAL


def check_answers(address: str) -> None:
    """Refuse an address where nobody listens.

    Raises:
        SpecError: with what to do.
    """
    found = _FORM.fullmatch(address)
    if found is None:
        return
    host, port = found["host"].strip("[]"), int(found["port"])
    try:
        socket.create_connection((host, port), _PATIENCE).close()
    except OSError as error:
        raise SpecError(
            f"no Ray cluster answers at {address!r} ({error}); is its head node up, and the port "
            f"open from here? Otherwise {_START}"
        ) from error


def not_connected(address: str, error: BaseException) -> SpecError:
    """Ray could not connect to what listens there."""
    return SpecError(
        f"Ray could not use the cluster at {address!r}: {_cause(error)}. Ray and Python must have "
        "the same versions there as here, and a cluster with token authentication needs "
        f"RAY_AUTH_MODE=token and its RAY_AUTH_TOKEN; where there is no cluster, {_START}"
    )


def _cause(error: BaseException) -> str:
    """The line that says why: Ray tells it in a traceback inside the message of a cause."""
    causes: list[BaseException] = []
    now: BaseException | None = error
    while now is not None and now not in causes:
        causes.append(now)
        now = now.__cause__ or now.__context__
    lines = [line.strip() for one in causes for line in str(one).splitlines() if line.strip()]
    named = [line for line in lines if re.match(r"[\w.]*Error: ", line)]
    told = (named or lines[:1] or [type(error).__name__])[-1]
    return told if len(told) <= 300 else f"{told[:300]}..."
