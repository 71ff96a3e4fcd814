"""The map of recipes, against the outlook that it shows."""

import numpy as np
import pytest

from grokmodels import Experiment
from grokmodels.explorables.recipe_map import COLORS, WORDS
from grokmodels.explorables.words import fill
from grokmodels.forecasts.outlook import outlook
from tests.explorable_samples import recipe_map, recipe_surfaces, recipes_run

KINDS = {words: kind for kind, words in WORDS.items()}


@pytest.fixture(scope="module")
def explorable():
    return recipe_map()


def experiment(state):
    """The recipe of a state; its batch is rounded to whole examples."""
    base = Experiment().but(task__p=31, fraction=state["fraction"], batch_size=None)
    n_train = base.task.n_train(state["fraction"])
    return base.but(
        batch_size=round(state["batch_share"] * n_train), steps=state["steps"],
        architecture__layers=int(state["layers"]), architecture__width=int(state["width"]),
        architecture__init_scale=state["init_scale"],
        optimizer__learning_rate=state["learning_rate"], optimizer__weight_decay=state["weight_decay"],
        optimizer__weight_decay_on=state["decay_on"],
    )  # fmt: skip


def states(controls, count=40):
    draw = np.random.default_rng(0)
    for _ in range(count):
        yield {trait: draw.choice(control.payload()["values"]).item() for trait, control in controls.items()}


def test_the_outlook_at_the_point_is_that_of_the_library(explorable):
    seen = set()
    for state in states(explorable.controls):
        told = explorable.rows(state)["readout"]
        expected = outlook(experiment(state), recipe_surfaces())
        # Warm-up, and the batch of whole examples.
        assert told["t_mem"] == pytest.approx(expected.t_mem, rel=0.03)
        assert told["t_gen"] == pytest.approx(expected.t_gen, rel=0.03)
        assert told["spread"] == pytest.approx(expected.spread)
        assert told["chance"] == pytest.approx(expected.generalizes, abs=0.03)
        kind = KINDS[told["kind"]]
        assert told["color"] == COLORS[kind]
        if abs(expected.generalizes - 0.5) > 0.05:
            assert (kind == "no end") == (expected.generalizes < 0.5)
        if kind != "no end" and abs(np.log(expected.t_gen / expected.t_mem / 2)) > 0.05:
            assert (kind == "no plateau") == (expected.t_gen < 2 * expected.t_mem)
        seen.add(kind)
    assert seen == set(COLORS)


def test_a_cell_of_the_map_is_what_the_point_in_it_says(explorable):
    cells = explorable.rows(explorable.state)["cells"]
    assert len(cells) == 24**2
    for cell in cells[::37]:
        inside = {
            "learning_rate": np.sqrt(cell["low_rate"] * cell["high_rate"]),
            "weight_decay": np.sqrt(cell["low_decay"] * cell["high_decay"]),
        }
        told = explorable.rows(explorable.state | inside)["readout"]
        assert KINDS[told["kind"]] == cell["kind"]


def test_the_alt_text_tells_the_areas(explorable):
    words = explorable.words(explorable.state, explorable.rows(explorable.state))
    alt = fill(explorable.charts["map"].alt, words)
    assert "within 5,000 steps: not within the budget in " in alt
    assert alt.endswith(f"decay {explorable.controls['weight_decay'].text(explorable.weight_decay)}: {words['kind']}.")


def test_bad_input_is_named():
    with pytest.raises(ValueError, match=r"recorded: lacks the columns \['kind'\]"):
        recipe_map(recorded=recipes_run().drop(columns="kind"))
    with pytest.raises(ValueError, match=r"got 0.2; must be between"):
        recipe_map(fraction=0.2)
