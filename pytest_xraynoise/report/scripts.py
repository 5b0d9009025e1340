"""The scripts of the HTML report, and the sources that its content security policy allows."""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import jinja2

_FILES = ("page.js", "curves.js", "strips.js")


@dataclass(frozen=True, slots=True)
class Scripts:
    """What runs in the page.

    Attributes:
        texts: the scripts, markup that stands between script tags as it is.
        sources: the value of ``script-src`` that allows these texts and nothing else (CSP 3,
            section 6.7.3.3): ``'sha256-…'`` for each.
    """

    texts: tuple[str, ...]
    sources: str


def scripts(environment: jinja2.Environment) -> Scripts:
    """Read the scripts of the package. None of them is a template: nothing is put into them."""
    from markupsafe import Markup

    if environment.loader is None:
        return Scripts((), "'none'")
    texts = [environment.loader.get_source(environment, name)[0].strip() for name in _FILES]
    texts = [text for text in texts if text]
    return Scripts(
        tuple(Markup(text) for text in texts),  # noqa: S704  (files of this package)
        " ".join(f"'sha256-{_digest(text)}'" for text in texts) or "'none'",
    )


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
