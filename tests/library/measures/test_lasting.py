"""Milestones on curves whose answers are known."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import measures
from grokmodels.measures import Milestone


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([0, 1, 1, 1, 0, 0], Milestone(10, censored=False)),
        ([0, 1, 0, 0, 1, 1, 1], Milestone(40, censored=False)),  # a spike does not last
        ([0, 1, 0, 1, 1, 1], Milestone(10, censored=False)),  # a dip does not end it
        ([0, 1, 0, 0, 1, 1], Milestone(50, censored=True)),  # too early to tell
        ([1, 1, 1], Milestone(0, censored=False)),
        ([1, 1], Milestone(10, censored=True)),
        ([0, 0, 0, 0], Milestone(30, censored=True)),
        ([float("nan"), 1, 1, 1], Milestone(10, censored=False)),
    ],
)
def test_a_milestone_counts_once_it_has_lasted(values, expected):
    steps = np.arange(len(values)) * 10
    assert measures.first_lasting(steps, values, level=0.99, evaluations=3) == expected


@given(values=st.lists(st.floats(0, 1), min_size=1, max_size=40), evaluations=st.integers(1, 6))
def test_a_milestone_is_what_a_plain_search_finds(values, evaluations):
    found = next(
        (
            i
            for i in range(len(values) - evaluations + 1)
            if values[i] >= 0.9 and np.median([value >= 0.9 for value in values[i : i + evaluations]]) == 1
        ),
        None,
    )
    expected = Milestone(len(values) - 1, True) if found is None else Milestone(found, False)
    assert measures.first_lasting(np.arange(len(values)), values, 0.9, evaluations) == expected


def test_milestones_say_what_is_not_known():
    assert str(Milestone(8000, censored=True)) == "not within 8,000 steps"
    assert str(Milestone(8000, censored=False)) == "step 8,000"


def test_without_an_evaluation_both_are_censored_at_step_0():
    nothing = pd.DataFrame({"step": [], "train_accuracy": [], "test_accuracy": []})
    assert measures.milestones(nothing) == ((0, True), (0, True))
