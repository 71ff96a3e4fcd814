"""What every task offers: inputs, labels, sizes, splits, and orbits where there is a symmetry."""

from __future__ import annotations

from functools import cached_property
from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grokmodels.recipes.recipe import Recipe

IntArray = NDArray[np.int64]
Part = Literal["train", "test", "apart"]


class Split(NamedTuple):
    """Row numbers of a task's inputs: ``train`` (n_train,) and ``test`` (n_test,), both sorted."""

    train: IntArray
    test: IntArray


class BaseTask(Recipe):
    """What every task offers. Subclasses define ``inputs``, ``labels`` and the sizes, and orbits if they have any."""

    kind: str

    @property
    def inputs(self) -> IntArray:
        """All inputs as tokens, shape (n_inputs, length)."""
        raise NotImplementedError

    @property
    def labels(self) -> IntArray:
        """The right class of every input, shape (n_inputs,)."""
        raise NotImplementedError

    @property
    def has_symmetry(self) -> bool:
        """Whether a group is known that the rule is symmetric under, so that there are orbits and a rule share."""
        return False

    @cached_property
    def orbits(self) -> IntArray:
        """Orbit number of every cell (input, class) under the task's group, shape (n_inputs, n_classes).

        ValueError for a task without :attr:`has_symmetry`.
        """
        return self.orbits_of(slice(None))

    def orbits_of(self, inputs: slice) -> IntArray:
        """The orbit numbers of some inputs only: all of them together can be many (p³ for two numbers modulo p).

        ValueError as for :attr:`orbits`.
        """
        if not self.has_symmetry:
            raise ValueError(f"task: got {self!r}; no symmetry group of it is known here, so it has no rule share")
        return self._orbits_of(inputs)

    def _orbits_of(self, inputs: slice) -> IntArray:
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
        """Tokens per input, known without listing them."""
        raise NotImplementedError

    @property
    def chance(self) -> float:
        """Accuracy of the best constant answer: the share of the most frequent label."""
        return float(np.bincount(self.labels, minlength=self.n_classes).max() / self.n_inputs)

    @property
    def padding(self) -> int | None:
        """The token that fills shorter inputs up, at their start; None where all inputs have one length."""
        return None

    @property
    def core(self) -> NDArray[np.bool_]:
        """Inputs that every split trains on, and that a data schedule takes away last, (n_inputs,)."""
        return np.zeros(self.n_inputs, dtype=bool)

    @property
    def breakdown(self) -> tuple[tuple[Part, str], ...]:
        """The parts of a split whose accuracy is also measured by subset, as (part, name of the subset).

        "apart" are inputs that are neither trained on nor in the test set.
        """
        return ()

    def subset(self, name: str) -> NDArray[np.bool_]:
        """Which inputs belong to a subset of :attr:`breakdown`, (n_inputs,)."""
        raise NotImplementedError

    @property
    def together(self) -> IntArray:
        """Group number of every input, (n_inputs,), from 0 without gaps: no split parts the inputs of a group."""
        return np.arange(self.n_inputs)

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
