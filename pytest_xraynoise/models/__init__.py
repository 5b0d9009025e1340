"""Any user model -> scores; the zoo of small models lives in :mod:`pytest_xraynoise.models.zoo`."""

from pytest_xraynoise.models.outputs import default_output
from pytest_xraynoise.models.runner import ModelRunner, model_name

__all__ = ["ModelRunner", "default_output", "model_name"]
