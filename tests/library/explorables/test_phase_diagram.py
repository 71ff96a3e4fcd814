from itertools import pairwise

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables import phase_diagram as module
from grokmodels.explorables.phase_diagram import PhaseDiagram
from grokmodels.theory import phases
from grokmodels.theory.circuits import Circuits, simulate
from grokmodels.theory.heldout import heldout_accuracy

SEEDS = [1e-5, 1e-4, 1e-3, 0.01, 0.1]


@pytest.fixture(scope="module")
def rows():
    """Rows of the diagram at its first state with changes."""
    explorable = PhaseDiagram()
    return lambda **state: explorable.rows(explorable.state | state)


def phase(decay, ratio, seed):
    model = Circuits(generalizing_efficiency=ratio, weight_decay=decay)
    return phases.phase(model, module.START, seed)


# In all four phases, on borders, and in every corner.
POINTS = [
    (0.1, 1.6, 1e-3),
    (0.02, 2.0, 1e-3),
    (0.3, 0.8, 1e-3),
    (0.8, 3.0, 1e-3),
    (2.0, 1.5, 1e-3),
    (1.4, 3.0, 1e-3),
    (0.1, 1.05, 1e-5),
    (0.1, 1.0, 0.03),
    (1.0, 1.0, 0.01),
    (2.0, 2.0, 0.01),
    (0.01, 0.5, 1e-5),
    (0.01, 4.0, 1e-5),
    (0.01, 4.0, 0.1),
    (3.0, 0.5, 0.1),
    (3.0, 4.0, 1e-5),
    (3.0, 4.0, 0.1),
]


@pytest.mark.parametrize(("decay", "ratio", "seed"), POINTS)
def test_the_run_at_a_point_is_that_of_the_flow(rows, decay, ratio, seed):
    seen = rows(weight_decay=decay, ratio=ratio, seed=seed)
    curve, told = pd.DataFrame(seen["curve"]), seen["readout"]
    assert seen["point"] == [{"decay": decay, "ratio": ratio}]
    np.testing.assert_allclose(curve["t"], np.geomspace(0.1, 25 / decay, 120), rtol=1e-9)
    model = Circuits(generalizing_efficiency=ratio, weight_decay=decay)
    exact = simulate(model, module.START, seed, curve["t"])
    np.testing.assert_allclose(curve["memorizing"], exact["u"] ** 2, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(curve["generalizing"], ratio * exact["v"] ** 2, rtol=1e-3, atol=1e-6)
    accuracy = heldout_accuracy(model, exact["u"], exact["v"], module.CROSSTALK, module.CLASSES)
    np.testing.assert_allclose(curve["accuracy"], accuracy, atol=1e-3)
    assert told["accuracy"] == pytest.approx(accuracy[119], abs=1e-6)
    assert told["phase"] == phase(decay, ratio, seed)
    assert told["color"] == module.COLORS[told["phase"]]
    check_the_lead(told, exact)


def check_the_lead(told, exact):
    leads = exact["t"][exact["share"] >= 0.5]
    if told["phase"] == "collapse":
        assert (told["leads"], told["fate"]) == (None, "both vanish")
    elif leads.empty:
        assert (told["leads"], told["fate"]) == (None, "the rule does not lead in the time shown")
    else:
        # One of the times that are drawn, the first at which it leads or, by rounding, the one beside.
        assert told["leads"] == pytest.approx(leads.iloc[0], rel=0.1)
        assert told["fate"] == f"the rule leads from time {told['leads']:.1f}"


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("decay", [0.01, 0.1, 0.89, 1.0, 2.0, 3.0])
def test_the_phase_of_a_point_is_that_of_the_theory(rows, decay, seed):
    for ratio in (0.5, 1.0, 1.05, 1.5, 2.0, 2.5, 3.0, 3.05, 4.0):
        assert rows(weight_decay=decay, ratio=ratio, seed=seed)["readout"]["phase"] == phase(decay, ratio, seed)


@pytest.mark.parametrize("seed", SEEDS)
def test_every_area_has_the_phase_of_the_theory(rows, seed):
    regions = pd.DataFrame(rows(seed=seed)["regions"])
    assert set(regions["phase"]) == set(module.COLORS)
    assert (regions["decay"].min(), regions["decay"].max()) == module.DECAYS
    for decay, areas in regions[regions["decay"] != 1].groupby("decay"):
        # Without gaps, from bottom to top.
        assert (areas["low"].iloc[0], areas["high"].iloc[-1]) == module.RATIOS
        assert all(below == above for below, above in zip(areas["high"][:-1], areas["low"][1:], strict=True))
        for area in areas[areas["high"] > areas["low"] + 0.01].itertuples():
            inside = (area.low + 0.003, (area.low + area.high) / 2, area.high - 0.003)
            assert {phase(decay, ratio, seed) for ratio in inside} == {area.phase}
    # Borders go on where decay 1 is passed.
    below = regions[(regions["decay"] < 1) & (regions["phase"] == "grokking")]["high"].iloc[-1]
    at = regions[(regions["decay"] == 1) & (regions["phase"] == "grokking")]["high"].iloc[0]
    assert at == below


@pytest.mark.parametrize("seed", [1e-5, 1e-3, 0.03])
def test_the_border_of_grokking_is_the_one_of_the_phases(rows, seed):
    decay = np.array([0.01, 0.1, 0.5, 0.89])
    ratio = np.array([rows(weight_decay=at, seed=seed)["readout"]["border"] for at in decay])
    np.testing.assert_allclose(phases.CROSSOVER_SEED(module.START, ratio, 1, decay), seed, rtol=1e-9)
    for at, border in zip(decay, ratio, strict=True):
        if border > 1.02:
            assert phase(at, border * 0.99, seed) == "grokking"
            assert phase(at, border * 1.01, seed) == "comprehension"


def test_only_one_border_moves_with_the_seed(rows):
    areas = [pd.DataFrame(rows(seed=seed)["regions"]) for seed in SEEDS]
    for before, after in pairwise(areas):
        moved = (before["high"] - after["high"]).abs() > 1e-9
        assert set(before["phase"][moved]) == {"grokking"}
        assert (after["high"][moved] < before["high"][moved]).all()
    grokking = areas[-1][areas[-1]["phase"] == "grokking"]
    np.testing.assert_allclose(grokking["high"], 1, rtol=1e-9)


def test_words_follow_the_point(rows):
    column = {decay: rows(weight_decay=decay)["readout"]["column"] for decay in (0.1, 1.0, 2.0)}
    border = float(phases.CROSSOVER_RATIO(0.1, 1e-3, 1, 0.1))
    assert column == {
        0.1: f"memorization up to ratio 1, grokking up to {border:.2f}",
        1.0: "collapse up to ratio 1",
        2.0: "collapse up to ratio 2",
    }
    assert {rows(seed=0.1, weight_decay=decay)["readout"]["column"] for decay in (0.01, 0.1, 0.89)} == {
        "memorization up to ratio 1, no grokking"
    }
    page = PhaseDiagram(weight_decay=2).html()
    assert "start 0.001. At decay 2: collapse up to ratio 2, and comprehension above." in page
    assert "at ratio 1.60, is in the phase of collapse." in page
    assert "at the marked point: both vanish." in page
    assert "collapse; the rule leads from time <strong>–</strong>" in page


def test_presets_lie_in_the_phases_that_they_name():
    explorable = PhaseDiagram()
    found = {words: explorable.rows(state)["readout"]["phase"] for words, state in explorable.presets.items()}
    assert found == {
        "Memorization": "memorization",
        "Large ratio": "comprehension",
        "Near collapse": "comprehension",
        "Collapse": "collapse",
    }
    assert explorable.rows(explorable.state)["readout"]["phase"] == "grokking"


def test_the_border_that_is_guessed_lies_within_the_chart(rows):
    guess = PhaseDiagram().guess
    border = rows(**guess.state)["readout"]["border"]
    assert guess.answer.endswith(f"it is at {rows()['readout']['border']:.2f}.")
    assert rows()["readout"]["border"] + 0.5 < border < module.RATIOS[1]


@pytest.mark.parametrize("bad", [{"ratio": -2}, {"ratio": 4.1}, {"weight_decay": 0}, {"seed": 0}, {"seed": 1}])
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be between"):
        PhaseDiagram(**bad)
