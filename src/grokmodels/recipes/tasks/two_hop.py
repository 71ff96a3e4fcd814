"""Facts about a world, and questions that join two of them."""

from __future__ import annotations

from functools import cached_property
from typing import Annotated, Literal, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from grokmodels.recipes.recipe import OrNone
from grokmodels.recipes.tasks import sentences
from grokmodels.recipes.tasks.base import BaseTask, IntArray, Part, Split

# In place of a relation, or of a fact, that is not there.
NONE = -1


class TwoHop(BaseTask):
    """Facts ``h r``, answer t, and two-hop questions ``h r s``: the s of the r of h. The answer is an entity.

    Each of the ``entities`` has facts of so many of the ``relations`` as ``degree`` says, None for all of them; which
    ones, and their answers, are drawn at random by ``world_seed``. With ``identity`` every entity also stands alone,
    and answers with itself.
    All of these are trained on; ``fraction`` is the share of the two-hop questions that are, too, and the rest is the
    test set. The share ``unused`` of the facts is in no training question: questions that need one of these facts, or
    two, stand apart and are neither trained on nor in the test set. With ``answers`` "random" there is no rule: every
    question has an answer of its own. The *bridge* of a question is the entity between its hops.

    ``wording`` "symbols" has one token an entity and one a relation. "sentences" has words
    (:mod:`grokmodels.recipes.tasks.sentences`): everything is written in ``ways`` ways, which differ in synonyms, word
    order and a sentence before that says nothing; all ways of one question are on the same side of a split.

    Source of such worlds: Wang et al. 2024 (arXiv:2405.15071); of the identity: arXiv:2509.24653.
    """

    kind: Literal["two-hop"] = "two-hop"
    entities: Annotated[int, Field(ge=2, le=1000)] = 50
    relations: Annotated[int, Field(ge=1, le=200)] = 10
    degree: Annotated[Annotated[int, Field(ge=1)] | None, OrNone] = None
    identity: bool = False
    unused: Annotated[float, Field(ge=0, lt=1)] = 0.0
    answers: Literal["composed", "random"] = "composed"
    wording: Literal["symbols", "sentences"] = "symbols"
    ways: Annotated[int, Field(ge=1, le=sentences.WAYS)] = 1
    world_seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _facts_and_words_for_all(self) -> Self:
        if self.degree is not None and self.degree > self.relations:
            raise ValueError(
                f"degree: got {self.degree}; must be at most the {self.relations} relations, or None for all"
            )
        if self.wording == "symbols" and self.ways > 1:
            raise ValueError(f"ways: got {self.ways}; must be 1 where the wording is symbols")
        if self.wording == "sentences" and self.relations > len(sentences.RELATIONS):
            raise ValueError(
                f"relations: got {self.relations}; must be at most {len(sentences.RELATIONS)} in sentences, "
                "which have words for so many"
            )
        return self

    @property
    def _degree(self) -> int:
        return self.relations if self.degree is None else self.degree

    @cached_property
    def world(self) -> IntArray:
        """The entity that each fact answers with, (entities, relations); −1 where there is no fact."""
        rng = np.random.default_rng(self.world_seed)
        answers = rng.integers(self.entities, size=(self.entities, self.relations))
        rank = rng.permuted(np.tile(np.arange(self.relations), (self.entities, 1)), axis=1)
        return np.where(rank < self._degree, answers, NONE)

    @cached_property
    def is_unused(self) -> NDArray[np.bool_]:
        """Which facts are in no training question, (entities, relations)."""
        facts = np.flatnonzero(self.world.ravel() >= 0)
        order = np.random.default_rng([self.world_seed, 1]).permutation(facts)
        unused = np.zeros(self.world.size, dtype=bool)
        unused[order[: round(self.unused * len(facts))]] = True
        return unused.reshape(self.world.shape)

    @cached_property
    def queries(self) -> IntArray:
        """The entity and the one or two relations of every input, (n_inputs, 3), −1 for a relation that is not there.

        Identities come first, then facts, then questions; the ways of one stand one after the other.
        """
        facts = np.argwhere(self.world >= 0)
        bridges = self.world[tuple(facts.T)]
        second = np.argwhere(self.world >= 0)[:, 1].reshape(self.entities, self._degree)
        questions = np.column_stack([np.repeat(facts, self._degree, axis=0), second[bridges].ravel()])
        alone = np.arange(self.entities)[:, None] if self.identity else np.empty((0, 1), dtype=np.int64)
        each = [np.pad(part, ((0, 0), (0, 3 - part.shape[1])), constant_values=NONE) for part in (alone, facts)]
        return np.repeat(np.vstack([*each, questions]), self.ways, axis=0)

    @cached_property
    def bridges(self) -> IntArray:
        """The entity that the first hop leads to, (n_inputs,): of a fact its answer, and of an identity itself."""
        h, r, _ = self.queries.T
        return np.where(r < 0, h, self.world[h, r])

    @cached_property
    def labels(self) -> IntArray:
        second = self.queries[:, 2]
        composed = np.where(second < 0, self.bridges, self.world[self.bridges, second])
        if self.answers == "composed":
            return composed
        own = np.random.default_rng([self.world_seed, 2]).integers(self.entities, size=self.n_inputs // self.ways)
        return np.where(second < 0, composed, np.repeat(own, self.ways))

    @cached_property
    def inputs(self) -> IntArray:
        if self.wording == "sentences":
            return sentences.written(self.queries, self.entities, self.ways, self.world_seed)
        symbols = self.queries + np.array([0, self.entities, self.entities])
        written = np.full_like(symbols, self.padding)
        for hops in range(3):
            rows = self._hops == hops
            written[rows, 2 - hops :] = symbols[rows, : hops + 1]
        return written

    @cached_property
    def vocabulary(self) -> tuple[str, ...]:
        """What each token is written as."""
        if self.wording == "sentences":
            return sentences.vocabulary(self.entities)
        return (*(f"e{i}" for i in range(self.entities)), *(f"r{i}" for i in range(self.relations)), "")

    @cached_property
    def _hops(self) -> IntArray:
        """How many relations each input has, (n_inputs,)."""
        return (self.queries[:, 1:] >= 0).sum(axis=1)

    @cached_property
    def _unused_hops(self) -> IntArray:
        """How many of a question's facts are in no training question, (n_inputs,); −1 for what is no question."""
        h, r, s = self.queries.T
        unused = self.is_unused[h, r].astype(np.int64) + self.is_unused[self.bridges, s]
        return np.where(self._hops == 2, unused, -1)

    def n_train(self, fraction: float) -> int:
        """All that is no question and ``round(fraction * questions)`` questions. ValueError where none or all were."""
        questions = int((self._unused_hops == 0).sum()) // self.ways
        taken = round(fraction * questions)
        if not 0 < taken < questions:
            raise ValueError(
                f"fraction: {fraction!r} trains on {taken} of {questions} two-hop questions; must be some, but not all"
            )
        return int(self.core.sum()) + taken * self.ways

    def split(self, fraction: float, seed: int) -> Split:
        always, questions = (np.flatnonzero(self._unused_hops == hops)[:: self.ways] for hops in (-1, 0))
        order = np.random.default_rng(seed).permutation(questions)
        taken = self.n_train(fraction) // self.ways - len(always)
        every = np.arange(self.ways)
        train, test = (
            np.sort((rows[:, None] + every).ravel())
            for rows in (np.concatenate([always, order[:taken]]), order[taken:])
        )
        return Split(train, test)

    @property
    def core(self) -> NDArray[np.bool_]:
        return self._hops < 2

    @property
    def breakdown(self) -> tuple[tuple[Part, str], ...]:
        apart: tuple[tuple[Part, str], ...] = (("apart", "one_unused"), ("apart", "two_unused")) if self.unused else ()
        return ("train", "facts"), ("train", "questions"), *apart

    def subset(self, name: str) -> NDArray[np.bool_]:
        match name:
            case "facts":
                return self._hops == 1
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
        facts = self.entities * self._degree
        return (self.identity * self.entities + facts + facts * self._degree) * self.ways

    @property
    def length(self) -> int:
        return 3 if self.wording == "symbols" else sentences.LENGTH
