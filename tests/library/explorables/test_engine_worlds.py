"""Worlds of facts in the page's engine: task, network and measures of the library, drawn by other random numbers."""

import numpy as np
import pytest
import torch

from grokmodels import Experiment, Schedule, measures
from grokmodels.explorables.engine import Trainer
from grokmodels.recipes.tasks import TwoHop
from tests.library.explorables.test_engine import named, oracle, relative, trained, ways

WORLD = Experiment(
    task=TwoHop(entities=7, relations=3, unused=0.2), fraction=0.7, batch_size=20, evaluate_every=10
).but(architecture__width=16, optimizer__weight_decay=0.3)
SHAPES = [
    WORLD,
    WORLD.but(architecture__layers=1),
    WORLD.but(architecture__layers=3, architecture__norm="none", architecture__width=12),
    WORLD.but(task__entities=12, task__relations=2, task__unused=0.0),
]


def in_the_page(experiment, trainer):
    """The experiment with the page's world in place of the one that the library draws."""
    task = TwoHop(**experiment.task.model_dump())
    world = trainer.ask("(({ facts, unused }) => ({ facts, unused: [...unused] }))(worldOf(training.recipe.task))")
    # Everything else of a task follows from these two.
    for name, values in (("world", world["facts"]), ("is_unused", np.array(world["unused"], dtype=bool))):
        task.__dict__[name] = np.reshape(values, (task.entities, task.relations))
    return experiment.but(task=task)


@pytest.mark.parametrize("experiment", SHAPES, ids=repr)
def test_the_task_is_that_of_the_library(experiment):
    trainer = Trainer(experiment)
    task = in_the_page(experiment, trainer).task
    assert trainer.ask("training.table.labels") == task.labels.tolist()
    inputs = trainer.ask("training.table.inputs")
    written = [[token for token in row if token != task.padding] for row in task.inputs.tolist()]
    assert inputs == written
    assert task.is_unused.sum() == round(task.unused * task.is_unused.size)
    split, parts = trainer.ask("training.split"), np.array(trainer.frame()["cells"]) // 2
    mine = task.split(experiment.fraction, 0)
    assert (len(split["train"]), len(split["test"])) == (len(mine.train), len(mine.test))
    assert sorted(split["train"] + split["test"]) == sorted([*mine.train, *mine.test])
    assert set(np.flatnonzero(task.core)) <= set(split["train"])
    assert np.flatnonzero(parts == 3).tolist() == sorted(set(range(task.n_inputs)) - {*mine.train, *mine.test})
    subsets = {each["name"]: each["inputs"] for each in trainer.ask("training.table.subsets")}
    assert subsets == {
        f"{part}_accuracy.{name}": np.flatnonzero(task.subset(name)).tolist() for part, name in task.breakdown
    }


@ways
@pytest.mark.parametrize("experiment", SHAPES, ids=repr)
def test_logits_and_gradients_are_those_of_the_textbook_on_padded_inputs(experiment, simd):
    trainer = Trainer(experiment, simd=simd)
    trainer.advance(3)
    task = in_the_page(experiment, trainer).task
    model = oracle(experiment, named(trainer))
    # Facts and questions, some of which begin with these facts.
    batch = [3, task.n_inputs - 1, 21, 22, 60, 8, 5, 40, 33, 1]
    trainer.ask(f"training.network.forward({batch})")
    numbers = len(batch) * task.n_classes
    said = trainer.ask(f"[...training.network.memory.floats(training.network.logits, {numbers})]")
    logits = model(torch.as_tensor(task.inputs[batch]))
    assert relative(np.reshape(said, (-1, task.n_classes)), logits.detach()) < 1e-5
    trainer.ask(f"training.differentiate({batch})")
    torch.nn.functional.cross_entropy(logits, torch.as_tensor(task.labels[batch])).backward()
    for name, values in named(trainer, "gradients").items():
        gradient = dict(model.named_parameters())[name].grad
        assert np.linalg.norm(values - gradient.numpy()) < 1e-5 * np.linalg.norm(gradient), name


@ways
def test_ten_steps_are_those_of_the_library(simd):
    trainer = Trainer(WORLD, simd=simd)
    experiment, start = in_the_page(WORLD, trainer), named(trainer)
    batches = [trainer.ask("training.nextBatch()") for _ in range(10)]
    for batch in batches:
        trainer.ask(f"training.update({batch})")
    ours = {name: values - start[name] for name, values in named(trainer).items()}
    for name, change in trained(experiment, start, batches).items():
        assert relative(ours[name], change) < 1e-4, name


def test_measures_are_those_of_the_library():
    trainer = Trainer(WORLD)
    trainer.advance(100)
    task = in_the_page(WORLD, trainer).task
    logits = oracle(WORLD, named(trainer))(torch.as_tensor(task.inputs)).detach().numpy()
    frame = trainer.frame()
    row, parts = frame["rows"][-1], np.array(frame["cells"]) // 2
    assert frame["said"] == logits.argmax(axis=1).tolist()
    assert (np.array(frame["cells"]) % 2 == (frame["said"] == task.labels)).all()
    rows = {"test": parts == 0, "train": parts == 1, "apart": parts == 3}
    for part in ("train", "test"):
        mine = logits[rows[part]], task.labels[rows[part]]
        assert row[f"{part}_accuracy"] == pytest.approx(measures.accuracy(*mine), abs=1e-12)
        assert row[f"{part}_loss"] == pytest.approx(measures.cross_entropy(*mine), rel=1e-4)
    for part, name in task.breakdown:
        mine = rows[part] & task.subset(name)
        assert row[f"{part}_accuracy.{name}"] == pytest.approx(measures.accuracy(logits[mine], task.labels[mine]))
    # There is no symmetry group.
    assert row["rule_share"] is None
    assert frame["circles"] == []


def test_each_distinct_prefix_is_computed_once():
    trainer = Trainer(WORLD)
    inputs = trainer.ask("training.table.inputs")
    for batch in ([*range(len(inputs))], [0, 25, 30], [*range(21)], [40, 41, 80]):
        trainer.ask(f"void training.network.prefixes.read({[inputs[i] for i in batch]})")
        prefixes = {tuple(inputs[i][: depth + 1]) for i in batch for depth in range(len(inputs[i]))}
        assert trainer.ask("training.network.prefixes.count") == len(prefixes)
        assert trainer.ask("training.network.prefixes.rows") >= len(prefixes)


def test_facts_are_taken_away_last():
    trainer = Trainer(WORLD.but(data_schedule=Schedule(knots=((0, 0.5),)), batch_size=None))
    left, facts = set(trainer.ask("training.training")), set(range(21))
    assert len(left) == round(0.5 * len(trainer.ask("training.split.train")))
    assert facts <= left


@pytest.mark.parametrize(("seed", "drawn"), [
    ("split_seed", "training.split.train"), ("task__world_seed", "training.table.labels"),
])  # fmt: skip
def test_world_and_split_have_seeds_of_their_own(seed, drawn):
    one, other = Trainer(WORLD.but(task__unused=0.0)), Trainer(WORLD.but(**{seed: 5}, task__unused=0.0))
    for expression in ("training.split.train", "training.table.labels"):
        assert (one.ask(expression) == other.ask(expression)) == (expression != drawn)


@pytest.mark.parametrize(("changes", "said"), [
    ({"task__identity": True}, "task.identity: got true; the page trains false"),
    ({"task__degree": 2}, "task.degree: got 2"), ({"task__answers": "random"}, "task.answers: got random"),
])  # fmt: skip
def test_what_it_does_not_train_is_named(changes, said):
    with pytest.raises(ValueError, match=said):
        Trainer(WORLD.but(**changes))
