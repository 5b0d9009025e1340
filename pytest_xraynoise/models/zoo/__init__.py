"""The architectures of the study by name, through timm and segmentation-models-pytorch.

Nothing is downloaded: models are freshly initialised, and own weights come with
:func:`load_weights`.
"""

from pytest_xraynoise.models.weights import load_weights
from pytest_xraynoise.models.zoo.architectures import ARCHITECTURES, SIZES
from pytest_xraynoise.models.zoo.building import build, names
from pytest_xraynoise.models.zoo.model import ZooModel

__all__ = ["ARCHITECTURES", "SIZES", "ZooModel", "build", "load_weights", "names"]
