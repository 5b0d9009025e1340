"""How long the HTML report takes to write and to open, and how large it is.

    python benchmarks/report_speed.py [--tests 20 200]

Each report is written in a process of its own, so that its peak of memory is its own; with
playwright and Debian's Chromium at hand it is opened there as well.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

ROOT = Path(__file__).resolve().parents[1]
CHROMIUM = "/usr/bin/chromium"


def write(tests: int, path: str) -> dict[str, float]:
    """Make a run of ``tests`` tests, write its report twice; seconds and megabytes."""
    sys.path.insert(0, str(ROOT))
    from tests.report.big import large_document

    document = large_document(tests, baseline=True)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    times = []
    for _ in range(2):
        start = time.perf_counter()
        from pytest_xraynoise.report.html import write_html

        write_html(document, path)
        times.append(time.perf_counter() - start)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    size = Path(path).stat().st_size / 1e6
    return {"first": times[0], "again": times[1], "before": before, "peak": after, "size": size}


def opened(path: str, times: int = 5) -> float | None:
    """Median seconds from asking for the page to the end of its load event, scripts included."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        return None
    if not Path(CHROMIUM).exists():
        return None
    found = []
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        for _ in range(times):
            page = browser.new_page(viewport={"width": 1280, "height": 900})
            page.goto(Path(path).as_uri())
            # two frames later what is in view has been painted
            page.evaluate("new Promise(r => requestAnimationFrame(() => requestAnimationFrame(r)))")
            found.append(float(page.evaluate("performance.now()")) / 1000)
            page.close()
        browser.close()
    return median(found)


def main() -> None:
    """Print one line for each number of tests."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--tests", type=int, nargs="+", default=[20, 200])
    parser.add_argument("--write", nargs=2, help=argparse.SUPPRESS)
    chosen = parser.parse_args()
    if chosen.write:
        print(json.dumps(write(int(chosen.write[0]), chosen.write[1])))
        return
    with tempfile.TemporaryDirectory() as folder:
        for tests in chosen.tests:
            path = f"{folder}/{tests}.html"
            command = [sys.executable, __file__, "--write", str(tests), path]
            made = subprocess.run(command, check=True, capture_output=True, text=True)
            found = json.loads(made.stdout)
            seconds = opened(path)
            print(
                f"{tests:4d} tests: {found['size']:5.1f} MB, written in {found['first']:.2f} s "
                f"(again {found['again']:.2f} s), peak {found['peak']:.0f} MB "
                f"(before {found['before']:.0f} MB), opened in "
                + ("(no browser)" if seconds is None else f"{seconds:.2f} s")
            )


if __name__ == "__main__":
    main()
