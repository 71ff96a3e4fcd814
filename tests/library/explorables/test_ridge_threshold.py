import re
from urllib.parse import unquote
from xml.etree import ElementTree

import numpy as np
import pandas as pd
import pytest

from grokmodels.explorables import ridge_threshold as module
from grokmodels.explorables.ridge_threshold import RidgeThreshold
from grokmodels.theory import ridge

SVG = "{http://www.w3.org/2000/svg}"


@pytest.fixture(scope="module")
def explorable():
    return RidgeThreshold()


def record(explorable, name, **traits):
    """The one row of a table at some controls."""
    table = pd.DataFrame(explorable.data[name])
    (found,) = table[(table[list(traits)] == pd.Series(traits)).all(axis=1)].to_dict("records")
    return found


@pytest.mark.parametrize("decay", module.DECAYS)
@pytest.mark.parametrize("tolerance", [0.02, 0.1, 0.5, 2.0])
def test_the_null_model_is_solved_exactly(explorable, tolerance, decay):
    exact = ridge.solve(ridge.Ridge(weight_decay=decay), module.TIMES, tolerance)
    accuracies = record(explorable, "accuracies", tolerance=tolerance, weight_decay=decay)
    losses = record(explorable, "losses", weight_decay=decay)
    for name in ("train", "test"):
        np.testing.assert_allclose(losses[name], exact[f"{name}_loss"], rtol=1e-3)
        # An answer on the very edge of the tolerance may count on one processor and not on another.
        np.testing.assert_allclose(accuracies[name], exact[f"{name}_accuracy"], rtol=1e-2, atol=0.006)


@pytest.mark.parametrize("decay", [3e-5, 1e-3])
@pytest.mark.parametrize("tolerance", [0.02, 0.3, 0.7, 1.5, 2.0])
def test_the_jump_is_where_half_are_right(explorable, tolerance, decay):
    told = explorable.rows({"tolerance": tolerance, "weight_decay": decay})["readout"]
    model, times = ridge.Ridge(weight_decay=decay), np.geomspace(1, 1e6, 4001)
    around = ridge.solve(model, told["half"] * np.array([0.999, 1.001]), tolerance)["test_accuracy"]
    assert around[0] < 0.5 < around[1]
    drawn = record(explorable, "half", tolerance=tolerance, weight_decay=decay)["half"]
    assert drawn == pytest.approx(told["half"], rel=1e-3)
    exact = ridge.solve(model, times, tolerance)
    rise = passes(times, exact["test_accuracy"], 0.95) / passes(times, exact["test_accuracy"], 0.25)
    assert told["rise"] == (None if np.isnan(rise) else pytest.approx(rise, rel=0.01))
    for words, name in ((told["training"], "train"), (told["held_out"], "test")):
        half = passes(times, exact[f"{name}_accuracy"], 0.5)
        if np.isnan(half):
            assert words == "from the start"
        else:
            assert float(words.removeprefix("from time ").replace(",", "")) == pytest.approx(half, rel=0.01, abs=0.52)


def passes(times, accuracy, level):
    """The first of the times at which an accuracy has risen to a level."""
    after = int(np.argmax(accuracy >= level))
    return times[after] if after else np.nan


def test_every_state_has_a_jump_and_no_rise_is_named_where_there_is_none(explorable):
    readout = pd.DataFrame(explorable.data["readout"])
    assert len(readout) == len(module.DECAYS) * len(module.TOLERANCES)
    assert readout["half"].notna().all()
    assert readout["rise"].isna().sum() == pytest.approx(24, abs=2)


def test_the_jump_moves_with_the_threshold_and_the_loss_does_not(explorable):
    jumps = pd.DataFrame(explorable.data["readout"]).pivot(index="tolerance", columns="weight_decay", values="half")
    assert (np.diff(jumps, axis=0) < 0).all()
    # Ten times the decay brings it ten times earlier.
    fast = jumps.loc[:1.0, 1e-4] / jumps.loc[:1.0, 1e-3]
    np.testing.assert_allclose(fast, 10, rtol=0.1)
    assert not {"tolerance"} & set(explorable.data["losses"])


@pytest.mark.parametrize(("tolerance", "decay"), [(0.3, 1e-4), (0.02, 3e-5), (2.0, 1e-3)])
def test_the_charts_pick_what_belongs_to_the_controls(tolerance, decay):
    explorable = RidgeThreshold(tolerance=tolerance, weight_decay=decay)
    exact = ridge.solve(ridge.Ridge(weight_decay=decay), module.TIMES, tolerance)
    half = explorable.rows(explorable.state)["readout"]["half"]
    accuracy, loss = pictures(explorable)
    low, high = np.log10([1e-5, 30])
    for picture, values, across in (
        (accuracy, [exact[name] for name in ("train_accuracy", "test_accuracy")], lambda t: np.log10(t) / 6),
        (
            loss,
            [(np.log10(exact[name]) - low) / (high - low) for name in ("train_loss", "test_loss")],
            lambda t: decay * t / 6,
        ),
    ):
        lines, rule, (width, height) = picture
        assert rule == pytest.approx(width * across(half), abs=0.1)
        assert len(lines) == 2
        for line, exactly in zip(lines, values, strict=True):
            np.testing.assert_allclose(line[:, 0], width * across(10 ** (np.arange(73) / 12)), rtol=1e-4, atol=0.1)
            np.testing.assert_allclose(1 - line[:, 1] / height, exactly, atol=0.01)


@pytest.mark.parametrize("decay", module.DECAYS)
def test_the_held_out_loss_is_nearly_a_line_in_accumulated_decay_while_the_accuracy_jumps(decay):
    exact = ridge.solve(ridge.Ridge(weight_decay=decay), np.linspace(0.5, 4, 36) / decay, 0.3)
    slopes = np.diff(np.log(exact["test_loss"])) / 0.1
    assert slopes.max() < 0
    assert slopes.min() / slopes.max() < 2


def pictures(explorable):
    """Of both charts: the lines' points, the rule's place, and width and height of the area that they are drawn in."""
    for source in re.findall(r'src="data:image/svg\+xml,([^"]*)"', explorable.html()):
        groups = [(group.get("class", ""), group) for group in ElementTree.fromstring(unquote(source)).iter(f"{SVG}g")]
        marks = {kind: [g for name, g in groups if f"mark-{kind} role-mark" in name] for kind in ("line", "rule")}
        paths = [path.get("d") for group in marks["line"] for path in group.iter(f"{SVG}path")]
        (rule,) = (line.get("transform") for group in marks["rule"] for line in group.iter(f"{SVG}line"))
        (frame,) = (group for name, group in groups if "role-frame" in name)
        size = re.match(r"M0,0h(\d+)v(\d+)", next(frame.iter(f"{SVG}path")).get("d")).groups()
        points = [np.array([pair.split(",") for pair in path[1:].split("L")], dtype=float) for path in paths]
        yield points, float(re.match(r"translate\(([\d.]+),", rule)[1]), (int(size[0]), int(size[1]))


def test_alt_texts_follow_the_state():
    page = RidgeThreshold(tolerance=2).html()
    assert "answers within 2 of their targets" in page
    assert "Half of the training answers are right from the start, half of the held-out ones from time 1." in page
    assert "time grows by a factor <strong>–</strong>" in page


@pytest.mark.parametrize("bad", [{"tolerance": 0}, {"tolerance": 2.1}, {"weight_decay": 7}, {"weight_decay": 0}])
def test_what_no_control_takes_is_refused(bad):
    with pytest.raises(ValueError, match=r"got .*; must be between"):
        RidgeThreshold(**bad)
