"""The explorable of schedules: its toy is that of the theory, its nearest record is nearest."""

import re
from urllib.parse import unquote

import numpy as np
import pandas as pd
import pytest

from grokmodels import Schedule
from grokmodels.explorables import schedules as module
from grokmodels.explorables.words import fill
from grokmodels.theory.circuits import Circuits, simulate
from tests.explorable_samples import PLANS, schedule_tables, schedules

LATE = {"strength": 1.0, "start": 1500, "ramp": 0, "pause": 0, "length": 0}
PAUSED = {"strength": 0.5, "start": 0, "ramp": 0, "pause": 400, "length": 1000}
RAMP = {"strength": 0.8, "start": 500, "ramp": 3000, "pause": 0, "length": 0}
MIXED = {"strength": 1.0, "start": 300, "ramp": 2000, "pause": 1000, "length": 700}
# All at their ends: the ramp goes beyond the horizon, the pause lasts up to it.
LAST = {"strength": 0.2, "start": 3000, "ramp": 4000, "pause": 3000, "length": 3000}
LONG = LAST | {"strength": 1.0, "start": 0, "pause": 0, "length": 100}
STATES = {"late": LATE, "paused": PAUSED, "ramp": RAMP, "mixed": MIXED, "last": LAST, "long": LONG}
# The toy's time per step.
PACE = 0.03


def factor(state, step):
    """What the decay is multiplied with at a step, or between two."""
    rising = np.clip((step - state["start"]) / state["ramp"], 0, 1) if state["ramp"] else 1.0
    paused = (state["pause"] <= step) & (step < state["pause"] + state["length"])
    return np.where((step < state["start"]) | paused, 0.0, rising)


def in_toy_time(state):
    """The same as a schedule of the toy; all corners fall on whole numbers there."""
    start, ramp, pause, length = (state[name] for name in ("start", "ramp", "pause", "length"))
    corners = sorted({start, start + ramp, pause, pause + length} - {0})
    sides = [(0, float(factor(state, 0)))]
    for corner in corners:
        sides += [(round(corner * PACE), round(float(factor(state, corner - side)), 6)) for side in (1e-9, 0)]
    return Schedule(knots=tuple(sides))


def exact(explorable, state, times):
    """The toy of the theory, seen at steps."""
    toy = explorable.data["toy"]
    model = Circuits(generalizing_efficiency=toy["ratio"], weight_decay=state["strength"] * module.TOY_DECAY)
    return simulate(model, *toy["start"], np.asarray(times) * PACE, in_toy_time(state))


@pytest.fixture(scope="module")
def explorable():
    return schedules()


def rows(explorable, **state):
    return explorable.rows(explorable.state | state)


@pytest.mark.parametrize("name", STATES)
def test_the_toy_is_that_of_the_theory(explorable, name):
    state = STATES[name]
    seen = rows(explorable, **state)
    curves, theory = pd.DataFrame(seen["curves"]), exact(explorable, state, module.STEPS)
    assert curves["step"].tolist() == module.STEPS
    np.testing.assert_allclose(curves["share"], theory["share"], atol=2e-4)
    np.testing.assert_allclose(curves["decay_time"], theory["decay_time"], rtol=1e-6, atol=1e-9)
    turns, readout = (theory["share"] >= 0.5).any(), seen["readout"]
    assert len(seen["half"]) == turns == (name != "last")
    if turns:
        (half,) = seen["half"]
        before, at, after = exact(explorable, state, half["step"] + np.array([-5, 0, 5]))["share"]
        assert before < 0.5 < after
        assert at == pytest.approx(0.5, abs=0.002)
        assert (readout["at"], readout["spent"]) == (half["step"], half["decay_time"])
        assert half["decay_time"] == pytest.approx(
            np.interp(half["step"], curves["step"], curves["decay_time"]), rel=1e-9
        )
    else:
        assert (readout["at"], readout["spent"]) == (None, None)


@pytest.mark.parametrize("name", STATES)
def test_the_decay_that_is_drawn_is_the_schedule(explorable, name):
    state = STATES[name]
    drawn = pd.DataFrame(rows(explorable, **state)["decays"])
    assert (drawn["step"].min(), drawn["step"].max()) == (0, 6000)
    ends = drawn.groupby("piece").agg(["first", "last"])
    assert (ends["step", "last"].iloc[:-1].to_numpy() == ends["step", "first"].iloc[1:].to_numpy()).all()
    for part in (0.01, 0.5, 0.99):
        at, decay = (ends[name, "first"] * (1 - part) + ends[name, "last"] * part for name in ("step", "decay"))
        np.testing.assert_allclose(decay, state["strength"] * factor(state, at.to_numpy()), atol=1e-9)


def test_the_toy_turns_where_it_was_told_to_under_a_constant_decay(explorable):
    readout = rows(explorable)["readout"]
    assert readout["spent"] == pytest.approx(3.0, abs=0.03)
    assert readout["at"] == pytest.approx(3.0 / 0.003, rel=0.02)


def test_schedules_move_the_turn_in_steps_and_hardly_in_decay_time(explorable):
    turns = pd.DataFrame(rows(explorable, **state)["readout"] for state in ({}, LATE, PAUSED, RAMP, MIXED))
    assert np.ptp(turns["at"]) > 2000
    assert np.ptp(turns["spent"]) < 0.4


def passed(decay, factors):
    """Λ at the steps shown, below the cap, by adding up every step."""
    return np.minimum(np.append(0, 0.003 * decay * np.cumsum(factors))[module.STEPS], 4.5)


def test_the_nearest_is_the_one_of_the_nearest_accumulated_decay(explorable):
    draw, found = np.random.default_rng(0), []
    each = np.arange(6000)
    theirs = pd.DataFrame({name: passed(decay, schedule(each)) for name, (decay, schedule) in PLANS.items()})
    drawn = [{t: float(draw.choice(c.values)) for t, c in explorable.controls.items()} for _ in range(40)]
    for state in [explorable.state, PAUSED | {"strength": 1.0}, *STATES.values(), *drawn]:
        mine = passed(state["strength"], factor(state, each))
        distances = theirs.sub(mine, axis=0).pow(2).mean().pow(0.5).sort_values()
        seen = rows(explorable, **state)
        # The steps of a sum and the integral differ in the third decimal.
        if distances.iloc[1] - distances.iloc[0] > 0.005:
            found.append(distances.index[0])
            name = found[-1]
            assert seen["nearest"] == [{"schedule": name, "name": f"nearest: {name}, 5 seeds"}]
            assert (seen["readout"]["nearest"], seen["readout"]["seeds"]) == (name, 5)
    assert len(found) > 40
    assert set(found) == set(PLANS)


@pytest.mark.parametrize(
    ("state", "name"),
    [
        ({}, "constant"),
        (LATE | {"start": 1400, "ramp": 200}, "late"),
        (PAUSED | {"strength": 1.0}, "paused"),
        ({"strength": 0.3}, "weak"),
        # Half of the time at full decay is nearly half of the decay all the time.
        ({"strength": 0.5}, "pulsed"),
    ],
)
def test_the_medians_are_those_of_the_nearest_runs(explorable, state, name):
    runs = schedule_tables()[1].query("schedule == @name")
    readout = rows(explorable, **state)["readout"]
    assert readout["nearest"] == name
    assert readout["recorded_at"] == pytest.approx(runs["t_gen"].median(), rel=1e-3)
    assert readout["recorded_spent"] == pytest.approx(runs["clock"].median(), rel=1e-3)


def test_most_runs_censored_is_no_median():
    _, runs = schedule_tables()
    runs.loc[(runs["schedule"] == "constant") & (runs["seed"] > 2), "t_gen_censored"] = True
    # A run that is censored took longer than those that are not, whatever stands there.
    runs.loc[runs["t_gen_censored"], ["t_gen", "clock"]] = 0
    half = runs.query("schedule == 'constant' and not t_gen_censored")
    few = rows(schedules(milestones=runs))["readout"]
    assert few["recorded_at"] == half["t_gen"].max()
    assert few["recorded_spent"] == pytest.approx(half["clock"].max(), rel=1e-3)
    runs.loc[(runs["schedule"] == "constant") & (runs["seed"] > 1), "t_gen_censored"] = True
    none = rows(schedules(milestones=runs))["readout"]
    assert (none["recorded_at"], none["recorded_spent"]) == (None, None)


def test_records_are_the_recorded_ones(explorable):
    histories, _ = schedule_tables()
    runs = pd.DataFrame(explorable.data["records"])
    assert runs.groupby("schedule")["seed"].apply(list).to_dict() == {name: [0, 1, 2, 3, 4] for name in PLANS}
    for run in runs.itertuples():
        recorded = histories.query("schedule == @run.schedule and seed == @run.seed").set_index("step")
        assert len(run.step) == min(40, len(recorded))
        assert (run.step[0], run.step[-1]) == (0, recorded.index[-1])
        for name in ("decay_time", "test_accuracy"):
            np.testing.assert_allclose(getattr(run, name), recorded.loc[run.step, name], rtol=6e-3, atol=1e-12)


def test_the_recorded_clocks_are_those_of_their_schedules(explorable):
    plans = pd.DataFrame(explorable.data["plans"]).set_index("schedule")
    assert [*plans.index] == [*PLANS]
    for name, (decay, schedule) in PLANS.items():
        stretched = Schedule(
            knots=tuple((round(step * PACE), value) for step, value in schedule.knots),
            period=schedule.period and round(schedule.period * PACE),
        )
        times = np.array(plans.loc[name, "step"]) * PACE
        theory = simulate(Circuits(weight_decay=0.1 * decay), 0.5, 0.01, times, stretched)
        np.testing.assert_allclose(plans.loc[name, "decay_time"], theory["decay_time"], rtol=1e-3, atol=1e-9)


def lines(html, dashes, width):
    """Points of the drawn lines of a style, in shares of the plot."""
    pictures = [unquote(picture) for picture in re.findall(r'src="data:image/svg\+xml,([^"]+)"', html)]
    styled = [
        path
        for path in re.findall("<path[^>]+>", "".join(pictures))
        if f'stroke-width="{width}"' in path and (f'stroke-dasharray="{dashes}"' in path if dashes else True)
    ]
    found = [re.findall(r"[ML](-?[\d.]+),(-?[\d.]+)", path) for path in styled]
    return [np.array(points, dtype=float) for points in found if len(points) > 1]


def test_jumps_are_drawn_upright_and_only_the_nearest_runs():
    html = schedules(**LATE).html()
    (dashed,) = lines(html, "5,4", 1.5)
    mine = [line for line in lines(html, None, 1.5) if line.shape == dashed.shape]
    assert len(mine) == 2
    for line in mine:
        across, up = line.T
        np.testing.assert_allclose(across / across[-1], [0, 0.25, 0.25, 1], atol=1e-3)
        assert up[0] == up[1] > up[2] == up[3]
    # Five seeds, on two charts.
    assert len(lines(html, None, 1.2)) == 10


def test_alt_texts_follow_the_state(explorable):
    def told(state):
        words = explorable.words(state, explorable.rows(state))
        return {name: fill(chart.alt, words) for name, chart in explorable.charts.items()}, words

    alts, words = told(explorable.state | LATE)
    turns = f"turns at step {words['at']:.0f}, at Λ = {words['spent']:.2f}."
    assert alts["share"].endswith(f"late, against training steps: the toy {turns}")
    assert (alts["clock"].endswith(turns), alts["curves"].endswith(turns)) == (True, True)
    assert "starts at step 1,500, ramps up to 1.0 in 0 steps, and pauses from step 0 for 0 steps" in alts["decay"]
    alts, _ = told(LAST)
    assert alts["share"].endswith("the toy does not turn within 6000 steps.")
    assert all("None" not in alt for alt in alts.values())


def test_the_guess_is_about_a_pause_that_is_told(explorable):
    asked = explorable.state | explorable.guess.state
    assert asked == explorable.state | {"length": 2000}
    assert "from step 400 for 2,000 steps" in explorable.guess.prompt
    seen = rows(explorable, **explorable.guess.state)["readout"]
    assert seen["at"] == pytest.approx(rows(explorable)["readout"]["at"] + 2000, abs=100)


@pytest.mark.slow
def test_bad_input_is_named():
    histories, runs = schedule_tables()
    with pytest.raises(ValueError, match=r"history: lacks the columns \['decay_time'\]"):
        schedules(history=histories.drop(columns="decay_time"))
    with pytest.raises(ValueError, match=r"milestones: lacks the columns \['clock'\]"):
        schedules(milestones=runs.drop(columns="clock"))
    with pytest.raises(ValueError, match=r"\['late'\] are not in all"):
        schedules(milestones=runs[runs["schedule"] != "late"])
    with pytest.raises(ValueError, match=r"\['early'\] are not in all"):
        schedules(history=pd.concat([histories, histories[:9].assign(schedule="early")]))
    for turn in (-0.5, 0, 50, float("nan")):
        with pytest.raises(ValueError, match=f"turn: got {turn}; must be above 0, at most 43.6 at the ratio 1.6"):
            schedules(turn=turn)


@pytest.mark.parametrize(
    "bad", [{"strength": 0}, {"strength": -1}, {"strength": 1e300}, {"start": -100}, {"ramp": -1}, {"length": 1e9}]
)
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be between"):
        schedules(**bad)


def test_pages_stay_small_and_ask_nobody(explorable):
    html = explorable.html()
    assert len(html) < 300_000
    assert "https://" not in html.replace("https://vega.github.io/schema", "")
    assert html.count('<img class="dark-light"') == 4
