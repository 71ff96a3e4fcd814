"""Paths between points whose answer is known, barriers, and the choice of memorizer and rule in one run."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Experiment
from grokmodels.engine.run import Run
from grokmodels.measures import paths

HEIGHTS = st.lists(st.floats(-10, 10), min_size=2, max_size=20)


def test_the_barrier_is_measured_above_the_higher_end():
    assert paths.barrier([1.0, 3.0, 2.0]) == 1.0
    assert paths.barrier([2.0, 1.0, 0.0]) == 0.0
    assert paths.barrier([1.0, 1.0, 1.0]) == 0.0


@given(HEIGHTS, st.floats(-5, 5), st.floats(0, 5))
def test_a_barrier_is_the_same_from_both_ends_and_does_not_see_the_zero_of_the_loss(heights, shift, hill):
    barrier = paths.barrier(heights)
    assert barrier >= 0
    assert paths.barrier(heights[::-1]) == barrier
    assert paths.barrier([height + shift for height in heights]) == pytest.approx(barrier, abs=1e-9)
    top = max(heights) + hill
    assert paths.barrier([heights[0], top, heights[-1]]) == pytest.approx(top - max(heights[0], heights[-1]))


def test_a_bezier_curve_of_equal_spacing_is_the_straight_path():
    rng = np.random.default_rng(0)
    start, end = ({"a": rng.normal(size=(3, 2)), "b": rng.normal(size=4)} for _ in range(2))
    straight = paths.straight_path(start, end)
    curve = paths.curved_path(start, straight(1 / 3), straight(2 / 3), end)
    for t in (0, 0.2, 0.9, 1):
        for name in start:
            np.testing.assert_allclose(curve(t)[name], straight(t)[name], atol=1e-12)


def test_a_bezier_curve_never_leaves_the_ball_of_its_points():
    rng = np.random.default_rng(1)
    points = [{"a": values / np.linalg.norm(values)} for values in rng.normal(size=(4, 5))]
    curve = paths.curved_path(*points)
    assert max(np.linalg.norm(curve(t)["a"]) for t in np.linspace(0, 1, 50)) <= 1 + 1e-12


def test_memorizer_and_rule_are_checkpoints_of_nearly_equal_loss():
    history = pd.DataFrame(
        {
            "step": [0, 50, 100, 150, 200, 250, 300, 350],
            "train_accuracy": [0.0] + [1.0] * 7,
            "test_accuracy": [0.0, 0.02, 0.03, 0.05, 0.5, 1.0, 1.0, 1.0],
            # Step 150 is lower, but was not kept; nearest to 0.1 as a ratio is 0.08, not 0.03 or 0.4.
            "train_loss": [3.0, 0.5, 0.1, 0.01, 0.1, 0.4, 0.08, 0.03],
        }
    )
    run = Run(Experiment(), history, "finished", {}, {step: {} for step in (0, 50, 100, 200, 250, 300, 350)})
    assert paths.memorizer_and_rule(run) == (100, 300)
