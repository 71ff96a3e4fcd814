"""Checkers of the exercises of the chapter "Parity of ten bits"."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from grokmodels import studies
from grokmodels.checking import checker, expect
from grokmodels.measures import walsh
from grokmodels.recipes.tasks import Parity
from grokmodels.theory.leak import vote_accuracy

DECAY = "optimizer.weight_decay"


@checker
def check_walsh_coefficient(function: Callable[..., float]) -> None:
    """``function(table, bits)``: the coefficient of a table (2^n,) at the character of the set ``bits``, a list.

    Places are counted from 0 at the first token; the empty list is the constant.
    """
    for size, places in ((3, [0]), (4, [1, 2]), (5, []), (5, [0, 1, 2, 3, 4]), (6, [0, 5])):
        table = np.random.default_rng(size).normal(size=2**size)
        number = sum(2 ** (size - 1 - place) for place in places)
        expected = float(walsh.coefficients(table)[number])
        expect(f"a table over {size} bits, the set {places}", function(table, places), expected, tolerance=1e-9)


@checker
def check_two_stops(memorized: Sequence[int], generalized: Sequence[int]) -> None:
    """How many of the ten seeds of the parity figure did so: two numbers each, without decay and with it."""
    runs = studies.record("parity").only(block="decay").runs
    runs = runs[runs["fraction"] == 0.3]
    for time, name, answer in (("t_mem", "memorized", memorized), ("t_gen", "generalized", generalized)):
        done = (~runs[f"{time}_censored"]).groupby(runs[DECAY]).sum()
        assert len(answer) == len(done), f"{name}: expected a number for each of {len(done)} stops, got {answer}"
        for (decay, expected), got in zip(done.items(), answer, strict=True):
            expect(f"{name} at decay {decay:g}", got, expected)


@checker
def check_sparse_vote(function: Callable[[int, float], float]) -> None:
    """``function(relevant, blur)``: how often the vote of stored strings is right on the others, as a share of one.

    The label is the parity of the first ``relevant`` of ten bits; the stored strings are the training strings of
    ``Parity(bits=10).split(0.3, seed=0)``, and each votes with the weight ``blur`` to the power of its distance.
    """
    split = Parity(bits=10).split(0.3, seed=0)
    for relevant, blur in ((3, 0.02), (3, 0.3), (1, 0.02), (5, 0.1), (9, 0.3), (10, 0.02)):
        task = Parity(bits=10, relevant=relevant if relevant < 10 else None)
        case = f"{relevant} of ten bits count, blur {blur}"
        expect(case, function(relevant, blur), vote_accuracy(task, split, blur), tolerance=0.005)
