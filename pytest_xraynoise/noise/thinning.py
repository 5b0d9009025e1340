"""Dose reduction of true counts: each quantum is kept with the chance of the lower dose."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, TypeVar

from pytest_xraynoise.errors import NoiseError
from pytest_xraynoise.noise.ids import check_counter, sample_keys
from pytest_xraynoise.noise.interface import Parameter

if TYPE_CHECKING:
    from collections.abc import Iterable

    import numpy as np
    import numpy.typing as npt
    import torch

    Counts = TypeVar("Counts", npt.NDArray[Any], torch.Tensor)

FRACTION = Parameter("dose", "of the dose of the counts", high=1.0)
MOST_COUNTS = 2**31
STREAM = 64
"""Number of the random stream; those of the built-in kinds are below it."""
TABLE_FROM = 100
"""Pixels of one count from which a table pays."""
_SEEDS, _DRAWS = 2**64, 2**16


def thin(
    counts: Counts,
    dose: float,
    *,
    ids: Iterable[Any] | None = None,
    seed: int = 0,
    draw: int = 0,
) -> Counts:
    """Counts as the same exposure would have given at a lower dose: Binomial(counts, dose).

    Where an image holds true counts (photon counting, or raw values divided by the gain), thinning
    is exact: Poisson counts of mean m become Poisson counts of mean dose * m, independent of
    the object (Raikov 1937; Lewis and Shedler 1979, DOI 10.1002/nav.3800260304). No noise of the
    readout is changed; for display values, and with readout noise, use the kind ``lowdose``.

    The result is the binomial quantile of a uniform number of 53 bits, which is a pure function of
    (seed, sample id, draw, pixel): never of the batch or its order. All doses of a sample share
    that number, so counts fall with the dose in each pixel, never rise. The quantile is
    :data:`scipy.stats.binom`'s, whose distribution function is within 1e-12 of the exact one up to
    2**31 counts; in total variation the law is within 1e-6 of Binomial(counts, dose).

    Args:
        counts: (N, H, W) or (N, C, H, W), whole numbers from 0 to 2**31, a NumPy array or a torch
            tensor of any dtype that holds them exactly. All channels of a sample share its random
            numbers, so a grey image stays grey.
        dose: fraction of the dose of ``counts``, above 0 and up to 1; 1 gives a copy.
        ids: one integer (0 to 2**64 - 1) or string for each sample; None counts 0 to N - 1.
        seed: 0 to 2**64 - 1.
        draw: which realisation, 0 to 65535.

    Returns:
        Whole numbers from 0 to ``counts``; type, shape, dtype and device of ``counts``.

    The random numbers belong to seed, id and draw: to thin what was thinned already, take another
    ``draw``, or the same quanta are asked the same question again.

    Raises:
        NoiseError: counts that are no whole numbers, negative or above 2**31; a dose out of range;
            ids, seed or draw that cannot be used.
    """
    import numpy as np

    kept = FRACTION.check(dose)
    seed, draw = check_counter("seed", seed, _SEEDS), check_counter("draw", draw, _DRAWS)
    array = _as_array(counts)
    whole = _checked(array)
    keys = sample_keys(range(len(whole)) if ids is None else ids)
    if len(keys) != len(whole):
        raise NoiseError(f"{len(keys)} ids for {len(whole)} images; each image needs one id")
    made = np.empty_like(array)
    for row, (sample, key) in enumerate(zip(whole, keys.tolist(), strict=True)):
        made[row] = sample if kept == 1 else _thinned(sample, kept, seed, key, draw)
    return made if isinstance(counts, np.ndarray) else _like(made, counts)


def _thinned(
    sample: npt.NDArray[np.int64], dose: float, seed: int, key: int, draw: int
) -> npt.NDArray[np.float64]:
    """One sample, (H, W) or (C, H, W)."""
    import numpy as np

    from pytest_xraynoise.noise.spec.philox import pixel_words, stream_word

    height, width = sample.shape[-2:]
    stream = stream_word(STREAM, draw)
    words = pixel_words(height * width, 2, seed=seed, key=key, stream=stream).astype(np.uint64)
    bits = (words[0] << np.uint64(21)) | (words[1] >> np.uint64(11))
    u = (bits.astype(np.float64) + 0.5) * 2.0**-53
    shared = np.broadcast_to(u.reshape(height, width), sample.shape)
    return _quantile(shared.ravel(), sample.ravel(), dose).reshape(sample.shape)


def _quantile(
    u: npt.NDArray[np.float64], counts: npt.NDArray[np.int64], dose: float
) -> npt.NDArray[np.float64]:
    """The smallest k with u <= P(X <= k), X from Binomial(counts, dose), for each pixel.

    Pixels of the same count share one table of the distribution function where there are enough of
    them to be worth it: several times faster on a detector's raw image, and the same numbers but
    within 1e-15 of certainty, where the distribution function cannot be told from 1.
    """
    import numpy as np
    from scipy import stats

    order = np.argsort(counts, kind="stable")
    values, starts = np.unique(counts[order], return_index=True)
    found = np.empty(len(counts), np.float64)
    single = np.zeros(len(counts), bool)
    for value, where in zip(values.tolist(), np.split(order, starts[1:]), strict=True):
        width = 16 * (value * dose * (1 - dose)) ** 0.5
        if len(where) < TABLE_FROM + width / 4:
            single[where] = True
            continue
        ends = stats.binom.ppf([u[where].min(), u[where].max()], value, dose)
        steps = np.arange(ends[0], ends[1])  # the last step, where the table reaches 1, is implied
        table = stats.binom.cdf(steps, value, dose)
        found[where] = ends[0] + np.searchsorted(table, u[where], side="left")
    found[single] = stats.binom.ppf(u[single], counts[single], dose)
    return np.clip(found, 0, counts)


def _as_array(counts: object) -> npt.NDArray[Any]:
    import numpy as np

    if isinstance(counts, np.ndarray):
        return counts
    if hasattr(counts, "detach"):
        tensor: torch.Tensor = counts.detach().cpu()
        if str(tensor.dtype) == "torch.bfloat16":
            raise NoiseError("bfloat16 holds no counts above 256; give thin() an integer dtype")
        array: npt.NDArray[Any] = tensor.numpy()
        return array
    raise NoiseError(
        f"thin() expects counts as a NumPy array or a torch tensor, but got {type(counts).__name__}"
    )


def _checked(array: npt.NDArray[Any]) -> npt.NDArray[np.int64]:
    import numpy as np

    if array.ndim not in (3, 4):
        raise NoiseError(
            "expected counts of shape (N, H, W) or (N, C, H, W), but got "
            f"{array.shape}; a single image needs a leading axis: counts[None]"
        )
    if array.dtype.kind not in "uif":
        raise NoiseError(f"expected whole numbers, but got {array.dtype}")
    if len(array) and 0 in array.shape[1:]:
        raise NoiseError(f"images of 0 pixels: shape {array.shape}")
    if array.size:
        _check_values(array)
    return array.astype(np.int64)


def _check_values(array: npt.NDArray[Any]) -> None:
    import numpy as np

    floating = array.dtype.kind == "f"
    if floating and not (np.isfinite(array).all() and (array == np.floor(array)).all()):
        raise NoiseError(
            "thin() takes true counts, whole numbers, but got fractions, NaN or infinities; for "
            "display values use noise.add(images, 'lowdose', dose=...)"
        )
    low, high = array.min(), array.max()
    # Above it a floating point dtype leaves whole numbers out, and a thinned count could be one.
    most = min(MOST_COUNTS, 2 ** (np.finfo(array.dtype).nmant + 1)) if floating else MOST_COUNTS
    if low < 0 or high > most:
        raise NoiseError(
            f"counts from {low} to {high}: expected whole numbers from 0 to {most}"
            + (f", all of which {array.dtype} holds" if floating else "")
        )


def _like(made: npt.NDArray[Any], counts: torch.Tensor) -> torch.Tensor:
    import torch

    return torch.from_numpy(made).to(counts.device)
