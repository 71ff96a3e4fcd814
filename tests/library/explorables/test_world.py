"""The world of facts: what its controls ask for, what was recorded, and what is told of each question."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import Experiment
from grokmodels.explorables import World
from grokmodels.explorables.engine import Trainer
from grokmodels.explorables.words import fill
from grokmodels.explorables.world import BASE, CELLS, PEOPLE, RELATIONS
from grokmodels.recipes.tasks import TwoHop
from tests.explorable_samples import world

EXPLORABLE = world()


def in_the_page(experiment):
    """The task with the world that the page draws."""
    task = TwoHop(**experiment.task.model_dump())
    facts, unused = Trainer(experiment).ask(
        "(({ facts, unused }) => [facts, [...unused]])(worldOf(training.recipe.task))"
    )
    shape = (task.entities, task.relations)
    task.__dict__.update(world=np.reshape(facts, shape), is_unused=np.reshape(np.array(unused) > 0, shape))
    return task


TASK = in_the_page(EXPLORABLE.experiment(EXPLORABLE.state))


@pytest.mark.parametrize(("changes", "fields"), [
    ({}, {}), ({"weight_decay": 0}, {"optimizer__weight_decay": 0}),
    ({"entities": 30, "relations": 8}, {"task__entities": 30, "task__relations": 8}),
    ({"share": 0.3}, {"fraction": 0.3}), ({"unused": 0.5}, {"task__unused": 0.5}), ({"person": 5, "second": 2}, {}),
])  # fmt: skip
def test_the_controls_ask_for_a_recipe_of_the_library(changes, fields):
    experiment = EXPLORABLE.experiment(EXPLORABLE.state | changes)
    assert experiment.but(batch_size=None) == BASE.but(**fields, batch_size=None)
    inputs = len(Trainer(experiment).ask("training.split.train"))
    assert experiment.batch_size == -(-inputs // 6)


@settings(max_examples=8, deadline=None)
@given(data=st.data())
def test_every_world_can_be_built_and_trained(data):
    some = {
        trait: data.draw(st.sampled_from(control.payload()["values"]), trait)
        for trait, control in EXPLORABLE.controls.items()
    }
    trainer = Trainer(EXPLORABLE.experiment(some | {"entities": min(some["entities"], 20)}))
    trainer.advance(3)
    frame = trainer.frame()
    assert np.isfinite([frame["rows"][-1][name] for name in ("train_loss", "test_loss", "weight_norm")]).all()
    assert set(np.array(frame["cells"]) // 2) <= {0, 1, 3}


def test_presets_are_states_that_can_be_trained():
    for state in EXPLORABLE.presets.values():
        assert isinstance(EXPLORABLE.experiment(state), Experiment)


def test_the_recording_says_of_every_input_what_its_rows_say_of_all():
    recording = EXPLORABLE.data["recording"]
    for frame in recording["frames"]:
        cells = np.array([int(cell) for cell in frame["cells"]])
        said = np.array([ord(letter) - 48 for letter in frame["said"]])
        assert (cells % 2 == (said == TASK.labels)).all()
        assert len(frame["sure"]) == 2 * TASK.n_inputs
        last = frame["rows"][-1]
        assert last["step"] == frame["step"]
        assert (cells % 2)[cells // 2 == 0].mean() == pytest.approx(last["test_accuracy"])
        assert (cells % 2)[TASK.subset("facts")].mean() == pytest.approx(last["train_accuracy.facts"])
    assert len(EXPLORABLE.html()) < 500_000


@pytest.mark.parametrize(("person", "first", "second"), [(0, 0, 1), (7, 2, 2), (3, 1, 0)])
def test_a_question_is_told_with_its_bridge_and_answer(person, first, second):
    state = EXPLORABLE.state | {"person": person, "first": first, "second": second}
    rows = EXPLORABLE.rows(state)
    told, (table,) = rows["readout"], rows["questions"]
    bridge = TASK.world[person, first]
    answer = TASK.world[bridge, second]
    r, s = RELATIONS[first], RELATIONS[second]
    assert told["question"] == f"Who is the {s} of the {r} of {PEOPLE[person]}?"
    assert told["way"] == f"{PEOPLE[person]} → {r} {PEOPLE[bridge]} → {s} {PEOPLE[answer]}"
    number = TASK.entities * TASK.relations + (person * TASK.relations + first) * TASK.relations + second
    frame = EXPLORABLE.data["recording"]["frames"][-1]
    said, sure = ord(frame["said"][number]) - 48, int(frame["sure"][2 * number : 2 * number + 2])
    right = "right" if said == answer else "wrong"
    assert told["answer"] == f"{PEOPLE[said]} ({sure} %), {right}"
    assert (told["color"] == "generalizing") == (said == answer)
    # The marked cell is this question's.
    assert divmod(table["mark"], table["columns"])[0] == person
    assert table["cells"][table["mark"]] == kinds_of(frame)[number]
    words = fill(EXPLORABLE.charts["questions"].alt, EXPLORABLE.words(state, rows))
    assert f"{told['question']} {told['way']}, {told['status']}. The network says: {told['answer']}." in words


def kinds_of(frame):
    """The kind of every input's cell, in the order of the task."""
    cells = np.array([int(cell) for cell in frame["cells"]])
    first = np.where(TASK.core, 1, np.choose(cells // 2, [5, 3, 3, 7]))
    return first + cells % 2


def test_the_table_has_every_input_once():
    (table,) = EXPLORABLE.rows(EXPLORABLE.state)["questions"]
    cells = np.reshape(table["cells"], (TASK.entities, -1))
    kinds, facts = kinds_of(EXPLORABLE.data["recording"]["frames"][-1]), TASK.entities * TASK.relations
    n = TASK.relations
    assert (cells[:, :n].ravel() == kinds[:facts]).all()
    questions = np.reshape(kinds[facts:], (TASK.entities, n, n))
    for r in range(n):
        begin = n + r * (n + 1)
        assert (cells[:, begin] == 0).all()
        assert (cells[:, begin + 1 : begin + 1 + n] == questions[:, r]).all()
    assert cells.shape[1] == n + n * (n + 1)
    assert cells.max() < len(CELLS)


def test_who_is_not_in_the_world_is_not_asked():
    told = EXPLORABLE.rows(EXPLORABLE.state | {"person": 39})
    assert "mark" not in told["questions"][0]
    assert told["readout"]["question"] == f"This world has {TASK.entities} people, {TASK.relations} relations."
    assert (told["readout"]["answer"], told["readout"]["way"]) == (None, None)


def test_examples_are_of_every_kind():
    sentences = EXPLORABLE.rows(EXPLORABLE.state)["sentences"]
    assert [line["kind"] for line in sentences] == [1, 1, 2, 2, 3, 3, 4, 4]
    assert all(line["words"].count(" of ") == (1 if line["kind"] == 1 else 2) for line in sentences)


def test_every_person_and_relation_has_a_name_of_its_own():
    assert len(set(PEOPLE)) == len(EXPLORABLE.controls["person"].values) == EXPLORABLE.controls["entities"].values[-1]
    assert len(set(RELATIONS)) == EXPLORABLE.controls["relations"].values[-1]


@pytest.mark.slow
def test_the_recorded_run_memorized_waited_and_then_answered():
    """What the page shows first."""
    rows = [row for frame in World().data["recording"]["frames"] for row in frame["rows"]]
    memorized = next(row for row in rows if row["train_accuracy"] >= 0.99)
    half = next(row for row in rows if row["test_accuracy"] >= 0.5)
    assert memorized["test_accuracy"] < 0.35
    assert half["step"] > 2 * memorized["step"]
    assert rows[-1]["test_accuracy"] > 0.8
