"""Denoisers that go in front of a model: filters, non-local means, a small DnCNN, or the user's."""

from pytest_xraynoise.models.denoisers.front import Front, denoiser_name

__all__ = ["Front", "denoiser_name"]
