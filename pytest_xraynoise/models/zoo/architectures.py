"""The architectures of the zoo: what they are called in timm and segmentation-models-pytorch."""

from __future__ import annotations

from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

ZooTask = Literal["classification", "segmentation"]
Size = Literal["small", "study"]

TASKS: tuple[ZooTask, ...] = ("classification", "segmentation")
SIZES: tuple[Size, ...] = ("small", "study")

IMAGE_SIZES: Mapping[str, int] = MappingProxyType({"small": 128, "study": 224})
"""The image size of each variant where none is said, in pixels."""


@dataclass(frozen=True, slots=True)
class Variant:
    """One size of an architecture.

    Attributes:
        options: of ``timm.create_model`` or of the class of segmentation-models-pytorch.
        source: name of a timm model, or class of segmentation-models-pytorch.
        sized: whether it is built for an image size (position embeddings, attention windows).
        stride: height and width of the images have to divide by it; smaller ones are padded.
    """

    source: str
    options: Mapping[str, Any] = field(default_factory=dict)
    sized: bool = False
    stride: int = 1


@dataclass(frozen=True, slots=True)
class Architecture:
    """One entry of the zoo.

    Attributes:
        task: what it is for.
        small: trains within minutes on two cores, for images of 64 to 128 pixels.
        study: of the size that is usual in the literature, for images of 224 pixels and more.
    """

    task: ZooTask
    small: Variant
    study: Variant

    def variant(self, size: Size) -> Variant:
        """The variant of a size."""
        return self.small if size == "small" else self.study


_NARROW = {"stem_width": 12, "channels": (24, 48, 96, 192)}
_TINY_RESNET = {"encoder_name": "tu-resnet10t", **_NARROW}
_RESNET34 = {"encoder_name": "resnet34"}

_VIT = {"dynamic_img_size": True, "dynamic_img_pad": True}
_SWIN = "swin_tiny_patch4_window7_224"
_ANY_SIZE = {"strict_img_size": False}
_TINY_SWIN = {
    **_ANY_SIZE,
    "embed_dim": 32,
    "depths": (2, 2, 2, 2),
    "num_heads": (1, 2, 4, 8),
    "window_size": 4,
}

ARCHITECTURES: Mapping[str, Architecture] = MappingProxyType(
    {
        "resnet": Architecture(
            "classification", Variant("resnet10t", _NARROW), Variant("resnet50")
        ),
        "densenet": Architecture(
            "classification",
            Variant("densenet121", {"block_config": (3, 6, 8, 6), "growth_rate": 16}),
            Variant("densenet121"),
        ),
        # TinyNet-E is EfficientNet-B0 shrunk for images of 106 pixels (Han et al. 2020).
        "efficientnet": Architecture(
            "classification", Variant("tinynet_e"), Variant("efficientnet_b0")
        ),
        "vit": Architecture(
            "classification",
            Variant(
                "vit_tiny_patch16_224",
                {**_VIT, "patch_size": 8, "embed_dim": 128, "depth": 6, "num_heads": 4},
                sized=True,
            ),
            Variant("vit_small_patch16_224", _VIT, sized=True),
        ),
        "swin": Architecture(
            "classification",
            Variant(_SWIN, _TINY_SWIN, sized=True, stride=4),
            Variant(_SWIN, _ANY_SIZE, sized=True, stride=4),
        ),
        "convnext": Architecture(
            "classification",
            Variant("convnext_atto", {"dims": (24, 48, 96, 192), "depths": (2, 2, 4, 2)}),
            Variant("convnext_tiny"),
        ),
        "unet": Architecture(
            "segmentation",
            Variant(
                "Unet",
                {**_TINY_RESNET, "encoder_depth": 4, "decoder_channels": (48, 24, 16, 8)},
                stride=16,
            ),
            Variant("Unet", _RESNET34, stride=32),
        ),
        "deeplabv3": Architecture(
            "segmentation",
            Variant("DeepLabV3", {**_TINY_RESNET, "decoder_channels": 64}, stride=8),
            Variant("DeepLabV3", _RESNET34, stride=8),
        ),
        "deeplabv3+": Architecture(
            "segmentation",
            Variant("DeepLabV3Plus", {**_TINY_RESNET, "decoder_channels": 64}, stride=16),
            Variant("DeepLabV3Plus", _RESNET34, stride=16),
        ),
        "fpn": Architecture(
            "segmentation",
            Variant(
                "FPN",
                {
                    **_TINY_RESNET,
                    "decoder_pyramid_channels": 64,
                    "decoder_segmentation_channels": 32,
                },
                stride=32,
            ),
            Variant("FPN", _RESNET34, stride=32),
        ),
        "segformer": Architecture(
            "segmentation",
            Variant(
                "Segformer",
                {"encoder_name": "mit_b0", "decoder_segmentation_channels": 64},
                stride=32,
            ),
            Variant("Segformer", {"encoder_name": "mit_b2"}, stride=32),
        ),
        "upernet": Architecture(
            "segmentation",
            Variant(
                "UPerNet",
                {
                    "encoder_name": f"tu-{_SWIN}",
                    "encoder_depth": 4,
                    "decoder_channels": 32,
                    **_TINY_SWIN,
                },
                sized=True,
                stride=32,
            ),
            Variant(
                "UPerNet",
                {"encoder_name": f"tu-{_SWIN}", "encoder_depth": 4, **_ANY_SIZE},
                sized=True,
                stride=32,
            ),
        ),
    }
)
"""Every architecture by name."""
