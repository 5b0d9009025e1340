"""Profiles: named sets of settings, built in or from ``pyproject.toml``.

A table ``[tool.xraynoise.profiles.NAME]`` holds settings by their names, ``samples = 500`` or
``batch_size = "auto"``. Nothing here knows pytest.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.plugin.settings import BY_NAME

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping
    from pathlib import Path

BUILT_IN: Mapping[str, Mapping[str, str]] = {
    "quick": {"samples": "200"},
    "full": {"samples": "all"},
}
"""A stratified subset that answers in a coffee break, and everything there is.

Neither touches severities or the seed: limits may be written for single severities, and the noise
of a sample must be the same in both.
"""


def profile(name: str, folders: Iterable[Path]) -> Mapping[str, str]:
    """The settings of one profile, as texts by the names of settings.

    Args:
        name: of the profile. One of the user's own hides a built-in one of the same name.
        folders: where to look for a ``pyproject.toml``; the first that has one counts.

    Raises:
        SpecError: for a name that neither is built in nor stands in the file, a key that is no
            setting, a value that is no text or number, or a file that is no TOML.
    """
    path, own = _own(folders)
    if name in own:
        return _checked(name, own[name], str(path))
    if name in BUILT_IN:
        return BUILT_IN[name]
    where = f"; {path} has no [tool.xraynoise.profiles.{name}]" if path else ""
    raise SpecError(f"{unknown('profile', name, {*BUILT_IN, *own})}{where}")


def _own(folders: Iterable[Path]) -> tuple[Path | None, Mapping[str, Any]]:
    """The file that counts and its profiles."""
    paths = (folder / "pyproject.toml" for folder in folders)
    path = next((path for path in paths if path.is_file()), None)
    if path is None:
        return None, {}
    import tomllib

    try:
        with path.open("rb") as file:
            tool = tomllib.load(file).get("tool", {})
    except (OSError, UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise SpecError(f"cannot read profiles from {path}: {error}") from None
    found: Any = tool
    for key in ("xraynoise", "profiles"):
        found = found.get(key, {}) if isinstance(found, dict) else None
    if not isinstance(found, dict):
        raise SpecError(
            f"{path}: tool.xraynoise.profiles is no table; write a table for each profile: "
            "[tool.xraynoise.profiles.nightly]"
        )
    return path, found


def _checked(name: str, table: Any, where: str) -> dict[str, str]:
    title = f"{where}: [tool.xraynoise.profiles.{name}]"
    if not isinstance(table, dict):
        raise SpecError(f"{title} is no table; write keys below it, such as samples = 500")
    known = [each for each in BY_NAME if each != "profile"]
    texts = {}
    for key, value in table.items():
        if key not in known:
            raise SpecError(f"{title}: {unknown('setting', key, known)}")
        if not isinstance(value, (str, int, float)):
            kind = type(value).__name__
            raise SpecError(f"{title}: {key} is a {kind}; expected a text or a number")
        texts[key] = str(value).lower() if isinstance(value, bool) else str(value)
    return texts
