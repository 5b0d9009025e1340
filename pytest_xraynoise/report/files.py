"""Report files: refused before the run if they cannot be written, and replaced in one step."""

from __future__ import annotations

import os
import secrets
from pathlib import Path

from pytest_xraynoise.errors import ReportError


def check_writable(path: str | os.PathLike[str]) -> None:
    """Make sure, before a long run, that a report can be written to ``path``.

    Nothing is created.

    Raises:
        ReportError: if ``path`` is a directory, lies below a file, or cannot be written.
    """
    target = Path(path)
    try:
        if target.is_dir():
            example = target / "xraynoise-report"
            raise ReportError(
                f"cannot write a report to {str(path)!r}: it is a directory; name a file in it, "
                f"for instance {str(example)!r}"
            )
        parent = _nearest_ancestor(target)
        if not parent.is_dir():
            raise ReportError(
                f"cannot write a report to {str(path)!r}: {str(parent)!r} is a file, not a "
                "directory; choose another path or remove that file"
            )
        writable = os.access(target if _is_special(target) else parent, os.W_OK)
    except (OSError, ValueError) as error:
        if isinstance(error, ReportError):
            raise
        raise ReportError(_cannot(path, error)) from None
    if not writable:
        raise ReportError(
            f"cannot write a report to {str(path)!r}: no permission to write in {str(parent)!r}; "
            "choose another path or change its permissions"
        )


def write_atomic(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write ``content`` (text as UTF-8) so that ``path`` holds all of it or what it held before.

    The content goes to a temporary file beside ``path``, to disk, and then into its place.
    Directories on the way are created. A link is followed; a device or pipe is written directly.

    Raises:
        ReportError: if that fails. The old file is then still there and the temporary one is not.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    target = Path(path)
    try:
        if _is_special(target):
            target.write_bytes(data)
            return
        target = Path(os.path.realpath(target))
        target.parent.mkdir(parents=True, exist_ok=True)
        _replace(target, data)
    except (OSError, ValueError) as error:
        raise ReportError(_cannot(path, error)) from error


def _replace(target: Path, data: bytes) -> None:
    # Not tempfile: its files are private (0600), and a report is as readable as any new file.
    temporary = target.with_name(f".xraynoise-{secrets.token_hex(8)}.tmp")
    try:
        with temporary.open("xb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        if target.exists():
            temporary.chmod(target.stat().st_mode & 0o7777)
        temporary.replace(target)
    except BaseException:
        temporary.unlink(missing_ok=True)
        raise


def _is_special(path: Path) -> bool:
    """Whether ``path`` is there and is neither a file nor a directory (``/dev/stdout``, a pipe)."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _nearest_ancestor(path: Path) -> Path:
    parent = path.absolute().parent
    while not parent.exists() and parent != parent.parent:
        parent = parent.parent
    return parent


def _cannot(path: str | os.PathLike[str], error: Exception) -> str:
    reason = getattr(error, "strerror", None) or str(error)
    return f"cannot write a report to {str(path)!r}: {reason}; choose another path"
