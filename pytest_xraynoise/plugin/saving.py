"""Save what the tests of a run measured as a baseline; the controller does, and nobody else."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pytest_xraynoise.plugin import baselines

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from pathlib import Path

    import pytest

    from pytest_xraynoise.judge.baseline import Entry
    from pytest_xraynoise.report.baseline_file import Baseline
    from pytest_xraynoise.results import TestRecord

_SAVED = ("passed", "xpassed")
_MOST_NAMES = 10

Lines = list[tuple[str, str]]


class Saver:
    """Saves at the end of a run.

    Attributes:
        lines: what came of it, with the name of their style, for the terminal.
    """

    def __init__(self, config: pytest.Config) -> None:
        self._config = config
        self._name = baselines.saved_name(config)
        self.lines: Lines = []
        if baselines.ignored_in_ci(config):
            self.lines = [
                (
                    "warn",
                    "xraynoise: no baseline saved: in CI only the option --xraynoise-save on the "
                    "command line saves one, not a setting",
                )
            ]

    @property
    def asked(self) -> bool:
        """Whether there is anything to save."""
        return self._name is not None

    def save(
        self,
        records: Sequence[TestRecord],
        planned: Collection[str],
        spoiled: Mapping[str, str],
    ) -> None:
        """Merge the records that passed into the baseline.

        Args:
            records: of the whole run, those that did not run included.
            planned: ids of the tests of this run.
            spoiled: why records failed beside their calls, by id.

        Raises:
            XrayNoiseError: if the baseline cannot be read or written.
        """
        if self._name is None:
            return
        from pytest_xraynoise.report.baseline_file import (
            baseline_path,
            read_baseline,
            write_baseline,
        )

        path = baseline_path(baselines.storage(self._config), self._name)
        old = read_baseline(path) if path.exists() else None
        fresh, refused = self._sorted(records, spoiled)
        self.lines = []
        if fresh:
            kept = {} if old is None else {n: e for n in old.entries if (e := old.entry(n))}
            write_baseline(path, {**kept, **fresh})
        self._tell(path, old, fresh, refused)
        if old is not None:
            seen = {*planned, *(record.nodeid for record in records)}
            self._tell_gone(old, seen)

    def _sorted(
        self, records: Sequence[TestRecord], spoiled: Mapping[str, str]
    ) -> tuple[dict[str, Entry], dict[str, str]]:
        """The entries of the tests that passed, and why the others have none."""
        from pytest_xraynoise import __version__
        from pytest_xraynoise.judge.baseline import entry_of
        from pytest_xraynoise.noise.spec import SPEC_VERSION

        fresh: dict[str, Entry] = {}
        refused: dict[str, str] = {}
        for record in records:
            nodeid = record.nodeid
            if record.outcome not in _SAVED:
                refused[nodeid] = spoiled.get(nodeid, record.outcome)
            elif record.result is None:
                refused[nodeid] = "it measured nothing"
            else:
                fresh[nodeid] = entry_of(
                    nodeid, record.result, library=__version__, noise_spec=SPEC_VERSION
                )
        return fresh, refused

    def _tell(
        self,
        path: Path,
        old: Baseline | None,
        fresh: dict[str, Entry],
        refused: dict[str, str],
    ) -> None:
        known = set() if old is None else set(old.entries)
        if fresh:
            kept = len(known - set(fresh))
            more = f"; {kept} of other tests kept" if kept else ""
            text = f"xraynoise baseline: {path} (saved {_tests(len(fresh))}{more})"
            self.lines.append(("plain", text))
        else:
            self.lines.append(("warn", f"xraynoise: no test passed, so {path} was not written"))
        for nodeid, why in list(refused.items())[:_MOST_NAMES]:
            stays = ", its old entry stays" if nodeid in known else ""
            self.lines.append(("warn", f"xraynoise: not saved: {nodeid} ({why}{stays})"))
        if len(refused) > _MOST_NAMES:
            others = len(refused) - _MOST_NAMES
            self.lines.append(("warn", f"xraynoise: not saved: {_tests(others)} more"))

    def _tell_gone(self, old: Baseline, seen: set[str]) -> None:
        gone = [nodeid for nodeid in sorted(old.entries) if self._is_gone(nodeid, seen)]
        if gone:
            names = ", ".join(gone[:_MOST_NAMES]) + (", ..." if len(gone) > _MOST_NAMES else "")
            self.lines.append(
                (
                    "warn",
                    f"xraynoise: the baseline still holds {_tests(len(gone))} that this run did "
                    f"not have: {names}; renamed or removed? Delete the entries if so",
                )
            )

    def _is_gone(self, nodeid: str, seen: set[str]) -> bool:
        """Whether a test was renamed or removed, as far as this run can tell.

        A file that is gone tells; and a file whose tests this run had, unless a part was picked.
        """
        file = nodeid.partition("::")[0]
        if nodeid in seen:
            return False
        if not (self._config.rootpath / file).exists():
            return True
        option = self._config.option
        picks = ("keyword", "markexpr", "deselect", "lf", "failedfirst", "stepwise", "maxfail")
        picked = any(getattr(option, word, None) for word in picks)
        picked = picked or any("::" in str(arg) for arg in self._config.args)
        return not picked and any(each.partition("::")[0] == file for each in seen)


def _tests(count: int) -> str:
    return "1 test" if count == 1 else f"{count} tests"
