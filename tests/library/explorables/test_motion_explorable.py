"""The explorable of AdamW's motion: its JavaScript against numpy, and both against the theory's limits."""

import itertools
import json
import math
import re

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables import Motion
from grokmodels.theory import motion
from grokmodels.theory.circuits import Circuits, simulate
from tests.library.theory.test_javascript import node

EXPLORABLE = Motion()
PROGRAM = f"""const kernel = {Motion.kernel};
console.log(JSON.stringify(data.map((state) => {{
    try {{ return kernel(state, {{}}); }} catch (reason) {{ return `${{reason.name}}: ${{reason.message}}`; }}
}})));"""
UNDEFINED = [
    ({"learning_rate": 0}, "learning rate η must be positive"),
    ({"learning_rate": 1}, "learning rate η must be positive, up to 0.1"),
    ({"weight_decay": 0}, "weight decay λ must be from 0.01 to 10"),
    ({"weight_decay": -1}, "weight decay λ must be from 0.01 to 10"),
    ({"batch_share": 0}, "must hold a positive share b/N"),
    ({"batch_share": 1.5}, "must hold a positive share b/N of the data, up to all"),
    ({"ratio": 0}, "efficiency ratio ρ must be positive"),
    ({"ratio": 1e3}, "efficiency ratio ρ must be positive"),
]


def rows(dataset, **state):
    return pd.DataFrame(EXPLORABLE.rows(EXPLORABLE.state | state)[dataset])


def readout(**state):
    return [row["value"] for row in EXPLORABLE.rows(EXPLORABLE.state | state)["readout"]]


def length(**state):
    return readout(**state)[0]


def numbers(answer):
    """Datasets by name as flat tables: words, and numbers with None as NaN."""
    flat = {name: [list(row.values()) for row in table] for name, table in answer.items()}
    cells = [cell for table in flat.values() for row in table for cell in row]
    words = [cell for cell in cells if isinstance(cell, str)]
    return words, np.array([math.nan if cell is None else cell for cell in cells if not isinstance(cell, str)], float)


def test_javascript_equals_numpy_in_every_corner_and_at_many_states():
    values = {trait: control.values for trait, control in EXPLORABLE.controls.items()}
    draw = np.random.default_rng(0)
    corners = itertools.product(*((allowed[0], allowed[-1]) for allowed in values.values()))
    states = [dict(zip(values, corner, strict=True)) for corner in corners]
    states += [{trait: float(draw.choice(allowed)) for trait, allowed in values.items()} for _ in range(60)]
    # The point of no growth, within the sliders; and beyond them.
    states += [EXPLORABLE.state | {"ratio": 2.0, "batch_share": batch} for batch in values["batch_share"]]
    states += [EXPLORABLE.state | {"ratio": ratio} for ratio in (0.01, 0.5, 20)]
    states += [EXPLORABLE.state | {"batch_share": 1e-6, "learning_rate": 0.1, "weight_decay": 10}]
    for state, theirs in zip(states, node(PROGRAM, states), strict=True):
        ours = EXPLORABLE.rows(state)
        assert [*theirs] == [*ours]
        assert [[*row] for row in theirs["readout"]] == [[*row] for row in ours["readout"]]
        (their_words, theirs), (our_words, ours) = numbers(theirs), numbers(ours)
        assert their_words == our_words
        np.testing.assert_allclose(theirs, ours, rtol=1e-9, atol=1e-15, err_msg=str(state))


def test_what_is_undefined_is_named_in_both_languages():
    states = [EXPLORABLE.state | changes for changes, _ in UNDEFINED]
    for state, (_, words), theirs in zip(states, UNDEFINED, node(PROGRAM, states), strict=True):
        with pytest.raises(ValueError, match=f"^Undefined here: .*{re.escape(words)}") as reason:
            EXPLORABLE.rows(state)
        assert theirs == f"RangeError: {reason.value}"
    with pytest.raises(ValueError, match=r"Learning rate η: got 0; must be between"):
        Motion(learning_rate=0)


def test_one_step_up_and_one_down_keep_all_but_the_length():
    rates, decays = (EXPLORABLE.controls[trait].values for trait in ("learning_rate", "weight_decay"))
    at = rates.index(0.00125), decays.index(2)
    before = readout()
    for step in (-4, -1, 1, 4):
        state = {"learning_rate": rates[at[0] + step], "weight_decay": decays[at[1] - step]}
        after = readout(**state)
        np.testing.assert_allclose(after[2:], before[2:], rtol=1e-12)
        np.testing.assert_allclose(after[:2], np.array(before[:2]) * 2 ** (step / 2), rtol=1e-12)
        pd.testing.assert_frame_equal(rows("memory", **state), rows("memory"))


def test_with_all_data_in_a_batch_nothing_moves_and_the_rule_dies_at_every_ratio():
    for ratio in EXPLORABLE.controls["ratio"].values:
        length, wall, turn, cosine, left, half = readout(batch_share=1.0, ratio=ratio)
        assert (length, turn, cosine, left, half) == (wall, 0, 1, 0, None)
        share = rows("share", batch_share=1.0, ratio=ratio)
        np.testing.assert_allclose(share["share"], 1e-3 * np.exp(-2 * share["decay_time"]), rtol=1e-4)


def test_in_small_batches_the_weights_forget_and_the_rule_grows_as_under_gradient_flow():
    noisy = {"batch_share": 1e-6, "learning_rate": 0.02}
    memory, share = rows("memory", **noisy), rows("share", **noisy)
    np.testing.assert_allclose(memory["noise"], np.exp(-memory["decay_time"]), rtol=1e-12)
    np.testing.assert_allclose(memory["cosine"], memory["noise"], atol=1e-4)
    np.testing.assert_allclose(share["share"], share["flow"], rtol=1e-4)
    assert length(**noisy) == pytest.approx(np.sqrt(0.02 / 4), rel=1e-4)


@pytest.mark.parametrize("ratio", [1.05, 1.5, 2.0, 4.0])
def test_the_rule_grows_below_the_line_and_nowhere_else(ratio):
    critical = float(motion.CRITICAL_SHARE(ratio))
    for batch in EXPLORABLE.controls["batch_share"].values:
        share = rows("share", ratio=ratio, batch_share=batch)
        left, half = readout(ratio=ratio, batch_share=batch)[-2:]
        assert left == pytest.approx(ratio * (1 - batch))
        change = share["share"].iloc[-1] / share["share"].iloc[0] - 1
        if batch == pytest.approx(critical):
            assert (change, half) == (pytest.approx(0, abs=1e-9), None)
        else:
            assert (change > 0) == (half is not None) == (batch < critical)
            assert (share["share"] <= share["flow"] * (1 + 1e-9)).all()
        if half is not None and half < 20:
            assert np.interp(half, share["decay_time"], share["share"]) == pytest.approx(0.5, abs=0.01)


def test_the_faint_line_is_the_flow_of_the_circuits():
    share = rows("share", ratio=1.5)
    model = Circuits(generalizing_efficiency=1.5, weight_decay=0.05)
    margin = np.log(2 / 0.05 - 1)
    u, v = np.sqrt(margin * (1 - 1e-3)), np.sqrt(margin * 1e-3 / 1.5)
    exact = simulate(model, u, v, share["decay_time"] / 0.05)
    # The closed form leaves out the drift of the margin, half the logarithm of its growth.
    np.testing.assert_allclose(np.log(share["flow"]), np.log(exact["share"]), atol=0.1)


def test_the_border_is_the_critical_share():
    border = pd.DataFrame(EXPLORABLE.data["border"])
    assert (border["ratio"].iloc[0], border["ratio"].iloc[-1]) == (1, 4)
    assert border["critical"].iloc[-1] == 0.75
    inside = border[border["critical"] > 1 / 32 + 1e-6]
    np.testing.assert_allclose(inside["critical"], 1 - 1 / inside["ratio"], atol=2e-5)


def test_the_page_is_small_and_speaks_without_javascript():
    html = Motion(batch_share=1.0).html()
    assert len(html) < 100_000
    assert "Batch share b/N: <strong>all</strong>" in html
    assert "share one half at Λ <strong>never</strong>" in html
    assert len(re.findall(r'<img class="dark-light" alt="[^"]+"', html)) == 3
    payload = json.loads(re.search(r'class="grok-payload">(.*?)</script>', html, re.DOTALL)[1])
    assert payload["controls"]["batch_share"]["texts"][::2] == ["1/32", "1/16", "1/8", "1/4", "1/2", "all"]
