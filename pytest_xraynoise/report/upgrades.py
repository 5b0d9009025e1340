"""Documents of older schema versions made into this one's, a step a version.

``STEPS[n]`` takes the plain dict of a document of version ``n`` and returns that of ``n + 1``, its
``schema_version`` included. A release that raises ``SCHEMA_VERSION`` adds the step from the version
before, and the reader needs to know the newest version only. Version 1 is the first.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.results import SCHEMA_VERSION

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    Step = Callable[[dict[str, Any]], dict[str, Any]]

STEPS: Mapping[int, Step] = {}


def upgraded(
    data: Mapping[str, Any], steps: Mapping[int, Step] = STEPS, newest: int = SCHEMA_VERSION
) -> dict[str, Any]:
    """``data`` as a document of the ``newest`` version, which it may be already.

    Raises:
        ReportError: for a version that is newer than this release, or that none ever wrote.
    """
    version = data["schema_version"]
    if isinstance(version, bool) or not isinstance(version, int):
        raise _unread(version, newest)
    found = dict(data)
    while found["schema_version"] != newest:
        step = steps.get(found["schema_version"])
        if step is None:
            raise _unread(version, newest)
        found = step(found)
    return found


def _unread(version: object, newest: int) -> ReportError:
    if isinstance(version, int) and version > newest:
        remedy = "upgrade with: pip install --upgrade pytest-xraynoise"
    else:
        remedy = "write it again with --xraynoise-json=PATH"
    return ReportError(
        f"this report has schema_version {version!r}, and this pytest-xraynoise reads versions up "
        f"to {newest}; {remedy}"
    )
