from itertools import product

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables.grokking_curve import GrokkingCurve
from grokmodels.theory import rest
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.heldout import heldout_accuracy
from grokmodels.theory.plateau import DECAY_TIME, LOG_ODDS, grokking_decay_time, split

SEEDS = (1e-6, 1e-3, 0.32)
RATIOS = (0.5, 1.0, 1.1, 3.0)
DECAYS = (0.01, 0.7)
CROSSTALKS = (0.05, 0.3, 2.0)
# Corners and middles of all controls.
STATES = [
    {"seed": seed, "ratio": ratio, "weight_decay": decay, "crosstalk": crosstalk}
    for seed, ratio, decay, crosstalk in product(SEEDS, RATIOS, DECAYS, CROSSTALKS)
]


@pytest.fixture(scope="module")
def rows():
    """Rows of the curve at its first state with changes."""
    explorable = GrokkingCurve()
    return lambda **state: explorable.rows(explorable.state | state)


def start(seed, ratio, weight_decay):
    """The circuits, and the amplitude at which the memorizing one rests alone."""
    model = Circuits(generalizing_efficiency=ratio, weight_decay=weight_decay)
    return model, float(rest.AMPLITUDE(rest.MARGIN(2, 1, weight_decay), 2, 1))


@pytest.mark.parametrize("state", STATES, ids=str)
def test_the_share_has_the_age_of_the_law_and_the_accuracy_is_that_of_the_circuits(rows, state):
    seen = rows(**state)
    curve, told = pd.DataFrame(seen["curve"]), seen["readout"]
    decay_time, share, ratio = curve["decay_time"], curve["share"], state["ratio"]
    np.testing.assert_allclose(curve["t"] * state["weight_decay"], decay_time, rtol=1e-12)
    model, u = start(state["seed"], ratio, state["weight_decay"])
    _, first = split(model, u, state["seed"])
    early = share < 1 - 1e-6
    grown = LOG_ODDS(share[early], ratio) - LOG_ODDS(first, ratio)
    np.testing.assert_allclose(grown, 2 * (ratio - 1) * decay_time[early], atol=1e-5)
    # Amplitudes with these shares, at any margin.
    part = np.clip(share, None, 1 - 1e-12)
    accuracy = heldout_accuracy(model, np.sqrt(1 - part), np.sqrt(part / ratio), state["crosstalk"])
    np.testing.assert_allclose(curve["test_accuracy"], accuracy, atol=1e-9)
    check_words(told, curve, seen["half"], first, state)


def check_words(told, curve, half, first, state):
    accuracy, ratio = curve["test_accuracy"], state["ratio"]
    assert told["slope"] == pytest.approx(2 * (ratio - 1))
    assert told["moves"] == {0.5: "falls", 1.0: "stays the same"}.get(ratio, "climbs")
    if ratio > 1:
        assert told["wait"] == pytest.approx(float(DECAY_TIME(0.5, 1, first, 1, ratio)))
    else:
        assert told["wait"] is None
    if accuracy.iloc[0] < 0.5 <= accuracy.max():
        spent = np.interp(0.5, accuracy, curve["decay_time"])
        assert told["spent"] == pytest.approx(spent, abs=1e-9)
        assert told["at"] == pytest.approx(spent / state["weight_decay"])
        assert half == [{"t": told["at"], "decay_time": told["spent"]}]
        assert told["passes"] == f"passes one half at time {told['at']:.0f}"
    else:
        assert (told["at"], told["spent"], half) == (None, None, [])
        assert told["passes"] == ("starts above one half" if accuracy.iloc[0] >= 0.5 else "stays below one half")


def test_the_states_show_every_kind_of_curve(rows):
    words = {rows(**state)["readout"]["passes"].split(" one half")[0] for state in STATES}
    assert words == {"passes", "starts above", "stays below"}


@pytest.mark.parametrize("decay", [0.05, 0.1])
def test_the_delay_is_that_of_the_exact_law_and_of_the_flow(rows, decay):
    seen = rows(weight_decay=decay)
    model, u = start(1e-3, 2, decay)
    # The closed form leaves out the drift of the margin, half the logarithm of its growth.
    assert seen["readout"]["wait"] == pytest.approx(grokking_decay_time(model, u, 1e-3), abs=0.2)
    exact = simulate(model, u, 1e-3, np.linspace(1, 20 / decay, 200))
    curve = pd.DataFrame(seen["curve"])
    ours = np.interp(exact["decay_time"], curve["decay_time"], np.log(curve["share"]))
    np.testing.assert_allclose(ours, np.log(exact["share"]), atol=0.4)


def test_alt_texts_follow_the_state():
    assert "held-out accuracy passes one half at time 70, the share climbs." in GrokkingCurve().html()
    falling = GrokkingCurve(ratio=0.5, seed=1e-6).html()
    assert "held-out accuracy stays below one half, the share falls." in falling
    assert (
        "from start 10⁻⁶ at ratio 0.5: while it is small it falls, in a straight line of slope 2(ρ − 1) = −1.0."
        in falling
    )
    assert "accuracy one half at time <strong>–</strong>" in falling


def test_the_guess_keeps_what_the_chapter_began_with():
    explorable = GrokkingCurve(name="order-curve", title="A toy", question="Which?", ratio=1.6)
    asked = explorable.guess.state
    assert asked == explorable.state | {"weight_decay": 0.05}
    # The rule takes over within the chart.
    assert 1 < explorable.rows(asked)["readout"]["at"] < 1000


@pytest.mark.parametrize(
    "bad", [{"seed": 0}, {"ratio": 3.1}, {"ratio": -1}, {"weight_decay": 0}, {"weight_decay": 1}, {"crosstalk": 0}]
)
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be between"):
        GrokkingCurve(**bad)
