"""What a forecaster may see, and what it may not."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import studies
from grokmodels.forecasts import view as views
from grokmodels.forecasts.forecasters import middle
from grokmodels.recipes.schedules import Schedule
from grokmodels.statistics import median_wait
from grokmodels.studies import quantities
from tests.library.forecasts.made_runs import EVERY, RATE, made, record

TWICE = views.Moment(times=2.0)


@pytest.fixture
def run():
    return made()


def one(run, moment=TWICE, sees="training"):
    ((why, case),) = views.cases(record(run), "made", moment, sees)
    return why, case


def test_every_column_is_known_to_ask_for_training_data_or_for_more():
    sorts = (quantities.FROM_TRAINING, quantities.FROM_THE_RULE, quantities.HELD_OUT)
    assert sorted(sum(sorts, ())) == sorted({*quantities.COLUMNS, "step"})


@settings(max_examples=30, deadline=None)
@given(rows=st.integers(8, 120), sees=st.sampled_from(["training", "held-out"]))
def test_a_view_has_nothing_from_later_and_nothing_that_it_must_not_have(rows, sees):
    history = made().history
    seen = views.look(made().experiment, history.iloc[:rows], sees)
    assert seen.now == history["step"][rows - 1]
    for name in history:
        if sees == "held-out" or quantities.from_training(name):
            np.testing.assert_array_equal(seen[name], history[name][:rows])
            # No memory is shared, through which what comes later could be read.
            assert seen[name].base is None
        else:
            with pytest.raises(KeyError, match=f"{name}: this view, of training data, has no such column"):
                seen[name]


def test_a_view_is_the_same_whatever_comes_later():
    early, late = (one(made(turn=turn))[1].view for turn in (2.0, 5.0))
    for name in early.columns:
        np.testing.assert_array_equal(early[name], late[name])
    assert early.recipe == late.recipe


def test_the_budget_and_the_seeds_are_blank():
    assert one(made(seed=3, budget=3000))[1].view.recipe == one(made(seed=4, budget=5000))[1].view.recipe


def test_the_moment_is_the_multiple_of_t_mem_or_when_that_is_certain(run):
    assert one(run)[1].view.now == 200
    assert one(run)[1].view.t_mem == 100
    # 1.2 t_mem is 120, and a majority of five evaluations is seen at 150.
    assert one(run, views.Moment(times=1.2))[1].view.now == 150
    half = one(run, views.Moment(share=0.5))[1]
    assert half.view.now == pytest.approx((100 + half.t_gen) / 2, abs=EVERY)


@pytest.mark.parametrize(
    ("changes", "why"),
    [({}, "asked"), ({"turn": 0.5}, "past"), ({"budget": 200}, "ended"), ({"budget": 75}, "no memorization")],
)
def test_runs_that_are_not_asked_say_why(changes, why):
    found, case = one(made(**changes))
    assert found == why
    assert (case is None) == (why != "asked")


def test_a_run_that_has_not_ended_is_asked_and_not_in_hindsight():
    never = made(turn=1e9)
    assert one(never)[1].censored
    assert one(never, views.Moment(share=0.5)) == ("ended", None)


def test_a_record_without_memorization_is_refused(run):
    with pytest.raises(ValueError, match="none that has memorized by step 50"):
        views.look(run.experiment, run.history.iloc[:3])


@settings(max_examples=25, deadline=None)
@given(
    target=st.floats(0.7, 12),
    plan=st.sampled_from([
        Schedule.constant(), Schedule.delayed(1500), Schedule.paused(400, 1400), Schedule.pulsed(400, 200),
        Schedule.ramp(1, 4000),
    ]),
)  # fmt: skip
def test_the_step_at_which_decay_has_accumulated_is_the_first_one(target, plan):
    run = made(optimizer__weight_decay_schedule=plan.model_dump())
    seen = views.look(run.experiment, run.history.iloc[:9])
    step = seen.step_at(target)
    total = np.cumsum(run.experiment.optimizer.decay_times(np.arange(30_000)))
    # Where the sum meets the target to the last bits, either of two steps is the first.
    first = [max(np.argmax(total >= target + near) + 1, seen.now) for near in (-1e-9, 1e-9)]
    assert first[0] <= step <= first[1]


def test_without_decay_it_is_never():
    seen = one(made(decay=0.0, turn=1e9))[1].view
    assert seen.step_at(1.0) == np.inf
    assert seen.step_at(np.inf) == np.inf
    assert one(made())[1].view.step_at(0.1) == 200


def test_recipes_that_differ_in_seeds_are_one_cell_and_in_rate_one_network():
    first, seed, rate, width = (
        one(made(**changes))[1].view for changes in ({}, {"seed": 5}, {"decay": 0.5}, {"architecture__width": 64})
    )
    assert first.cell == seed.cell != rate.cell
    assert first.network == rate.network != width.network
    assert first.place[1] - rate.place[1] == pytest.approx(np.log(2))
    assert np.exp(first.place[0]) == pytest.approx(RATE)


@given(st.lists(st.tuples(st.integers(1, 30), st.booleans()), min_size=1, max_size=20))
@settings(deadline=None, max_examples=25)
def test_the_quick_median_is_that_of_kaplan_and_meier(waits):
    class Fake:
        def __init__(self, time, censored):
            self.time, self.censored = time, censored

    found = middle([Fake(*wait) for wait in waits], lambda case: float(case.time))
    assert found == median_wait(*zip(*waits, strict=True))


def test_most_runs_of_a_study_are_asked():
    found = [why for why, _ in views.cases(studies.record("canonical"), "canonical", views.Moment(times=2.0))]
    assert found.count("asked") == 30
