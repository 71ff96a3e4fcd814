"""Checkers of the exercises of the chapter "What keeps the weights moving"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.theory import motion
from grokmodels.theory.plateau import DECAY_TIME


@checker
def check_gain(function: Callable[..., float]) -> None:
    """``function(mean, spread, epsilon)``: relative change of Adam's push over that of the gradient's mean."""
    for case in ((1.0, 1.0, 0.0), (0.01, 0.001, 0.0), (0.01, 0.03, 1e-8), (1.0, 0.5, 2.0), (1e-3, 0.0, 1e-2)):
        mean, spread, epsilon = case
        expect(
            f"mean {mean:g}, spread {spread:g}, epsilon {epsilon:g}",
            function(mean, spread, epsilon),
            float(motion.GAIN(mean, spread, epsilon)),
            tolerance=1e-6,
        )


@checker
def check_critical_batch(function: Callable[..., int]) -> None:
    """``function(ratio, examples)``: the largest batch in which a rule on shared weights grows; 0 where none does."""
    for ratio, examples in ((2.0, 65), (1.5, 577), (1.1, 577), (0.9, 577), (4.0, 10)):
        shares = np.arange(1, examples + 1) / examples
        growing = motion.SHARED_RATIO(ratio, motion.SATURATION(shares)) > 1
        expected = int(growing.sum())
        expect(f"ratio {ratio:g}, {examples} examples", function(ratio, examples), expected)


@checker
def check_resting_weight(function: Callable[..., float]) -> None:
    """``function(mean, spread, epsilon, decay)``: the weight, with its sign, at which AdamW comes to rest."""
    for case in ((0.02, 0.01, 0.0, 2.0), (20.0, 10.0, 0.0, 2.0), (0.02, 0.01, 0.02, 2.0), (-0.01, 0.03, 0.0, 0.5)):
        expected = -float(motion.PUSH(*case[:3])) / case[3]
        expect("mean {:g}, spread {:g}, epsilon {:g}, decay {:g}".format(*case), function(*case), expected, 1e-6)


@checker
def check_same_race(first: Any, second: Any) -> None:
    """Two settings (batch share, ρ) that differ in both, with one Λ at one half, within 5 %."""
    from grokmodels.explorables.motion import BATCHES, RATIOS, SEED_SHARE

    waits = []
    for share, ratio in (first, second):
        case = f"batch share {share:g}, ρ = {ratio:g}"
        on_sliders = BATCHES[0] <= share <= BATCHES[1] and RATIOS[0] <= ratio <= RATIOS[1]
        assert on_sliders, f"{case}: expected a batch share from 1/32 to 1 and a ρ from 1 to 4"
        left = float(motion.SHARED_RATIO(ratio, motion.SATURATION(share)))
        assert left > 1, f"{case}: expected a rule that grows, got an effective ratio of {left:.3g}"
        waits.append(float(DECAY_TIME(0.5, 1.0, SEED_SHARE, 1.0, left)))
    assert all(a != b for a, b in zip(first, second, strict=True)), f"expected other values, got {first} and {second}"
    expect(f"Λ at one half of {second}, that of {first}", waits[1], waits[0], tolerance=0.05 * waits[0])
