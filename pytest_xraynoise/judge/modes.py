"""How numbers are held against limits, and what becomes of a test that they cannot decide."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast, get_args

from pytest_xraynoise.errors import SpecError, unknown
from pytest_xraynoise.results import Mode, Policy

if TYPE_CHECKING:
    from collections.abc import Mapping

MODES: tuple[str, ...] = get_args(Mode)
POLICIES: tuple[str, ...] = get_args(Policy)

DEFAULT_POLICY: Mapping[Mode, Policy] = {
    "point": "fail",
    "confident-fail": "pass",
    "confident-pass": "fail",
}
"""Who has to prove something: the gate under ``confident-fail``, the model under the other.

Without this the two modes would turn the same tests red. (``point`` is never inconclusive.)
"""


def check_mode(mode: object) -> Mode:
    """The mode, if it is one.

    Raises:
        SpecError: for any other word.
    """
    if mode not in MODES:
        raise SpecError(f"decide: {unknown('way to decide', mode, MODES)}")
    return cast("Mode", mode)


def check_policy(policy: object, mode: Mode = "point") -> Policy:
    """The policy, if it is one; that of the mode for None.

    Raises:
        SpecError: for any other word.
    """
    if policy is None:
        return DEFAULT_POLICY[mode]
    if policy not in POLICIES:
        raise SpecError(f"inconclusive: {unknown('policy', policy, POLICIES)}")
    return cast("Policy", policy)
