"""Scores and targets in, numbers out.

Importing this package loads neither NumPy nor scikit-learn; a metric loads what it needs when it is
first computed.
"""

from pytest_xraynoise.metrics.base import Metric, Reading
from pytest_xraynoise.metrics.registry import defaults, get, names, register_metric

__all__ = ["Metric", "Reading", "defaults", "get", "names", "register_metric"]
