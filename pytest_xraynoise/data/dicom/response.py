"""What the stored values of a radiograph say of the exposure behind them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt

    Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class FallingLinear:
    """Display value = 1 - exposure: a raw image that is shown inverted, bone white.

    Give it to a clinical noise as ``response=``.
    """

    def exposure(self, display: Floats) -> Floats:
        """Relative exposure of display values in [0, 1]."""
        return 1 - display

    def display(self, exposure: Floats) -> Floats:
        """Display values of a relative exposure."""
        return 1 - exposure

    def __str__(self) -> str:
        return "linear in exposure, white = little exposure"


Stated = str | FallingLinear | None
"""What ``response=`` of a clinical noise takes; None where nothing that it knows was said."""


def response_of(relation: str, sign: int | None, inverted: bool) -> Stated:
    """The response of an image shown over its whole range, from its header.

    PixelIntensityRelationship tells whether stored values go with the exposure (LIN) or its
    logarithm (LOG), PixelIntensityRelationshipSign whether they rise (1) or fall (-1) with it
    (DICOM PS3.3, C.8.11.3.1.2).

    Args:
        relation: ``LIN``, ``LOG`` or anything else.
        sign: 1, -1, or None where it is not said: as the relation has it as a rule, rising for LIN;
            for LOG so that white is little exposure.
        inverted: whether low values are shown white.

    Returns:
        ``linear``; :class:`FallingLinear`; ``log`` for white = little exposure; None for a
        logarithm that is shown the other way, and for everything else.
    """
    if relation == "LIN":
        rising = (sign or 1) > 0
        return FallingLinear() if rising == inverted else "linear"
    if relation == "LOG":
        white_is_little = sign is None or (sign > 0) == inverted
        return "log" if white_is_little else None
    return None


def one_response(stated: list[Stated]) -> tuple[Stated, list[str]]:
    """The response that all images of a folder share, and a note where they do not."""
    kinds: dict[Any, int] = {}
    for one in stated:
        kinds[one] = kinds.get(one, 0) + 1
    if len(kinds) == 1:
        return stated[0], []
    told = ", ".join(f"{kind or 'not known'} {count}" for kind, count in kinds.items())
    return None, [f"images differ in their response to exposure: {told}"]
