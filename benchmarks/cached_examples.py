"""A second run of the examples with ``--xraynoise-cache`` against the first.

    python benchmarks/cached_examples.py [--from-scratch] [--rounds 3]

The examples are copied, so that nothing of an earlier run is there. ``--from-scratch`` times the
very first run, which trains both models. Otherwise they are trained beforehand, without being
timed, and each round takes the cache of measurements away and runs twice. Whole commands are timed,
and beside them what the tests themselves took (fixtures included: loading models, evaluating).
"""

from __future__ import annotations

import argparse
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

EXAMPLES = Path(__file__).resolve().parents[1] / "examples"
TESTS = ("test_phantom_findings.py", "test_phantom_lungs.py")


def run(folder: Path) -> tuple[float, float]:
    """Seconds of the command, and of the ladders: what setting up ``robustness`` took."""
    words = ["-q", "-p", "no:cacheprovider", "--xraynoise-cache", "--durations=0", "-vv"]
    start = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "pytest", *TESTS, *words],
        cwd=folder,
        check=True,
        capture_output=True,
        text=True,
    )
    took = re.findall(r"^([\d.]+)s (?:setup|call)", done.stdout, re.MULTILINE)
    return time.perf_counter() - start, sum(map(float, took))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--from-scratch", action="store_true")
    parser.add_argument("--rounds", type=int, default=3)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        for path in [*EXAMPLES.glob("*.py"), EXAMPLES / "pytest.ini"]:
            shutil.copy(path, folder)
        print("| first run | | second run | | times faster | tests alone |")
        print("| ---: | ---: | ---: | ---: | ---: | ---: |")
        first = run(folder)
        if given.from_scratch:
            row(first, run(folder))
            return
        pairs = []
        for _ in range(given.rounds):
            shutil.rmtree(folder / ".xraynoise")
            pairs.append((run(folder), run(folder)))
        row(
            *(
                (median(r[0] for r in runs), median(r[1] for r in runs))
                for runs in zip(*pairs, strict=True)
            )
        )


def median(values: object) -> float:
    return statistics.median(values)  # type: ignore[call-overload, no-any-return]


def row(first: tuple[float, float], second: tuple[float, float]) -> None:
    whole, tests = (one / two for one, two in zip(first, second, strict=True))
    cells = f"{first[0]:.1f} s | {first[1]:.1f} s | {second[0]:.1f} s | {second[1]:.1f} s"
    print(f"| {cells} | {whole:.1f} | {tests:.1f} |")


if __name__ == "__main__":
    main()
