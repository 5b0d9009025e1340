"""What the plugin adds to a pytest run that does not use it.

    python benchmarks/plugin_start.py [RUNS]

Starts fresh interpreters in turn, with and without the plugin, on one unrelated test, and prints
medians and the ratio. The import itself is timed inside an interpreter that has pytest already.
"""

from __future__ import annotations

import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

IMPORT = (
    "import pytest, time; start = time.perf_counter(); import pytest_xraynoise.plugin; "
    "print(time.perf_counter() - start)"
)


def main() -> None:
    runs = int(sys.argv[1]) if len(sys.argv) > 1 else 15
    with tempfile.TemporaryDirectory() as folder:
        Path(folder, "test_unrelated.py").write_text("def test_it(): ...\n", encoding="utf-8")
        timed(folder, [])  # fill caches
        timed(folder, ["-p", "no:xraynoise"])
        pairs = [(timed(folder, []), timed(folder, ["-p", "no:xraynoise"])) for _ in range(runs)]
    imports = [float(python("-c", IMPORT)) for _ in range(runs)]
    with_plugin = statistics.median(a for a, _ in pairs)
    without = statistics.median(b for _, b in pairs)
    ratio = statistics.median(a / b for a, b in pairs)
    print(f"import of the plugin      {1000 * statistics.median(imports):7.1f} ms")
    print(f"run with the plugin       {1000 * with_plugin:7.1f} ms")
    print(f"run without               {1000 * without:7.1f} ms")
    print(f"ratio, median of {runs:3d} pairs {ratio:7.3f}")
    print(f"import / run without      {statistics.median(imports) / without:7.3f}")


def timed(folder: str, options: list[str]) -> float:
    """Seconds of one pytest run in a fresh interpreter."""
    start = time.perf_counter()
    python("-m", "pytest", "-q", "-p", "no:cacheprovider", *options, folder)
    return time.perf_counter() - start


def python(*args: str) -> str:
    """What a fresh interpreter prints."""
    done = subprocess.run([sys.executable, *args], capture_output=True, text=True, check=True)
    return done.stdout


if __name__ == "__main__":
    main()
