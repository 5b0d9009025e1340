"""A study of many models under noise, in the manner of arXiv 2509.25265; resumable.

:func:`run` trains what is missing, measures what is missing, and writes a folder of results.
"""

from pytest_xraynoise.study.plan import Cell, Plan
from pytest_xraynoise.study.run import run

__all__ = ["Cell", "Plan", "run"]
