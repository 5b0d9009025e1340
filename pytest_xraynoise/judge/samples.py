"""Per-sample numbers as a baseline keeps them: float32, aligned by id, with digests.

Probabilities are kept as log-odds. A float32 probability saturates at 1 - 6e-8, which would tie
samples that AUROC told apart; the float32 log-odds of a float64 probability do not. Where even
float64 probabilities saturate, from logits of 37 on, these are the logits of the model.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy.typing as npt

    from pytest_xraynoise.results import LadderResult

    Array = npt.NDArray[np.float64]
    Packed = Mapping[str, npt.NDArray[np.float32]]

SCORES = "scores"
"""Name of a classifier's probabilities among packed arrays; the others are per-image metrics."""

_DIGITS = 32  # hexadecimal, 128 bits: a mistake is found, and the line stays short


@dataclass(frozen=True, slots=True)
class Samples:
    """The numbers of each sample.

    Attributes:
        ids: one for each row.
        targets: (N,) or (N, K) float64, as in a result.
        scores: by severity, probabilities (N,) or (N, K); empty for a segmentation.
        per_image: by metric and severity, (N, K) with NaN where an image is ignored.
        groups: the group of each sample, None where none were declared.
        odds: log-odds of the scores by severity, as they are kept; infinite where a model gave
            probabilities of 0 or 1.
    """

    ids: tuple[str, ...]
    targets: Array
    scores: Mapping[int, Array] = field(default_factory=dict)
    per_image: Mapping[str, Mapping[int, Array]] = field(default_factory=dict)
    groups: tuple[str, ...] | None = None
    odds: Mapping[int, Array] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Fingerprint:
    """What tells one set of data from another, whatever the order of its samples.

    Attributes:
        samples: how many there are.
        ids: digest of the sample ids.
        targets: digest of the targets, None where a result was stored without them.
    """

    samples: int
    ids: str
    targets: str | None


def samples_of(result: LadderResult) -> Samples | None:
    """The samples of a result, rounded as a baseline keeps them; None where they do not suffice.

    They do not where a result was stored without its scores or targets, where a score is NaN or
    infinite, and where the noise was drawn several times: a value is then a mean over draws.
    """
    wanted = set(result.severities)
    if result._targets is None or result._draws or len(result.targets) != len(result.ids):
        return None
    if result.task == "segmentation":
        per_image = {n: dict(x) for n, x in result._per_image.items() if set(x) == wanted}
        if not per_image or any(np.isinf(x).any() for v in per_image.values() for x in v.values()):
            return None
        found = Samples(result.ids, result.targets, {}, per_image, result.groups)
    else:
        scores = dict(result._scores)
        if set(scores) != wanted or not all(x.size and _is_share(x) for x in scores.values()):
            return None
        odds = result._odds if set(result._odds) == wanted else {}
        found = Samples(result.ids, result.targets, scores, {}, result.groups, odds)
    return unpacked(found.ids, found.targets, packed(found), found.groups)


def packed(samples: Samples) -> dict[str, npt.NDArray[np.float32]]:
    """The arrays by ``scores/3`` or ``dice/3``, float32."""
    found = {
        f"{SCORES}/{s}": samples.odds[s].astype(np.float32) if s in samples.odds else _log_odds(x)
        for s, x in samples.scores.items()
    }
    for name, rungs in samples.per_image.items():
        found |= {f"{name}/{s}": x.astype(np.float32) for s, x in rungs.items()}
    return found


def unpacked(
    ids: Sequence[str], targets: Array, arrays: Packed, groups: Sequence[str] | None = None
) -> Samples:
    """The inverse of :func:`packed`.

    Raises:
        ValueError: for arrays that are not what that gives.
    """
    scores: dict[int, Array] = {}
    odds: dict[int, Array] = {}
    per_image: dict[str, dict[int, Array]] = {}
    for key, array in arrays.items():
        name, _, severity = key.rpartition("/")
        if len(array) != len(ids):
            raise ValueError(f"{key}: {len(array)} rows for {len(ids)} samples")
        if name == SCORES:
            scores[int(severity)] = _shares(array)
            odds[int(severity)] = array.astype(np.float64)
        else:
            per_image.setdefault(name, {})[int(severity)] = array.astype(np.float64)
    own = None if groups is None else tuple(groups)
    truth = np.asarray(targets, dtype=np.float64)
    return Samples(tuple(ids), truth, scores, per_image, own, odds)


def aligned(samples: Samples, ids: Sequence[str]) -> Samples:
    """The same samples in the order of ``ids``, which has the same ids."""
    if samples.ids == tuple(ids):
        return samples
    mine, theirs = _order(samples.ids), _order(ids)
    order = np.empty(len(mine), dtype=np.intp)
    order[theirs] = mine
    return Samples(
        tuple(ids),
        samples.targets[order],
        {s: x[order] for s, x in samples.scores.items()},
        {n: {s: x[order] for s, x in v.items()} for n, v in samples.per_image.items()},
        None if samples.groups is None else tuple(samples.groups[i] for i in order),
        {s: x[order] for s, x in samples.odds.items()},
    )


def fingerprint(ids: Sequence[str], targets: Array | None) -> Fingerprint:
    """The fingerprint of data."""
    order = _order(ids)
    names = digest(*(ids[i].encode("utf-8", "surrogatepass") for i in order))
    if targets is None or len(targets) != len(ids):
        return Fingerprint(len(ids), names, None)
    values = np.where(np.isnan(targets), np.nan, targets)[order] + 0.0  # one NaN, no -0.0
    return Fingerprint(len(ids), names, digest(repr(values.shape).encode(), _bytes(values)))


def scores_digest(arrays: Packed, data: Fingerprint) -> str:
    """The digest of packed arrays and of the data that they belong to."""
    parts = [data.ids.encode(), (data.targets or "").encode()]
    for key in sorted(arrays):
        parts += [key.encode(), repr(arrays[key].shape).encode(), _bytes(arrays[key])]
    return digest(*parts)


def digest(*parts: bytes) -> str:
    """SHA-256 of the parts, each after its length, so that no two lists of parts agree."""
    found = hashlib.sha256()
    for part in parts:
        found.update(len(part).to_bytes(8, "little"))
        found.update(part)
    return f"sha256:{found.hexdigest()[:_DIGITS]}"


def _order(ids: Sequence[str]) -> npt.NDArray[np.intp]:
    return np.array(sorted(range(len(ids)), key=ids.__getitem__), dtype=np.intp)


def _bytes(values: npt.NDArray[np.floating]) -> bytes:
    little = values.dtype.newbyteorder("<")
    return np.ascontiguousarray(values, dtype=little).tobytes()


def _is_share(values: Array) -> bool:
    return bool(((values >= 0.0) & (values <= 1.0)).all())


def _log_odds(shares: Array) -> npt.NDArray[np.float32]:
    with np.errstate(divide="ignore"):
        odds: npt.NDArray[np.float32] = (np.log(shares) - np.log1p(-shares)).astype(np.float32)
    return odds


def _shares(odds: npt.NDArray[np.float32]) -> Array:
    wide = odds.astype(np.float64)
    small = np.exp(-np.abs(wide))
    shares: Array = np.where(wide >= 0.0, 1.0, small) / (1.0 + small)
    return shares
