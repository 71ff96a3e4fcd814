"""Labels without a rule."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from pydantic import Field

from grokmodels.recipes.tasks.base import BaseTask, IntArray, Split
from grokmodels.recipes.tasks.modular import Modular
from grokmodels.recipes.tasks.parity import Parity
from grokmodels.recipes.tasks.permutations import Permutations
from grokmodels.recipes.tasks.polynomial import Polynomial
from grokmodels.recipes.tasks.table import Table


class RandomLabels(BaseTask):
    """The inputs of ``base`` with labels drawn uniformly at random: fittable, but with no rule to find.

    Tokens, classes, splits and orbits, where it has any, are those of ``base``, so the same measures apply to both.
    Mirrors have one label where they are split together.
    Source of the idea: Zhang et al. 2016 (arXiv:1611.03530).
    """

    kind: Literal["random-labels"] = "random-labels"
    base: Annotated[Modular | Parity | Polynomial | Permutations | Table, Field(discriminator="kind")] = Modular()
    label_seed: Annotated[int, Field(ge=0)] = 0

    @cached_property
    def labels(self) -> IntArray:
        group = self.together
        return np.random.default_rng(self.label_seed).integers(self.n_classes, size=group.max() + 1)[group]

    @property
    def inputs(self) -> IntArray:
        return self.base.inputs

    @property
    def together(self) -> IntArray:
        return self.base.together

    def split(self, fraction: float, seed: int) -> Split:
        return self.base.split(fraction, seed)

    @property
    def has_symmetry(self) -> bool:
        return self.base.has_symmetry

    def _orbits_of(self, inputs: slice) -> IntArray:
        return self.base.orbits_of(inputs)

    @property
    def n_inputs(self) -> int:
        return self.base.n_inputs

    @property
    def n_tokens(self) -> int:
        return self.base.n_tokens

    @property
    def n_classes(self) -> int:
        return self.base.n_classes

    @property
    def length(self) -> int:
        return self.base.length
