"""The titled and the console blocks of a page."""

from __future__ import annotations

import re
from pathlib import Path

DOCS = Path(__file__).parents[2] / "docs"


def files_of(page: str) -> dict[str, str]:
    """What the titled blocks of a page hold, by title."""
    text = (DOCS / page).read_text("utf-8")
    pattern = r'^```\w+ title="([\w./-]+)"\n(.*?)^```$'
    return dict(re.findall(pattern, text, re.MULTILINE | re.DOTALL))


def commands_of(page: str) -> list[str]:
    """Every command of the console blocks of a page, in their order."""
    text = (DOCS / page).read_text("utf-8")
    blocks = re.findall(r"^```console\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)
    return [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
