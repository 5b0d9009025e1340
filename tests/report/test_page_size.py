"""How large the page may become."""

from __future__ import annotations

import base64
import hashlib
import re

import pytest

from pytest_xraynoise.report.html import _environment, render
from pytest_xraynoise.report.picture_budget import picture_budget
from pytest_xraynoise.report.scripts import scripts
from tests.report.big import large_document


@pytest.mark.parametrize(("tests", "most"), [(20, 4_000_000), (200, 15_000_000)])
def test_the_page_keeps_its_size(tests: int, most: int) -> None:
    text = render(large_document(tests, baseline=True))
    assert len(text.encode()) < most
    # the pictures are not left out to get there: every failure still shows some
    failed = re.findall(r'<section class="card test fail"(?:.|\n)*?</section>', text)
    assert len(failed) >= tests // 4
    shown = sum("data:image/" in part for part in failed)
    assert shown == len(failed)


def test_the_budget_shrinks_with_the_tests_and_is_never_negative() -> None:
    assert picture_budget(1) > picture_budget(20) > 2_000_000
    assert picture_budget(200) > 4_000_000
    assert picture_budget(2_000) == 0


def test_the_policy_allows_the_scripts_of_the_page_and_nothing_else() -> None:
    text = render(large_document(20))
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', text)
    assert policy is not None
    said = policy[1].replace("&#39;", "'")
    assert "script-src 'sha256-" in said
    assert "unsafe" not in said.replace("style-src 'unsafe-inline'", "")
    ran = re.findall(r"<script>(.*?)</script>", text, re.DOTALL)
    assert len(ran) == len(scripts(_environment()).texts) >= 2
    hashes = [base64.b64encode(hashlib.sha256(t.encode()).digest()).decode() for t in ran]
    assert re.findall(r"'sha256-([^']+)'", said) == hashes


def test_no_script_can_close_itself() -> None:
    for text in scripts(_environment()).texts:
        assert "</script" not in text.lower()
        assert "<!--" not in text
        assert "innerHTML" not in text
        assert "eval(" not in text
