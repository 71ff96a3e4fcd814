"""The explorable of AdamW's motion, against the theory's formulas and their limits."""

import itertools
import json
import re

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables.motion import Motion
from grokmodels.explorables.words import fill
from grokmodels.theory import motion, plateau
from grokmodels.theory.circuits import Circuits, simulate

EXPLORABLE = Motion()


def rows(**state):
    return EXPLORABLE.rows(EXPLORABLE.state | state)


def table(dataset, **state):
    return pd.DataFrame(rows(**state)[dataset])


def told(**state):
    return rows(**state)["readout"]


def states():
    """All corners of the controls, and many states between."""
    values = {trait: control.values for trait, control in EXPLORABLE.controls.items()}
    draw = np.random.default_rng(0)
    for corner in itertools.product(*((allowed[0], allowed[-1]) for allowed in values.values())):
        yield dict(zip(values, corner, strict=True))
    for _ in range(40):
        yield {trait: float(draw.choice(allowed)) for trait, allowed in values.items()}


def test_every_value_is_that_of_the_theory():
    for state in states():
        eta, decay, batch, ratio = state.values()
        held, left = np.sqrt(batch), ratio * (1 - batch)
        seen, memory, share = rows(**state), table("memory", **state), table("share", **state)
        np.testing.assert_allclose(memory["decay_time"], np.linspace(0, 5, 51))
        np.testing.assert_allclose(share["decay_time"], np.linspace(0, 20, 81))
        within = {"rtol": 1e-9, "atol": 1e-15, "err_msg": str(state)}
        for column, saturation in (("cosine", held), ("noise", 0)):
            exact = motion.OVERLAP(memory["decay_time"], saturation, eta, decay)
            np.testing.assert_allclose(memory[column], exact, **within)
        for column, effective in (("share", left), ("flow", ratio)):
            exact = plateau.SHARE(share["decay_time"], 1e-3, max(effective, 1e-6), 1)
            np.testing.assert_allclose(share[column], exact, **within)
        assert seen["point"] == [{"ratio": ratio, "batch_share": batch}]
        readout = seen["readout"]
        exact = {
            "length": motion.LENGTH(held, eta, decay),
            "wall": 1 / decay,
            "turn": np.degrees(motion.TURN(held, eta, decay, 0.9)),
            "cosine": motion.OVERLAP(1, held, eta, decay),
            "left": left,
        }
        for name, value in exact.items():
            assert readout[name] == pytest.approx(float(value), rel=1e-9, abs=1e-12), (name, state)
        grows = left > 1 + 1e-9
        assert readout["winner"] == ("the rule grows" if grows else "the memorizer stays")
        wait = float(plateau.DECAY_TIME(0.5, 1, 1e-3, 1, left)) if grows else None
        assert readout["half"] == (wait and pytest.approx(wait, rel=1e-9))


@pytest.mark.parametrize(
    "bad",
    [
        {"learning_rate": 0},
        {"learning_rate": 1},
        {"weight_decay": 0},
        {"weight_decay": -1},
        {"batch_share": 0},
        {"batch_share": 1.5},
        {"ratio": 0},
        {"ratio": 1e3},
    ],
)
def test_what_no_control_takes_is_refused(bad):
    (trait,) = bad
    with pytest.raises(ValueError, match=rf"{EXPLORABLE.controls[trait].label}: got .*; must be between"):
        Motion(**bad)


def test_one_step_up_and_one_down_keep_all_but_the_length():
    rates, decays = (EXPLORABLE.controls[trait].values for trait in ("learning_rate", "weight_decay"))
    at = rates.index(0.00125), decays.index(2)
    before = told()
    kept = ["turn", "cosine", "left", "half"]
    for step in (-4, -1, 1, 4):
        state = {"learning_rate": rates[at[0] + step], "weight_decay": decays[at[1] - step]}
        after = told(**state)
        np.testing.assert_allclose([after[k] for k in kept], [before[k] for k in kept], rtol=1e-12)
        for longer in ("length", "wall"):
            assert after[longer] == pytest.approx(before[longer] * 2 ** (step / 2), rel=1e-12)
        pd.testing.assert_frame_equal(table("memory", **state), table("memory"))


def test_with_all_data_in_a_batch_nothing_moves_and_the_rule_dies_at_every_ratio():
    for ratio in EXPLORABLE.controls["ratio"].values:
        seen = told(batch_share=1.0, ratio=ratio)
        assert (seen["length"], seen["turn"], seen["cosine"], seen["left"]) == (seen["wall"], 0, 1, 0)
        assert (seen["half"], seen["winner"], seen["course"]) == (None, "the memorizer stays", "falls")
        share = table("share", batch_share=1.0, ratio=ratio)
        np.testing.assert_allclose(share["share"], 1e-3 * np.exp(-2 * share["decay_time"]), rtol=1e-4)


def test_in_small_batches_the_weights_forget_and_the_rule_grows_as_under_gradient_flow():
    noisy = {"batch_share": 1e-6, "learning_rate": 0.02}
    memory, share = table("memory", **noisy), table("share", **noisy)
    np.testing.assert_allclose(memory["noise"], np.exp(-memory["decay_time"]), rtol=1e-12)
    np.testing.assert_allclose(memory["cosine"], memory["noise"], atol=1e-4)
    np.testing.assert_allclose(share["share"], share["flow"], rtol=1e-4)
    assert told(**noisy)["length"] == pytest.approx(np.sqrt(0.02 / 4), rel=1e-4)


@pytest.mark.parametrize("ratio", [1.05, 1.5, 2.0, 4.0])
def test_the_rule_grows_below_the_line_and_nowhere_else(ratio):
    for batch in EXPLORABLE.controls["batch_share"].values:
        share, seen = table("share", ratio=ratio, batch_share=batch), told(ratio=ratio, batch_share=batch)
        change = share["share"].iloc[-1] / share["share"].iloc[0] - 1
        if batch == pytest.approx(1 - 1 / ratio):
            assert (change, seen["course"], seen["half"]) == (pytest.approx(0, abs=1e-9), "stays level", None)
        else:
            below = batch < 1 - 1 / ratio
            assert (change > 0, seen["half"] is not None) == (below, below)
            assert seen["course"] == ("rises" if below else "falls")
            assert (share["share"] <= share["flow"] * (1 + 1e-9)).all()
        if seen["half"] and seen["half"] < 20:
            assert np.interp(seen["half"], share["decay_time"], share["share"]) == pytest.approx(0.5, abs=0.01)


def test_the_dashed_line_is_the_flow_of_the_circuits():
    share = table("share", ratio=1.5)
    model = Circuits(generalizing_efficiency=1.5, weight_decay=0.05)
    margin = np.log(2 / 0.05 - 1)
    u, v = np.sqrt(margin * (1 - 1e-3)), np.sqrt(margin * 1e-3 / 1.5)
    exact = simulate(model, u, v, share["decay_time"] / 0.05)
    # The closed form leaves out the drift of the margin, half the logarithm of its growth.
    np.testing.assert_allclose(np.log(share["flow"]), np.log(exact["share"]), atol=0.1)


def test_the_border_is_the_critical_share():
    border = pd.DataFrame(EXPLORABLE.data["border"])
    assert (border["ratio"].iloc[0], border["ratio"].iloc[-1]) == (1, 4)
    assert border["batch_share"].iloc[-1] == 0.75
    inside = border[border["batch_share"] > 1 / 32 + 1e-6]
    assert len(inside) > 50
    np.testing.assert_allclose(inside["batch_share"], 1 - 1 / inside["ratio"], atol=2e-5)


def test_while_the_reader_draws_the_plane_is_empty():
    layers = EXPLORABLE.charts["plane"].spec({})["layer"]
    assert [layer["data"]["name"] for layer in layers] == ["border"] * 3 + ["words", "point", "guess"]
    assert all(layer["transform"] == [{"filter": "revealed"}] for layer in layers[:-1])
    assert EXPLORABLE.guess.state["batch_share"] == 1 - 1 / EXPLORABLE.guess.state["ratio"]


@pytest.mark.parametrize(
    ("changes", "share", "winner"),
    [
        ({}, "ratio 1.125 it rises", "1.50 and 1/4: the rule grows."),
        ({"ratio": 2, "batch_share": 0.5}, "ratio 1.000 it stays level", "2.00 and 1/2: the memorizer stays."),
        ({"ratio": 1, "batch_share": 1}, "ratio 0.000 it falls", "1.00 and all: the memorizer stays."),
    ],
)
def test_alt_texts_follow_the_state(changes, share, winner):
    explorable = Motion(**changes)
    words = explorable.words(explorable.state, explorable.rows(explorable.state))
    alts = {name: fill(chart.alt, words) for name, chart in explorable.charts.items()}
    assert share in alts["share"]
    assert alts["plane"].endswith(winner)
    assert f"by way of {words['cosine']:.3f} at Λ = 1" in alts["memory"]
    assert alts["share"].endswith("it stays level." if explorable.ratio == 1 else "it rises.")


def test_the_page_is_small_and_speaks_without_javascript():
    html = Motion(batch_share=1.0).html()
    assert len(html) < 100_000
    assert "Batch share b/N: <strong>all</strong>" in html
    assert "share one half at Λ <strong>never</strong>" in html
    assert len(re.findall(r'<img class="dark-light" alt="[^"]+"', html)) == 3
    payload = json.loads(re.search(r'class="grok-payload">(.*?)</script>', html, re.DOTALL)[1])
    assert payload["controls"]["batch_share"]["texts"][::2] == ["1/32", "1/16", "1/8", "1/4", "1/2", "all"]
