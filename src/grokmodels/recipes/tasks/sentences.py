"""Facts and two-hop questions in words: synonyms, two word orders, and a sentence before that says nothing.

    the teacher of ada is            ada 's tutor is
    rain fell . the rival of the teacher of ada is

An entity alone is just named: ``ada is``. Every entity has two names and every relation two words. An input ends where
its answer would stand.
"""

from __future__ import annotations

import itertools

import numpy as np

from grokmodels.recipes.tasks.base import IntArray

RELATIONS = (
    ("teacher", "tutor"), ("rival", "opponent"), ("friend", "companion"), ("boss", "manager"), ("doctor", "physician"),
    ("lawyer", "attorney"), ("neighbor", "neighbour"), ("owner", "holder"), ("heir", "successor"), ("guide", "leader"),
    ("partner", "associate"), ("writer", "author"),
)  # fmt: skip
THE, OF, HIS, IS = "the", "of", "'s", "is"
SUBJECTS, VERBS, STOP = ("rain", "snow", "night", "silence"), ("fell", "came", "passed", "followed"), "."
# Names differ in their last vowel: two of one entity, and no two entities alike.
SYLLABLES = tuple("".join(pair) for pair in itertools.product("bdfgklmnprstvz", "aeiou"))

_FUNCTION_WORDS = (THE, OF, HIS, IS, *SUBJECTS, *VERBS, STOP)
_NOISE = ((), *((subject, verb, STOP) for subject in SUBJECTS for verb in VERBS))
# Of an entity alone: its names, and what may stand before. Facts and questions have more.
WAYS = 2 * len(_NOISE)
LENGTH = 8 + 3


def vocabulary(entities: int) -> tuple[str, ...]:
    """The words of a world of so many entities, by their tokens; the last is padding."""
    names = [_name(number) for number in range(2 * entities)]
    return (*names, *(word for pair in RELATIONS for word in pair), *_FUNCTION_WORDS, "")


def _name(number: int) -> str:
    first, second = divmod(number, len(SYLLABLES))
    return SYLLABLES[second] + SYLLABLES[(7 * second + first) % len(SYLLABLES)]


def written(queries: IntArray, entities: int, ways: int, seed: int) -> IntArray:
    """Tokens (n, LENGTH) of ``queries`` (n, 3), padded at their start; each ``ways`` rows in different ways."""
    token = {word: number for number, word in enumerate(vocabulary(entities))}
    rng, rows = np.random.default_rng([seed, 3]), np.full((len(queries), LENGTH), len(token) - 1)
    for first in range(0, len(queries), ways):
        entity, *relations = queries[first].tolist()
        hops = [r for r in relations if r >= 0]
        # The name, and where there are relations the word order and each one's word.
        choices = 2 ** (1 + bool(hops) + len(hops)) * len(_NOISE)
        chosen = rng.choice(choices, size=ways, replace=False)
        for row, way in enumerate(chosen.tolist(), start=first):
            words = _sentence(entity, hops, way)
            rows[row, -len(words) :] = [token[word] for word in words]
    return rows


def _sentence(entity: int, hops: list[int], way: int) -> list[str]:
    """One of the ways to ask: a number whose digits choose the name, the order, each relation's word and the noise."""
    way, name = divmod(way, 2)
    way, possessive = divmod(way, 2) if hops else (way, 0)
    called = []
    for hop in hops:
        way, synonym = divmod(way, 2)
        called.append(RELATIONS[hop][synonym])
    who = _name(2 * entity + name)
    if possessive:
        asked = [who, *itertools.chain.from_iterable((HIS, word) for word in called)]
    else:
        asked = [*itertools.chain.from_iterable((THE, word, OF) for word in reversed(called)), who]
    return [*_NOISE[way], *asked, IS]
