"""The frozen function compiled for the CPU with Numba: one sample at a time, without the GIL.

The order of every operation follows ``spec``; the tests hold the two equal bit for bit. Loops run
over blocks that stay in the first-level cache, one simple step at a time, so that each vectorises.
"""
