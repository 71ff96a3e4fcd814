"""Random numbers that Python and JavaScript draw alike: counter-based, so that numpy draws them by the array.

The hash is the public-domain mulberry32; the Gaussians are Box–Muller's. For pictures and checks, not for cryptography.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from grokmodels.theory.checks import require

FloatArray = NDArray[np.floating[Any]]


class Noise:
    """A stream of random numbers with a seed from 0 to 2³² − 1; it repeats after 2³² draws."""

    def __init__(self, seed: int) -> None:
        require(0 <= seed < 2**32, "seed", seed, "from 0 to 2**32 - 1")
        self._seed, self._drawn = seed, 0

    def uniform(self, count: int) -> FloatArray:
        """The next ``count`` numbers in [0, 1), multiples of 2^(−32)."""
        counter = np.arange(self._drawn + 1, self._drawn + count + 1, dtype=np.uint64)
        self._drawn += count
        state = (self._seed + counter * 0x6D2B79F5).astype(np.uint32)
        mixed = (state ^ (state >> 15)) * (state | 1)
        mixed ^= mixed + (mixed ^ (mixed >> 7)) * (mixed | 61)
        return np.asarray((mixed ^ (mixed >> 14)) / 2.0**32)

    def standard_normal(self, shape: tuple[int, ...]) -> FloatArray:
        """The next standard Gaussians; each takes two uniform numbers."""
        pairs = self.uniform(2 * int(np.prod(shape))).reshape(*shape, 2)
        return np.asarray(np.sqrt(-2 * np.log(1 - pairs[..., 0])) * np.cos(2 * np.pi * pairs[..., 1]))
