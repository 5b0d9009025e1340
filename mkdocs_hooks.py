"""What the docstrings are written in beyond Markdown, for the site: roles and ``::``."""

from __future__ import annotations

import re
from html import escape
from typing import Any

ROLE = re.compile(r":(?:func|class|mod|meth|attr|data|exc):<code>(~?)([\w.]+)</code>")
PACKAGE = "pytest_xraynoise."


def on_page_content(html: str, **_: Any) -> str:
    """Roles become code, and a link where the name is a whole one that the reference has."""
    return ROLE.sub(_code, html).replace("::</p>", ":</p>")


def _code(found: re.Match[str]) -> str:
    short, name = found.groups()
    shown = f"<code>{escape(name.rpartition('.')[2] if short else name)}</code>"
    if not name.startswith(PACKAGE):
        return shown
    return f'<autoref identifier="{escape(name)}" optional>{shown}</autoref>'
