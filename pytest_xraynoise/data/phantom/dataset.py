"""The phantom as datasets: everything of an item, or the view that one task needs."""

from __future__ import annotations

from collections import OrderedDict
from typing import TYPE_CHECKING, TypedDict

import numpy as np

from pytest_xraynoise.data.phantom.compose import Film, take_film
from pytest_xraynoise.data.phantom.findings import LABELS, Finding, sample_findings
from pytest_xraynoise.data.phantom.frame import FIELD_CM, Array
from pytest_xraynoise.data.phantom.patient import Patient, sample_patient
from pytest_xraynoise.data.phantom.render import LATITUDE, display
from pytest_xraynoise.data.phantom.sources import code_digest
from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Sequence

MASK_LABELS = ("left lung", "right lung", "heart")

_ANATOMY, _FINDINGS, _TEXTURE = 0, 1, 2  # independent random streams of one item
_STATE = frozenset(
    ("n", "size", "seed", "prevalence", "latitude", "pixel_pitch", "_cache", "_cache_size")
)


class PhantomItem(TypedDict):
    """One phantom radiograph; all arrays float32."""

    image: Array
    """(1, H, W) in [0, 1], log display, white = little exposure."""
    target: Array
    """(6,) multi-hot."""
    masks: Array
    """(3, H, W) of 0 and 1: left lung, right lung, heart."""
    exposure: Array
    """(1, H, W) noise-free relative exposure in (0, 1]."""
    id: str


class ClassificationItem(TypedDict):
    """Image (1, H, W), multi-hot target (6,), id."""

    image: Array
    target: Array
    id: str


class SegmentationItem(TypedDict):
    """Image (1, H, W), mask (3, H, W), id."""

    image: Array
    mask: Array
    id: str


class ChestPhantom:
    """Synthetic PA chest radiographs with known findings, masks and noise-free exposure.

    A map-style dataset. Item ``i`` depends on ``seed``, ``i``, ``size`` and ``prevalence`` only,
    never on ``n``; its patient looks the same at every ``size``. Lung masks are the visible lung
    fields: above the diaphragm's dome and outside the heart, whatever a finding puts in them.
    The patient's left is on the image's right.

    Args:
        n: number of items.
        size: pixels a side; the film is 35 cm.
        seed: of the whole set.
        prevalence: of each finding, before items with more than three lose some.
        latitude: decades of exposure from black to white.
        cache: number of rendered items to keep in memory.

    Attributes:
        labels: the six findings, in the order of ``target``.
        mask_labels: in the order of ``masks``.
        pixel_pitch: mm.
        latitude: ``image = clip(-log10(exposure) / latitude, 0, 1)``.

    Raises:
        DataError: n, size, prevalence, latitude or cache out of range.
    """

    labels: tuple[str, ...] = LABELS
    mask_labels: tuple[str, ...] = MASK_LABELS

    def __init__(
        self,
        n: int,
        size: int = 256,
        seed: int = 0,
        *,
        prevalence: float = 0.25,
        latitude: float = LATITUDE,
        cache: int = 0,
    ) -> None:
        _check("n", n, n >= 0, "a number of items, 0 or more")
        _check("size", size, 32 <= size <= 4096, "32 to 4096 pixels a side")
        _check("seed", seed, seed >= 0, "0 or more")
        _check("prevalence", prevalence, 0 <= prevalence <= 1, "a fraction from 0 to 1")
        _check("latitude", latitude, latitude > 0, "a positive number of decades (chest: 2.4)")
        _check("cache", cache, cache >= 0, "a number of items to keep, 0 or more")
        self.n, self.size, self.seed = n, size, seed
        self.prevalence, self.latitude = prevalence, latitude
        self.pixel_pitch = 10 * FIELD_CM / size
        self._cache: OrderedDict[int, PhantomItem] = OrderedDict()
        self._cache_size = cache

    def __len__(self) -> int:
        return self.n

    def __getitem__(self, index: int) -> PhantomItem:
        index = self._index(index)
        if index in self._cache:
            self._cache.move_to_end(index)
            return self._cache[index]
        item = self.render(index)
        if self._cache_size:
            self._cache[index] = item
            while len(self._cache) > self._cache_size:
                self._cache.popitem(last=False)
        return item

    @property
    def fingerprint(self) -> str | None:
        """What the items follow from, so that a cache need not render them to know them.

        None for a class of the user's own, which may render anything, and for a phantom that has a
        method of its own. What somebody writes into the arrays of a kept item is not seen.
        """
        if type(self) is not ChestPhantom or not vars(self).keys() <= _STATE:
            return None
        said = (self.n, self.size, self.seed, self.prevalence, self.latitude, self.pixel_pitch)
        return f"chest phantom {said} {self.labels} {self.mask_labels} {code_digest()}"

    def patient(self, index: int) -> Patient:
        """The build of patient ``index`` before any finding."""
        return sample_patient(self._rng(index, _ANATOMY))

    def findings(self, index: int) -> tuple[Finding, ...]:
        """What patient ``index`` has, zero to three findings."""
        index = self._index(index)
        seed = (self.seed, index, _FINDINGS)
        return sample_findings(np.random.default_rng(seed), seed, self.prevalence)

    def film(self, index: int, findings: Sequence[Finding] | None = None) -> Film:
        """Exposure, masks and path lengths of patient ``index``, with other findings if given."""
        index = self._index(index)
        found = self.findings(index) if findings is None else findings
        return take_film(self.patient(index), found, self.size, (self.seed, index, _TEXTURE))

    def render(self, index: int, findings: Sequence[Finding] | None = None) -> PhantomItem:
        """Item ``index``, rendered anew; ``findings=()`` is the same patient in health."""
        index = self._index(index)
        found = self.findings(index) if findings is None else findings
        film = self.film(index, found)
        present = {finding.label for finding in found}
        return {
            "image": display(film.exposure, self.latitude)[None],
            "target": np.array([label in present for label in self.labels], dtype=np.float32),
            "masks": film.masks.astype(np.float32),
            "exposure": film.exposure[None],
            "id": f"phantom-{self.seed}-{index}",
        }

    def classification(self) -> PhantomClassification:
        """The view for classifiers: items of image, target and id."""
        return PhantomClassification(self)

    def segmentation(self) -> PhantomSegmentation:
        """The view for segmenters: items of image, mask and id."""
        return PhantomSegmentation(self)

    def _index(self, index: int) -> int:
        if not -self.n <= index < self.n:
            raise IndexError(f"phantom {index} of a set of {self.n}")
        return int(index) % self.n

    def _rng(self, index: int, stream: int) -> np.random.Generator:
        return np.random.default_rng((self.seed, self._index(index), stream))


class PhantomClassification:
    """Classification view of a :class:`ChestPhantom`; ``labels`` names the six findings."""

    def __init__(self, phantom: ChestPhantom) -> None:
        self.phantom = phantom
        self.labels = phantom.labels

    def __len__(self) -> int:
        return len(self.phantom)

    @property
    def fingerprint(self) -> str | None:
        """That of the phantom, and the view; None where either is a class of the user's own."""
        return _viewed(self, PhantomClassification, self.phantom)

    def __getitem__(self, index: int) -> ClassificationItem:
        item = self.phantom[index]
        return {"image": item["image"], "target": item["target"], "id": item["id"]}


class PhantomSegmentation:
    """Segmentation view of a :class:`ChestPhantom`; ``labels`` names the three masks."""

    def __init__(self, phantom: ChestPhantom) -> None:
        self.phantom = phantom
        self.labels = phantom.mask_labels

    def __len__(self) -> int:
        return len(self.phantom)

    @property
    def fingerprint(self) -> str | None:
        """That of the phantom, and the view; None where either is a class of the user's own."""
        return _viewed(self, PhantomSegmentation, self.phantom)

    def __getitem__(self, index: int) -> SegmentationItem:
        item = self.phantom[index]
        return {"image": item["image"], "mask": item["masks"], "id": item["id"]}


def _viewed(view: object, kind: type, phantom: ChestPhantom) -> str | None:
    if type(view) is not kind or vars(view).keys() != {"phantom", "labels"}:
        return None
    inner = phantom.fingerprint if type(phantom) is ChestPhantom else None
    return None if inner is None else f"{kind.__name__} of {inner}"


def _check(name: str, got: object, good: bool, expected: str) -> None:
    if not good:
        raise DataError(f"ChestPhantom: {name} is {got!r}; expected {expected}")
