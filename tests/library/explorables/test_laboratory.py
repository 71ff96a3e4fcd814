"""The laboratory: what its controls ask for, what was recorded, and the picture that stands without JavaScript."""

import io
import re
from base64 import b64decode

import matplotlib.image
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from matplotlib.colors import to_rgba

from grokmodels import Experiment
from grokmodels.explorables import Laboratory
from grokmodels.explorables.engine import Trainer
from grokmodels.explorables.laboratory import BASE, CELLS, DECAYS, RATES, RECORDED
from grokmodels.explorables.words import fill
from grokmodels.palette import PALETTE


@pytest.fixture(scope="module")
def laboratory():
    return Laboratory(compact=True)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({}, {}),
        ({"weight_decay": 0}, {"optimizer__weight_decay": 0}),
        ({"learning_rate": 0.01}, {"optimizer__learning_rate": 0.01}),
        ({"batch_size": "64"}, {"batch_size": 64}),
        # Of 48 pairs none can be left out of a batch of 512.
        ({"batch_size": "512", "p": 11, "fraction": 0.4}, {"task__p": 11, "fraction": 0.4, "batch_size": None}),
        ({"data_share": 0.5}, {"data_schedule": {"knots": [[0, 0.5]]}}),
        ({"task": "multiply", "p": 53}, {"task__operation": "multiply", "task__p": 53}),
        ({"task": "random"}, {"task": {"kind": "random-labels", "base": BASE.task.model_dump()}}),
        ({"network": "real", "norm": "none"}, {"architecture": {"layers": 2, "width": 64, "norm": "none"}}),
        ({"optimizer": "sgd"}, {"optimizer__name": "sgd", "optimizer__momentum": 0.9}),
        ({"optimizer": "adam", "seed": 7}, {"optimizer__name": "adam", "seed": 7}),
        ({"twin": "tenth"}, {}),
    ],
)
def test_the_controls_ask_for_a_recipe_of_the_library(laboratory, changes, fields):
    assert laboratory.experiment(laboratory.state | changes) == BASE.but(**fields)


def test_every_state_of_a_preset_can_be_trained():
    for state in Laboratory(p=11).presets.values():
        assert isinstance(Laboratory(compact=True).experiment(state), Experiment)


@pytest.mark.slow
@settings(max_examples=25)
@given(data=st.data())
def test_every_state_of_the_controls_trains(laboratory, data):
    """And every live change: the network stays finite, or says that it diverged."""
    some = {
        trait: data.draw(st.sampled_from(control.payload()["values"]), trait)
        for trait, control in laboratory.controls.items()
    }
    experiment = laboratory.experiment(some | {"p": min(some["p"], 31)})
    trainer = Trainer(experiment)
    trainer.advance(10)
    trainer.change(
        learning_rate=data.draw(st.sampled_from(RATES)),
        weight_decay=data.draw(st.sampled_from(DECAYS)),
        batch_size=data.draw(st.sampled_from([None, 32, 64])),
        data_share=data.draw(st.sampled_from([0.1, 1])),
    )
    trainer.advance(30)
    frame = trainer.frame()
    history = trainer.history.drop(columns="rule_share")
    assert frame["status"] in (None, "diverged")
    assert np.isfinite(history.to_numpy()).all()
    assert set(frame["cells"]) <= set(range(len(CELLS)))
    assert Experiment(**trainer.written()["experiment"]).task == experiment.task


def test_the_recorded_run_grokked_and_is_small():
    explorable = Laboratory()
    frames = explorable.data["recording"]["frames"]
    rows = [row for frame in frames for row in frame["rows"]]
    assert [row["step"] for row in rows] == [*range(0, rows[-1]["step"] + 1, BASE.evaluate_every)]
    assert rows[-1]["step"] < RECORDED
    assert rows[-1]["test_accuracy"] > 0.95
    assert len(frames) <= 60
    for frame in frames:
        right = np.array([int(cell) % 2 for cell in frame["cells"]])
        shown = np.array([int(cell) // 2 for cell in frame["cells"]])
        # All of the frame's own step: a row says of shares what its cells say one by one.
        assert right[shown == 1].mean() == pytest.approx(frame["rows"][-1]["train_accuracy"])
        assert right[shown == 0].mean() == pytest.approx(frame["rows"][-1]["test_accuracy"])
    assert len(explorable.html()) < 400_000


def test_words_and_picture_tell_the_state_of_the_network(laboratory):
    rows = laboratory.rows(laboratory.state)
    (table,) = rows["table"]
    cells = np.reshape(table["cells"], (31, 31))
    words = fill(laboratory.charts["table"].alt, laboratory.words(laboratory.state, rows))
    shown, right = (cells // 2 == 1), (cells % 2 == 1)
    assert f"Of {shown.sum()} shown pairs {(shown & right).sum()} are answered right" in words
    assert f"of {(~shown).sum()} held-out pairs {(~shown & right).sum()}." in words
    picture = b64decode(re.search(r'src="data:image/png;base64,([^"]+)"', laboratory.html())[1])
    pixels = matplotlib.image.imread(io.BytesIO(picture))
    expected = [to_rgba(PALETTE[CELLS[cell].color].light, CELLS[cell].strength) for cell in cells.ravel()]
    np.testing.assert_allclose(pixels.reshape(-1, 4), expected, atol=1 / 255)


def test_a_box_in_a_chapter_does_not_tell_the_answer(laboratory):
    assert [frame["step"] for frame in laboratory.data["recording"]["frames"]] == [0]
    assert list(laboratory.charts) == ["table", "accuracy"]
