from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from pytest_xraynoise import __version__
from pytest_xraynoise.cli import main
from pytest_xraynoise.report.json import write_json
from tests.report.factory import document


def test_a_report_is_drawn_again_from_its_json(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_json(document(), tmp_path / "noise.json")
    page = tmp_path / "deep" / "page.html"
    assert main(["report", str(tmp_path / "noise.json"), "-o", str(page)]) == 0
    assert capsys.readouterr().out == f"wrote {page} (5 tests)\n"
    assert "2 of 5 tests failed" in page.read_text("utf-8")


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["report", "none.json"], "cannot read 'none.json': No such file"),
        (["report", "broken.json"], "is not valid JSON"),
        (["report", "newer.json"], "pip install --upgrade pytest-xraynoise"),
        (["report", "broken.json", "-o", "."], "is a directory"),
    ],
)
def test_an_error_is_one_line_and_exit_code_two(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    words: list[str],
    says: str,
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("broken.json").write_text("{\n\n")
    Path("newer.json").write_text('{"schema_version": 99, "environment": {}, "tests": []}')
    assert main(words) == 2
    out, err = capsys.readouterr()
    assert out == ""
    assert err.startswith("xraynoise: error: ")
    assert err.count("\n") == 1
    assert says in err
    assert not Path("xraynoise-report.html").exists()


def test_noises_are_listed_with_ladders_and_units(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["noises"]) == 0
    out = capsys.readouterr().out
    for part in ("poisson", "gaussian", "imagenet-c", "photons at white", "of full scale"):
        assert part in out


@pytest.mark.parametrize("words", [[], ["unknown"], ["report"], ["noises", "extra"]])
def test_bad_usage_is_exit_code_two(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert main(words) == 2
    assert "usage: xraynoise" in capsys.readouterr().err


def test_the_version_and_the_help(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["--version"]) == 0
    assert capsys.readouterr().out == f"pytest-xraynoise {__version__}\n"
    assert main(["--help"]) == 0
    assert "report" in capsys.readouterr().out


def test_listing_noises_loads_nothing_heavy() -> None:
    code = (
        "import sys; from pytest_xraynoise.cli import main; main(['noises']); "
        "print(sorted({'torch', 'numpy', 'jinja2', 'matplotlib', 'pytest'} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
    assert done.stdout.endswith("[]\n")


def test_a_reader_that_has_enough_gets_no_traceback() -> None:
    code = "from pytest_xraynoise.cli import main; raise SystemExit(main(['noises']))"
    process = subprocess.Popen(
        [sys.executable, "-c", code], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    process.stdout.close()
    assert process.wait(timeout=60) == 141  # as of a program that SIGPIPE ended
    assert process.stderr is not None
    assert process.stderr.read() == ""
    process.stderr.close()
