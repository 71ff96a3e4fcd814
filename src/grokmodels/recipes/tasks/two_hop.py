"""Facts about a world, and questions that join two of them."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from grokmodels.recipes.tasks import sentences
from grokmodels.recipes.tasks.base import BaseTask, IntArray, Part, Split


class TwoHop(BaseTask):
    """Facts ``h r``, answer t, and two-hop questions ``h r s``: the s of the r of h. The answer is an entity.

    The world has a fact for every one of ``entities`` and ``relations``, its answer drawn at random by ``world_seed``.
    All facts are trained on; ``fraction`` is the share of the two-hop questions that are, too, and the rest is the test
    set. The share ``unused`` of the facts is in no training question: questions that need one of these facts, or two,
    stand apart and are neither trained on nor in the test set. With ``answers`` "random" there is no rule: every
    question has an answer of its own. The *bridge* of a question is the entity between its hops.

    ``wording`` "symbols" has one token an entity and one a relation. "sentences" has words
    (:mod:`grokmodels.recipes.tasks.sentences`): each fact and each question is written in ``ways`` ways, which differ
    in synonyms, word order and a sentence before that says nothing; all ways of one are on the same side of a split.

    Source of such worlds: Wang et al. 2024 (arXiv:2405.15071).
    """

    kind: Literal["two-hop"] = "two-hop"
    entities: Annotated[int, Field(ge=2, le=1000)] = 50
    relations: Annotated[int, Field(ge=1, le=100)] = 10
    unused: Annotated[float, Field(ge=0, lt=1)] = 0.0
    answers: Literal["composed", "random"] = "composed"
    wording: Literal["symbols", "sentences"] = "symbols"
    ways: Annotated[int, Field(ge=1, le=sentences.WAYS)] = 1
    world_seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _words_for_all(self) -> Self:
        if self.wording == "symbols" and self.ways > 1:
            raise ValueError(f"ways: got {self.ways}; must be 1 where the wording is symbols")
        if self.wording == "sentences" and self.relations > len(sentences.RELATIONS):
            raise ValueError(
                f"relations: got {self.relations}; must be at most {len(sentences.RELATIONS)} in sentences, "
                "which have words for so many"
            )
        return self

    @cached_property
    def facts(self) -> IntArray:
        """The entity that each fact answers with, (entities, relations)."""
        return np.random.default_rng(self.world_seed).integers(self.entities, size=(self.entities, self.relations))

    @cached_property
    def is_unused(self) -> NDArray[np.bool_]:
        """Which facts are in no training question, (entities, relations)."""
        n_facts = self.entities * self.relations
        unused = np.zeros(n_facts, dtype=bool)
        order = np.random.default_rng([self.world_seed, 1]).permutation(n_facts)
        unused[order[: round(self.unused * n_facts)]] = True
        return unused.reshape(self.facts.shape)

    @cached_property
    def queries(self) -> IntArray:
        """The entity and the relations of every input, (n_inputs, 3); a fact has −1 in place of the second relation.

        Facts come first, then questions; the ways of one stand one after the other.
        """
        facts = np.indices(self.facts.shape).reshape(2, -1).T
        questions = np.indices((*self.facts.shape, self.relations)).reshape(3, -1).T
        every = np.vstack([np.pad(facts, ((0, 0), (0, 1)), constant_values=-1), questions])
        return np.repeat(every, self.ways, axis=0)

    @cached_property
    def bridges(self) -> IntArray:
        """The entity that the first hop leads to, (n_inputs,); of a fact, its answer."""
        return self.facts[self.queries[:, 0], self.queries[:, 1]]

    @cached_property
    def labels(self) -> IntArray:
        second = self.queries[:, 2]
        composed = np.where(second < 0, self.bridges, self.facts[self.bridges, second])
        if self.answers == "composed":
            return composed
        own = np.random.default_rng([self.world_seed, 2]).integers(self.entities, size=self.n_inputs // self.ways)
        return np.where(second < 0, composed, np.repeat(own, self.ways))

    @cached_property
    def inputs(self) -> IntArray:
        if self.wording == "sentences":
            return sentences.written(self.queries, self.entities, self.ways, self.world_seed)
        h, r, s = self.queries.T
        fact = np.stack([np.full_like(h, self.padding), h, self.entities + r], axis=1)
        return np.where(s[:, None] < 0, fact, np.stack([h, self.entities + r, self.entities + s], axis=1))

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """What each token is written as."""
        if self.wording == "sentences":
            return sentences.vocabulary(self.entities)
        return (*(f"e{i}" for i in range(self.entities)), *(f"r{i}" for i in range(self.relations)), "")

    @cached_property
    def _unused_hops(self) -> IntArray:
        """How many of its facts are in no training question, (n_inputs,); of a fact, −1."""
        h, r, s = self.queries.T
        hops = self.is_unused[h, r].astype(np.int64) + self.is_unused[self.bridges, s]
        return np.where(s < 0, -1, hops)

    def n_train(self, fraction: float) -> int:
        """All facts and ``round(fraction * questions)`` questions, in all ways. ValueError where none or all would."""
        questions = int((self._unused_hops == 0).sum()) // self.ways
        taken = round(fraction * questions)
        if not 0 < taken < questions:
            raise ValueError(
                f"fraction: {fraction!r} trains on {taken} of {questions} two-hop questions; must be some, but not all"
            )
        return (self.entities * self.relations + taken) * self.ways

    def split(self, fraction: float, seed: int) -> Split:
        n_train = self.n_train(fraction)
        facts, questions = (np.flatnonzero(self._unused_hops == hops)[:: self.ways] for hops in (-1, 0))
        order = np.random.default_rng(seed).permutation(questions)
        taken = n_train // self.ways - len(facts)
        every = np.arange(self.ways)
        train, test = (
            np.sort((rows[:, None] + every).ravel()) for rows in (np.concatenate([facts, order[:taken]]), order[taken:])
        )
        return Split(train, test)

    @property
    def breakdown(self) -> tuple[tuple[Part, str], ...]:
        apart: tuple[tuple[Part, str], ...] = (("apart", "one_unused"), ("apart", "two_unused")) if self.unused else ()
        return ("train", "facts"), ("train", "questions"), *apart

    def subset(self, name: str) -> NDArray[np.bool_]:
        match name:
            case "facts":
                return self._unused_hops < 0
            case "questions":
                return self._unused_hops == 0
        return self._unused_hops == {"one_unused": 1, "two_unused": 2}[name]

    @property
    def padding(self) -> int:
        return self.n_tokens - 1

    @property
    def n_tokens(self) -> int:
        if self.wording == "sentences":
            return len(sentences.vocabulary(self.entities))
        return self.entities + self.relations + 1

    @property
    def n_classes(self) -> int:
        return self.entities

    @property
    def n_inputs(self) -> int:
        return self.entities * self.relations * (1 + self.relations) * self.ways

    @property
    def length(self) -> int:
        return 3 if self.wording == "symbols" else sentences.LENGTH
