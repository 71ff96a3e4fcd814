"""What all tasks share: sizes, splits, random labels, formats, refusals, and keys."""

import hashlib
import json
from typing import get_args

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import (
    Agreement,
    Experiment,
    Modular,
    Parity,
    Permutations,
    PlantedRule,
    Polynomial,
    RandomLabels,
    Skills,
    Table,
    TwoHop,
)
from grokmodels.recipes.tasks import IntArray, Task

XOR = Table(tokens=[[0, 0], [0, 1], [1, 0], [1, 1]], answers=[0, 1, 1, 0])
TASKS = [
    *(Modular(operation=name, p=7) for name in ("add", "subtract", "multiply", "divide", "divide-or-subtract")),
    Modular(operation="divide", p=7, format="a o b ="),
    Modular(operation="multiply", p=6, format="a b ="),
    Parity(bits=5),
    Parity(bits=40, sample=20, relevant=3),
    Polynomial(formula="a*b + c", p=4, format="a o b ="),
    Polynomial(formula="a**2", p=9, format="a b ="),
    Permutations(degree=3, operation="conjugate", format="a o b ="),
    XOR,
]  # fmt: skip
TASKS += [RandomLabels(base=task) for task in TASKS]
TASKS += [Skills(skills=2, p=7), TwoHop(entities=4, relations=2), Agreement(nouns=2, verbs=2)]
TASKS += [PlantedRule(p=5, windows=3000, words=100)]


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_a_task_knows_its_sizes_without_listing_its_inputs(task):
    assert (task.n_inputs, task.length) == task.inputs.shape
    assert task.labels.shape == (task.n_inputs,)
    assert task.inputs.dtype == task.labels.dtype == np.int64
    assert task.n_train(0.3) == len(task.split(0.3, 0).train)
    # Of passages, two may be alike where most words are rare.
    assert len(np.unique(task.inputs, axis=0)) == task.n_inputs or isinstance(task, PlantedRule)
    # Every token occurs, and there are as many classes as the labels need.
    assert set(task.inputs.ravel()) == set(range(task.n_tokens))
    assert task.labels.min() >= 0
    assert task.labels.max() < task.n_classes


@pytest.mark.parametrize("task", TASKS, ids=repr)
def test_a_task_survives_json_with_its_key(task):
    experiment = Experiment(task=task, batch_size=None, fraction=0.5)
    again = Experiment(**json.loads(json.dumps(experiment.model_dump(mode="json"))))
    assert again == Experiment.model_validate_json(experiment.model_dump_json()) == experiment
    assert again.key == experiment.key
    assert hash(again) == hash(experiment)
    assert (again.task.inputs == task.inputs).all()
    assert (again.task.labels == task.labels).all()
    assert experiment.but(seed=3).task == task


def test_every_task_is_tried_here():
    union, _ = get_args(Task)
    assert {type(task) for task in TASKS} == set(get_args(union))
    keys = {Experiment(task=task, batch_size=None, fraction=0.5).key for task in TASKS}
    assert len(keys) == len(TASKS)


@pytest.mark.parametrize(
    ("task", "key"),
    [
        (Modular(format="a b ="), "b4ffbafafd86d3cf"),
        (Modular(unordered=True), "cd270ffde52c4bde"),
        (Modular(operation="divide-or-subtract"), "3b57a9a23f21aefd"),
        (Parity(bits=40, relevant=3, sample=1000, sample_seed=2), "aad1ea2d472b540c"),
        (Polynomial(formula="a**2 + b**2"), "4b338f048be62c6c"),
        (Permutations(), "2387138c0a91f2eb"),
        (Permutations(degree=4, operation="sandwich"), "53d93fa99292a5f0"),
        (XOR, "2c77f95ab531e583"),
    ],
    ids=repr,
)
def test_keys_never_move(task, key):
    assert Experiment(task=task, batch_size=None, fraction=0.5).key == key


@given(seed=st.integers(0, 2**32), fraction=st.floats(0.01, 0.99), p=st.integers(11, 40))
def test_a_split_parts_all_inputs(seed, fraction, p):
    task = Modular(p=p)
    train, test = task.split(fraction, seed)
    assert len(train) == round(fraction * p * p)
    assert sorted([*train, *test]) == list(range(p * p))
    assert (train == task.split(fraction, seed).train).all()


def digest(*arrays: IntArray) -> str:
    return hashlib.sha256(b"".join(np.ascontiguousarray(array).tobytes() for array in arrays)).hexdigest()[:12]


@pytest.mark.parametrize(
    ("task", "first", "everything"),
    [
        (Modular(), [0, 4, 5, 6, 8, 9, 17, 18], "dc9140f7fad1"),
        (Modular(operation="divide", p=7), [2, 3, 4, 11, 12, 17, 21, 22], "068c11bbd214"),
        (Modular(operation="multiply", p=5), [0, 3, 8, 9, 12, 13, 15, 17], "de5a3b2fb96a"),
        (Parity(bits=4), [1, 2, 9, 11, 12, 15], "78c381ae15bd"),
        (RandomLabels(base=Modular(p=5), label_seed=3), [0, 3, 8, 9, 12, 13, 15, 17], "c194551d2723"),
    ],
    ids=repr,
)
def test_the_tasks_of_stored_runs_never_change(task, first, everything):
    """Inputs, labels, orbits and splits, bit for bit as the shipped runs were trained on them."""
    split = task.split(0.4, 3)
    assert split.train[:8].tolist() == first
    assert digest(*split, task.inputs, task.labels, task.orbits) == everything


@pytest.mark.parametrize("fraction", [0.0, 1.0, 1e-6, -0.5, 1.5])
def test_a_split_without_training_or_test_inputs_is_refused(fraction):
    with pytest.raises(ValueError, match="fraction"):
        Modular(p=11).split(fraction, 0)


def test_random_labels_keep_everything_but_the_labels():
    base = Modular(p=11)
    task = RandomLabels(base=base, label_seed=3)
    assert (task.inputs == base.inputs).all()
    assert (task.orbits == base.orbits).all()
    assert (task.labels == RandomLabels(base=base, label_seed=3).labels).all()
    assert (task.labels != RandomLabels(base=base, label_seed=4).labels).any()
    assert abs((task.labels == base.labels).mean() - 1 / 11) < 0.1


def test_chance_is_the_share_of_the_most_frequent_label():
    assert Modular(p=97).chance == pytest.approx(1 / 97)
    assert Parity(bits=10).chance == pytest.approx(1 / 2)
    # 0 is the product of 2 p - 1 of the p² pairs.
    assert Modular(operation="multiply", p=7).chance == pytest.approx(13 / 49)


@pytest.mark.parametrize(
    "task",
    [
        Modular(operation="multiply", p=6),
        Modular(operation="divide-or-subtract", p=7),
        Polynomial(formula="a*b"),
        Permutations(operation="conjugate"),
        Permutations(operation="sandwich"),
        XOR,
    ],
    ids=repr,
)
def test_a_task_without_a_known_group_has_no_orbits(task):
    for without in (task, RandomLabels(base=task)):
        assert not without.has_symmetry
        for ask in (lambda task=without: task.orbits, lambda task=without: task.orbits_of(slice(3))):
            with pytest.raises(ValueError, match=rf"task: got \w+\(kind='{without.kind}'.*no rule share"):
                ask()


@pytest.mark.parametrize(
    ("make", "names"),
    [
        (lambda: Modular(p=1), ["p", "1", "greater than or equal to 2"]),
        (lambda: Modular(operation="divide", p=10), ["p", "10", "must be a prime", "divide"]),
        (lambda: Modular(operation="divide-or-subtract", p=9), ["p", "9", "must be a prime", "divide-or-subtract"]),
        (lambda: Modular(operation="power"), ["operation", "'power'", "'add', 'subtract', 'multiply', 'divide' or"]),
        (lambda: Modular(format="a+b"), ["format", "'a+b'", "'a b', 'a b =' or 'a o b ='"]),
        (lambda: Modular(q=5), ["q", "5", "no such field; must be one of ['kind', 'format', 'unordered', 'operation'"]),
        (lambda: Parity(bits=1), ["bits", "1", "greater than or equal to 2"]),
        (lambda: Parity(bits=17), ["bits: got 17; must be at most 16, or have a sample"]),
        (lambda: Parity(bits=65, sample=9), ["bits: got 65", "less than or equal to 64"]),
        (lambda: Parity(bits=5, relevant=6), ["relevant: got 6; must be less than the 5 bits"]),
        (lambda: Parity(bits=5, sample=33), ["sample: got 33; must be less than the 32 inputs"]),
        (lambda: Parity(bits=30, sample=10**6 + 1), ["sample", "1000001", "less than or equal to 1000000"]),
        (lambda: Parity(sample_seed=1), ["sample_seed: got 1; must be 0 where there is no sample"]),
        (lambda: Permutations(degree=6), ["degree", "6", "less than or equal to 5"]),
        (lambda: Permutations(operation="power"), ["operation", "'power'", "'compose', 'conjugate' or 'sandwich'"]),
        (lambda: RandomLabels(base=RandomLabels()), ["base", "'random-labels'", "'modular', 'parity', 'poly"]),
        (lambda: Experiment(task={"kind": "x"}), ["task", "'x'", *(f"'{task.kind}'" for task in TASKS)]),
        (lambda: Experiment(task={"kind": "permutations", "degree": 1}), ["task: Permutations", "degree: got 1"]),
    ],
)
def test_a_bad_task_names_field_value_and_what_is_allowed(make, names):
    with pytest.raises(ValueError, match=r"got|does not match") as raised:
        make()
    assert [name for name in names if name not in str(raised.value)] == []
    assert "\n" not in str(raised.value)
