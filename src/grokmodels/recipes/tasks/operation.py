"""The base of tasks whose inputs are operands of an operation: how they are written as tokens, and their mirrors."""

from __future__ import annotations

from collections.abc import Iterator
from functools import cached_property
from typing import Any, Literal, Self

import numpy as np
from pydantic import model_validator

from grokmodels.recipes.tasks import mirrors
from grokmodels.recipes.tasks.base import BaseTask, IntArray, Split


class Operation(BaseTask):
    """One to three operands out of k elements, and the answer, one of the same elements.

    ``format`` is how an input is written: its operands, 0 to k − 1; with an equals token after them, which is k; or
    also with an operator token between each two, which is k + 1.
    ``unordered`` keeps mirrors (the same operands in another order) on the same side of every split, so that no test
    input is answered by its mirror; the number of training inputs stays what it is (:meth:`n_train`). It is refused
    where the order of the operands matters to the answer.
    """

    format: Literal["a b", "a b =", "a o b ="] = "a b"
    unordered: bool = False

    @model_validator(mode="after")
    def _one_operand_is_written_plainly(self) -> Self:
        if self._n_operands == 1 and self.format == "a o b =":
            raise ValueError("format: got 'a o b ='; must be 'a b' or 'a b =' for one operand")
        if self._n_operands == 1 and self.unordered:
            raise ValueError("unordered: got True; must be False for one operand, which has no mirrors")
        return self

    @model_validator(mode="after")
    def _order_does_not_matter_where_it_is_left_out(self) -> Self:
        if self.unordered:
            # Not the cached arrays, which would stay with every recipe that is only read.
            operands = self._list()
            row = mirrors.first_broken(operands, self._answers(operands))
            if row is not None:
                raise ValueError(
                    "unordered: got True; must be False where the order of the operands matters, "
                    f"as it does for {tuple(operands[row].tolist())}"
                )
        return self

    def __repr_args__(self) -> Iterator[tuple[str | None, Any]]:
        # The plain way of writing goes without saying.
        plain = {"format": "a b", "unordered": False}
        return ((name, value) for name, value in super().__repr_args__() if plain.get(name or "") != value)

    @property
    def _n_elements(self) -> int:
        raise NotImplementedError

    @property
    def _n_operands(self) -> int:
        return 2

    def _list(self) -> IntArray:
        """The operands of all inputs, the last one changing fastest."""
        grid = np.indices((self._n_elements,) * self._n_operands).reshape(self._n_operands, -1)
        return np.ascontiguousarray(grid.T)

    def _answers(self, operands: IntArray) -> IntArray:
        raise NotImplementedError

    @cached_property
    def operands(self) -> IntArray:
        """The operands of every input, shape (n_inputs, operands), however they are written."""
        return self._list()

    @cached_property
    def inputs(self) -> IntArray:
        equals = np.full((self.n_inputs, 1), self._n_elements)
        match self.format:
            case "a b":
                return self.operands
            case "a b =":
                return np.hstack([self.operands, equals])
            case "a o b =":
                written = np.repeat(self.operands, 2, axis=1)
                written[:, 1::2] = equals + 1
                written[:, -1:] = equals
                return written

    @cached_property
    def labels(self) -> IntArray:
        return self._answers(self.operands)

    @property
    def together(self) -> IntArray:
        return mirrors.groups(self.operands) if self.unordered else super().together

    def split(self, fraction: float, seed: int) -> Split:
        """As :meth:`BaseTask.split`; mirrors stay together if ``unordered``, ValueError where they cannot."""
        if not self.unordered:
            return super().split(fraction, seed)
        return mirrors.split(self.together, self.n_train(fraction), seed)

    @property
    def n_inputs(self) -> int:
        return self._n_elements**self._n_operands

    @property
    def n_tokens(self) -> int:
        return self._n_elements + {"a b": 0, "a b =": 1, "a o b =": 2}[self.format]

    @property
    def n_classes(self) -> int:
        return self._n_elements

    @property
    def length(self) -> int:
        return {"a b": self._n_operands, "a b =": self._n_operands + 1, "a o b =": 2 * self._n_operands}[self.format]
