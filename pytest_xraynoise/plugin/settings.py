"""Settings and their precedence: marker > command line > environment > profile > ini > default.

Pure functions; nothing here knows pytest.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.engine.engines import check_engine
from pytest_xraynoise.engine.execution import PRECISIONS
from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True)
class Setting:
    """One setting: its name, how its text is read, its default, and a line of help.

    One that is ``several`` may be given more than once; the texts are joined by spaces.
    """

    name: str
    read: Callable[[str], Any]
    default: Any
    help: str
    metavar: str
    const: str | None = None
    several: bool = False

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


def _read_repeats(text: str) -> int:
    return _read_count(text, 1)


def _read_decide(text: str) -> str:
    from pytest_xraynoise.judge.modes import check_mode  # not in runs that do not ask

    return check_mode(text)


def _read_inconclusive(text: str) -> str:
    from pytest_xraynoise.judge.modes import check_policy

    return check_policy(text)


def _read_samples(text: str) -> int | None:
    return None if text == "all" else _read_count(text, 2, "all or ")


def _read_progress(text: str) -> str:
    if text not in PROGRESS:
        raise SpecError(unknown("progress", text, PROGRESS))
    return text


def _read_noise_at(text: str) -> str:
    if text not in NOISE_AT:
        raise SpecError(unknown("noise_at", text, NOISE_AT))
    return text


def _read_precision(text: str) -> str:
    if text not in PRECISIONS:
        raise SpecError(unknown("precision", text, PRECISIONS))
    return text


def _read_workers(text: str) -> int:
    return _read_count(text, 0)


def _read_switch(text: str) -> bool:
    if text not in _SWITCH:
        raise SpecError(f"got {text!r}; expected on or off (before a path write it out: =on)")
    return _SWITCH[text]


def _read_engine(text: str) -> str:
    if check_engine(text) == "ray":
        from importlib.util import find_spec

        from pytest_xraynoise.engine.ray.library import MISSING

        if find_spec("ray") is None:
            raise SpecError(MISSING)
    return text


def _read_address(text: str) -> str:
    from pytest_xraynoise.engine.ray.address import check_form  # not in runs that do not ask

    return check_form(text)


def _read_actors(text: str) -> int:
    return _read_count(text, 1)


def _read_bytes(text: str) -> int:
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", text)
    if found is None or float(found[1]) <= 0:
        raise SpecError(f"got {text!r}; expected a size such as 500MB or 2GB")
    return int(float(found[1]) * 1000 ** " kMGT".index(found[2] or " "))


def _read_count(text: str, low: int, also: str = "") -> int:
    if not re.fullmatch(r"\d+", text) or int(text) < low or int(text) >= 2**64:
        raise SpecError(f"got {text!r}; expected {also}a whole number from {low}")
    return int(text)


def _read_baseline(text: str) -> str:
    from pytest_xraynoise.plugin.baselines import read_name

    return read_name(text)


def _read_rules(text: str) -> Any:
    from pytest_xraynoise.plugin.baselines import read_rules

    return read_rules(text)


def _read_missing(text: str) -> str:
    from pytest_xraynoise.plugin.baselines import read_missing

    return read_missing(text)


PROGRESS = ("auto", "on", "off")
NOISE_AT = ("model", "native")
_SWITCH = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}

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
    Setting(
        "save",
        _read_baseline,
        None,
        "save what the tests that pass measured as the baseline NAME (default: baseline); in CI "
        "only this option itself does",
        "NAME",
        const="baseline",
    ),
    Setting(
        "compare",
        _read_baseline,
        None,
        "compare each test with the baseline NAME (default: baseline)",
        "NAME",
        const="baseline",
    ),
    Setting(
        "compare_fail",
        _read_rules,
        (),
        "fail a test that lost more than this against its baseline: METRIC[@SEVERITY][/LABEL]:"
        "NUMBER[%], such as auroc:0.01 dice:2.5%; several with spaces between, or given again",
        "EXPR",
        several=True,
    ),
    Setting(
        "missing_baseline",
        _read_missing,
        "fail",
        "what a test does that its baseline lacks: fail, warn or skip (default: fail)",
        "POLICY",
    ),
    Setting(
        "storage",
        str,
        ".xraynoise",
        "the folder of baselines (default: .xraynoise), to be committed",
        "DIR",
    ),
    Setting("device", _read_device, "auto", "auto, cpu, cuda, cuda:N or mps", "DEVICE"),
    Setting(
        "batch_size",
        _read_batch_size,
        None,
        "images that go through the model together; auto: the loader's own, else 16, and more on "
        "CUDA while it pays; halved where memory runs out",
        "N",
    ),
    Setting(
        "precision",
        _read_precision,
        "fp32",
        "what the model computes in: fp32, bf16 or fp16; noise and scores stay float32",
        "PRECISION",
    ),
    Setting(
        "channels_last",
        _read_switch,
        False,
        "on: images and weights in the memory format NHWC (default: off)",
        "on|off",
        const="on",
    ),
    Setting(
        "compile",
        _read_switch,
        False,
        "on: run models through torch.compile (default: off)",
        "on|off",
        const="on",
    ),
    Setting(
        "workers",
        _read_workers,
        None,
        "processes that load samples while the model runs (default: a DataLoader's own, else none)",
        "N",
    ),
    Setting(
        "engine",
        _read_engine,
        "local",
        "where ladders run: local, or ray, which shards the samples over a cluster",
        "ENGINE",
    ),
    Setting(
        "ray_address",
        _read_address,
        None,
        "HOST:PORT of the cluster's head, ray://HOST:PORT, auto or local (default: RAY_ADDRESS, "
        "else local: one that is started for the run)",
        "ADDRESS",
    ),
    Setting(
        "ray_actors",
        _read_actors,
        None,
        "actors at most on the Ray cluster (default: one for each GPU, else for each CPU)",
        "N",
    ),
    Setting("seed", _read_seed, 0, "seed of the noise (default: 0)", "N"),
    Setting(
        "repeats",
        _read_repeats,
        1,
        "how often the noise is drawn; metrics are the mean over the draws (default: 1)",
        "N",
    ),
    Setting(
        "decide",
        _read_decide,
        "point",
        "point: numbers against limits; confident-fail: fail only when a whole interval is beyond "
        "its limit; confident-pass: pass only when all are within (default: point)",
        "MODE",
    ),
    Setting(
        "inconclusive",
        _read_inconclusive,
        None,
        "what a test does that its intervals cannot decide: fail, pass or skip (default: pass "
        "under confident-fail, fail under confident-pass)",
        "POLICY",
    ),
    Setting(
        "samples",
        _read_samples,
        None,
        "evaluate a stratified subset of N samples, the same one every time (all: no subset)",
        "N",
    ),
    Setting(
        "noise_at",
        _read_noise_at,
        "model",
        "where noise is added when the data declare a resize: model (after it) or native (before)",
        "WHERE",
    ),
    Setting(
        "fail_fast",
        _read_switch,
        False,
        "on: run a ladder rung by rung, the most severe first, and stop it once its test has "
        "failed (default: off)",
        "on|off",
        const="on",
    ),
    Setting(
        "cache",
        str,
        None,
        "keep what was measured in DIR (default: .xraynoise/cache) and use it in later runs of "
        "unchanged models and data",
        "DIR",
        const=".xraynoise/cache",
    ),
    Setting(
        "cache_size",
        _read_bytes,
        10**9,
        "how much the cache may hold, such as 500MB; what was used longest ago goes first "
        "(default: 1GB)",
        "SIZE",
    ),
    Setting(
        "profile",
        str,
        None,
        "a named set of settings: quick, full, or your own: [tool.xraynoise.profiles.NAME]",
        "NAME",
    ),
    Setting(
        "progress",
        _read_progress,
        "auto",
        "a counter while a ladder runs: auto (on a terminal, not in CI), on (in CI too) or off",
        "WHEN",
    ),
)

BY_NAME: Mapping[str, Setting] = {setting.name: setting for setting in SETTINGS}


def resolve(
    name: str,
    *,
    marker: Any = None,
    command_line: str | None = None,
    environment: Mapping[str, str] | None = None,
    profile: Mapping[str, str] | None = None,
    ini: str | None = None,
) -> Any:
    """The value of one setting, by precedence. None and empty text mean "not said".

    Args:
        name: of the setting.
        marker: the marker's word, a value already.
        command_line: text of the option.
        environment: every variable of the environment.
        profile: texts of the chosen profile by the names of settings.
        ini: text of the ini key.

    Raises:
        SpecError: for text that cannot be read; names where it was said.
    """
    if marker is not None:
        return marker
    setting = BY_NAME[name]
    said = (
        (setting.option, command_line),
        (setting.variable, (environment or {}).get(setting.variable)),
        (f"profile: {name}", (profile or {}).get(name)),
        (f"ini {setting.ini}", ini),
    )
    for where, text in said:
        if text:
            try:
                return setting.read(text)
            except SpecError as error:
                raise SpecError(f"{where}: {error}") from None
    return setting.default
