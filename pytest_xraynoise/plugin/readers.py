"""How the text of a setting is read: from the command line, the environment or an ini file."""

from __future__ import annotations

import re
from typing import Any

from pytest_xraynoise.engine.engines import check_engine
from pytest_xraynoise.engine.execution import PRECISIONS
from pytest_xraynoise.errors import SpecError, unknown

PROGRESS = ("auto", "on", "off")
NOISE_AT = ("model", "native")
_SWITCH = {"on": True, "true": True, "1": True, "off": False, "false": False, "0": False}


def read_device(text: str) -> str:
    """auto, cpu, cuda, cuda:N or mps."""
    kind = text.split(":")[0]
    if kind not in ("auto", "cpu", "cuda", "mps"):
        raise SpecError(unknown("device", text, ("auto", "cpu", "cuda", "cuda:N", "mps")))
    if not re.fullmatch(r"auto|cpu|mps|cuda(:\d+)?", text):
        raise SpecError(f"device {text!r}: expected auto, cpu, cuda, cuda:N or mps")
    return text


def read_batch_size(text: str) -> int | None:
    """A whole number, or ``auto``."""
    if text == "auto":
        return None
    return read_count(text, 1, "auto or ")


def read_seed(text: str) -> int:
    """A whole number from 0."""
    return read_count(text, 0)


def read_repeats(text: str) -> int:
    """A whole number from 1."""
    return read_count(text, 1)


def read_decide(text: str) -> str:
    """point, confident-fail or confident-pass."""
    from pytest_xraynoise.judge.modes import check_mode  # not in runs that do not ask

    return check_mode(text)


def read_inconclusive(text: str) -> str:
    """fail, pass or skip."""
    from pytest_xraynoise.judge.modes import check_policy

    return check_policy(text)


def read_samples(text: str) -> int | None:
    """A whole number from 2; None for ``all``."""
    return None if text == "all" else read_count(text, 2, "all or ")


def read_progress(text: str) -> str:
    """auto, on or off."""
    if text not in PROGRESS:
        raise SpecError(unknown("progress", text, PROGRESS))
    return text


def read_noise_at(text: str) -> str:
    """Model or native."""
    if text not in NOISE_AT:
        raise SpecError(unknown("noise_at", text, NOISE_AT))
    return text


def read_precision(text: str) -> str:
    """fp32, bf16 or fp16."""
    if text not in PRECISIONS:
        raise SpecError(unknown("precision", text, PRECISIONS))
    return text


def read_workers(text: str) -> int:
    """A whole number from 0."""
    return read_count(text, 0)


def read_switch(text: str) -> bool:
    """On or off."""
    if text not in _SWITCH:
        raise SpecError(f"got {text!r}; expected on or off (before a path write it out: =on)")
    return _SWITCH[text]


def read_auto_switch(text: str) -> bool | str:
    """On, off or auto."""
    if text != "auto" and text not in _SWITCH:
        raise SpecError(f"got {text!r}; expected auto, on or off (before a path write it out: =on)")
    return _SWITCH.get(text, text)


def read_engine(text: str) -> str:
    """Local or ray."""
    if check_engine(text) == "ray":
        from importlib.util import find_spec

        from pytest_xraynoise.engine.ray.library import MISSING

        if find_spec("ray") is None:
            raise SpecError(MISSING)
    return text


def read_address(text: str) -> str:
    """Where a Ray cluster is."""
    from pytest_xraynoise.engine.ray.address import check_form  # not in runs that do not ask

    return check_form(text)


def read_actors(text: str) -> int:
    """A whole number from 1."""
    return read_count(text, 1)


def read_bytes(text: str) -> int:
    """A size such as 500MB, in bytes."""
    found = re.fullmatch(r"(\d+(?:\.\d+)?)\s*([kMGT]?)B?", text)
    if found is None or float(found[1]) <= 0:
        raise SpecError(f"got {text!r}; expected a size such as 500MB or 2GB")
    return int(float(found[1]) * 1000 ** " kMGT".index(found[2] or " "))


def read_count(text: str, low: int, also: str = "") -> int:
    """A whole number from ``low``; ``also`` says what else is taken."""
    if not re.fullmatch(r"\d+", text) or int(text) < low or int(text) >= 2**64:
        raise SpecError(f"got {text!r}; expected {also}a whole number from {low}")
    return int(text)


def read_baseline(text: str) -> str:
    """The name of a baseline."""
    from pytest_xraynoise.plugin import baseline_words

    return baseline_words.read_name(text)


def read_rules(text: str) -> Any:
    """Rules such as ``auroc:0.01 dice:2.5%``."""
    from pytest_xraynoise.plugin import baseline_words

    return baseline_words.read_rules(text)


def read_missing(text: str) -> str:
    """fail, warn or skip."""
    from pytest_xraynoise.plugin import baseline_words

    return baseline_words.read_missing(text)
