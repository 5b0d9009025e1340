"""The frozen function that every backend computes, written in NumPy.

Only IEEE ``+ - * / sqrt``, ``floor`` and integer operations in float32 and uint32 are used, in a
stated order and without fused multiply-add, so that any backend that follows the order gives the
same floats. Golden hashes in the tests hold it still; a change of any bit raises ``SPEC_VERSION``.
"""

SPEC_VERSION = 2
"""Version of the streams: the same version means the same noise, bit for bit."""
