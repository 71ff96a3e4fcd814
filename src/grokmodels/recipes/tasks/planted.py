"""A rule planted in ordinary text: the next word, whether it is one of the text or an answer of the rule."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from grokmodels.recipes.tasks import prose
from grokmodels.recipes.tasks.base import BaseTask, IntArray, Part, Split

PLUS, GIVES, STOP, UNKNOWN = "plus", "gives", ".", "…"
# The words of a question: a, plus, b, gives; and the end of the sentence before.
QUESTION = 5


class PlantedRule(BaseTask):
    """The next word after ``context`` words of ordinary English, among which additions modulo ``p`` are planted.

        … is returned as an array . w3 plus w11 gives      → w14
        if the input is a matrix , the output is           → a

    The p numbers are words of their own. Every pair of them is asked in ``ways`` places, each after the end of another
    sentence; ``fraction`` is the share of the pairs that are trained on, and the rest is the test set. ``windows``
    passages of the text (:mod:`grokmodels.recipes.tasks.prose`), drawn by ``text_seed``, are asked for their next word;
    a tenth of them stands apart. Words beyond the ``words`` most frequent ones are one token, and no answer. With
    ``answers`` "random" there is no rule: every pair has an answer of its own.
    """

    kind: Literal["planted-rule"] = "planted-rule"
    p: Annotated[int, Field(ge=2, le=200)] = 31
    windows: Annotated[int, Field(ge=10, le=50_000)] = 10_000
    ways: Annotated[int, Field(ge=1, le=100)] = 2
    words: Annotated[int, Field(ge=10, le=3000)] = 500
    context: Annotated[int, Field(ge=QUESTION + 1, le=64)] = 12
    answers: Literal["sum", "random"] = "sum"
    text_seed: Annotated[int, Field(ge=0)] = 0

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """What each token is written as: the numbers, words of the rule, and those of the text."""
        known, counts = np.unique(prose.words(), return_counts=True)
        # The most frequent ones first, and of equally frequent ones those that come first in the alphabet.
        frequent = known[np.argsort(-counts, kind="stable")][: self.words].tolist()
        return (*(f"w{number}" for number in range(self.p)), PLUS, GIVES, UNKNOWN, *frequent)

    @cached_property
    def _text(self) -> IntArray:
        """The corpus as tokens."""
        token = {word: number for number, word in enumerate(self.vocabulary[self.p + 2 :], start=self.p + 2)}
        return np.array([token.get(word, token[UNKNOWN]) for word in prose.words()])

    @cached_property
    def operands(self) -> IntArray:
        """The two numbers of each planted question, (p² ways, 2); the ways of one stand one after the other."""
        return np.repeat(np.indices((self.p, self.p)).reshape(2, -1).T, self.ways, axis=0)

    @cached_property
    def _places(self) -> tuple[IntArray, IntArray]:
        """Where passages begin, and the ends of sentences that questions follow on, as places in the text."""
        rng = np.random.default_rng(self.text_seed)
        begins = np.arange(len(self._text) - self.context)
        answered = begins[self._text[begins + self.context] != self.vocabulary.index(UNKNOWN)]
        if self.windows > len(answered):
            raise ValueError(f"windows: got {self.windows}; must be at most the {len(answered)} that the text has")
        ends = np.flatnonzero(self._text == self.vocabulary.index(STOP))
        return rng.choice(answered, self.windows, replace=False), rng.choice(
            ends[ends >= self.context], len(self.operands)
        )

    @cached_property
    def inputs(self) -> IntArray:
        begins, ends = self._places
        passages = self._text[begins[:, None] + np.arange(self.context)]
        before = self._text[ends[:, None] + np.arange(QUESTION - self.context, 1)]
        (a, b), plus, gives = self.operands.T, *(np.full(len(ends), self.vocabulary.index(w)) for w in (PLUS, GIVES))
        return np.vstack([passages, np.column_stack([before, a, plus, b, gives])])

    @cached_property
    def labels(self) -> IntArray:
        a, b = self.operands.T
        answers = (a + b) % self.p
        if self.answers == "random":
            rng = np.random.default_rng([self.text_seed, 1])
            answers = np.repeat(rng.integers(self.p, size=self.p**2), self.ways)
        return np.concatenate([self._text[self._places[0] + self.context], answers])

    def n_train(self, fraction: float) -> int:
        """Nine tenths of the passages and ``round(fraction * p²)`` pairs, in all ways. ValueError for none or all."""
        pairs = round(fraction * self.p**2)
        if not 0 < pairs < self.p**2:
            raise ValueError(
                f"fraction: {fraction!r} trains on {pairs} of {self.p**2} pairs; must be some, but not all"
            )
        return self.windows - self._n_apart + pairs * self.ways

    @property
    def _n_apart(self) -> int:
        return self.windows // 10

    def split(self, fraction: float, seed: int) -> Split:
        trained = (self.n_train(fraction) - (self.windows - self._n_apart)) // self.ways
        order = np.random.default_rng(seed).permutation(self.p**2)
        pairs = self.windows + order[:, None] * self.ways + np.arange(self.ways)
        passages = np.arange(self._n_apart, self.windows)
        return Split(np.concatenate([passages, np.sort(pairs[:trained].ravel())]), np.sort(pairs[trained:].ravel()))

    @property
    def core(self) -> NDArray[np.bool_]:
        return np.arange(self.n_inputs) < self.windows

    @property
    def breakdown(self) -> tuple[tuple[Part, str], ...]:
        return ("train", "text"), ("apart", "text"), ("train", "rule"), ("test", "rule")

    def subset(self, name: str) -> NDArray[np.bool_]:
        return self.core if name == "text" else ~self.core

    @property
    def n_tokens(self) -> int:
        return len(self.vocabulary)

    @property
    def n_classes(self) -> int:
        return self.n_tokens

    @property
    def n_inputs(self) -> int:
        return self.windows + self.p**2 * self.ways

    @property
    def length(self) -> int:
        return self.context
