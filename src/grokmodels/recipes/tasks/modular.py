"""Arithmetic of two numbers modulo p."""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
from pydantic import Field, ValidationInfo, field_validator

from grokmodels.recipes.tasks.base import IntArray
from grokmodels.recipes.tasks.operation import Operation


class Modular(Operation):
    """Two numbers modulo ``p``, one operation: operands ``a b``, answer ``a ∘ b mod p``.

    ``divide`` is true division, the ``c`` with ``b c = a``; it leaves out ``b = 0``. ``divide-or-subtract`` divides by
    odd ``b`` and subtracts even ones. Both need a prime ``p``.
    The group: for addition and subtraction all pairs of shifts of ``a`` and ``b``; for multiplication and division all
    pairs of scalings by nonzero factors (``p`` prime), which fix the zeros, so that zeros have orbits of their own.
    None is known here for multiplication with a composite ``p``, nor for ``divide-or-subtract``.

    Source: Power et al. 2022 (arXiv:2201.02177), table of binary operations.
    """

    kind: Literal["modular"] = "modular"
    operation: Literal["add", "subtract", "multiply", "divide", "divide-or-subtract"] = "add"
    p: Annotated[int, Field(ge=2, le=1000)] = 97

    @field_validator("p")
    @classmethod
    def _prime_where_needed(cls, p: int, info: ValidationInfo) -> int:
        operation = info.data.get("operation")
        if operation in ("divide", "divide-or-subtract") and not _is_prime(p):
            raise ValueError(f"must be a prime, as {operation} needs one")
        return p

    @property
    def _n_elements(self) -> int:
        return self.p

    def _list(self) -> IntArray:
        pairs = super()._list()
        return pairs[pairs[:, 1] > 0] if self.operation == "divide" else pairs

    def _answers(self, operands: IntArray) -> IntArray:
        a, b = operands.T
        match self.operation:
            case "add":
                return (a + b) % self.p
            case "subtract":
                return (a - b) % self.p
            case "multiply":
                return a * b % self.p
            case "divide":
                return a * _inverses(self.p)[b] % self.p
            case "divide-or-subtract":
                return np.where(b % 2 == 1, a * _inverses(self.p)[b], a - b) % self.p

    @property
    def has_symmetry(self) -> bool:
        return self.operation != "divide-or-subtract" and (self.operation != "multiply" or _is_prime(self.p))

    def _orbits_of(self, inputs: slice) -> IntArray:
        c, label = np.arange(self.p)[None, :], self.labels[inputs, None]
        if self.operation in ("add", "subtract"):
            return (c - label) % self.p
        # A scaling moves the label of a nonzero input to any nonzero value, so c / label is what it keeps.
        # Rows whose label is zero keep only "is c zero"; the pattern of zeros in the input is kept as well.
        zeros = (self.operands[inputs] == 0) @ np.array([1, 2])
        ratio = c * _inverses(self.p)[label] % self.p
        within = np.where(label == 0, (c != 0).astype(np.int64), ratio)
        return zeros[:, None] * self.p + within

    @property
    def n_inputs(self) -> int:
        return self.p * (self.p - 1 if self.operation == "divide" else self.p)


def _is_prime(n: int) -> bool:
    return n >= 2 and all(n % d for d in range(2, int(n**0.5) + 1))


def _inverses(p: int) -> IntArray:
    """Multiplicative inverses modulo a prime p, shape (p,); the entry of 0 is 0."""
    return np.array([0] + [pow(n, -1, p) for n in range(1, p)])
