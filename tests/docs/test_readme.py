"""The links of README and CONTRIBUTING lead somewhere; mkdocs checks those of the site."""

from __future__ import annotations

import re

import pytest

from tests.docs.blocks import DOCS

ROOT = DOCS.parent


def anchors(text: str) -> set[str]:
    """The anchors of the headings of a page."""
    found = re.findall(r"^#+ (.*)$", text, re.MULTILINE)
    return {re.sub(r"[^\w -]", "", one.lower()).replace(" ", "-") for one in found}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md"])
def test_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text("utf-8")
    links = [link for link in re.findall(r"\]\(([^)\s]+)\)", text) if "://" not in link]
    for link in links:
        name, _, anchor = link.partition("#")
        assert (ROOT / name).is_file(), link
        assert not anchor or anchor in anchors((ROOT / name).read_text("utf-8")), link
    assert links or page != "README.md"


def test_every_page_is_in_the_navigation() -> None:
    """A page that is written later has a place there already."""
    told = set(re.findall(r"[\w/-]+\.md", (ROOT / "mkdocs.yml").read_text("utf-8")))
    assert {str(path.relative_to(DOCS)) for path in DOCS.rglob("*.md")} <= told
