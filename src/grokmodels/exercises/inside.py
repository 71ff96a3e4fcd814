"""Checkers of the exercises of the chapter "Inside the circuit: Fourier structure and progress measures"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels import studies
from grokmodels.checking import checker, expect
from grokmodels.measures import accuracy, fourier, progress


@checker
def check_spectrum(function: Callable[[Any], Any]) -> None:
    """``function(logits)``: share of each frequency in squared logits of shape (p, p, p), by a, b and c."""
    for p, frequencies, noise in ((7, [2], 0.0), (11, [1, 4], 0.0), (11, [3, 5], 1.0)):
        random = np.random.default_rng(p).normal(size=(p * p, p))
        logits = progress.handmade(p, frequencies, [2.0, 1.0][: len(frequencies)]) + noise * random + 3
        got = np.asarray(function(logits.reshape(p, p, p)), dtype=float)
        case = f"frequencies {frequencies} of p = {p} and {noise} times noise"
        expect(f"{case}: number of shares", got.size, p // 2)
        for k, (theirs, ours) in enumerate(zip(got, progress.spectrum(logits), strict=True), start=1):
            expect(f"{case}: share of frequency {k}", theirs, ours, tolerance=1e-9)


@checker
def check_near_ties(function: Callable[..., Any]) -> None:
    """``function(p, frequency, a, b)``: the two wrong answers to a + b that a network with one frequency nearly gives.

    In any order; for a = b = 0 they are the neighbors of token 0 on the circle.
    """
    for p, frequency, a, b in ((59, 12, 0, 0), (59, 12, 20, 30), (31, 1, 30, 1), (7, 3, 5, 6)):
        place = fourier.circle_order(p, frequency)
        apart = (place - place[(a + b) % p]) % p
        expected = sorted(np.flatnonzero((apart == 1) | (apart == p - 1)).tolist())
        got = sorted(int(answer) for answer in function(p, frequency, a, b))
        assert got == expected, f"{a} + {b} mod {p}, frequency {frequency}: expected {expected}, got {got}"


@checker
def check_best_pair(function: Callable[[int], Any]) -> None:
    """``function(p)``: two different frequencies, of 1 to (p − 1)/2, with the largest margin modulo a prime p."""
    for p in (7, 13, 31, 59):
        pair = [int(k) for k in function(p)]
        allowed = len(set(pair)) == len(pair) == 2 and all(1 <= k <= p // 2 for k in pair)
        assert allowed, f"p = {p}: expected two different frequencies of 1 to {p // 2}, got {pair}"
        best = max(progress.margin(p, [1, k]) for k in range(2, p // 2 + 1))
        expect(f"p = {p}: margin of the frequencies {pair}", progress.margin(p, pair), best, tolerance=1e-9)


@checker
def check_enough(kept: int, half_kept: int, half_whole: int) -> None:
    """What the slider of frequencies says of p = 59, in whole numbers; steps may be off by one notch, 100.

    ``kept``: the fewest frequencies whose accuracy at the end is that of the whole network within half a percent.
    ``half_kept`` and ``half_whole``: the first step at which these, and the whole network, answer half of the test.
    """
    run = next(run for _, run in studies.with_weights("circuits") if run.experiment.task.p == 59)
    test, last = run.experiment.split.test, max(run.checkpoints)

    def answered(steps: Any, frequencies: Any) -> Any:
        labels = run.experiment.task.labels[test]
        return {step: accuracy(logits[test], labels) for step, logits in progress.logits_of(run, steps, frequencies)}

    (_, logits) = next(progress.logits_of(run, [last]))
    order = np.argsort(-progress.spectrum(logits), kind="stable") + 1
    whole = answered(range(0, last + 1, 100), None)
    fewest = next(n for n in range(len(order)) if answered([last], order[:n])[last] >= whole[last] - 0.005)
    expect("the fewest frequencies that are as good as the whole", kept, fewest)
    few = answered([*whole], order[:fewest])
    for name, got, course in (("half_kept", half_kept, few), ("half_whole", half_whole, whole)):
        first = next(step for step in sorted(course) if course[step] >= 0.5)
        expect(f"{name}: the first step with half of the test answered", got, first, tolerance=100)
