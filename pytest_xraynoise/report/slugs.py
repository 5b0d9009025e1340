"""Addresses within the page that stay the same from run to run."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable

_OTHER = re.compile(r"[^a-z0-9]+")
_LONGEST = 48


def slug(kind: str, name: str) -> str:
    """An id of letters, digits and hyphens: ``test-lungs-gaussian-x5f0c1a2b``.

    Its words are those of ``name``, behind the ``::`` of a test id. Its end is of the name's
    SHA-256: names that differ in other characters only have different ids, and no id is that of a
    counted element (``test-1``).
    """
    digest = hashlib.sha256(name.encode("utf-8", "surrogatepass")).hexdigest()[:8]
    words = _OTHER.sub("-", (name.partition("::")[2] or name).lower()).strip("-")[:_LONGEST]
    words = words.strip("-")
    return "-".join(filter(None, (kind, words.removeprefix(f"{kind}-"), f"x{digest}")))


def slugs(kind: str, names: Iterable[str]) -> list[str]:
    """One id for each name; a name that is there again gets a number behind it."""
    seen: Counter[str] = Counter()
    found = []
    for name in names:
        seen[name] += 1
        again = f"-{seen[name]}" if seen[name] > 1 else ""
        found.append(slug(kind, name) + again)
    return found
