"""The side file of a baseline: per-sample scores, compressed, nothing pickled.

Ids and targets stand once for each set of data, the scores once for each test, in the order of the
sorted ids. What a digest in the JSON does not confirm is not used.
"""

from __future__ import annotations

import io
import zipfile
import zlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import ReportError

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

    from pytest_xraynoise.judge.baseline import Entry

_GROUPS = "groups"
_DAMAGE = (OSError, ValueError, EOFError, zipfile.BadZipFile, zlib.error)
_MISSING = "the side file with per-sample scores is missing"


@dataclass(frozen=True, slots=True)
class Scores:
    """The arrays of a side file by name, or why there are none."""

    arrays: Mapping[str, Any] = field(default_factory=dict)
    trouble: str = _MISSING

    @classmethod
    def beside(cls, path: Path) -> Scores:
        """Open a side file; arrays are read when they are asked for."""
        if not path.exists():
            return cls()
        import numpy as np

        try:
            opened = np.load(io.BytesIO(path.read_bytes()), allow_pickle=False)
        except _DAMAGE as error:
            return cls({}, f"the side file with per-sample scores is damaged ({error})")
        if not isinstance(opened, np.lib.npyio.NpzFile):
            return cls({}, "the side file with per-sample scores is damaged (no npz file)")
        return cls(opened, "")

    def joined(self, entry: Entry) -> Entry:
        """The entry with its samples, or with a note why they are not used."""
        if entry.scores is None:
            return entry.replace(notes=("the baseline was saved without per-sample scores",))
        if self.trouble:
            return entry.replace(notes=(self.trouble,))
        try:
            return self._read(entry)
        except KeyError:
            why = "the side file has other scores, or none, for this test"
        except _DAMAGE as error:
            why = f"the side file with per-sample scores is damaged ({error})"
        return entry.replace(notes=(why,))

    def _read(self, entry: Entry) -> Entry:
        from pytest_xraynoise.judge.samples import fingerprint, scores_digest, unpacked

        data, test = _data_key(entry), _test_key(entry.nodeid)
        ids = tuple(self.arrays[f"{data}/ids"].tolist())
        targets = self.arrays[f"{data}/targets"]
        found = {
            key.removeprefix(f"{test}/"): self.arrays[key]
            for key in self.arrays
            if key.startswith(f"{test}/")
        }
        groups = found.pop(_GROUPS, None)
        own = None if groups is None else tuple(groups.tolist())
        mark = fingerprint(ids, targets)
        if mark != entry.data or scores_digest(found, mark) != entry.scores:
            raise KeyError(test)
        return entry.replace(samples=unpacked(ids, targets, found, own))


def pack_scores(entries: Iterable[Entry]) -> bytes:
    """The side file of entries; those without samples are not in it."""
    import numpy as np

    from pytest_xraynoise.judge.samples import packed

    arrays: dict[str, Any] = {}
    for entry in entries:
        if entry.samples is None:
            continue
        data, test = _data_key(entry), _test_key(entry.nodeid)
        arrays[f"{data}/ids"] = np.array(entry.samples.ids, dtype=np.str_)
        arrays[f"{data}/targets"] = entry.samples.targets
        if entry.samples.groups is not None:
            arrays[f"{test}/{_GROUPS}"] = np.array(entry.samples.groups, dtype=np.str_)
        arrays |= {f"{test}/{name}": array for name, array in packed(entry.samples).items()}
    stream = io.BytesIO()
    try:
        np.savez_compressed(stream, **{key: arrays[key] for key in sorted(arrays)})
    except ValueError as error:
        raise ReportError(f"the per-sample scores cannot be stored: {error}") from None
    return stream.getvalue()


def _data_key(entry: Entry) -> str:
    from pytest_xraynoise.judge.samples import digest

    mark = entry.data
    return f"data-{digest(mark.ids.encode(), (mark.targets or '').encode())[7:23]}"


def _test_key(nodeid: str) -> str:
    from pytest_xraynoise.judge.samples import digest

    return f"test-{digest(nodeid.encode('utf-8', 'surrogatepass'))[7:23]}"
