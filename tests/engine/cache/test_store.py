"""The files of the cache: whole or not at all, bounded, and nothing in them is run."""

from __future__ import annotations

import os
import pickle
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pytest_xraynoise.engine.cache.store import Store, _packed, _parsed

HEADER = {"ids": ["a", "b"], "lost": 0.5}
ARRAYS = {"scores": np.arange(12.0).reshape(3, 4), "image": np.arange(5, dtype=np.uint8)}


def store(folder: Path, most: int = 10**9) -> tuple[Store, list[str]]:
    said: list[str] = []
    return Store(folder, said.append, most), said


def test_what_is_written_is_read(tmp_path: Path) -> None:
    kept, said = store(tmp_path / "cache")
    assert kept.read("model/base") is None
    kept.write("model/base", HEADER, ARRAYS)
    found = kept.read("model/base")
    assert found is not None
    assert found[0] == HEADER
    assert all(np.array_equal(found[1][name], value) for name, value in ARRAYS.items())
    assert (kept.has("model"), kept.has("model/base"), kept.has("other")) == (True, True, False)
    assert said == []
    assert (tmp_path / "cache" / ".gitignore").read_text().endswith("*\n")
    assert not list(tmp_path.rglob("*.part"))


def test_an_entry_is_a_plain_npz(tmp_path: Path) -> None:
    kept, _ = store(tmp_path)
    kept.write("base", HEADER, ARRAYS)
    with np.load(tmp_path / "base.npz", allow_pickle=False) as archive:
        assert np.array_equal(archive["scores"], ARRAYS["scores"])


CONTENT = _packed(HEADER, ARRAYS)


@settings(max_examples=200, deadline=None)
@given(st.integers(0, len(CONTENT) - 1), st.integers(1, 255))
def test_any_changed_byte_is_seen(place: int, change: int) -> None:
    damaged = bytearray(CONTENT)
    damaged[place] ^= change
    with pytest.raises(Exception, match=r".*"):
        _parsed(bytes(damaged))


@pytest.mark.parametrize("cut", [0, 1, 9, 10, 100, len(CONTENT) - 1])
def test_a_damaged_entry_is_dropped_with_a_warning(tmp_path: Path, cut: int) -> None:
    kept, said = store(tmp_path)
    (tmp_path / "base.npz").write_bytes(CONTENT[:cut])
    assert kept.read("base") is None
    assert "is damaged" in said[0]
    assert "measured again" in said[0]
    assert not (tmp_path / "base.npz").exists()
    assert kept.read("base") is None
    assert len(said) == 1


class Evil:
    def __reduce__(self) -> Any:
        return os.mkdir, ("evil",)


def test_nothing_is_unpickled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    kept, said = store(tmp_path)
    evil = np.empty(1, dtype=object)
    evil[0] = Evil()
    (tmp_path / "base.npz").write_bytes(_packed(HEADER, {"scores": evil}))
    assert kept.read("base") is None
    (tmp_path / "other.npz").write_bytes(pickle.dumps(Evil()))
    assert kept.read("other") is None
    assert len(said) == 2
    assert not (tmp_path / "evil").exists()


def test_the_folder_is_bounded_and_what_was_used_longest_ago_goes(tmp_path: Path) -> None:
    size = len(_packed({}, {"x": np.zeros(100)}))
    kept, _ = store(tmp_path, 3 * size + size // 2)
    for n, name in enumerate(("a", "b", "c")):
        kept.write(f"{name}/base", {}, {"x": np.zeros(100)})
        os.utime(tmp_path / name / "base.npz", (n, n))
    assert kept.read("a/base") is not None  # used now
    kept.write("d/base", {}, {"x": np.zeros(100)})
    assert sorted(p.parent.name for p in tmp_path.rglob("*.npz")) == ["a", "c", "d"]
    assert not (tmp_path / "b").exists()


def test_no_space_left_is_a_warning_said_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept, said = store(tmp_path)
    real = Path.open

    def full(path: Path, mode: str = "r", *words: Any, **more: Any) -> Any:
        if "w" in mode and path.suffix == ".part":
            real(path, mode).close()
            raise OSError(28, "No space left on device")
        return real(path, mode, *words, **more)

    monkeypatch.setattr(Path, "open", full)
    for name in ("a", "b"):
        kept.write(name, HEADER, ARRAYS)
    assert len(said) == 1
    assert "No space left on device; the run goes on without it" in said[0]
    assert not list(tmp_path.glob("*.part"))
    assert not list(tmp_path.glob(".*.part"))


def test_a_folder_that_is_a_file_is_a_warning(tmp_path: Path) -> None:
    (tmp_path / "cache").write_text("")
    kept, said = store(tmp_path / "cache")
    kept.write("a/base", HEADER, ARRAYS)
    assert kept.read("a/base") is None
    assert len(said) == 1


def test_many_at_a_time(tmp_path: Path) -> None:
    """Readers see whole entries only, whoever writes, and removals of others do no harm."""
    values = np.zeros(2000)
    most = 5 * len(_packed({}, {"x": values}))

    def work(worker: int) -> list[str]:
        kept, said = store(tmp_path, most)
        for n in range(30):
            name = f"m{n % 7}/base"
            kept.write(name, {"n": n % 7}, {"x": values + n % 7})
            found = kept.read(f"m{(n + worker) % 7}/base")
            if found is not None:
                assert (found[1]["x"] == found[0]["n"]).all()
        return said

    with ThreadPoolExecutor(4) as pool:
        assert [*pool.map(work, range(4))] == [[], [], [], []]
    assert sum(p.stat().st_size for p in tmp_path.rglob("*.npz")) <= most
