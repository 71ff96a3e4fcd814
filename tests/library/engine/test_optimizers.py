"""Steps of a stack against torch.optim and the textbook's network, and what each optimizer does."""

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from grokmodels import Optimizer, Schedule, train
from grokmodels.engine import muon
from grokmodels.engine.optimizers import State, coefficients
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train_stack
from grokmodels.engine.transformer import Transformer
from tests.library.engine.recipes import EXACT, EXACT_PARITY
from tests.library.engine.test_training import needs_a_compiler
from tests.textbook import Textbook, near_orthogonal

SCHEDULES = st.sampled_from(
    [Schedule.constant(), Schedule.warmup(5), Schedule.delayed(3), Schedule.ramp(2, 8, 1.0, 0.1), Schedule.pulsed(4, 2)]
)

GROUPS = st.sampled_from(["all", "matrices"])
NAMES = ["adamw", "adam", "sgd", "lion", "muon"]
# What members share: each option by itself, and all together in any way.
OPTIONS = {
    "clip": st.sampled_from([0.1]),
    "weight_decay_on": GROUPS,
    "orthogonal": GROUPS,
    "gradient_filter": st.sampled_from(
        [{"kind": "exponential"}, *({"kind": "moving-average", "window": window} for window in (1, 3, 10))]
    ),
    "gradient_noise": st.sampled_from([0.1]),
    "hold_norm": GROUPS,
}


@st.composite
def optimizers(draw, name, asked):
    """Recipes that may train in one stack: they share what is asked for, and have numbers of their own."""
    numbers = {
        "learning_rate": st.floats(1e-4, 1e-2),
        "weight_decay": st.floats(0, 1),
        "betas": st.tuples(st.floats(0, 0.95), st.floats(0.5, 0.999)),
        "epsilon": st.sampled_from([1e-8, 1e-6, 1e-3]),
        "learning_rate_schedule": SCHEDULES,
        "weight_decay_schedule": SCHEDULES,
    }
    if name in ("sgd", "muon"):
        numbers["momentum"] = st.floats(0.01 if name == "muon" else 0, 0.95)
    shared = {field: draw(OPTIONS[field]) for field in asked}
    if "clip" in shared:
        numbers["clip"] = st.floats(0.01, 2)
    if "gradient_noise" in shared:
        numbers |= {"gradient_noise": st.floats(0.001, 1), "gradient_noise_schedule": SCHEDULES}
    if "hold_norm" in shared:
        numbers["hold_from"] = st.integers(0, 12)
    own = draw(st.lists(st.fixed_dictionaries(numbers), min_size=1, max_size=3))
    filters = [shared.get("gradient_filter")] * len(own)
    if filters[0] is not None:
        filters = [one | {"strength": draw(st.floats(0.01, 5))} for one in filters]
    return [
        Optimizer(**{"name": name, **shared, **each, "gradient_filter": one})
        for each, one in zip(own, filters, strict=True)
    ]


def assert_ten_steps_are_the_textbooks(base, recipes):
    experiments = [
        base.but(steps=10, seed=seed, optimizer=optimizer.model_dump()) for seed, optimizer in enumerate(recipes)
    ]
    runs = train_stack([Member(one, checkpoints=[10]) for one in experiments])
    for experiment, run in zip(experiments, runs, strict=True):
        textbook = Textbook(experiment)
        for _ in range(10):
            textbook.step()
        for parameter, values in textbook.model.named_parameters():
            ours = run.checkpoints[10][parameter]
            np.testing.assert_allclose(ours, values.detach().numpy(), rtol=0, atol=1e-10, err_msg=parameter)


@pytest.mark.slow
@pytest.mark.parametrize("batch_size", [16, None])
@pytest.mark.parametrize("name", NAMES)
@settings(max_examples=5)
@given(base=st.sampled_from([EXACT, EXACT_PARITY]), data=st.data())
def test_ten_steps_of_every_member_are_those_of_torch_and_the_textbook(name, batch_size, base, data):
    asked = data.draw(st.sets(st.sampled_from(list(OPTIONS))))
    assert_ten_steps_are_the_textbooks(base.but(batch_size=batch_size), data.draw(optimizers(name, sorted(asked))))


@pytest.mark.slow
@pytest.mark.parametrize("option", OPTIONS)
@settings(max_examples=6)
@given(name=st.sampled_from(NAMES), data=st.data())
def test_so_they_are_with_each_option_by_itself(option, name, data):
    assert_ten_steps_are_the_textbooks(EXACT.but(batch_size=None), data.draw(optimizers(name, [option])))


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


def momentum(name):
    return 0.9 if name == "muon" else 0.0


def after_a_step_without_gradient(name):
    """What becomes of a weight of 2."""
    recipe = Optimizer(
        name=name, learning_rate=0.1, weight_decay=0.5, momentum=momentum(name),
        learning_rate_schedule=Schedule.constant(),
    )  # fmt: skip
    weights = torch.full((1, 4), 2.0, dtype=torch.float64)
    numbers = torch.as_tensor(coefficients(recipe, np.array([0]))[0]).unsqueeze(1)
    layout = {"matrix": torch.Size([2, 2])}
    State(recipe, weights, layout).update(weights, [torch.zeros(1, 2, 2, dtype=torch.float64)], numbers)
    return weights[0, 0].item()


def test_decoupled_decay_shrinks_weights_that_have_no_gradient_and_l2_under_adam_steps_them():
    for name in ("adamw", "lion", "muon"):
        assert after_a_step_without_gradient(name) == pytest.approx(2 * (1 - 0.1 * 0.5))
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


LAYOUT = {
    "blocks.0.query.weight": (3, 5),
    "bias": (4,),
    "embedding": (2, 2),
    "blocks.0.out.weight": (6, 2),
    "gain": (3,),
}
LAYOUT = {name: torch.Size(shape) for name, shape in LAYOUT.items()}
SIZE = sum(shape.numel() for shape in LAYOUT.values())


def rows(seed, members):
    return torch.randn(members, SIZE, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def split(row):
    """Each parameter's part of rows (S, P), by name."""
    parts = row.split([shape.numel() for shape in LAYOUT.values()], dim=1)
    return {name: part.unflatten(1, shape) for (name, shape), part in zip(LAYOUT.items(), parts, strict=True)}


def updated(recipe, gradients, compiled=False):
    """Weights after each of some steps of two members with these gradients (S, P), the first being the start."""
    weights, noise = rows(0, 2), rows(1, 2) if recipe.gradient_noise else None
    state, after = State(recipe, weights, LAYOUT), [weights.clone()]
    for row, gradient in zip(coefficients(recipe, np.arange(len(gradients))), gradients, strict=True):
        numbers = torch.as_tensor(row).unsqueeze(1).expand(-1, 2)
        state.update(weights, list(split(gradient).values()), numbers, noise, compiled=compiled)
        after.append(weights.clone())
    return after


@pytest.mark.parametrize("name", NAMES)
def test_decay_of_matrices_leaves_vectors_without_gradient_alone(name):
    recipe = Optimizer(
        name=name, weight_decay=0.5, learning_rate=0.1, weight_decay_on="matrices", momentum=momentum(name)
    )
    before, after = (split(x) for x in updated(recipe, [torch.zeros(2, SIZE, dtype=torch.float64)]))
    for parameter, shape in LAYOUT.items():
        assert torch.equal(before[parameter], after[parameter]) == (len(shape) == 1)


@given(kind=GROUPS, start=st.integers(0, 4), name=st.sampled_from(NAMES), seed=st.integers(2, 99))
def test_held_norms_stay_while_directions_move(kind, start, name, seed):
    recipe = Optimizer(
        name=name, learning_rate=0.1, weight_decay=0.3, hold_norm=kind, hold_from=start, momentum=momentum(name)
    )
    after = updated(recipe, [rows(seed + step, 2) for step in range(7)])
    wholes = [{"all": x} if kind == "all" else split(x) for x in after]
    for group in wholes[0]:
        norms = torch.stack([x[group].flatten(1).norm(dim=1) for x in wholes])
        if kind == "matrices" and len(LAYOUT[group]) < 2:
            assert (norms[1:] != norms[:-1]).all()
            continue
        assert (norms[1 : start + 1] != norms[:start]).all()
        torch.testing.assert_close(norms[start:], norms[start].expand(8 - start, -1), rtol=1e-12, atol=0)
    cosines = torch.cosine_similarity(torch.stack(after[1:]), torch.stack(after[:-1]), dim=2)
    assert (cosines < 1 - 1e-6).all()


def test_a_norm_of_zero_is_not_held():
    weights = torch.zeros(1, 4, dtype=torch.float64)
    recipe = Optimizer(name="sgd", weight_decay=0, learning_rate=1.0, hold_norm="all",
                       learning_rate_schedule=Schedule.constant())  # fmt: skip
    state = State(recipe, weights, {"matrix": torch.Size([2, 2])})
    numbers = torch.as_tensor(coefficients(recipe, np.array([0]))[0]).unsqueeze(1)
    state.update(weights, [torch.ones(1, 2, 2, dtype=torch.float64)], numbers)
    assert torch.equal(weights, torch.full((1, 4), -1.0, dtype=torch.float64))


@settings(max_examples=20)
@given(
    shape=st.tuples(st.integers(1, 9), st.integers(1, 9)), seed=st.integers(0, 99), size=st.sampled_from([1e-9, 1.0])
)
def test_muon_orthogonalizes_as_the_iteration_in_terms_of_singular_values(shape, seed, size):
    matrices = size * torch.randn(3, *shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)
    ours = muon.orthogonalized(matrices)
    for one, other in zip(ours, matrices, strict=True):
        torch.testing.assert_close(one, near_orthogonal(other), rtol=0, atol=1e-9)
    assert torch.equal(muon.orthogonalized(0 * matrices), 0 * matrices)


@pytest.mark.parametrize("shape", [(16, 16), (64, 16), (16, 64)])
def test_muon_is_near_that_of_torch_which_rounds_to_seven_bits(shape):
    generator = torch.Generator().manual_seed(0)
    start, *gradients = (torch.randn(*shape, generator=generator) for _ in range(4))
    parameter = torch.nn.Parameter(start.clone())
    theirs = torch.optim.Muon([parameter], lr=0.1, momentum=0.9, weight_decay=0.5, adjust_lr_fn="match_rms_adamw")
    recipe = Optimizer(name="muon", learning_rate=0.1, momentum=0.9, weight_decay=0.5,
                       learning_rate_schedule=Schedule.constant())  # fmt: skip
    weights = start.flatten().unsqueeze(0).clone()
    state = State(recipe, weights, {"hidden.0.weight": torch.Size(shape)})
    for row, gradient in zip(coefficients(recipe, np.arange(3)), gradients, strict=True):
        parameter.grad = gradient
        theirs.step()
        state.update(weights, [gradient.unsqueeze(0)], torch.as_tensor(row, dtype=torch.float32).unsqueeze(1))
    moved = parameter.detach() - start
    assert (weights.view(shape) - parameter.detach()).norm() < 0.02 * moved.norm()


COMPILED = {
    # What the compiler failed at in one program.
    "adam, clipped": {"name": "adam", "clip": 0.5, "weight_decay_on": "matrices"},
    "muon": {"name": "muon", "momentum": 0.9},
    "most": {
        "name": "lion", "clip": 0.5, "orthogonal": "matrices", "hold_norm": "all", "hold_from": 1,
        "gradient_filter": {"kind": "moving-average", "window": 3}, "gradient_noise": 0.1,
    },
}  # fmt: skip


@pytest.mark.slow
@needs_a_compiler
@pytest.mark.filterwarnings("ignore::DeprecationWarning")  # torch's own
@pytest.mark.parametrize("options", COMPILED.values(), ids=COMPILED)
def test_a_compiled_update_is_the_same_update(options):
    recipe, gradients = Optimizer(**options), [rows(step, 2) for step in range(2, 8)]
    plain, compiled = (updated(recipe, gradients, compiled=compiled) for compiled in (False, True))
    torch.testing.assert_close(torch.stack(compiled), torch.stack(plain), rtol=0, atol=1e-12)
