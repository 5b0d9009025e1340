"""A synthetic chest with known truth: exposure without noise, findings and masks.

Built from attenuation line integrals of analytic solids, so that dose and noise have a physical
meaning that public PNGs lack.
"""

from pytest_xraynoise.data.phantom.dataset import (
    ChestPhantom,
    PhantomClassification,
    PhantomSegmentation,
)

__all__ = ["ChestPhantom", "PhantomClassification", "PhantomSegmentation"]
