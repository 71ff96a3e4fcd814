"""Parity of bits, all of them or a few that matter."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from grokmodels.recipes.recipe import OrNone
from grokmodels.recipes.tasks.base import BaseTask, IntArray

LISTED = 16


class Parity(BaseTask):
    """The parity (exclusive or) of bits: tokens 0 and 1, answer 1 for an odd number of ones.

    The bits that count are the first ``relevant`` ones of ``bits``; None is all. With a ``sample`` there are only so
    many inputs, distinct ones drawn at random by ``sample_seed``; without one there are all, of at most 16 bits. They
    are listed as binary numbers in ascending order.
    The group: flip any set of bits; the answer flips once per flipped bit that counts.

    Source of parities of a few bits: Barak et al. 2022 (arXiv:2207.08799).
    """

    kind: Literal["parity"] = "parity"
    bits: Annotated[int, Field(ge=2, le=64)] = 10
    relevant: Annotated[Annotated[int, Field(ge=1)] | None, OrNone] = None
    sample: Annotated[Annotated[int, Field(ge=2, le=10**6)] | None, OrNone] = None
    sample_seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _no_more_than_there_are(self) -> Parity:
        if self.relevant is not None and self.relevant >= self.bits:
            raise ValueError(f"relevant: got {self.relevant}; must be less than the {self.bits} bits, or None for all")
        if self.sample is None and self.bits > LISTED:
            raise ValueError(f"bits: got {self.bits}; must be at most {LISTED}, or have a sample of the inputs")
        if self.sample is not None and self.sample >= 2**self.bits:
            raise ValueError(f"sample: got {self.sample}; must be less than the {2**self.bits} inputs, or None for all")
        if self.sample is None and self.sample_seed:
            raise ValueError(f"sample_seed: got {self.sample_seed}; must be 0 where there is no sample")
        return self

    @cached_property
    def inputs(self) -> IntArray:
        numbers = np.arange(2**self.bits, dtype=np.uint64) if self.sample is None else self._drawn(self.sample)
        return (numbers[:, None] >> np.arange(self.bits, dtype=np.uint64)[::-1] & np.uint64(1)).astype(np.int64)

    def _drawn(self, sample: int) -> NDArray[np.uint64]:
        # The first distinct numbers of a stream, as a choice among 2⁶⁴ cannot be made from a list.
        rng, drawn = np.random.default_rng(self.sample_seed), np.empty(0, dtype=np.uint64)
        while True:
            more = rng.integers(2**self.bits - 1, size=sample, dtype=np.uint64, endpoint=True)
            drawn = np.concatenate([drawn, more])
            first = np.sort(np.unique(drawn, return_index=True)[1])
            if len(first) >= sample:
                return np.sort(drawn[first[:sample]])

    @cached_property
    def labels(self) -> IntArray:
        return self.inputs[:, : self.relevant].sum(axis=1) % 2

    @property
    def has_symmetry(self) -> bool:
        return True

    def _orbits_of(self, inputs: slice) -> IntArray:
        return (np.arange(2)[None, :] + self.labels[inputs, None]) % 2

    @property
    def n_inputs(self) -> int:
        return 2**self.bits if self.sample is None else self.sample

    @property
    def n_tokens(self) -> int:
        return 2

    @property
    def n_classes(self) -> int:
        return 2

    @property
    def length(self) -> int:
        return self.bits
