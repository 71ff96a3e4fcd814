"""The three marks of a transition: each rule both ways, and open where nothing was measured."""

import pandas as pd
import pytest

from grokmodels.claims import marks
from grokmodels.statistics import Interval


def ends(lost, found, kept_above=0.9):
    """Medians of m̂ at .6 and .9 of the edge from the rule, at 1.1 and 1.3 from a table."""
    rows = [(True, 0.6, lost), (True, 0.9, kept_above), (False, 1.1, 0.0), (False, 1.3, found)]
    return pd.DataFrame(rows, columns=["of_rule", "distance", "end"])


def test_states_change_places_where_the_rule_is_lost_below_and_found_above():
    assert marks.judge_exchange(ends(0.02, 0.8)) is True
    assert marks.judge_exchange(ends(0.3, 0.8)) is False
    assert marks.judge_exchange(ends(0.02, 0.3)) is False
    assert marks.judge_exchange(ends(0.02, 0.8)[1:]) is None


@pytest.mark.parametrize(
    ("worse", "answer"), [([40.0, 3.0], True), ([40.0, 1.6], None), ([40.0, -5.0], False), ([40.0, -1.6], None)]
)
def test_a_wait_diverges_if_no_law_without_an_edge_is_as_good(worse, answer):
    assert marks.judge_divergence(worse) is answer


@pytest.mark.parametrize(
    ("low", "high", "answer"),
    [(0.3, 0.6, True), (-0.1, 0.1, False), (0.05, 0.4, None), (0.12, 0.19, False), (0.12, 0.24, True)],
)
def test_a_step_sharpens_or_not_by_its_interval(low, high, answer):
    one = Interval((low + high) / 2, low, high)
    assert marks.judge_sharpening([one, one]) is answer
    if answer is not None:
        assert marks.judge_sharpening([one, Interval(0.2, 0.05, 0.4)]) is None
