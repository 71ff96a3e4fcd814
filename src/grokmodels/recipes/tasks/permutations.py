"""Products in the symmetric group."""

from __future__ import annotations

from functools import cache
from itertools import permutations
from math import factorial
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field

from grokmodels.recipes.tasks.base import IntArray
from grokmodels.recipes.tasks.operation import Operation


class Permutations(Operation):
    """Two permutations of ``degree`` things: operands ``a b``, answer ``a b``, ``a b a⁻¹`` or ``a b a``.

    These are ``compose``, ``conjugate`` and ``sandwich``. ``a b`` does ``b`` first: (a b)(i) = a(b(i)). Permutations
    are numbered in the lexicographic order of their values (a(0), a(1), …), so that the identity is 0.
    The group, for ``compose``: (a, b, c) → (g a k⁻¹, k b h, g c h) with any permutations g, h and k, which keeps the
    conjugacy class of a⁻¹ c b⁻¹ and nothing else. None is known here for the others.

    Source: Power et al. 2022 (arXiv:2201.02177), table of binary operations.
    """

    kind: Literal["permutations"] = "permutations"
    operation: Literal["compose", "conjugate", "sandwich"] = "compose"
    degree: Annotated[int, Field(ge=2, le=5)] = 5

    @property
    def _n_elements(self) -> int:
        return factorial(self.degree)

    def _answers(self, operands: IntArray) -> IntArray:
        (a, b), (product, inverse, _) = operands.T, _group(self.degree)
        match self.operation:
            case "compose":
                return product[a, b]
            case "conjugate":
                return product[product[a, b], inverse[a]]
            case "sandwich":
                return product[product[a, b], a]

    @property
    def has_symmetry(self) -> bool:
        return self.operation == "compose"

    def _orbits_of(self, inputs: slice) -> IntArray:
        product, inverse, conjugacy = _group(self.degree)
        a, b = self.operands[inputs].T
        kept = product[product[inverse[a]], inverse[b][:, None]]
        return conjugacy[kept]


class _Group(NamedTuple):
    """Numbers of products (k, k) and inverses (k,) of k permutations, and of each one's conjugacy class (k,)."""

    product: IntArray
    inverse: IntArray
    conjugacy: IntArray


@cache
def _group(degree: int) -> _Group:
    images = np.array(list(permutations(range(degree))))
    digits = degree ** np.arange(degree)[::-1]
    # Lexicographic order is the order of the values read as digits.
    product = np.searchsorted(images @ digits, images[:, images] @ digits)
    inverse = np.searchsorted(images @ digits, np.argsort(images, axis=1) @ digits)
    conjugates = product[product, inverse[:, None]]
    return _Group(product, inverse, np.unique(conjugates.min(axis=0), return_inverse=True)[1])
