"""Keys: literal ones that must never move, and what they depend on."""

import hashlib
import json
from typing import get_args

import numpy as np
import pytest

from grokmodels import Architecture, Experiment, Modular, Optimizer, Parity, RandomLabels, Schedule
from grokmodels.recipes import MLP, ExponentialFilter, MovingAverageFilter, keys
from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.tasks import Task

EVERYTHING = Experiment(
    task=RandomLabels(base=Parity(bits=7), label_seed=4),
    fraction=0.25,
    data_schedule=Schedule.ramp(3, 9, 1.0, 0.5),
    architecture=Architecture(
        layers=1, width=48, heads=3, norm="none", attention="bidirectional", positions=False, activation="gelu",
        init_scale=0.5,
    ),
    optimizer=Optimizer(
        name="sgd", learning_rate=1e-5, weight_decay=0, betas=(0, 0.5), epsilon=1e-12, momentum=0.9, clip=2,
        learning_rate_schedule=Schedule.constant(), weight_decay_schedule=Schedule.pulsed(20, 5),
    ),
    batch_size=8, precision="tf32", steps=10**9, evaluate_every=7, stop_when_generalized=True,
    seed=1, split_seed=2, init_seed=3, batch_seed=4, perturbation_seed=5, perturbation=1e-3,
)  # fmt: skip

GOLDEN = [
    (Experiment(), "44136fa355b3678a"),
    (Experiment(seed=1), "fbe47f6d82b435a8"),
    (Experiment(split_seed=0), "4292ad35645619ff"),
    (Experiment(fraction=0.3, precision="bfloat16"), "f153a3a35ff1d0f9"),
    (Experiment().but(task__p=31, batch_size=None), "c498e50f2657dac4"),
    (Experiment(task=Modular(operation="divide", p=7), batch_size=1), "698e189ec1d43c96"),
    (Experiment(task=Parity(), fraction=0.7), "2c1ef70cc128ce5b"),
    (Experiment(task=Parity(bits=12)), "1fe31c09044a1f3c"),
    (Experiment(task=RandomLabels()), "c16de1dc27305e8a"),
    (Experiment(task=RandomLabels(base=Modular(operation="multiply"), label_seed=9)), "2061734124560d4e"),
    (Experiment().but(optimizer__weight_decay=3, optimizer__learning_rate=0.005), "99398a22f3fa7250"),
    (Experiment().but(optimizer__learning_rate_schedule=Schedule.constant(), optimizer__clip=1), "f38e0c16b0e369f4"),
    (Experiment().but(data_schedule__knots=[[0, 1], [10, 0.5]], architecture__init_scale=2), "843308682c467101"),
    (Experiment(perturbation=1e-6, perturbation_seed=3), "35af24f72950f930"),
    (EVERYTHING, "dca100985505504e"),
]


@pytest.mark.parametrize(("experiment", "key"), GOLDEN)
def test_keys_never_move(experiment, key):
    """Stored runs are found by these keys: a change here orphans every shipped result."""
    assert experiment.key == key


def test_a_key_is_the_hash_of_a_text_that_can_be_written_by_hand():
    optimizer = '{"learning_rate":1e-05,"weight_decay":2.0}'
    text = f'{{"fraction":0.3,"optimizer":{optimizer},"seed":4,"task":{{"bits":12,"kind":"parity"}}}}'
    experiment = Experiment(
        task=Parity(bits=12), fraction=0.3, optimizer=Optimizer(learning_rate=0.00001, weight_decay=2), seed=4
    )
    assert keys.text(keys.deviations(experiment)) == text
    assert experiment.key == hashlib.sha256(text.encode()).hexdigest()[:16]


def test_every_optional_field_but_a_kind_has_a_default_of_format_1():
    tasks, _ = get_args(Task)
    others = (MLP, Architecture, Experiment, ExponentialFilter, MovingAverageFilter, Optimizer, Schedule)
    classes = (*others, *get_args(tasks))
    found = {f"{cls.__module__}.{cls.__qualname__}".removeprefix("grokmodels.recipes."): cls for cls in classes}
    assert set(found) == set(keys.FORMAT_1)
    for name, cls in found.items():
        optional = {field for field, about in cls.model_fields.items() if not about.is_required()}
        assert optional - {"kind"} == set(keys.FORMAT_1[name]) - {"kind"}, name


def test_a_default_that_changes_moves_no_key():
    class Later(Experiment):
        __module__, __qualname__ = Experiment.__module__, Experiment.__qualname__

        seed: int = 7
        steps: int = 1

    assert Later(seed=0, steps=2000, fraction=0.3).key == Experiment(fraction=0.3).key
    assert Later().key == Experiment(seed=7, steps=1).key


def test_numbers_are_written_as_their_fields_say():
    same = [
        Experiment().but(optimizer__weight_decay=value, seed=seed)
        for value, seed in [(3, 1), (3.0, 1.0), (np.float64(3), 1), ("3", "1")]
    ]
    assert len({experiment.key for experiment in same}) == 1
    assert len(set(same)) == 1
    nothing = [Experiment(perturbation=zero) for zero in (0.0, -0.0)]
    assert nothing[0] == nothing[1]
    assert nothing[0].key == nothing[1].key


def test_a_key_takes_no_notice_of_how_pydantic_writes(monkeypatch):
    key = EVERYTHING.key
    for name in ("model_dump", "model_dump_json"):
        monkeypatch.setattr(Recipe, name, None)
    assert EVERYTHING.key == key


@pytest.mark.parametrize("path", ["", "task", "task__base", "architecture", "optimizer", "data_schedule"])
def test_a_part_that_was_smuggled_in_has_no_key(path):
    """Past the checks, as pydantic's own ``model_copy`` goes."""
    experiment = Experiment(task=RandomLabels())
    part = experiment
    for name in path.split("__") if path else []:
        part = getattr(part, name)
    other = type("Other", (type(part),), {})(**part.model_dump())
    match path.split("__"):
        case [""]:
            experiment = other
        case ["task", "base"]:
            experiment = experiment.model_copy(update={"task": experiment.task.model_copy(update={"base": other})})
        case [field]:
            experiment = experiment.model_copy(update={field: other})
    with pytest.raises(ValueError, match="recipe: got a Other; one that has a key is exactly one of"):
        _ = experiment.key


def test_the_whole_recipe_survives_json():
    assert Experiment(**json.loads(json.dumps(EVERYTHING.model_dump(mode="json")))) == EVERYTHING
