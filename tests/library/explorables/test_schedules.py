"""The explorable of schedules: its toy is that of the theory, its nearest record is nearest."""

import numpy as np
import pandas as pd
import pytest

from grokmodels import Schedule
from grokmodels.explorables import schedules as module
from grokmodels.theory.circuits import Circuits, simulate
from tests.explorable_samples import PLANS, schedule_tables, schedules

LATE = {"strength": 1.0, "start": 1500, "ramp": 0, "pause": 0, "length": 0}
PAUSED = {"strength": 0.5, "start": 0, "ramp": 0, "pause": 400, "length": 1000}
RAMP = {"strength": 0.8, "start": 500, "ramp": 3000, "pause": 0, "length": 0}
MIXED = {"strength": 1.0, "start": 300, "ramp": 2000, "pause": 1000, "length": 700}


@pytest.fixture(scope="module")
def explorable():
    return schedules()


def rows(explorable, dataset, **state):
    return pd.DataFrame(explorable.rows(explorable.state | state)[dataset])


def readout(explorable, state):
    return [row["value"] for row in explorable.rows(state)["readout"]]


@pytest.mark.parametrize(
    ("state", "schedule"),
    [
        (LATE, Schedule.delayed(1500)),
        (PAUSED, Schedule.paused(400, 1400)),
        (RAMP, Schedule.ramp(500, 3500)),
        (
            MIXED,
            Schedule(knots=((0, 0), (300, 0), (1000, 0.35), (1000, 0), (1700, 0), (1700, 0.7), (2300, 1))),
        ),
    ],
)
def test_the_toy_is_that_of_the_theory(explorable, state, schedule):
    curves = rows(explorable, "curves", **state)
    ratio, rate, _, u, v = explorable.data["toy"]["value"]
    scale = rate / module.TOY_DECAY
    # The same schedule in the toy's time; the knots fall on whole numbers there.
    stretched = Schedule(knots=tuple((round(step * scale), value) for step, value in schedule.knots))
    model = Circuits(generalizing_efficiency=ratio, weight_decay=state["strength"] * module.TOY_DECAY)
    moments = [0, 20, 40, 80, len(curves) - 1]
    times = curves["step"].iloc[moments].to_numpy() * scale
    exact = simulate(model, u, v, times, stretched)
    np.testing.assert_allclose(curves["share"].iloc[moments], exact["share"], atol=2e-4)
    np.testing.assert_allclose(curves["decay_time"].iloc[moments], exact["decay_time"], rtol=1e-6, atol=1e-9)


def test_the_toy_turns_where_it_was_told_to_under_a_constant_decay(explorable):
    step, clock, *_ = readout(explorable, explorable.state)
    assert clock == pytest.approx(3.0, abs=0.03)
    assert step == pytest.approx(3.0 / 0.003, rel=0.02)


def test_schedules_move_the_turn_in_steps_and_hardly_in_decay_time(explorable):
    turns = np.array([readout(explorable, state)[:2] for state in (explorable.state, LATE, PAUSED, RAMP, MIXED)])
    assert np.ptp(turns[:, 0]) > 2000
    assert np.ptp(turns[:, 1]) < 0.4


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ({}, "constant"),
        (LATE, "late"),
        (LATE | {"start": 1400, "ramp": 200}, "late"),
        (PAUSED | {"strength": 1.0}, "paused"),
        ({"strength": 0.3}, "weak"),
        # Half of the time at full decay is nearly half of the decay all the time.
        ({"strength": 0.5}, "pulsed"),
    ],
)
def test_the_nearest_is_the_one_of_the_nearest_accumulated_decay(explorable, state, name):
    shown = explorable.rows(explorable.state | state)
    assert shown["name"] == [{"name": f"nearest: {name}, 5 seeds"}]
    decay, schedule = PLANS[name]
    clock = pd.DataFrame(shown["dashed"]).set_index("step")["decay_time"]
    assert clock[2000] == pytest.approx(0.003 * decay * sum(map(schedule, range(2000))), rel=2e-3, abs=1e-3)


def test_records_are_the_recorded_ones(explorable):
    histories, runs = schedule_tables()
    seen = rows(explorable, "runs", **LATE)
    assert seen["run"].nunique() == 5
    recorded = histories.query("schedule == 'late' and seed == 2").set_index("step")["test_accuracy"]
    ours = seen[seen["run"] == 2].set_index("step")["accuracy"]
    np.testing.assert_allclose(ours, recorded[ours.index], atol=1e-3)
    of_late = runs[runs["schedule"] == "late"]
    expected = [of_late["t_gen"].median(), of_late["clock"].median()]
    np.testing.assert_allclose(readout(explorable, LATE)[2:], expected, rtol=1e-3)


def test_most_runs_censored_is_no_median():
    _, runs = schedule_tables()
    runs.loc[(runs["schedule"] == "constant") & (runs["seed"] > 1), "t_gen_censored"] = True
    explorable = schedules(milestones=runs)
    assert readout(explorable, explorable.state)[2:] == [None, None]


def test_bad_input_is_named():
    histories, runs = schedule_tables()
    with pytest.raises(ValueError, match=r"history: lacks the columns \['decay_time'\]"):
        schedules(history=histories.drop(columns="decay_time"))
    with pytest.raises(ValueError, match=r"\['late'\] are not in all"):
        schedules(milestones=runs[runs["schedule"] != "late"])
    with pytest.raises(ValueError, match=r"\['early'\] are not in all"):
        schedules(history=pd.concat([histories, histories[:9].assign(schedule="early")]))
    for turn in (-0.5, 0, 50, float("nan")):
        with pytest.raises(ValueError, match=f"turn: got {turn}; must be above 0, at most 43.6 at the ratio 1.6"):
            schedules(turn=turn)
    with pytest.raises(ValueError, match="Decay λ: got -1; must be between"):
        schedules(strength=-1)


def test_pages_stay_small_and_ask_nobody(explorable):
    html = explorable.html()
    assert len(html) < 300_000
    assert "https://" not in html.replace("https://vega.github.io/schema", "")
    assert html.count('<img class="dark-light"') == 4
