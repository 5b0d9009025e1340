"""What the site makes of the docstrings' roles."""

from __future__ import annotations

import pytest

from mkdocs_hooks import on_page_content


@pytest.mark.parametrize(
    ("html", "shown"),
    [
        (":class:<code>Recipe</code>", "<code>Recipe</code>"),
        (
            "see :func:<code>~pytest_xraynoise.evaluate</code>",
            'see <autoref identifier="pytest_xraynoise.evaluate" optional>'
            "<code>evaluate</code></autoref>",
        ),
        ("<p>on a batch::</p>", "<p>on a batch:</p>"),
        ("<code>std::move</code>", "<code>std::move</code>"),
    ],
)
def test_roles_and_colons(html: str, shown: str) -> None:
    assert on_page_content(html) == shown
