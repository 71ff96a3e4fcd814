"""What recipes can say, trained: the first steps alone, in a stack, and as the textbook's network with torch.optim."""

import json

import numpy as np
import pytest
import torch

from grokmodels import MLP, Experiment, Parity, Permutations, Polynomial, Table, studies, train
from grokmodels.engine import memory
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train_stack
from grokmodels.studies import files
from grokmodels.studies.runners import alike
from tests.library.engine.recipes import EXACT
from tests.textbook import Textbook

SQUARES = {"kind": "mlp", "width": 16, "activation": "square"}
GROWING = {"knots": [[0, 1.0], [3, 1.0], [3, 2.0]]}
OWN = Table(
    tokens=[[a, b] for a in range(9) for b in range(9)], answers=[min(a, b) for a in range(9) for b in range(9)]
)
FORMULAS = ("a**2 + b**2", "a**2 + a*b + b**2", "a**3 + a*b", "a + b + c")
OPTIONS = {
    **{formula: {"task": Polynomial(formula=formula, p=7)} for formula in FORMULAS},
    "divide or subtract": {"task__operation": "divide-or-subtract"},
    "composite": {"task__operation": "multiply", "task__p": 12},
    "mirrors together": {"task__unordered": True},
    "permutations": {"task": Permutations(degree=4), "fraction": 0.2},
    "sparse parity": {"task": Parity(bits=8, relevant=3)},
    "sampled parity": {"task": Parity(bits=40, relevant=3, sample=99), "architecture": SQUARES},
    "a table": {"task": OWN},
    "a b =": {"task__format": "a b ="},
    "a o b =": {"task__format": "a o b ="},
    "biases in the perceptron": {"architecture__biases": "mlp"},
    "biases everywhere": {"architecture__biases": "all"},
    "squares": {"architecture__activation": "square"},
    "output scale": {"architecture__output_scale": 0.2},
    "one-hot": {"architecture": SQUARES},
    "one-hot of many tokens": {"architecture": SQUARES, "task__p": 37},
    "embeddings": {"architecture": {"kind": "mlp", "width": 16, "layers": 2, "embedding": 8, "biases": True}},
    "squared loss": {"loss": "squared"},
    "StableMax": {"loss": "stablemax"},
    "label smoothing": {"label_smoothing": 0.1},
    "wrong labels": {"corrupted": 0.3},
    "motion": {"motion": True},
    "spectral contrast": {"spectral_contrast": True},
    "growing batches": {"batch_size_schedule": GROWING},
}


@pytest.mark.parametrize("changes", OPTIONS.values(), ids=OPTIONS.keys())
def test_five_steps_are_those_of_the_textbook_and_of_torch(changes):
    recipes = [EXACT.but(steps=5, evaluate_every=5, **changes).but(seed=seed) for seed in range(2)]
    for recipe, run in zip(recipes, train_stack([Member(one, checkpoints=[5]) for one in recipes]), strict=True):
        textbook = Textbook(recipe)
        for _ in range(5):
            textbook.step()
        for name, values in textbook.model.named_parameters():
            np.testing.assert_allclose(run.checkpoints[5][name], values.detach().numpy(), rtol=0, atol=1e-9)


@pytest.mark.slow
@pytest.mark.parametrize("changes", OPTIONS.values(), ids=OPTIONS.keys())
def test_a_run_with_it_is_stored_read_back_and_made_again(changes, tmp_path):
    recipe = Experiment().but(
        task__p=11, architecture__width=16, batch_size=16, steps=40, evaluate_every=20, optimizer__learning_rate=0.01
    )
    recipe = recipe.but(**changes)
    run = train(recipe, progress=False)
    path = files.save(run, tmp_path)
    assert files.load(path).experiment == recipe == Experiment(**json.loads(json.dumps(recipe.model_dump(mode="json"))))
    assert studies.replay(studies.Point("block", recipe, (), (), False), tmp_path, steps=20) < 1e-4
    assert np.isnan(run.history["rule_share"]).all() != recipe.task.has_symmetry


def test_label_noise_strikes_the_labels_that_are_trained_and_not_those_that_are_measured():
    quiet, noisy = (train(EXACT.but(label_noise=noise, steps=40), progress=False) for noise in (0, 1.0))
    assert noisy.history["train_loss"].iloc[0] == quiet.history["train_loss"].iloc[0]
    # What is drawn anew at each step cannot be learned.
    assert quiet.history["train_loss"].iloc[-1] < 2.0 < noisy.history["train_loss"].iloc[-1]


# -- the literature ---------------------------------------------------------------------------------------------------


def blocks():
    """Some points of each shape of the study of published set-ups, by the name of their block."""
    study, _ = studies.shipped("literature")
    return [
        pytest.param(points[:2], id=f"{points[0].block} {i}") for i, points in enumerate(alike(list(study.points())))
    ]


@pytest.mark.slow
@pytest.mark.parametrize("points", blocks())
def test_the_first_steps_of_a_published_set_up_are_the_same_alone_and_in_a_stack(points):
    recipes = [
        point.experiment.but(steps=3, evaluate_every=3, precision="float64", stop_when_generalized=False)
        for point in points
    ]
    for run in train_stack([Member(recipe) for recipe in recipes]):
        alone = train(run.experiment, progress=False).history
        np.testing.assert_allclose(run.history, alone, rtol=1e-6, atol=1e-8)
        assert len(alone) == 2


def test_memory_counts_what_a_moving_average_remembers_and_an_mlps_layers():
    cpu, base = torch.device("cpu"), Experiment().but(architecture=MLP(width=1000), batch_size=None)
    averaged = base.but(optimizer__gradient_filter={"kind": "moving-average", "window": 100})
    weights = 1000 * (2 * 97 + 97)
    grown = memory.estimate(averaged, 1, cpu) - memory.estimate(base, 1, cpu)
    # Twice, as while a stack shrinks.
    assert grown == pytest.approx(2 * 4 * 100 * weights, rel=0.01)
    deeper = memory.estimate(base.but(architecture__layers=2), 1, cpu) - memory.estimate(base, 1, cpu)
    assert deeper > 4 * 8 * 1000**2
