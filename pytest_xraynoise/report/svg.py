"""Matplotlib's SVG made fit for an HTML page: themed by CSS, no foreign ids, nothing to fetch."""

from __future__ import annotations

import re
from html import escape

# Stand-ins that Matplotlib draws with; the page's style sheet says what they look like.
INK = "#010203"
MUTED = "#010204"
GRID = "#010205"
ACCENT = "#010206"
LOSS = "#010207"
LIMIT = "#010208"
PAPER = "#010209"
BASELINE = "#01020a"

_THEME = {
    INK: "var(--ink)",
    MUTED: "var(--muted)",
    GRID: "var(--line)",
    ACCENT: "var(--accent)",
    LOSS: "var(--fail)",
    LIMIT: "var(--limit)",
    PAPER: "var(--card)",
    BASELINE: "var(--baseline)",
}
_TAG = re.compile(r"<[a-z][^>]*>")
_UNWANTED = re.compile(r"<metadata>.*?</metadata>|<style.*?</style>|<!--.*?-->", re.DOTALL)
_EMPTY = re.compile(r"<g/>|<defs/>|<g>\s*</g>|<defs>\s*</defs>")
_FONTS = re.compile(r"font-family: [^;\"]+;? ?")
_REFERENCE = re.compile(r'(?:url\(#|href="#)([^)"]+)')


def inline(svg: str, *, name: str, title: str, description: str, more: str = "") -> str:
    """Turn a stand-alone SVG into an element of a page.

    Args:
        svg: what Matplotlib wrote.
        name: unique on the page; it prefixes every id.
        title: what a screen reader says first; plain text.
        description: what it says then.
        more: markup to lie over the drawing.

    Returns:
        Markup without prolog, metadata, name spaces, fixed size or unused ids.
    """
    body = svg[svg.index("<svg") :]
    box = re.search(r'viewBox="([^"]+)"', body)
    body = _UNWANTED.sub("", body[body.index(">") + 1 :])
    used = set(_REFERENCE.findall(body))
    # Tag by tag, so that letters in a label are never taken for markup.
    body = _TAG.sub(lambda tag: _tidy(tag[0], name, used), body)
    body = _EMPTY.sub("", re.sub(r">\s+<", "><", body))
    head = (
        f'<svg class="chart" viewBox="{box[1] if box else "0 0 440 300"}" role="img" '
        f'aria-labelledby="{name}-title {name}-desc">'
        f'<title id="{name}-title">{escape(title)}</title>'
        f'<desc id="{name}-desc">{escape(description)}</desc>'
    )
    end = body.rindex("</svg>")
    return head + body[:end] + more + "</svg>"


def _tidy(tag: str, name: str, used: set[str]) -> str:
    tag = _FONTS.sub("", tag.replace("xlink:href=", "href="))
    tag = re.sub(r' id="([^"]+)"', lambda m: f' id="{name}-{m[1]}"' if m[1] in used else "", tag)
    tag = re.sub(r"url\(#([^)]+)\)", rf"url(#{name}-\1)", tag)
    tag = re.sub(r'href="#([^"]+)"', rf'href="#{name}-\1"', tag)
    for colour, theme in _THEME.items():
        tag = tag.replace(colour, theme)
    return re.sub(r"\s*\n\s*", " ", tag)
