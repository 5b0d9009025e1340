"""Results in, reports out: one writer a file, each reading the same frozen records.

Nothing here decides: every writer shows the verdict that the judge reached. Writers are imported
from their own modules (``report.json``, ``report.html``, ``report.terminal`` ...), so that a run
that writes no HTML never loads a template engine.
"""

from pytest_xraynoise.report.document import Document

__all__ = ["Document"]
