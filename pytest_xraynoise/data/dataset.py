"""The dataset wrapper with which a user declares what the plugin cannot guess."""

from __future__ import annotations

from dataclasses import dataclass, fields
from typing import TYPE_CHECKING, Any

from pytest_xraynoise.data.groups import Groups, check_groups
from pytest_xraynoise.data.intensity import Intensity, Natural
from pytest_xraynoise.data.resize import Size, parse_pitch, parse_size
from pytest_xraynoise.errors import SpecError, unknown

if TYPE_CHECKING:
    from collections.abc import Hashable, Sequence

ON_BAD_SAMPLE = ("error", "skip")

_NATURAL = Natural()


@dataclass(frozen=True)
class XrayDataset:
    """Data with their declarations. Return it from the ``xray_dataset`` fixture.

    Args:
        data: a map-style Dataset, a DataLoader, an ``(images, targets)`` pair, or a list of items.
        intensity: :class:`IntensityRange` or :class:`Normalized`; the natural range by default.
        labels: names of the classes or findings, in the order of the model's outputs.
        ids: one id for each sample, ints or strings, unique. Noise follows the id, so ids keep it
            the same when the dataset is reordered or extended. By default the items' own ``id``,
            else the index.
        channels: 1 or 3: grey images are repeated to three channels, three equal channels are
            reduced to one; None leaves them as they are.
        name: what reports call it.
        resize: the model's size, ``224`` (both sides) or ``(height, width)``. The data yield native
            images, of different sizes if need be, and the ladder resizes them (antialiased
            bilinear; masks by nearest pixels), so that noise can be added before or after:
            ``noise_at="native"`` or ``"model"``. None: images have the model's size already.
        pixel_pitch: of the images as the data yield them, in mm: one number, or one for each
            sample. Clinical noise is made for the pitch at the resolution where it is added: this
            one, or after a resize the larger pitch of fewer pixels.
        groups: which samples belong together, the images of one patient as a rule: one group for
            each sample, a function from a sample's id to its group, or the name of the field that
            holds it in each item. A subset takes groups whole, and intervals resample them whole.
        on_bad_sample: what happens when the data raise at a sample (a corrupt file, as a rule):
            ``"error"`` ends the evaluation and names it, ``"skip"`` leaves it out at every rung and
            lists it, with the reason, in ``settings["skipped"]`` and in the report. Samples that
            load and are not as they should be are an error all the same, and streams have no
            samples that could be skipped.

    Raises:
        SpecError: for declarations that make no sense.
    """

    data: Any
    intensity: Intensity = _NATURAL
    labels: Sequence[str] | None = None
    ids: Sequence[Hashable] | None = None
    channels: int | None = None
    name: str = ""
    resize: int | tuple[int, int] | None = None
    pixel_pitch: float | Sequence[float] | None = None
    groups: Groups | None = None
    on_bad_sample: str = "error"

    @property
    def size(self) -> Size | None:
        """Height and width that images are resized to; None where they are left as they are."""
        return parse_size(self.resize)

    def named(self, labels: Sequence[str]) -> XrayDataset:
        """The same data and declarations, with these labels."""
        declared = {field.name: getattr(self, field.name) for field in fields(XrayDataset)}
        return XrayDataset(**{**declared, "labels": labels})

    def __post_init__(self) -> None:
        if isinstance(self.data, XrayDataset):
            raise SpecError("XrayDataset(XrayDataset(...)): wrap the data once")
        if self.channels not in (None, 1, 3):
            raise SpecError(f"XrayDataset(channels={self.channels!r}): expected 1, 3 or None")
        if not hasattr(self.intensity, "to_unit"):
            raise SpecError(
                f"XrayDataset(intensity={self.intensity!r}): expected IntensityRange(low, high) "
                "or Normalized(mean, std)"
            )
        if isinstance(self.labels, str):
            raise SpecError(f"XrayDataset(labels={self.labels!r}): expected a list of names")
        if self.on_bad_sample not in ON_BAD_SAMPLE:
            raise SpecError(unknown("on_bad_sample", self.on_bad_sample, ON_BAD_SAMPLE))
        if self.labels is not None and len(set(self.labels)) != len(self.labels):
            raise SpecError(f"XrayDataset(labels={list(self.labels)!r}) names a label twice")
        if isinstance(self.ids, str):
            raise SpecError(f"XrayDataset(ids={self.ids!r}): expected one id for each sample")
        try:
            parse_size(self.resize)
            parse_pitch(self.pixel_pitch)
            check_groups(self.groups)
        except SpecError as error:
            raise SpecError(f"XrayDataset: {error}") from None
