"""How forecasts are scored, censored ones included."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.forecasts import scores
from tests.library.forecasts.made_runs import asked_of, made


def test_a_perfect_forecast_is_off_by_nothing_and_a_double_one_by_ln_2():
    cases = asked_of(*(made(seed=s, turn=3 + s) for s in range(3)))
    truth = {case.view.recipe: case.t_gen for case in cases}
    by_view = {id(case.view): case.t_gen for case in cases}
    assert len(truth) == 1
    perfect = scores.scored(lambda view: by_view[id(view)], cases)
    double = scores.scored(lambda view: 2 * by_view[id(view)], cases)
    assert (perfect[["error", "error of the wait"]] == 0).all(axis=None)
    assert double["error"].to_numpy() == pytest.approx(np.log(2))
    assert (double["error of the wait"] > np.log(2)).all()


def test_a_time_that_is_over_counts_as_soon():
    case = asked_of(made())[0]
    row = scores.scored(lambda view: 1.0, [case]).iloc[0]
    assert row["forecast"] == case.view.now + 12.5
    assert row["error"] == pytest.approx(np.log(case.t_gen / row["forecast"]))


@given(forecast=st.floats(1, 1e6), end=st.floats(1, 1e6))
def test_of_a_censored_run_an_error_is_known_only_below_its_end(forecast, end):
    least = scores.off(forecast, end, censored=True)
    assert least == (pytest.approx(np.log(end / forecast)) if forecast < end else 0)
    # Whatever the truth is, which lies beyond the end, the error is no smaller.
    for truth in (end, 1.5 * end, 10 * end):
        assert least <= scores.off(forecast, truth, censored=False) + 1e-12


def test_never_is_infinitely_off_for_a_run_that_came_and_no_answer_is_no_error():
    assert scores.off(np.inf, 100, censored=False) == np.inf
    assert scores.off(np.inf, 100, censored=True) == 0
    assert np.isnan(scores.off(np.nan, 100, censored=False))


def table(errors, cells, censored=None):
    late = [False] * len(errors) if censored is None else censored
    return pd.DataFrame({"error": errors, "cell": cells, "censored": late})


def test_the_typical_error_counts_every_recipe_once():
    many = table([0.1] * 9 + [0.5, 0.6, 0.7], ["a"] * 9 + ["b", "c", "d"])
    assert scores.typical(many).low == 0.5
    assert scores.typical(many[:10]).low == 0.1


def test_open_errors_leave_the_median_between_two_ends():
    found = scores.typical(table([0.1, 0.2, 0.3, 0.0], list("abcd"), [False, False, False, True]))
    assert (found.low, found.high) == (0.1, 0.2)
    assert found.interval[0] <= found.low <= found.high <= found.interval[1]


def test_the_interval_over_recipes_covers_the_median():
    rng, inside = np.random.default_rng(0), []
    for _ in range(60):
        errors = np.abs(rng.normal(size=25))
        found = scores.typical(table(errors, range(25)), draws=200)
        inside.append(found.interval[0] <= 0.6745 <= found.interval[1])
    # 60 draws at 95 %: fewer than 51 has a chance of about 1 in 1,000.
    assert sum(inside) >= 51


def test_coverage_tells_what_is_certain_from_what_is_open():
    found = scores.coverage(table([0.1, 0.5, 0.0, 0.9], list("abcd"), [False, False, True, True]), 0.3)
    assert (found.low, found.high, found.ended) == (0.25, 0.5, 0.5)
