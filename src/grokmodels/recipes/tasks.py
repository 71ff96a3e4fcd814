"""The finite tasks of the book: every input listed, every label computed, every symmetry stated.

A task is a small frozen recipe (``Modular(operation="add", p=97)``). It lists all of its inputs, so a train/test split
is a split of *everything there is*, and "chance" and "the rule" have exact meanings.

Each task also carries the group that its rule is symmetric under, as a table of *orbits*: the group acts on cells
``(input, class)``, and two cells share an orbit number when some group element moves one to the other. Averaging logits
over orbits projects them on what a rule can express; see :func:`grokmodels.measures.rule_share`.
"""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, ClassVar, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, field_validator

from grokmodels.recipes.recipe import Recipe

IntArray = NDArray[np.int64]


class Split(NamedTuple):
    """Row numbers of a task's inputs: ``train`` (n_train,) and ``test`` (n_test,), both sorted."""

    train: IntArray
    test: IntArray


class _Task(Recipe):
    has_symmetry: ClassVar[bool] = True

    """What every task offers. Subclasses define ``inputs``, ``labels``, ``orbits`` and the sizes."""

    @property
    def inputs(self) -> IntArray:
        """All inputs as tokens, shape (n_inputs, length)."""
        raise NotImplementedError

    @property
    def labels(self) -> IntArray:
        """The right class of every input, shape (n_inputs,)."""
        raise NotImplementedError

    @cached_property
    def orbits(self) -> IntArray:
        """Orbit number of every cell (input, class) under the task's group, shape (n_inputs, n_classes)."""
        return self.orbits_of(slice(None))

    def orbits_of(self, inputs: slice) -> IntArray:
        """The orbit numbers of some inputs only: all of them together can be many (p³ for two numbers modulo p)."""
        raise NotImplementedError

    @property
    def n_tokens(self) -> int:
        """Size of the vocabulary."""
        raise NotImplementedError

    @property
    def n_classes(self) -> int:
        """Number of answers."""
        raise NotImplementedError

    @property
    def n_inputs(self) -> int:
        """Number of inputs there are, known without listing them."""
        raise NotImplementedError

    @property
    def length(self) -> int:
        """Tokens per input."""
        return self.inputs.shape[1]

    @property
    def chance(self) -> float:
        """Accuracy of the best constant answer: the share of the most frequent label."""
        return float(np.bincount(self.labels, minlength=self.n_classes).max() / self.n_inputs)

    def n_train(self, fraction: float) -> int:
        """Number of training inputs, ``round(fraction * n_inputs)``. ValueError where no or all inputs would be."""
        n_train = round(fraction * self.n_inputs)
        if not 0 < n_train < self.n_inputs:
            raise ValueError(
                f"fraction: {fraction!r} leaves {n_train} training and {self.n_inputs - n_train} test inputs of "
                f"{self.n_inputs}; both must have at least one"
            )
        return n_train

    def split(self, fraction: float, seed: int) -> Split:
        """Draw :meth:`n_train` training rows with the given seed; the rest is the test set."""
        n_train = self.n_train(fraction)
        order = np.random.default_rng(seed).permutation(self.n_inputs)
        return Split(np.sort(order[:n_train]), np.sort(order[n_train:]))


class Modular(_Task):
    """Two numbers modulo ``p``, one operation: tokens ``a b``, answer ``a ∘ b mod p``.

    ``divide`` is true division, the ``c`` with ``b c = a``; it needs a prime ``p`` and leaves out ``b = 0``.
    The group: for addition and subtraction all pairs of shifts of ``a`` and ``b``; for multiplication and division all
    pairs of scalings by nonzero factors (``p`` prime), which fix the zeros, so that zeros have orbits of their own.

    Source: Power et al. 2022 (arXiv:2201.02177), table of binary operations.
    """

    kind: Literal["modular"] = "modular"
    operation: Literal["add", "subtract", "multiply", "divide"] = "add"
    p: Annotated[int, Field(ge=2, le=1000)] = 97

    @field_validator("p")
    @classmethod
    def _prime_where_needed(cls, p: int, info) -> int:  # type: ignore[no-untyped-def]
        if info.data.get("operation") in ("multiply", "divide") and not _is_prime(p):
            raise ValueError(f"{info.data['operation']} needs a prime")
        return p

    @cached_property
    def inputs(self) -> IntArray:
        first_b = 1 if self.operation == "divide" else 0
        a, b = np.meshgrid(np.arange(self.p), np.arange(first_b, self.p), indexing="ij")
        return np.stack([a.ravel(), b.ravel()], axis=1)

    @cached_property
    def labels(self) -> IntArray:
        a, b = self.inputs.T
        match self.operation:
            case "add":
                return (a + b) % self.p
            case "subtract":
                return (a - b) % self.p
            case "multiply":
                return a * b % self.p
            case "divide":
                return a * _inverses(self.p)[b] % self.p

    def orbits_of(self, inputs: slice) -> IntArray:
        c, label = np.arange(self.p)[None, :], self.labels[inputs, None]
        if self.operation in ("add", "subtract"):
            return (c - label) % self.p
        # A scaling moves the label of a nonzero input to any nonzero value, so c / label is what it keeps.
        # Rows whose label is zero keep only "is c zero"; the pattern of zeros in the input is kept as well.
        zeros = (self.inputs[inputs] == 0) @ np.array([1, 2])
        ratio = c * _inverses(self.p)[label] % self.p
        within = np.where(label == 0, (c != 0).astype(np.int64), ratio)
        return zeros[:, None] * self.p + within

    @property
    def n_inputs(self) -> int:
        return self.p * (self.p - 1 if self.operation == "divide" else self.p)

    @property
    def n_tokens(self) -> int:
        return self.p

    @property
    def n_classes(self) -> int:
        return self.p


class Parity(_Task):
    """The parity (exclusive or) of ``bits`` bits: tokens 0 and 1, answer 1 for an odd number of ones.

    The group: flip any set of bits; the answer flips once per flipped bit.
    """

    kind: Literal["parity"] = "parity"
    bits: Annotated[int, Field(ge=2, le=16)] = 10

    @cached_property
    def inputs(self) -> IntArray:
        numbers = np.arange(2**self.bits)[:, None]
        return numbers >> np.arange(self.bits)[::-1] & 1

    @cached_property
    def labels(self) -> IntArray:
        return self.inputs.sum(axis=1) % 2

    def orbits_of(self, inputs: slice) -> IntArray:
        return (np.arange(2)[None, :] + self.labels[inputs, None]) % 2

    @property
    def n_inputs(self) -> int:
        return 2**self.bits

    @property
    def n_tokens(self) -> int:
        return 2

    @property
    def n_classes(self) -> int:
        return 2


class RandomLabels(_Task):
    """The inputs of ``base`` with labels drawn uniformly at random: fittable, but with no rule to find.

    Tokens, classes and orbits are those of ``base``, so the same measures apply to both.
    Source of the idea: Zhang et al. 2016 (arXiv:1611.03530).
    """

    kind: Literal["random-labels"] = "random-labels"
    base: Annotated[Modular | Parity, Field(discriminator="kind")] = Modular()
    label_seed: Annotated[int, Field(ge=0)] = 0

    @cached_property
    def labels(self) -> IntArray:
        return np.random.default_rng(self.label_seed).integers(self.base.n_classes, size=self.base.n_inputs)

    @property
    def inputs(self) -> IntArray:
        return self.base.inputs

    def orbits_of(self, inputs: slice) -> IntArray:
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


Task = Annotated[Modular | Parity | RandomLabels, Field(discriminator="kind")]


def _is_prime(n: int) -> bool:
    return n >= 2 and all(n % d for d in range(2, int(n**0.5) + 1))


def _inverses(p: int) -> IntArray:
    """Multiplicative inverses modulo a prime p, shape (p,); the entry of 0 is 0."""
    return np.array([0] + [pow(n, -1, p) for n in range(1, p)])
