"""Any user model -> scores; the zoo of small models lives in :mod:`pytest_xraynoise.models.zoo`."""

from pytest_xraynoise.models.memory import DoesNotFitError, is_out_of_memory, release_memory
from pytest_xraynoise.models.outputs import default_output
from pytest_xraynoise.models.runner import ModelRunner, model_name
from pytest_xraynoise.models.state import preserved_state

__all__ = [
    "DoesNotFitError",
    "ModelRunner",
    "default_output",
    "is_out_of_memory",
    "model_name",
    "preserved_state",
    "release_memory",
]
