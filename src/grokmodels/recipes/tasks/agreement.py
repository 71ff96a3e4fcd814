"""A small grammar in which the verb agrees with a noun that is not always the nearest."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from grokmodels.recipes.tasks.base import BaseTask, IntArray, Part, Split

THE, COMMA = "the", ","


class Agreement(BaseTask):
    """Sentences up to their verb, which is given by its stem; the answer is its form, singular or plural.

        the keys near the cabinet , BE            → are
        near the cabinets , the key BE            → is

    The verb agrees with the *head*; another noun, after a preposition, stands between them or before. Where the two
    nouns differ in number and the other one is the nearest, the two ways to answer, by the head and by the nearest
    noun, disagree: these are the *conflicts*. All other sentences are trained on; ``fraction`` is the share of the
    conflicts that are, too, and the rest is the test set. So a network can agree with the nearest noun and learn the
    exceptions by heart, or agree with the head.

    There are ``nouns``, ``prepositions`` and ``verbs`` of so many stems, each noun in two numbers.

    Source of the question: Linzen et al. 2016 (arXiv:1611.01368); of its grokking: Murty et al. 2023
    (arXiv:2305.18741).
    """

    kind: Literal["agreement"] = "agreement"
    nouns: Annotated[int, Field(ge=2, le=50)] = 10
    prepositions: Annotated[int, Field(ge=1, le=10)] = 3
    verbs: Annotated[int, Field(ge=1, le=50)] = 4

    @cached_property
    def _parts(self) -> IntArray:
        """Order, head, its number, preposition, other noun, its number, and verb of every input, (n_inputs, 7)."""
        sizes = (2, self.nouns, 2, self.prepositions, self.nouns, 2, self.verbs)
        return np.indices(sizes).reshape(len(sizes), -1).T

    @cached_property
    def inputs(self) -> IntArray:
        order, head, number, preposition, other, others_number, verb = self._parts.T
        the, comma = (np.full_like(order, self.vocabulary.index(word)) for word in (THE, COMMA))
        first_noun, second_noun = 2 * head + number, 2 * other + others_number
        preposition, verb = 2 * self.nouns + preposition, 2 * self.nouns + self.prepositions + verb
        phrase = [preposition, the, second_noun]
        after = np.stack([the, first_noun, *phrase, comma, verb], axis=1)
        before = np.stack([*phrase, comma, the, first_noun, verb], axis=1)
        return np.where(order[:, None] == 0, after, before)

    @cached_property
    def labels(self) -> IntArray:
        return 2 * self._parts[:, 6] + self._parts[:, 2]

    @cached_property
    def conflicts(self) -> NDArray[np.bool_]:
        """The sentences whose nearest noun disagrees with their verb, (n_inputs,)."""
        order, _, number, _, _, others_number, _ = self._parts.T
        return (order == 0) & (number != others_number)

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """What each token is written as."""
        nouns = (f"noun{i}{ending}" for i in range(self.nouns) for ending in ("", "s"))
        prepositions = (f"prep{i}" for i in range(self.prepositions))
        return (*nouns, *prepositions, *(f"VERB{i}" for i in range(self.verbs)), THE, COMMA)

    def n_train(self, fraction: float) -> int:
        """All sentences without conflict and ``round(fraction * conflicts)``. ValueError where none or all would."""
        conflicts = self.n_inputs // 4
        taken = round(fraction * conflicts)
        if not 0 < taken < conflicts:
            raise ValueError(
                f"fraction: {fraction!r} trains on {taken} of {conflicts} sentences with a conflict; must be some, but "
                "not all"
            )
        return self.n_inputs - conflicts + taken

    def split(self, fraction: float, seed: int) -> Split:
        rows = np.random.default_rng(seed).permutation(np.flatnonzero(self.conflicts))
        taken = self.n_train(fraction) - (self.n_inputs - len(rows))
        train = np.concatenate([np.flatnonzero(~self.conflicts), rows[:taken]])
        return Split(np.sort(train), np.sort(rows[taken:]))

    @property
    def core(self) -> NDArray[np.bool_]:
        return ~self.conflicts

    @property
    def breakdown(self) -> tuple[tuple[Part, str], ...]:
        return ("train", "plain"), ("train", "conflicts")

    def subset(self, name: str) -> NDArray[np.bool_]:
        return self.conflicts if name == "conflicts" else ~self.conflicts

    @property
    def n_tokens(self) -> int:
        return len(self.vocabulary)

    @property
    def n_classes(self) -> int:
        return 2 * self.verbs

    @property
    def n_inputs(self) -> int:
        return 2 * (2 * self.nouns) ** 2 * self.prepositions * self.verbs

    @property
    def length(self) -> int:
        return 7
