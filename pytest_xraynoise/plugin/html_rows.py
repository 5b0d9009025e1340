"""The degradation curve of a test in its row of pytest-html, where that plugin writes a report."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pytest

    from pytest_xraynoise.results import TestRecord


def attach_curves(
    item: pytest.Item, report: pytest.TestReport, records: Sequence[TestRecord]
) -> None:
    """Add a picture of each ladder to ``report.extras``, which xdist carries to the controller.

    The picture stands in the row itself, whether the page is self-contained or not.
    """
    if not item.config.getoption("htmlpath", None) or not _can_be_named(report.nodeid):
        return
    try:
        from pytest_html import extras
    except ImportError:  # --html of some other plugin
        return
    from pytest_xraynoise.report.row_picture import row_picture

    pictures = [picture for record in records if (picture := row_picture(record))]
    if pictures:
        found: list[dict[str, Any]] = [extras.html(picture) for picture in pictures]
        vars(report)["extras"] = [*getattr(report, "extras", []), *found]


def _can_be_named(nodeid: str) -> bool:
    r"""Whether pytest-html can name the files of extras after this test.

    It reads the id as a Python string literal, so that one such as ``[C:\Users]`` would end the
    run; such a row has no curve.
    """
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        try:
            nodeid.encode("utf-8").decode("unicode_escape")
        except (UnicodeError, Warning):
            return False
    return True
