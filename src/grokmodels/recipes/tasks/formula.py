"""Formulas of polynomials with whole coefficients: read without being run, computed and expanded modulo p."""

from __future__ import annotations

import ast
import re
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass
from functools import reduce
from typing import Generic, TypeVar

import numpy as np

from grokmodels.recipes.tasks.base import IntArray

DEGREE, CHARACTERS = 20, 200
# Letters that stand alone: ab is no product, and Python would read 0b1 as a number.
_SIGNS = re.compile(r"(?:[abc](?![abc0-9])|[-+*()0-9\s])+")

T = TypeVar("T")
Terms = Counter[tuple[int, ...]]


@dataclass(frozen=True)
class _Ring(Generic[T]):
    """What a formula is computed in."""

    constant: Callable[[int], T]
    letter: Callable[[str], T]
    add: Callable[[T, T], T]
    multiply: Callable[[T, T], T]


def normalize(text: str) -> str:
    """The formula without spaces. ValueError for anything but a polynomial in a, in a and b, or in a, b and c."""
    try:
        degree = _compute(_parse(text), _Ring(lambda _: 0, lambda _: 1, max, lambda x, y: x + y))
        allowed = degree <= DEGREE and letters(text) in ("a", "ab", "abc")
    except SyntaxError:
        allowed = False
    if not allowed:
        hint = "; a power is written a**2" if "^" in text else ""
        raise ValueError(
            "must be made of the letters a, or a and b, or a, b and c, of whole numbers, +, -, * and ** with a whole "
            f"exponent, with a degree of at most {DEGREE} in at most {CHARACTERS} characters{hint}"
        )
    return "".join(text.split())


def letters(text: str) -> str:
    """The letters of a formula, in the order of the alphabet."""
    return "".join(sorted(set(text) & set("abc")))


def values(text: str, operands: IntArray, p: int) -> IntArray:
    """The values of a formula modulo p, (n,); ``operands`` (n, letters). No number on the way is larger than p²."""
    column = dict(zip("abc", operands.T, strict=False))
    return _compute(
        _parse(text),
        _Ring(
            constant=lambda n: np.full(len(operands), n % p),
            letter=lambda letter: column[letter],
            add=lambda x, y: (x + y) % p,
            multiply=lambda x, y: x * y % p,
        ),
    )


def is_affine(text: str, p: int) -> bool:
    """Whether a formula, expanded and with coefficients modulo p, has no terms of a degree above 1."""

    def reduced(terms: Terms) -> Terms:
        return Counter({powers: n % p for powers, n in terms.items() if n % p})

    def multiply(x: Terms, y: Terms) -> Terms:
        product: Terms = Counter()
        for powers, n in x.items():
            for others, m in y.items():
                product[tuple(i + j for i, j in zip(powers, others, strict=True))] += n * m
        return reduced(product)

    def add(x: Terms, y: Terms) -> Terms:
        total = x.copy()
        total.update(y)
        return reduced(total)

    ring = _Ring[Terms](
        constant=lambda n: reduced(Counter({(0, 0, 0): n})),
        letter=lambda letter: Counter({tuple(int(letter == other) for other in "abc"): 1}),
        add=add,
        multiply=multiply,
    )
    return all(sum(powers) <= 1 for powers in _compute(_parse(text), ring))


def _parse(text: str) -> ast.expr:
    if len(text) > CHARACTERS or not _SIGNS.fullmatch(text):
        raise SyntaxError
    return ast.parse(text.strip(), mode="eval").body


def _compute(node: ast.expr, ring: _Ring[T]) -> T:
    """What a formula is in a ring. SyntaxError for whatever is no polynomial."""
    match node:
        case ast.Constant(value=int(value)):
            return ring.constant(value)
        case ast.Name(id=letter):
            return ring.letter(letter)
        case ast.UnaryOp(op=ast.USub(), operand=x):
            return ring.multiply(ring.constant(-1), _compute(x, ring))
        case ast.BinOp(left=x, op=ast.Add(), right=y):
            return ring.add(_compute(x, ring), _compute(y, ring))
        case ast.BinOp(left=x, op=ast.Sub(), right=y):
            return ring.add(_compute(x, ring), ring.multiply(ring.constant(-1), _compute(y, ring)))
        case ast.BinOp(left=x, op=ast.Mult(), right=y):
            return ring.multiply(_compute(x, ring), _compute(y, ring))
        case ast.BinOp(left=x, op=ast.Pow(), right=ast.Constant(value=int(n))) if n <= DEGREE:
            return reduce(ring.multiply, [_compute(x, ring)] * n, ring.constant(1))
        case _:
            raise SyntaxError
