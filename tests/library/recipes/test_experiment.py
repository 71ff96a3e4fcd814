"""Experiments: what is refused, and that a recipe survives JSON and names itself."""

import json
from typing import Literal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import MLP, Architecture, Experiment, Modular, Optimizer, Parity, RandomLabels, Schedule
from grokmodels.recipes import ExponentialFilter, MovingAverageFilter, Recipe


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
        ({"optimizer__momentum": 0.9}, ["momentum", "0.9", "only sgd and muon"]),
        ({"optimizer__name": "adagrad"}, ["name", "'adagrad'", "'adamw', 'adam', 'sgd', 'lion' or 'muon'"]),
        ({"optimizer__hold_from": 5}, ["hold_from", "5", "must be 0 unless"]),
        ({"optimizer__name": "muon"}, ["momentum", "0.0", "usually 0.95"]),
        ({"optimizer__gradient_noise_schedule": Schedule.delayed(3)}, ["gradient_noise_schedule", "factor"]),
        ({"batch_size_schedule": {"knots": [[0, 64]]}}, ["batch_size_schedule", "32768", "knots are factors"]),
        ({"optimizer__gradient_filter": {"kind": "mean"}}, ["gradient_filter", "'mean'", "'moving-average'"]),
        ({"optimizer__gradient_filter": {"kind": "exponential", "decay": 1}}, ["decay", "1", "less than 1"]),
        ({"architecture": {"kind": "cnn"}}, ["architecture", "'cnn'", "'transformer', 'mlp'"]),
        ({"architecture": {"kind": "mlp", "heads": 2}}, ["heads", "no such field", "'embedding'"]),
        ({"task": {"kind": "words"}}, ["task", "'words'", "'modular', "]),
        ({"task": {"p": 7}}, ["task", "{'p': 7}", "without a kind"]),
        ({"corrupted": 1e-6}, ["corrupted", "1e-06", "reach one of 3764"]),
        ({"seed": 2**63}, ["seed", str(2**63), "less than"]),
        ({"optimizer__gradient_filter": {"kind": "exponential", "strength": 0}}, ["strength", "greater than 0"]),
        ({"loss": "hinge"}, ["loss", "'hinge'", "'cross-entropy', 'squared' or 'stablemax'"]),
        ({"loss": "squared", "label_smoothing": 0.1}, ["label_smoothing", "0.1", "only the cross-entropy"]),
        ({"corrupted": 1.1}, ["corrupted", "1.1", "less than or equal to 1"]),
        ({"architecture__heads": 3}, ["width", "128", "multiple of heads"]),
        ({"batch_size": 5000}, ["batch_size", "5000", "3764"]),
        ({"precision": "float16"}, ["precision", "'float16'", "'float32'"]),
        ({"precision": "float16"}, ["precision", "'tf32'"]),
        ({"split_seed": -1}, ["split_seed", "-1", "greater than or equal to 0"]),
        ({"perturbation": -0.1}, ["perturbation", "-0.1", "greater than or equal to 0"]),
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
    name=st.sampled_from(["adamw", "adam", "sgd", "lion"]),
    learning_rate=st.floats(1e-6, 1.0),
    weight_decay=st.floats(0, 10),
    clip=st.none() | st.floats(0.1, 10),
    weight_decay_on=st.sampled_from(["all", "matrices"]),
    orthogonal=st.sampled_from([None, "all", "matrices"]),
    gradient_filter=st.none() | st.builds(ExponentialFilter) | st.builds(MovingAverageFilter, window=st.integers(1, 9)),
    gradient_noise=st.sampled_from([0, 1e-3]),
    hold_norm=st.sampled_from([None, "all"]),
    weight_decay_schedule=schedules,
    learning_rate_schedule=schedules,
)
experiments = st.builds(
    Experiment,
    task=tasks,
    fraction=st.floats(0.2, 0.8),
    corrupted=st.sampled_from([0, 0.5]),
    architecture=st.one_of(
        st.builds(Architecture, layers=st.integers(1, 4), width=st.sampled_from([16, 32])),
        st.builds(MLP, layers=st.integers(1, 4), embedding=st.none() | st.integers(1, 9), biases=st.booleans()),
    ),
    optimizer=optimizers,
    batch_size=st.none() | st.integers(1, 5),
    precision=st.sampled_from(["float32", "tf32", "float64", "bfloat16"]),
    steps=st.integers(1, 10**6),
    seed=st.integers(0, 10**6),
    split_seed=st.none() | st.integers(0, 3),
    init_seed=st.none() | st.integers(0, 3),
    perturbation=st.sampled_from([0, 0.0, -0.0, 1e-3]),
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


def test_each_thing_that_is_drawn_has_the_seed_or_its_own():
    assert Experiment(seed=3).seeds == (3, 3, 3, 3)
    own = Experiment(seed=3, split_seed=0, batch_seed=5, perturbation_seed=6)
    assert own.seeds == (0, 3, 5, 6)
    assert own.seeds._fields == ("split", "init", "batch", "perturbation")
    for part, same in zip(own.split, Experiment(seed=0).split, strict=True):
        assert (part == same).all()


OWN = {
    "seed": 5, "split_seed": 1, "init_seed": 2, "batch_seed": 3, "perturbation_seed": 4, "perturbation": 0.1,
    "stop_when_generalized": True, "architecture__init_scale": 2.0, "optimizer__learning_rate": 0.1,
    "optimizer__weight_decay": 0.0, "optimizer__betas": (0.5, 0.9), "optimizer__epsilon": 1e-3,
    "optimizer__learning_rate_schedule": Schedule.constant(), "optimizer__weight_decay_schedule": Schedule.delayed(3),
}  # fmt: skip
SHARED = {
    "task__p": 101, "task": RandomLabels(), "fraction": 0.3, "data_schedule": Schedule.ramp(0, 9, 1.0, 0.5),
    "architecture__layers": 1, "architecture__width": 64, "architecture__heads": 2, "architecture__norm": "none",
    "architecture__attention": "bidirectional", "architecture__positions": False, "architecture__activation": "gelu",
    "optimizer__name": "sgd", "optimizer__clip": 1.0, "batch_size": None, "precision": "tf32", "steps": 10,
    "evaluate_every": 5, "task__format": "a b =", "corrupted": 0.1, "label_noise": 0.1, "loss": "squared",
    "label_smoothing": 0.1, "batch_size_schedule": Schedule.ramp(0, 9, 1.0, 0.5), "architecture": MLP(),
    "architecture__biases": "mlp", "architecture__output_scale": 0.5, "optimizer__orthogonal": "all",
    "optimizer__weight_decay_on": "matrices", "optimizer__gradient_filter": ExponentialFilter(),
    "optimizer__gradient_noise": 0.1, "optimizer__hold_norm": "all", "motion": True, "spectral_contrast": True,
}  # fmt: skip


def test_a_shape_is_what_a_stack_shares():
    assert Experiment().but(**OWN).shape == Experiment().shape
    shapes = [Experiment().but(**{field: value}).shape for field, value in SHARED.items()]
    assert len({Experiment().shape, *shapes}) == len(SHARED) + 1
    sgd = Experiment().but(optimizer__name="sgd", optimizer__clip=1.0)
    assert sgd.but(optimizer__momentum=0.9, optimizer__clip=2.0).shape == sgd.shape
    held = Experiment().but(optimizer__hold_norm="all", optimizer__gradient_noise=1.0)
    assert held.but(optimizer__gradient_noise_schedule=Schedule.delayed(3)).shape == held.shape
    assert held.but(optimizer__hold_from=7, optimizer__gradient_noise=0.5).shape == held.shape
    averaging = [
        Experiment().but(optimizer__gradient_filter=MovingAverageFilter(window=window, strength=strength)).shape
        for window, strength in [(5, 1), (5, 2), (6, 1)]
    ]
    assert averaging[0] == averaging[1] != averaging[2]


def leaves(values, prefix=""):
    for name, value in values.items():
        yield from leaves(value, f"{prefix}{name}__") if isinstance(value, dict) else [f"{prefix}{name}"]


def test_every_field_is_shared_or_a_members_own():
    known = [
        *OWN,
        *(set(SHARED) - {"architecture"}),
        "architecture__kind",
        "optimizer__momentum",
        "optimizer__hold_from",
    ]
    known += ["optimizer__gradient_noise_schedule", "task__"]
    assert [field for field in leaves(Experiment().model_dump()) if not field.startswith(tuple(known))] == []


def parts(recipe, path=()):
    """Every recipe nested in a recipe, with the fields that lead to it."""
    for name in type(recipe).model_fields:
        inner = getattr(recipe, name)
        if isinstance(inner, Recipe):
            yield (*path, name), recipe, inner
            yield from parts(inner, (*path, name))


@pytest.mark.parametrize(
    ("path", "outer", "inner"),
    [pytest.param(*found, id=".".join(found[0])) for found in parts(Experiment(task=RandomLabels()))],
)
def test_a_subclass_is_refused_wherever_a_recipe_is_nested(path, outer, inner):
    """A task with labels of its own would be stored, and loaded again, as the task that it extends."""
    other = type("Mine", (type(inner),), {})(**inner.model_dump())
    with pytest.raises(ValueError, match="must be") as raised:
        type(outer)(**{path[-1]: other})
    message = str(raised.value)
    assert f"{path[-1]}" in message
    assert "got Mine(" in message
    assert f"must be of the class {type(inner).__name__} itself" in message
    assert "\n" not in message


def test_a_subclass_with_a_kind_of_its_own_is_refused():
    class Mine(Modular):
        kind: Literal["mine"] = "mine"

    with pytest.raises(ValueError, match=r"task: .*'mine'.*'modular', 'parity', 'random-labels'"):
        Experiment(task=Mine())


def test_an_experiment_that_is_a_field_is_an_experiment_itself():
    class Holder(Recipe):
        experiment: Experiment

    class Mine(Experiment):
        pass

    assert Holder(experiment=Experiment()).experiment == Experiment()
    with pytest.raises(ValueError, match=r"experiment: got Mine.* must be of the class Experiment itself"):
        Holder(experiment=Mine())


def test_a_recipe_is_made_and_named_without_listing_or_drawing_any_input(monkeypatch):
    """Thousands are read at a time, of tasks with a million inputs."""

    def listed(*_):
        raise AssertionError("inputs were listed")

    for kind in (Modular, Parity):
        monkeypatch.setattr(kind, "inputs", property(listed))
        monkeypatch.setattr(kind, "split", listed)
    for task in ({"kind": "modular", "p": 997}, {"kind": "parity", "bits": 16}, {"kind": "random-labels"}):
        recipe = Experiment(task=task)
        assert Experiment.model_validate_json(recipe.model_dump_json()).key == recipe.key
        assert recipe.shape


def test_but_changes_nested_fields_only():
    changed = Experiment().but(optimizer__weight_decay=0.25, seed=3)
    assert changed.optimizer.weight_decay == 0.25
    assert changed.but(optimizer__weight_decay=1.0, seed=0) == Experiment()


def test_recipes_are_frozen():
    with pytest.raises(ValueError, match="frozen"):
        Experiment().seed = 1


def test_another_kind_begins_from_its_own_defaults():
    perceptron = Experiment().but(architecture__width=64, architecture__kind="mlp", architecture__embedding=8)
    assert perceptron.architecture == MLP(width=64, embedding=8)
    assert perceptron.but(architecture__kind="mlp", architecture__layers=2).architecture.width == 64
    assert perceptron.but(architecture__kind="transformer").architecture == Architecture()
