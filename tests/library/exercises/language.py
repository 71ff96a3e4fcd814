"""Right and wrong answers to the exercises of the chapter "A language-like task"."""

import math

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def least_number(budget, scale, edge):
    return math.ceil(edge * (1 + scale / budget))


def two_hops(world, share, answered=True):
    entities, relations = world.shape
    facts = [(h, r) for h in range(entities) for r in range(relations) if world[h, r] >= 0]
    rows = [
        (h, r, s, world[world[h, r], s] if answered else world[h, r])
        for h, r in facts
        for s in range(relations)
        if world[world[h, r], s] >= 0
    ]
    return rows, share * len(rows) / len(facts)


def reach(trained, asked, places=(slice(0, 2), slice(2, 4))):
    known = [{tuple(row) for row in trained[:, place]} for place in places]
    return np.mean([all(tuple(row[place]) in own for place, own in zip(places, known, strict=True)) for row in asked])


EXERCISES = [
    Exercise(
        exercises.check_two_hops,
        two_hops,
        {
            "is no question of this world with its answer": lambda *case: two_hops(*case, answered=False),
            "is missing": lambda *case: (two_hops(*case)[0][:-1], two_hops(*case)[1]),
            "φ: expected": lambda world, share: (two_hops(world, share)[0], share),
        },
    ),
    Exercise(
        exercises.check_within_reach,
        reach,
        {
            "trained and": lambda trained, asked: reach(trained, asked, (slice(0, 2),)),
            "asked questions": lambda trained, asked: 1.0,
        },
    ),
    Exercise(
        exercises.check_crossed_worlds,
        [(5, 0.8), (20, 0.2), (20, 0.8)],
        {
            "expected two or three, got 4": [(5, 0.8), (20, 0.2), (20, 0.8), (10, 0.4)],
            "expected two of one φ and different shares": [(20, 0.2), (20, 0.8), (5, 0.2)],
            "expected two of one share and different φ": [(5, 0.8), (20, 0.2), (10, 0.4)],
            "a share from 0 to 1": [(5, 0.8), (2, 2.0)],
        },
    ),
    Exercise(
        exercises.check_least_number,
        least_number,
        {
            # A part of a conflict, and the edge itself.
            "budget 3.5, C = 1, n_c = 6: expected 8": lambda budget, scale, edge: edge * (1 + scale / budget),
            "budget 3.5": lambda budget, scale, edge: math.ceil(edge),
            "n_c = 10.5": lambda budget, scale, edge: math.ceil(edge * (1 + 1 / budget)),
        },
    ),
    Exercise(
        exercises.check_questions_per_copy,
        lambda degree, share, hops: degree ** (hops - 1) * share / (hops - 1),
        {
            "3 hops": lambda degree, share, hops: degree * share,
            "0.1, 3 hops": lambda degree, share, hops: degree ** (hops - 1) * share,
        },
    ),
]
