"""Many rules in one network: the first token says which."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from grokmodels.recipes.tasks.base import BaseTask, IntArray, Part, Split


class Skills(BaseTask):
    """``skills`` rules for two numbers modulo ``p``: inputs ``skill a b``, the answer one of p.

    ``structure`` "shared": skill i asks for ``a + i b``, i = 1 … skills, on the same numbers. "unrelated": each skill
    adds, too, but what it calls its numbers and its answers are permutations of its own, drawn by ``skill_seed``, so
    that no skill helps another to find its rule.
    ``fraction`` is the share of all inputs that are trained on. Skill i has a share of these that goes as
    i^−``power``: equal ones at 0. With ``nested`` every skill is trained on the first pairs of one common order, so
    that the pairs of a rarer skill are among those of every more frequent one; else each skill has pairs of its own.
    """

    kind: Literal["skills"] = "skills"
    skills: Annotated[int, Field(ge=1, le=256)] = 8
    p: Annotated[int, Field(ge=2, le=500)] = 31
    structure: Literal["shared", "unrelated"] = "shared"
    power: Annotated[float, Field(ge=0, le=10)] = 0.0
    nested: bool = False
    skill_seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _as_many_rules_as_there_are(self) -> Self:
        if self.structure == "shared" and self.skills >= self.p:
            raise ValueError(
                f"skills: got {self.skills}; must be less than p, which is {self.p}, where the structure is shared"
            )
        return self

    @cached_property
    def _operands(self) -> IntArray:
        return np.indices((self.skills, self.p, self.p)).reshape(3, -1).T

    @cached_property
    def inputs(self) -> IntArray:
        return self._operands + np.array([self.p, 0, 0])

    @cached_property
    def labels(self) -> IntArray:
        skill, a, b = self._operands.T
        if self.structure == "shared":
            return (a + (skill + 1) * b) % self.p
        rng = np.random.default_rng(self.skill_seed)
        first, second, answer = (rng.permuted(self._numbers, axis=1) for _ in range(3))
        return answer[skill, (first[skill, a] + second[skill, b]) % self.p]

    @property
    def _numbers(self) -> IntArray:
        return np.tile(np.arange(self.p), (self.skills, 1))

    def sizes(self, fraction: float) -> IntArray:
        """Training inputs of each skill, (skills,). ValueError where one would have none, or all."""
        weights = np.arange(1, self.skills + 1) ** -self.power
        sizes = np.round(fraction * self.n_inputs * weights / weights.sum()).astype(np.int64)
        if sizes.min() < 1 or sizes.max() >= self.p**2:
            raise ValueError(
                f"fraction: {fraction!r} with power {self.power} trains on {sizes.max()} to {sizes.min()} pairs a "
                f"skill; must be 1 to {self.p**2 - 1}, of {self.p**2}"
            )
        return sizes

    def n_train(self, fraction: float) -> int:
        """The sum of :meth:`sizes`."""
        return int(self.sizes(fraction).sum())

    def split(self, fraction: float, seed: int) -> Split:
        """Each skill's share of its pairs, drawn at random; the rest is the test set."""
        rng, sizes = np.random.default_rng(seed), self.sizes(fraction)
        pairs = np.tile(np.arange(self.p**2), (self.skills, 1))
        order = np.broadcast_to(rng.permutation(self.p**2), pairs.shape) if self.nested else rng.permuted(pairs, axis=1)
        train = np.zeros(pairs.shape, dtype=bool)
        np.put_along_axis(train, order, np.arange(self.p**2) < sizes[:, None], axis=1)
        return Split(np.flatnonzero(train), np.flatnonzero(~train))

    @property
    def breakdown(self) -> tuple[tuple[Part, str], ...]:
        parts: tuple[Part, ...] = ("train", "test")
        return tuple((part, str(skill)) for part in parts for skill in range(1, self.skills + 1))

    def subset(self, name: str) -> NDArray[np.bool_]:
        return self._operands[:, 0] == int(name) - 1

    @property
    def n_tokens(self) -> int:
        return self.p + self.skills

    @property
    def n_classes(self) -> int:
        return self.p

    @property
    def n_inputs(self) -> int:
        return self.skills * self.p**2

    @property
    def length(self) -> int:
        return 3
