"""What the data are made of: a digest of every image and target that is actually loaded.

Of each sample the digest covers its id, the bytes, type and shape of the image as the dataset gives
it and of the target, and its pixel pitch; and of the dataset its intensities, labels, channels,
size and groups. A dataset that knows better offers an attribute ``fingerprint`` (a string, or a
function without arguments that returns one), and is not read for the digest then: it has to change
whenever any image or target does. The offer is taken through a plain DataLoader and through a
Subset, whose indices are told with it, and through no other wrapper: what that makes of the samples
is not known.
"""

from __future__ import annotations

import hashlib
import inspect
from typing import TYPE_CHECKING, Any

from torch.utils import data as torch_data

from pytest_xraynoise.errors import DataError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import torch

    from pytest_xraynoise.data import Batch, Source


class DataDigest:
    """Digests of samples as they go by; call it with each batch."""

    def __init__(self, ids: Iterable[str] = (), digests: Iterable[str] = ()) -> None:
        """Begin with samples that went by already, with their digests."""
        self._ids = list(ids)
        self._digests = list(digests)

    def __call__(self, batch: Batch) -> list[str]:
        """A digest of each sample of a batch."""
        found = [""] * len(batch.ids)
        for part in batch.parts:
            for row, image in zip(part.rows, part.images, strict=True):
                pitch = batch.pixel_pitch[row]
                one = hashlib.sha256(repr((batch.ids[row], pitch)).encode())
                for tensor in (image, batch.targets[row]):
                    one.update(f"{tensor.dtype} {tuple(tensor.shape)};".encode())
                    one.update(_bytes(tensor))
                found[row] = one.hexdigest()
        self._ids += batch.ids
        self._digests += found
        return found

    def total(self, source: Source, groups: Sequence[str] | None = None) -> str:
        """The digest of all samples that went by, and of the source's declarations.

        ``groups`` are those of the samples where another process has read them.
        """
        whole = hashlib.sha256("".join(self._digests).encode())
        whole.update(repr(groups or source.groups(self._ids)).encode())
        whole.update(_declared(source).encode())
        return whole.hexdigest()


def digest_by_reading(source: Source) -> str:
    """Load every sample for its digest."""
    digest = DataDigest()
    for batch in source:
        digest(batch)
    return digest.total(source)


def offered_digest(source: Source) -> str | None:
    """The digest of data that say themselves what they are; None where they do not.

    Raises:
        DataError: for a fingerprint that is no text.
    """
    declared = source.declared
    if callable(declared.groups):
        return None
    offer = _offer(declared.data, source.positions)
    if offer is None:
        return None
    places = source.positions
    told = (declared.groups, declared.ids, declared.pixel_pitch)
    said: list[Any] = [offer, _declared(source), *map(_listed, told), _listed(places)]
    return hashlib.sha256(repr(said).encode()).hexdigest()


def _offer(data: Any, places: Sequence[int] | None) -> list[Any] | None:
    """What data say themselves, from the outermost wrapper inwards; None where they say nothing."""
    # Not through __getattr__, with which wrappers pass on what the data inside them say.
    if inspect.getattr_static(data, "fingerprint", None) is not None:
        said = _text(data)
        return None if said is None else [said]
    if type(data) is torch_data.DataLoader:
        # Batches of a stream depend on workers and drop_last too, so it is read.
        plain = data.collate_fn is torch_data.default_collate and data.worker_init_fn is None
        return _offer(data.dataset, places) if plain and places is not None else None
    if type(data) is torch_data.Subset:
        inner = _offer(data.dataset, places)
        return None if inner is None else ["subset", list(map(int, data.indices)), inner]
    return None


def _text(data: Any) -> str | None:
    offered = data.fingerprint
    text = offered() if callable(offered) else offered
    if text is not None and not isinstance(text, str):
        raise DataError(
            f"{type(data).__name__}.fingerprint is a {type(text).__name__}; expected a string that "
            "changes whenever an image or a target does"
        )
    return text


def _listed(values: Any) -> Any:
    """One by one, as the text of a long array leaves values out."""
    return values if values is None or isinstance(values, str | int | float) else list(values)


def _declared(source: Source) -> str:
    declared = source.declared
    intensity = (type(source.intensity).__qualname__, repr(source.intensity))
    said = (declared.channels, source.size, source.name, declared.on_bad_sample)
    return repr((intensity, source.labels, *said))


def _bytes(tensor: torch.Tensor) -> bytes:
    return tensor.detach().cpu().contiguous().numpy().tobytes()
