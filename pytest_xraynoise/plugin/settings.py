"""Settings and their precedence: marker > command line > environment > ini > default.

Pure functions; nothing here knows pytest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, how its text is read, its default, and a line of help."""

    name: str
    read: Callable[[str], Any]
    default: Any
    help: str
    metavar: str
    const: str | None = None

    @property
    def option(self) -> str:
        """The command-line option."""
        return f"--xraynoise-{self.name.replace('_', '-')}"

    @property
    def ini(self) -> str:
        """The ini key."""
        return f"xraynoise_{self.name}"

    @property
    def variable(self) -> str:
        """The environment variable."""
        return f"XRAYNOISE_{self.name.upper()}"


def _read_device(text: str) -> str:
    kind = text.split(":")[0]
    if kind not in ("auto", "cpu", "cuda", "mps"):
        raise SpecError(unknown("device", text, ("auto", "cpu", "cuda", "cuda:N", "mps")))
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise SpecError(f"device {text!r}: expected auto, cpu, cuda, cuda:N or mps")
    return text


def _read_batch_size(text: str) -> int | None:
    if text == "auto":
        return None
    return _read_count(text, 1, "auto or ")


def _read_seed(text: str) -> int:
    return _read_count(text, 0)


def _read_samples(text: str) -> int:
    return _read_count(text, 2)


def _read_count(text: str, low: int, also: str = "") -> int:
    if not re.fullmatch(r"\d+", text) or int(text) < low or int(text) >= 2**64:
        raise SpecError(f"got {text!r}; expected {also}a whole number from {low}")
    return int(text)


SETTINGS: tuple[Setting, ...] = (
    Setting(
        "report",
        str,
        None,
        "write the HTML report to PATH (default: xraynoise-report.html)",
        "PATH",
        const="xraynoise-report.html",
    ),
    Setting("json", str, None, "write everything measured to PATH as JSON", "PATH"),
    Setting("device", _read_device, "auto", "auto, cpu, cuda, cuda:N or mps", "DEVICE"),
    Setting(
        "batch_size",
        _read_batch_size,
        None,
        "images that go through the model together; auto: the loader's own, else 16",
        "N",
    ),
    Setting("seed", _read_seed, 0, "seed of the noise (default: 0)", "N"),
    Setting(
        "samples",
        _read_samples,
        None,
        "evaluate a stratified subset of N samples, the same one every time",
        "N",
    ),
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}


def resolve(
    name: str,
    *,
    marker: Any = None,
    command_line: str | None = None,
    environment: Mapping[str, str] | None = None,
    ini: str | None = None,
) -> Any:
    """The value of one setting, by precedence. None and empty text mean "not said".

    Raises:
        SpecError: for text that cannot be read; names where it was said.
    """
    if marker is not None:
        return marker
    setting = BY_NAME[name]
    said = (
        (setting.option, command_line),
        (setting.variable, (environment or {}).get(setting.variable)),
        (f"ini {setting.ini}", ini),
    )
    for where, text in said:
        if text:
            try:
                return setting.read(text)
            except SpecError as error:
                raise SpecError(f"{where}: {error}") from None
    return setting.default
