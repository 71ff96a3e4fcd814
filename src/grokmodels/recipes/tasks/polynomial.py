"""Polynomials of one to three numbers modulo p."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from grokmodels.recipes.tasks import formula as formulas
from grokmodels.recipes.tasks.base import IntArray
from grokmodels.recipes.tasks.operation import Operation

INPUTS = 10**6


class Polynomial(Operation):
    """A polynomial of numbers modulo ``p``: operands ``a``, ``a b`` or ``a b c``, the letters of its ``formula``.

    The formula is Python's: ``"a**2 + a*b + b**2"``. Spaces in it make no other recipe; ``p`` may be composite.
    The group, where no term has a degree above 1: all shifts of all operands. Otherwise none is known here.

    Source: Power et al. 2022 (arXiv:2201.02177), table of binary operations.
    """

    kind: Literal["polynomial"] = "polynomial"
    formula: str
    p: Annotated[int, Field(ge=2, le=1000)] = 97

    @field_validator("formula")
    @classmethod
    def _normalized(cls, formula: str) -> str:
        return formulas.normalize(formula)

    @field_validator("p")
    @classmethod
    def _few_enough_inputs(cls, p: int, info: ValidationInfo) -> int:
        operands = len(formulas.letters(info.data.get("formula", "")))
        if p**operands > INPUTS:
            raise ValueError(
                f"must be at most {round(INPUTS ** (1 / operands))} for {operands} letters, which make {INPUTS} inputs"
            )
        return p

    @property
    def _n_elements(self) -> int:
        return self.p

    @property
    def _n_operands(self) -> int:
        return len(formulas.letters(self.formula))

    def _answers(self, operands: IntArray) -> IntArray:
        return formulas.values(self.formula, operands, self.p)

    @property
    def has_symmetry(self) -> bool:
        return formulas.is_affine(self.formula, self.p)

    def _orbits_of(self, inputs: slice) -> IntArray:
        return (np.arange(self.p)[None, :] - self.labels[inputs, None]) % self.p
