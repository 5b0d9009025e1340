"""The phantom says what it is, so that a cache need not render it; and only where it is itself."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from pytest_xraynoise.data.phantom import ChestPhantom, sources
from pytest_xraynoise.data.phantom.dataset import PhantomClassification
from pytest_xraynoise.data.source import open_source
from pytest_xraynoise.engine.cache.data import offered_digest

WORDS: dict[str, Any] = {"size": 32, "seed": 3, "prevalence": 0.3, "latitude": 2.2}


def test_the_same_words_make_the_same_phantom_and_others_another() -> None:
    said = ChestPhantom(4, **WORDS).fingerprint
    assert said is not None
    assert ChestPhantom(4, cache=2, **WORDS).fingerprint == said, "rendering is the same"
    for word, other in [("size", 33), ("seed", 4), ("prevalence", 0.31), ("latitude", 2.3)]:
        assert ChestPhantom(4, **{**WORDS, word: other}).fingerprint != said
    assert ChestPhantom(5, **WORDS).fingerprint != said


def test_looking_at_items_changes_nothing() -> None:
    phantom = ChestPhantom(2, cache=2, **WORDS)
    said = phantom.fingerprint
    phantom[0], phantom[1]
    assert phantom.fingerprint == said


def test_code_that_renders_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "bones.py").write_text("RIBS = 12")
    monkeypatch.setattr(sources, "__file__", str(tmp_path / "sources.py"))
    digests = []
    for text in ("RIBS = 12", "RIBS = 11"):
        (tmp_path / "bones.py").write_text(text)
        digests.append(sources.code_digest.__wrapped__())
    assert digests[0] != digests[1]


def test_views_differ_and_have_no_more_to_say_than_their_phantom() -> None:
    phantom = ChestPhantom(2, **WORDS)
    findings, masks = phantom.classification(), phantom.segmentation()
    assert len({phantom.fingerprint, findings.fingerprint, masks.fingerprint}) == 3
    phantom.seed = 9
    assert (
        findings.fingerprint == ChestPhantom(2, **{**WORDS, "seed": 9}).classification().fingerprint
    )


def test_what_may_render_anything_says_nothing() -> None:
    class Inverted(ChestPhantom):
        def render(self, *args: Any) -> Any:
            item = super().render(*args)
            return {**item, "image": 1 - item["image"]}

    class Blank(PhantomClassification):
        pass

    assert Inverted(2, **WORDS).fingerprint is None
    assert Inverted(2, **WORDS).classification().fingerprint is None
    assert Blank(ChestPhantom(2, **WORDS)).fingerprint is None
    patched = ChestPhantom(2, **WORDS)
    patched.render = lambda *_: patched[0]  # type: ignore[method-assign]
    assert patched.fingerprint is None


def test_the_cache_takes_it_without_rendering(monkeypatch: pytest.MonkeyPatch) -> None:
    data = ChestPhantom(2, **WORDS).classification()
    monkeypatch.setattr(ChestPhantom, "render", lambda *_: pytest.fail("rendered"))
    assert offered_digest(open_source(data)) is not None
