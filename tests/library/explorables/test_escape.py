import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables import escape as module
from grokmodels.explorables.escape import Escape
from grokmodels.explorables.words import fill
from grokmodels.theory import basins, escape, langevin, rest
from grokmodels.theory.circuits import Circuits, energy, margins
from grokmodels.theory.noise import Noise

BEYOND = 0.9
# Both ends of every control, both sides of the fold.
STATES = [
    {"weight_decay": 0.1, "temperature": 0.004, "time": 200},
    {"weight_decay": 0.1, "temperature": 0.015, "time": 200},
    {"weight_decay": 0.3, "temperature": 0.008, "time": 0},
    {"weight_decay": 0.3, "temperature": 0.008, "time": 2},
    {"weight_decay": 0.6, "temperature": 0.01, "time": 150},
    {"weight_decay": 0.8, "temperature": 0.006, "time": 200},
    {"weight_decay": 0.8, "temperature": 0.015, "time": 64},
    {"weight_decay": BEYOND, "temperature": 0.004, "time": 12},
    {"weight_decay": BEYOND, "temperature": 0.008, "time": 100},
    {"weight_decay": BEYOND, "temperature": 0.015, "time": 200},
]
each = pytest.mark.parametrize("state", STATES, ids=lambda state: "-".join(map(str, state.values())))


@pytest.fixture(scope="module")
def rows():
    """Rows at the first state with changes."""
    explorable = Escape()
    return lambda **state: explorable.rows(explorable.state | state)


def model(weight_decay):
    return Circuits(degree=module.DEGREE, generalizing_efficiency=module.RATIO, weight_decay=weight_decay)


def last_rest():
    """The memorizer a little below the decay at which it ceases to exist."""
    return basins.memorizer(model(basins.spinodals(model(0.1))["memorizer"] * (1 - 1e-12)))


def walk(weight_decay, temperature, time):
    """The theory's steps with its noise: amplitudes, what first became of the walkers, and when they escaped."""
    circuits = model(weight_decay)
    start, edge = basins.memorizer(circuits).u, basins.threshold(circuits).margin
    if weight_decay == BEYOND:
        edge = rest.FOLD_MARGIN(module.DEGREE)
        start = rest.AMPLITUDE(edge, module.DEGREE, 1)
    noise = Noise(module.SEED)
    at = np.tile([[start], [0.0]], module.WALKERS)
    fates, waits = np.full(module.WALKERS, "waiting", dtype="<U9"), np.full(module.WALKERS, np.nan)
    for i in range(1, round(time / module.DT) + 1):
        at = langevin.step(circuits, at, temperature, module.DT, noise.standard_normal((module.WALKERS, 2)).T)
        memorized, generalized = margins(circuits, *at)
        waiting, fallen = fates == "waiting", memorized + generalized < edge / 10
        fates[waiting & fallen] = "collapsed"
        escaped = waiting & ~fallen & (generalized / (memorized + generalized) > 0.9)
        fates[escaped], waits[escaped] = "escaped", i * module.DT
    return at, fates, waits


@each
def test_walkers_are_those_of_the_theory(rows, state):
    seen = rows(**state)
    at, fates, waits = walk(**state)
    walkers = pd.DataFrame(seen["walkers"])
    np.testing.assert_allclose(walkers[["u", "v"]].T, at, rtol=1e-7, atol=1e-9)
    assert list(walkers["fate"]) == list(fates)
    told, count = seen["readout"], {fate: int((fates == fate).sum()) for fate in ("escaped", "collapsed", "waiting")}
    assert {fate: told[fate] for fate in count} == count
    assert told["half"] == (np.sort(waits)[39] if count["escaped"] >= 40 else None)
    rule = basins.generalizer(model(state["weight_decay"]))
    lifted = int(((fates == "collapsed") & (margins(model(state["weight_decay"]), *at)[1] > rule.margin / 2)).sum())
    assert told["since"] == (f", {lifted} of them at the rule since" if lifted else "")


@each
def test_waiting_times_are_counted_beside_the_law(rows, state):
    seen = rows(**state)
    histogram = pd.DataFrame(seen["histogram"])
    waits = walk(**state)[2]
    edges = np.arange(0, 201, 20)
    # Bins own their upper ends.
    assert list(histogram["number"]) == list(np.histogram(waits[~np.isnan(waits)] - 1e-9, edges)[0])
    np.testing.assert_allclose(histogram[["low", "high", "middle"]].T, [edges[:-1], edges[1:], edges[:-1] + 10])
    assert seen["now"] == [{"t": state["time"]}]
    if state["weight_decay"] == BEYOND:
        assert histogram["expected"].isna().all()
        return
    rate = escape.escape_rate(model(state["weight_decay"]), state["temperature"])
    np.testing.assert_allclose(histogram["expected"], -80 * np.diff(np.exp(-rate * edges)), rtol=1e-9)
    assert seen["readout"]["wait"] == pytest.approx(1 / rate)
    barrier = basins.barrier(model(state["weight_decay"])) / state["temperature"]
    assert seen["readout"]["barrier"] == pytest.approx(barrier)


def test_walkers_start_at_the_memorizer_or_where_it_was_last(rows):
    for decay in module.grid(0.1, 0.9, 0.1):
        at = basins.memorizer(model(decay)) if decay < BEYOND else last_rest()
        walkers = pd.DataFrame(rows(weight_decay=decay, time=0)["walkers"])
        np.testing.assert_allclose(walkers["u"], at.u, rtol=1e-5)
        assert (walkers["v"] == 0).all()


@pytest.mark.parametrize("temperature", [0.004, 0.008, 0.015])
def test_beyond_the_fold_nobody_waits(rows, temperature):
    seen = rows(weight_decay=BEYOND, temperature=temperature, time=50)
    told = seen["readout"]
    assert (told["barrier"], told["wait"], told["waiting"]) == (None, None, 0)
    assert told["collapsed"] > told["escaped"]
    below = rows(weight_decay=0.6, temperature=temperature, time=50)["readout"]
    assert below["waiting"] > 15
    # Downhill at once: on the straight way down no energy is higher than that of the start.
    way = np.linspace(last_rest().u, 0, 100)
    assert (np.diff(energy(model(BEYOND), way, 0)) < 0).all()


def test_beyond_the_fold_words_and_readout_say_so():
    explorable = Escape(weight_decay=BEYOND)
    words = explorable.words(explorable.state, explorable.rows(explorable.state))
    told = {label: value for label, value, _ in (readout.told(words) for readout in explorable.readout)}
    assert (told["barrier ΔE/T"], told["mean wait by Langer–Kramers"]) == ("none", "none")
    assert (told["of 80 escaped"], told["collapsed"]) == ("9", "71, 69 of them at the rule since")
    plane, waits = explorable.charts.values()
    assert fill(plane.caption, words) == "Eighty walkers: the memorizer is gone"
    assert "started where the memorizer was last at rest" in fill(plane.alt, words)
    assert "no memorizer and no barrier" in fill(waits.alt, words)
    assert "Undefined" not in explorable.html()


@each
def test_words_are_whole_at_every_state(rows, state):
    explorable = Escape(**state)
    words = explorable.words(explorable.state, rows(**state))
    for chart in explorable.charts.values():
        assert "–" not in fill(chart.alt, words).replace("Langer–Kramers", "")
        assert "–" not in fill(chart.caption, words)


def test_walks_are_continued_as_if_they_had_never_stopped(rows):
    for time in (40, 160, 80):
        assert rows(time=time) == Escape(time=time).rows(Escape(time=time).state)


def test_as_many_walkers_escape_as_in_a_larger_simulation(rows):
    larger = langevin.escapes(model(0.3), 0.01, module.DT, 800, 2000, Noise(3))
    share = len(larger.times) / 2000
    seen = rows(time=200, temperature=0.01)["readout"]["escaped"] / 80
    assert abs(seen - share) < 4 * np.sqrt(share * (1 - share) / 80)


def test_stronger_decay_delays_the_escape(rows):
    weak, strong = (rows(time=200, temperature=0.005, weight_decay=decay)["readout"]["escaped"] for decay in (0.1, 0.4))
    assert weak > 2 * strong


def test_the_guess_tells_the_truth(rows):
    guess = Escape().guess
    assert "0.3 and temperature 0.008, half of the walkers have reached the rule by time 120." in guess.prompt
    asked = rows(time=200, weight_decay=0.3, temperature=0.008)["readout"]["half"]
    assert round(asked) == 120
    assert guess.state["weight_decay"] == 2 * 0.3
    assert guess.state["temperature"] == 0.008
    assert rows(**guess.state)["readout"]["half"] > asked
    assert basins.barrier(model(0.6)) > basins.barrier(model(0.3))
    for chart in Escape().charts.values():
        layers = chart.spec({})["layer"]
        hidden = [layer["data"]["name"] for layer in layers if "revealed" in str(layer.get("transform"))]
        assert set(hidden) in ({"walkers"}, {"histogram"})


@pytest.mark.parametrize(
    "bad", [{"temperature": 0}, {"temperature": -0.01}, {"weight_decay": -1}, {"weight_decay": 1}, {"time": 201}]
)
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be between"):
        Escape(**bad)
