"""Experiments: what is refused, and that a recipe survives JSON and names itself."""

import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Architecture, Experiment, Modular, Optimizer, Parity, RandomLabels, Schedule


@pytest.mark.parametrize(
    ("changes", "names"),
    [
        ({"fraction": 0.0}, ["fraction", "0.0", "greater than 0"]),
        ({"fraction": 1.5}, ["fraction", "1.5", "less than or equal to 1"]),
        ({"fraction": 1.0}, ["fraction", "0 test inputs"]),
        ({"task__p": 1}, ["p", "1", "greater than or equal to 2"]),
        ({"optimizer__weight_decay": -0.1}, ["weight_decay", "-0.1", "greater than or equal to 0"]),
        ({"optimizer__learning_rate": 0}, ["learning_rate", "0", "greater than 0"]),
        ({"optimizer__learning_rate": float("nan")}, ["learning_rate", "nan", "finite"]),
        ({"optimizer__momentum": 0.9}, ["momentum", "0.9", "only sgd"]),
        ({"optimizer__name": "lion"}, ["name", "'lion'", "'adamw', 'adam' or 'sgd'"]),
        ({"architecture__heads": 3}, ["width", "128", "multiple of heads"]),
        ({"batch_size": 5000}, ["batch_size", "5000", "3764"]),
        ({"precision": "float16"}, ["precision", "'float16'", "'float32'"]),
        ({"steps": 0}, ["steps", "0", "greater than or equal to 1"]),
        ({"evaluate_every": 0}, ["evaluate_every", "0"]),
        ({"epochs": 3}, ["epochs: got 3; there is no such field; must be one of ['task', 'fraction', "]),
        ({"optimizer__learn_rate": 1.0}, ["Optimizer: learn_rate: got 1.0", "did you mean 'learning_rate'?"]),
        ({"seed__x": 3}, ["seed__x", "3", "no such field", "'seed' must be one of ['task', "]),
    ],
)
def test_a_bad_recipe_names_field_value_and_what_is_allowed(changes, names):
    with pytest.raises(ValueError, match=r"got|leaves|no such") as raised:
        Experiment().but(**changes)
    assert all(name in str(raised.value) for name in names)
    assert "\n" not in str(raised.value)


modular = st.builds(
    Modular, operation=st.sampled_from(["add", "subtract", "multiply", "divide"]), p=st.sampled_from([7, 11, 13])
)
tasks = st.one_of(modular, st.builds(Parity, bits=st.integers(5, 8)), st.builds(RandomLabels, base=modular))
schedules = st.one_of(
    st.just(Schedule.constant()),
    st.builds(Schedule.delayed, st.integers(0, 100)),
    st.builds(Schedule.pulsed, st.integers(11, 20), st.integers(1, 10)),
    st.builds(Schedule.warmup, st.integers(1, 50)),
)
optimizers = st.builds(
    Optimizer,
    name=st.sampled_from(["adamw", "adam", "sgd"]),
    learning_rate=st.floats(1e-6, 1.0),
    weight_decay=st.floats(0, 10),
    clip=st.none() | st.floats(0.1, 10),
    weight_decay_schedule=schedules,
    learning_rate_schedule=schedules,
)
experiments = st.builds(
    Experiment,
    task=tasks,
    fraction=st.floats(0.2, 0.8),
    architecture=st.builds(Architecture, layers=st.integers(1, 4), width=st.sampled_from([16, 32])),
    optimizer=optimizers,
    batch_size=st.none() | st.integers(1, 5),
    precision=st.sampled_from(["float32", "float64", "bfloat16"]),
    steps=st.integers(1, 10**6),
    seed=st.integers(0, 10**6),
)


@given(experiments)
def test_a_recipe_survives_json_with_its_key(experiment):
    again = Experiment(**json.loads(json.dumps(experiment.model_dump(mode="json"))))
    assert again == experiment
    assert again.key == experiment.key
    assert hash(again) == hash(experiment)


@given(experiments, experiments)
def test_keys_differ_exactly_where_recipes_differ(one, other):
    assert (one.key == other.key) == (one == other)


def test_a_checkpoint_is_kept_at_an_evaluation_or_nowhere():
    experiment = Experiment(steps=60, evaluate_every=25)
    experiment.require_evaluated([60, 0, 50])
    with pytest.raises(ValueError, match=r"checkpoints: got \[-25, 10, 75\]; must be multiples of 25 up to 60, or 60"):
        experiment.require_evaluated([75, 0, 10, -25])


def test_keys_do_not_move_between_versions():
    """Stored runs are found by these keys: a change here orphans every shipped result."""
    assert Experiment().key == "769a49b2e1f15d51"


def test_but_changes_nested_fields_only():
    changed = Experiment().but(optimizer__weight_decay=0.25, seed=3)
    assert changed.optimizer.weight_decay == 0.25
    assert changed.but(optimizer__weight_decay=1.0, seed=0) == Experiment()


def test_recipes_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Experiment().seed = 1
