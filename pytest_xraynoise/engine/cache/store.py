"""Files of arrays in a folder of bounded size, safe for many processes at a time.

A file is an ``.npz`` of plain arrays, written beside its place and moved there in one step, so a
reader sees all of it or none. Names follow from content: whoever writes the same name writes the
same thing, and nobody has to wait for a lock. Nothing is unpickled.
"""

from __future__ import annotations

import contextlib
import io
import json
import os
import re
import secrets
import zlib
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import numpy.typing as npt

    Arrays = Mapping[str, npt.NDArray[Any]]

GIGABYTE = 10**9

_ATTEMPTS = 5
_HEADER = "header"
_NO_COMMENT, _COMMENT = b"\x00\x00", b"\x08\x00"  # lengths of the comment of a zip archive
_SUFFIX = ".npz"
_ENTRY = re.compile(r"(base|(rung|pictures)-[0-9a-f]+)\.npz")
_IGNORE = "# made by pytest-xraynoise; nothing in here belongs into a repository\n*\n"


class CacheWarning(UserWarning):
    """Something about the cache that does not keep a run from going on."""


class Store:
    """A folder of entries by name.

    Attributes:
        folder: where; made when the first entry is written.
        most: bytes that it may hold; the entries that were used longest ago go first.
    """

    def __init__(self, folder: Path, warn: Callable[[str], None], most: int = GIGABYTE) -> None:
        self.folder = folder
        self.most = most
        self._warn = warn
        self._said: set[str] = set()

    def has(self, name: str) -> bool:
        """Whether there is anything under a name, a folder of entries counts too."""
        return (self.folder / name).is_dir() or (self.folder / f"{name}{_SUFFIX}").is_file()

    def read(self, name: str) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]] | None:
        """Header and arrays of an entry; None where there is none.

        An entry that is damaged is dropped, with a warning.
        """
        path = self.folder / f"{name}{_SUFFIX}"
        try:
            content = path.read_bytes()
        except OSError:
            return None
        try:
            header, arrays = _parsed(content)
        # What NumPy and zipfile raise for damaged files is not documented, and all of it means one.
        except Exception as error:
            self._warn(
                f"the cache entry {path} is damaged ({type(error).__name__}: {error}); it was "
                "dropped, and what it held is measured again"
            )
            with contextlib.suppress(OSError):
                path.unlink()
            return None
        with contextlib.suppress(OSError):
            os.utime(path)  # used just now
        return header, arrays

    def write(self, name: str, header: Mapping[str, Any], arrays: Arrays) -> None:
        """Put an entry in its place; a warning where that fails, and the run goes on."""
        path = self.folder / f"{name}{_SUFFIX}"
        beside = path.with_name(f".{path.name}.{os.getpid()}.{secrets.token_hex(4)}.part")
        content = _packed(header, arrays)
        try:
            self._place(path, beside, content)
        except OSError as error:
            with contextlib.suppress(OSError):
                beside.unlink()
            self.say_once(
                f"the cache {self.folder} cannot be written: {error.strerror or error}; the run "
                "goes on without it"
            )
            return
        self._bound()

    def _place(self, path: Path, beside: Path, content: bytes) -> None:
        """Write a file beside its place and move it there."""
        for attempt in range(_ATTEMPTS):
            try:
                path.parent.mkdir(parents=True, exist_ok=True)
                self._ignore()
                with beside.open("wb") as file:
                    file.write(content)
                beside.replace(path)
            # Another process took the empty folder away meanwhile; mkdir sees it come and go.
            except (FileNotFoundError, FileExistsError):
                if attempt == _ATTEMPTS - 1:
                    raise
            else:
                return

    def say_once(self, text: str) -> None:
        """Warn, unless that was said in this session."""
        if text not in self._said:
            self._said.add(text)
            self._warn(text)

    def _ignore(self) -> None:
        """Keep the folder out of version control, however the user ignores files."""
        ignore = self.folder / ".gitignore"
        if not ignore.exists():
            ignore.write_text(_IGNORE)

    def _bound(self) -> None:
        """Remove the entries that were used longest ago until the folder fits."""
        entries = []
        for folder, _, names in os.walk(self.folder):  # passes over what others remove meanwhile
            for name in names:
                path = Path(folder, name)
                with contextlib.suppress(OSError):
                    stat = path.stat()
                    if _ENTRY.fullmatch(name):  # whatever else is there is not ours to remove
                        entries.append((stat.st_mtime_ns, stat.st_size, path))
        total = sum(size for _, size, _ in entries)
        for _, size, path in sorted(entries, key=lambda entry: entry[:2]):
            if total <= self.most:
                return
            with contextlib.suppress(OSError):
                path.unlink()
            with contextlib.suppress(OSError):
                path.parent.rmdir()  # only when it is empty
            total -= size


def _packed(header: Mapping[str, Any], arrays: Arrays) -> bytes:
    text = json.dumps(header, sort_keys=True, allow_nan=True).encode()
    stream = io.BytesIO()
    np.savez(stream, **{_HEADER: np.frombuffer(text, np.uint8)}, **arrays)  # type: ignore[arg-type]
    body = stream.getvalue()
    # The checksums of the members leave gaps between them; one of the whole, as the comment of the
    # archive (the length of which is what it ends with), leaves none.
    return body[: -len(_NO_COMMENT)] + _COMMENT + f"{zlib.crc32(body):08x}".encode()


def _parsed(content: bytes) -> tuple[dict[str, Any], dict[str, npt.NDArray[Any]]]:
    end = len(content) - len(_COMMENT) - 8
    body = content[:end] + _NO_COMMENT
    if content[end:] != _COMMENT + f"{zlib.crc32(body):08x}".encode():
        raise ValueError("its checksum is wrong")
    with np.load(io.BytesIO(content), allow_pickle=False) as archive:
        arrays = {name: archive[name] for name in archive.files}
    header = json.loads(arrays.pop(_HEADER).tobytes())
    if not isinstance(header, dict):
        raise TypeError("its header is no object")
    return header, arrays
