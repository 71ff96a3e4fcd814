"""Alarms on runs whose signals are known."""

import numpy as np
import pytest

from grokmodels.forecasts import alarms
from grokmodels.forecasts.view import look
from tests.library.forecasts.made_runs import made, record


@pytest.fixture(scope="module")
def runs():
    return alarms.watched(record(*(made(seed=s, turn=3 + 0.1 * s) for s in range(4))), "made")


@pytest.fixture(scope="module")
def still():
    return alarms.watched(record(*(made(seed=s, turn=1e9, decay=0.0) for s in range(4))), "made")


@pytest.mark.parametrize("name", alarms.SIGNALS)
def test_a_signal_does_not_look_ahead(name):
    run = made()
    whole = alarms.SIGNALS[name](look(run.experiment, run.history, "held-out"))
    for rows in (20, 60):
        part = alarms.SIGNALS[name](look(run.experiment, run.history.iloc[:rows], "held-out"))
        np.testing.assert_allclose(part, whole[:rows])


@pytest.mark.parametrize("name", alarms.TRAINING)
def test_signals_from_training_data_ask_for_no_more(name):
    run = made()
    assert len(alarms.SIGNALS[name](look(run.experiment, run.history, "training"))) == len(run.history)


def test_controls_are_recipes_none_of_which_generalized(runs, still):
    assert alarms.controls(still) == set(still["cell"])
    assert not alarms.controls(runs)
    assert not alarms.controls(still[:2])


def test_a_threshold_is_passed_by_the_stated_share_of_controls(still):
    many = still.loc[np.repeat(still.index, 5)].reset_index(drop=True)
    many["m̂"] = [np.array([0.0, i]) for i in range(20)]
    level = alarms.threshold(many, "m̂", 0.05)
    assert alarms.rung(many, "m̂", level)["rings"].mean() == 0.05


def test_an_alarm_rings_before_t_gen_or_not_at_all(runs):
    found = alarms.rung(runs, "m̂", 0.5)
    assert found["rings"].all()
    assert (found["step"] < found["t_gen"]).all()
    # The odds of m̂ pass 1 at Λ = turn − ln 9 / 4.
    assert found["decay_time"].to_numpy() == pytest.approx(3 + 0.1 * np.arange(4) - np.log(9) / 4, abs=0.08)
    silent = alarms.rung(runs, "m̂", 2.0)
    assert not silent["rings"].any()
    assert silent["lead"].isna().all()
