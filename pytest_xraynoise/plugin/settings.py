"""Settings and their precedence: marker > command line > environment > profile > ini > default.

Pure functions; nothing here knows pytest.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.errors import SpecError
from pytest_xraynoise.plugin.readers import (
    read_actors,
    read_address,
    read_auto_switch,
    read_baseline,
    read_batch_size,
    read_bytes,
    read_decide,
    read_device,
    read_engine,
    read_inconclusive,
    read_missing,
    read_noise_at,
    read_precision,
    read_progress,
    read_repeats,
    read_rules,
    read_samples,
    read_seed,
    read_switch,
    read_workers,
)

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
    Setting("csv", str, None, "write each number to PATH as a row of CSV", "PATH"),
    Setting(
        "save",
        read_baseline,
        None,
        "save what the tests that pass measured as the baseline NAME (default: baseline); in CI "
        "only this option itself does",
        "NAME",
        const="baseline",
    ),
    Setting(
        "compare",
        read_baseline,
        None,
        "compare each test with the baseline NAME (default: baseline)",
        "NAME",
        const="baseline",
    ),
    Setting(
        "compare_fail",
        read_rules,
        (),
        "fail a test that lost more than this against its baseline: METRIC[@SEVERITY][/LABEL]:"
        "NUMBER[%], such as auroc:0.01 dice:2.5%; several with spaces between, or given again",
        "EXPR",
        several=True,
    ),
    Setting(
        "missing_baseline",
        read_missing,
        "fail",
        "what a test does that its baseline lacks: fail, warn or skip (default: fail)",
        "POLICY",
    ),
    Setting(
        "storage", str, ".xraynoise", "folder of baselines, to commit (default: .xraynoise)", "DIR"
    ),
    Setting("device", read_device, "auto", "auto, cpu, cuda, cuda:N or mps", "DEVICE"),
    Setting(
        "batch_size",
        read_batch_size,
        None,
        "images that go through the model together; auto: the loader's own, else 16, and more on "
        "CUDA while it pays; halved where memory runs out",
        "N",
    ),
    Setting(
        "precision",
        read_precision,
        "fp32",
        "what the model computes in: fp32, bf16 or fp16; noise and scores stay float32",
        "PRECISION",
    ),
    Setting(
        "channels_last",
        read_auto_switch,
        "auto",
        "on: images and weights in the memory format NHWC; auto (default): where models are faster "
        "in it and give the same",
        "auto|on|off",
        const="on",
    ),
    Setting(
        "compile",
        read_switch,
        False,
        "on: run models through torch.compile (default: off)",
        "on|off",
        const="on",
    ),
    Setting(
        "workers",
        read_workers,
        None,
        "processes that load samples while the model runs (default: a DataLoader's own, else none)",
        "N",
    ),
    Setting(
        "engine",
        read_engine,
        "local",
        "where ladders run: local, or ray, which shards the samples over a cluster",
        "ENGINE",
    ),
    Setting(
        "ray_address",
        read_address,
        None,
        "HOST:PORT of the cluster's head, ray://HOST:PORT, auto or local (default: RAY_ADDRESS, "
        "else local: one that is started for the run)",
        "ADDRESS",
    ),
    Setting(
        "ray_actors",
        read_actors,
        None,
        "actors at most on the Ray cluster (default: one for each GPU, else for each CPU)",
        "N",
    ),
    Setting("seed", read_seed, 0, "seed of the noise (default: 0)", "N"),
    Setting(
        "repeats",
        read_repeats,
        1,
        "how often the noise is drawn; metrics are the mean over the draws (default: 1)",
        "N",
    ),
    Setting(
        "decide",
        read_decide,
        "point",
        "point: numbers against limits; confident-fail: fail only when a whole interval is beyond "
        "its limit; confident-pass: pass only when all are within (default: point)",
        "MODE",
    ),
    Setting(
        "inconclusive",
        read_inconclusive,
        None,
        "what a test does that its intervals cannot decide: fail, pass or skip (default: pass "
        "under confident-fail, fail under confident-pass)",
        "POLICY",
    ),
    Setting(
        "samples",
        read_samples,
        None,
        "evaluate a stratified subset of N samples, the same one every time (all: no subset)",
        "N",
    ),
    Setting(
        "noise_at",
        read_noise_at,
        "model",
        "where noise is added when the data declare a resize: model (after it) or native (before)",
        "WHERE",
    ),
    Setting(
        "fail_fast",
        read_switch,
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
        read_bytes,
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
        read_progress,
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
