"""A pass over the data on the machines of a Ray cluster, sample by sample the same numbers.

``measuring.measure_on_ray`` stands in for :func:`pytest_xraynoise.engine.measuring.measure`. Model
and data are put in the object store once; actors take blocks of positions of the dataset, at most
two at a time each; what they measured comes back and is joined. Ray itself is loaded when a run
asks for it.
"""

from __future__ import annotations
