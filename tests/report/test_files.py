from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

from pytest_xraynoise.errors import ReportError
from pytest_xraynoise.report.files import check_writable, write_atomic


def test_a_directory_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ReportError, match="is a directory; name a file in it") as caught:
        check_writable(tmp_path)
    assert str(tmp_path) in str(caught.value)


def test_a_path_below_a_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(ReportError, match="is a file, not a directory"):
        check_writable(tmp_path / "file" / "deep" / "report.html")


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_directory_is_refused(tmp_path: Path) -> None:
    tmp_path.chmod(0o500)
    with pytest.raises(ReportError, match="no permission"):
        check_writable(tmp_path / "report.html")


def test_a_directory_without_permission_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(ReportError, match=r"no permission to write in.*choose another path"):
        check_writable(tmp_path / "deep" / "report.html")


@pytest.mark.parametrize("name", ["a\0b", "x" * 5000])
def test_an_impossible_name_is_refused(tmp_path: Path, name: str) -> None:
    with pytest.raises(ReportError, match="cannot write a report"):
        write_atomic(tmp_path / name, "x")


def test_checking_creates_nothing(tmp_path: Path) -> None:
    check_writable(tmp_path / "a" / "b.html")
    check_writable("/dev/null")
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("content", ["täxt\n🫁", b"\x00\xff"])
def test_parents_are_created_and_content_is_exact(tmp_path: Path, content: str | bytes) -> None:
    path = tmp_path / "a" / "b" / "c"
    write_atomic(path, content)
    assert path.read_bytes() == (content.encode() if isinstance(content, str) else content)
    assert list(path.parent.iterdir()) == [path]


@pytest.mark.parametrize("fails", ["fsync", "replace"])
def test_a_failure_keeps_the_old_file_and_leaves_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, fails: str
) -> None:
    path = tmp_path / "report.json"
    path.write_text("old")

    def full(*args: object, **kwargs: object) -> None:
        raise OSError(28, "No space left on device")

    owner: object = os if fails == "fsync" else Path
    monkeypatch.setattr(owner, fails, full)
    with pytest.raises(ReportError, match="No space left"):
        write_atomic(path, "new")
    assert path.read_text() == "old"
    assert list(tmp_path.iterdir()) == [path]


def test_an_interrupt_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(descriptor: int) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(os, "fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_atomic(tmp_path / "report.json", "new")
    assert list(tmp_path.iterdir()) == []


def test_permissions_and_links_survive(tmp_path: Path) -> None:
    path, link = tmp_path / "real.json", tmp_path / "link.json"
    path.write_text("old")
    path.chmod(0o640)
    link.symlink_to(path)
    write_atomic(link, "new")
    assert link.is_symlink()
    assert path.read_text() == "new"
    assert stat.S_IMODE(path.stat().st_mode) == 0o640


def test_a_new_file_is_as_readable_as_any(tmp_path: Path) -> None:
    (tmp_path / "ordinary").touch()
    write_atomic(tmp_path / "report", "x")
    assert (tmp_path / "report").stat().st_mode == (tmp_path / "ordinary").stat().st_mode


def test_a_device_is_written_and_stays_a_device() -> None:
    write_atomic("/dev/null", "x")
    assert stat.S_ISCHR(Path("/dev/null").stat().st_mode)
