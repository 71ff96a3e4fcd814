"""Steps of a stack against torch.optim and the textbook's network, and what each optimizer does."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import Optimizer, Schedule, train
from grokmodels.engine.optimizers import State, coefficients
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train_stack
from grokmodels.engine.transformer import Transformer
from tests.library.engine.recipes import EXACT, EXACT_PARITY
from tests.textbook import Textbook

SCHEDULES = st.sampled_from(
    [Schedule.constant(), Schedule.warmup(5), Schedule.delayed(3), Schedule.ramp(2, 8, 1.0, 0.1), Schedule.pulsed(4, 2)]
)


def optimizers(name, clips):
    """Recipes that may train in one stack."""
    return st.builds(
        Optimizer,
        name=st.just(name),
        learning_rate=st.floats(1e-4, 1e-2),
        weight_decay=st.floats(0, 1),
        betas=st.tuples(st.floats(0, 0.95), st.floats(0.5, 0.999)),
        epsilon=st.sampled_from([1e-8, 1e-6, 1e-3]),
        momentum=st.floats(0, 0.95) if name == "sgd" else st.just(0.0),
        clip=st.floats(0.01, 2) if clips else st.none(),
        learning_rate_schedule=SCHEDULES,
        weight_decay_schedule=SCHEDULES,
    )


@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("clips", [True, False])
@pytest.mark.parametrize("name", ["adamw", "adam", "sgd"])
@settings(max_examples=5)
@given(base=st.sampled_from([EXACT, EXACT_PARITY]), data=st.data())
def test_ten_steps_of_every_member_are_those_of_torch_and_the_textbook(name, clips, batch_size, base, data):
    base = base.but(steps=10, batch_size=batch_size)
    numbers = data.draw(st.lists(optimizers(name, clips), min_size=1, max_size=3))
    recipes = [base.but(seed=seed, optimizer=dict(optimizer)) for seed, optimizer in enumerate(numbers)]
    runs = train_stack([Member(recipe, checkpoints=[10]) for recipe in recipes])
    for recipe, run in zip(recipes, runs, strict=True):
        textbook = Textbook(recipe)
        for _ in range(10):
            textbook.step()
        for parameter, values in textbook.model.named_parameters():
            ours = run.checkpoints[10][parameter]
            np.testing.assert_allclose(ours, values.detach().numpy(), rtol=0, atol=1e-10, err_msg=parameter)


def test_a_full_batch_step_of_sgd_with_l2_is_gradient_descent_on_the_penalized_loss():
    experiment = EXACT.but(
        batch_size=None, steps=3, evaluate_every=1,
        optimizer=Optimizer(
            name="sgd", learning_rate=0.1, weight_decay=0.3, learning_rate_schedule=Schedule.constant()
        ),
    )  # fmt: skip
    run = train(experiment, checkpoints=[3])
    task = experiment.task
    model = Transformer(experiment.architecture, task, experiment.seed).double()
    rows = task.split(experiment.fraction, experiment.seed).train
    inputs, labels = torch.as_tensor(task.inputs[rows]), torch.as_tensor(task.labels[rows])
    for _ in range(3):
        penalty = 0.15 * sum(x.square().sum() for x in model.parameters())
        loss = torch.nn.functional.cross_entropy(model(inputs), labels) + penalty
        gradients = torch.autograd.grad(loss, list(model.parameters()))
        with torch.no_grad():
            for x, g in zip(model.parameters(), gradients, strict=True):
                x -= 0.1 * g
    for name, x in model.named_parameters():
        assert np.allclose(run.checkpoints[3][name], x.detach().numpy(), atol=1e-10)


def after_a_step_without_gradient(name):
    """What becomes of a weight of 2."""
    recipe = Optimizer(name=name, learning_rate=0.1, weight_decay=0.5, learning_rate_schedule=Schedule.constant())
    weights = torch.full((1, 4), 2.0, dtype=torch.float64)
    numbers = torch.as_tensor(coefficients(recipe, np.array([0]))[0]).unsqueeze(1)
    State(recipe, weights).update(weights, [torch.zeros(1, 4, dtype=torch.float64)], numbers)
    return weights[0, 0].item()


def test_decoupled_decay_shrinks_weights_that_have_no_gradient_and_l2_under_adam_steps_them():
    assert after_a_step_without_gradient("adamw") == pytest.approx(2 * (1 - 0.1 * 0.5))
    # Adam divides a gradient by its own size, so that decay of any strength moves a weight by the learning rate.
    assert after_a_step_without_gradient("adam") == pytest.approx(2 - 0.1)


def test_clipping_bounds_the_first_step():
    experiment = EXACT.but(
        steps=1, optimizer=Optimizer(name="sgd", weight_decay=0, learning_rate=1.0, clip=0.01,
                                     learning_rate_schedule=Schedule.constant()),
    )  # fmt: skip
    run = train(experiment, checkpoints=[0, 1])
    moved = sum(np.square(run.checkpoints[1][name] - x).sum() for name, x in run.checkpoints[0].items())
    assert np.sqrt(moved) == pytest.approx(0.01, rel=1e-3)


def test_schedules_reach_the_optimizer():
    off = EXACT.but(steps=60, optimizer__learning_rate_schedule=Schedule.delayed(30).model_dump())
    history = train(off).history.set_index("step")
    assert history.loc[0, "train_loss"] == history.loc[30, "train_loss"] != history.loc[40, "train_loss"]
