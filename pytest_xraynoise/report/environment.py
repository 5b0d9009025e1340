"""What is needed to repeat a run: versions, machine, commit, command. No heavy import."""

from __future__ import annotations

import os
import platform
import shutil
import subprocess
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

PACKAGES = (
    "pytest-xraynoise",
    "pytest",
    "pytest-xdist",
    "torch",
    "torchvision",
    "timm",
    "segmentation-models-pytorch",
    "onnxruntime",
    "numpy",
    "scipy",
    "scikit-learn",
    "pydicom",
)
"""The distributions whose versions can change a number in the report."""

_GIT_TIMEOUT = 3.0


def collect(
    argv: Sequence[str],
    *,
    device: str | None = None,
    cwd: Path | None = None,
    started: datetime | None = None,
) -> dict[str, Any]:
    """Gather the environment of a run.

    Args:
        argv: the command line, ``sys.argv`` as a rule.
        device: name of the device if the run knows it (``cuda:0 (NVIDIA H100)``).
        cwd: where to look for a git commit; the working directory by default.
        started: when the run began; now by default.

    Returns:
        ``started`` (ISO 8601, UTC), ``command`` (list of str), ``python``, ``platform``,
        ``packages`` {name: version} of those installed, ``commit`` and ``dirty`` (None outside
        git), ``device``.
    """
    commit, dirty = git_commit(cwd or Path.cwd())
    moment = (started or datetime.now(UTC)).astimezone(UTC)
    return {
        "started": moment.isoformat(timespec="seconds"),
        "command": [str(word) for word in argv],
        "python": f"{platform.python_implementation()} {platform.python_version()}",
        "platform": platform.platform(),
        "packages": package_versions(),
        "commit": commit,
        "dirty": dirty,
        "device": device,
    }


def package_versions(names: Sequence[str] = PACKAGES) -> dict[str, str]:
    """Versions of the installed ones among ``names``, read from metadata without importing them."""
    versions = {}
    for name in names:
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            continue
    return versions


def git_commit(directory: Path) -> tuple[str | None, bool | None]:
    """The commit that ``directory`` is at and whether tracked files differ from it.

    Returns:
        ``(None, None)`` without git, outside a repository, before its first commit, or when git
        takes longer than three seconds.
    """
    git = shutil.which("git")
    if git is None:
        return None, None
    # One call for both: no tag can match, so git falls back to the full hash, plus "-dirty".
    command = [git, "describe", "--always", "--abbrev=40", "--exclude=*", "--dirty"]
    try:
        done = subprocess.run(  # noqa: S603  (fixed words, git found on PATH)
            command,
            cwd=directory,
            env={**os.environ, "GIT_OPTIONAL_LOCKS": "0"},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=_GIT_TIMEOUT,
            check=True,
        )
    except (OSError, subprocess.SubprocessError, UnicodeDecodeError):
        return None, None
    commit = done.stdout.strip().removesuffix("-dirty")
    return (commit, done.stdout.strip().endswith("-dirty")) if commit else (None, None)
