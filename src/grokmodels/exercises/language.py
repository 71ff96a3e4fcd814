"""Checkers of the exercises of the chapter "A language-like task"."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection
from itertools import combinations
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect


@checker
def check_two_hops(function: Callable[..., Any]) -> None:
    """``function(world, share)``: the two-hop questions of a world, and φ if this share of them is trained.

    ``world[h, r]`` is the entity that the fact of entity h and relation r answers with, −1 where there is none. The
    questions are rows (h, r, s, answer) in any order; φ is the number of trained questions per fact.
    """
    from grokmodels.recipes.tasks import TwoHop

    for size in ({"entities": 4, "relations": 2}, {"entities": 6, "relations": 4, "degree": 2, "world_seed": 1}):
        task = TwoHop.model_validate(size)
        rows = task.queries[:, 2] >= 0
        expected = {(*query, answer) for query, answer in zip(task.queries.tolist(), task.labels.tolist(), strict=True)}
        expected = {row for row in expected if row[2] >= 0}
        for share in (0.5, 0.8):
            questions, phi = function(task.world.copy(), share)
            case = f"world {task.world.tolist()}, share {share}"
            got = {tuple(int(part) for part in row) for row in questions}
            wrong, missing = sorted(got - expected), sorted(expected - got)
            assert not wrong, f"{case}: {wrong[0]} is no question of this world with its answer"
            assert not missing, f"{case}: the question {missing[0][:3]} with answer {missing[0][3]} is missing"
            expect(f"{case}: questions, each once", len(questions), int(rows.sum()))
            expect(f"{case}: φ", phi, share * int(rows.sum()) / int((task.world >= 0).sum()), tolerance=1e-9)


@checker
def check_within_reach(function: Callable[[Any, Any], float]) -> None:
    """``function(trained, asked)``: the share of the asked questions that are within reach of the trained ones.

    Questions are rows (h, r, bridge, s): (h, r) is the fact of the first hop, (bridge, s) that of the second. Within
    reach are those whose two facts each stand, as the same hop, in some trained question.
    """
    from grokmodels.claims.facts import within_reach, world
    from grokmodels.recipes.experiment import Experiment

    for fraction in (0.1, 0.3, 0.7):
        recipe = {"kind": "two-hop", "entities": 12, "relations": 4, "unused": 0.1}
        experiment = Experiment.model_validate({"task": recipe, "fraction": fraction, "batch_size": 4})
        task = world(experiment)
        rows = np.insert(task.queries, 2, task.bridges, axis=1)
        train, test = (rows[part] for part in experiment.split)
        train = train[train[:, 3] >= 0]
        case = f"{len(train)} trained and {len(test)} asked questions"
        expect(case, function(train, test), within_reach(experiment), tolerance=1e-9)


@checker
def check_crossed_worlds(cells: Collection[tuple[int, float]]) -> None:
    """Worlds, as (facts of an entity, share of its questions), that tell the questions per fact from the share.

    Two of them have one φ and different shares, and two have one share and different φ; at most three are needed.
    """
    assert 2 <= len(cells) <= 3, f"cells: expected two or three, got {len(cells)}"
    for degree, share in cells:
        assert degree >= 1, f"cell ({degree}, {share}): expected a fact or more of an entity"
        assert 0 < share <= 1, f"cell ({degree}, {share}): expected a share from 0 to 1"
    pairs = [((d * s, s), (e * t, t)) for (d, s), (e, t) in combinations(cells, 2)]
    same = [tuple(math.isclose(one, other) for one, other in zip(*pair, strict=True)) for pair in pairs]
    assert (True, False) in same, f"cells {[*cells]}: expected two of one φ and different shares, got none"
    assert (False, True) in same, f"cells {[*cells]}: expected two of one share and different φ, got none"


@checker
def check_least_number(function: Callable[[float, float, float], int]) -> None:
    """``function(budget, scale, edge)``: the fewest trained conflicts whose wait C/(n/n_c − 1) is within the budget.

    ``scale`` is C, a decay time as the budget is, and ``edge`` is n_c; n is a whole number.
    """
    for budget, scale, edge in ((3.5, 1.0, 6.0), (0.4, 1.0, 6.0), (30.0, 1.0, 6.0), (7.0, 2.0, 10.5)):
        case = f"budget {budget:g}, C = {scale:g}, n_c = {edge:g}"
        expect(case, function(budget, scale, edge), math.ceil(edge * (1 + scale / budget)))


@checker
def check_questions_per_copy(function: Callable[[int, float, int], float]) -> None:
    """``function(degree, share, hops)``: trained questions of that many hops per further copy of a fact.

    Every entity has ``degree`` facts. The rule has one copy of all facts for each hop beyond the first.
    """
    for degree, share, hops in ((10, 0.8, 2), (10, 0.1, 3), (4, 0.5, 4)):
        case = f"{degree} facts an entity, a share of {share:g}, {hops} hops"
        expect(case, function(degree, share, hops), degree ** (hops - 1) * share / (hops - 1), tolerance=1e-9)
