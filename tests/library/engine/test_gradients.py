"""What is done to gradients before a rule, each against its definition, and that members leave nothing to others."""

from itertools import pairwise

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Optimizer, Schedule, train
from grokmodels.engine import gradients
from grokmodels.engine.optimizers import State, coefficients
from grokmodels.engine.slot import Member, Slot
from grokmodels.engine.training import train_stack
from tests.library.engine.recipes import EXACT

SHAPES = st.lists(st.sampled_from([(3, 2), (4,), (1, 1), (2, 2, 2)]), min_size=1, max_size=5)
SEEDS = st.integers(0, 99)


def layout_of(shapes):
    return {f"parameter {i}": torch.Size(shape) for i, shape in enumerate(shapes)}


def normal(seed, *shape):
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed), dtype=torch.float64)


def size_of(layout):
    return sum(shape.numel() for shape in layout.values())


# -- orthogonal -------------------------------------------------------------------------------------------------------


@given(shapes=SHAPES, kind=st.sampled_from(["all", "matrices"]), seed=SEEDS, members=st.integers(1, 3))
def test_what_is_parallel_to_the_weights_is_gone_and_nothing_else(shapes, kind, seed, members):
    layout = layout_of(shapes)
    weights, before = normal(seed, 2, members, size_of(layout))
    after = before.clone()
    gradients.remove_parallel(after, weights, gradients.groups(layout, kind))
    sizes = [weights.shape[1]] if kind == "all" else [shape.numel() for shape in layout.values()]
    matrices = [True] if kind == "all" else [len(shape) > 1 for shape in shapes]
    for w, g, h, changes in zip(*(x.split(sizes, dim=1) for x in (weights, before, after)), matrices, strict=True):
        if not changes:
            assert torch.equal(g, h)
            continue
        torch.testing.assert_close((w * h).sum(1), torch.zeros(members, dtype=torch.float64), rtol=0, atol=1e-12)
        taken = g - h
        assert ((taken * w).sum(1).abs() > 0).all()
        cosines = torch.cosine_similarity(taken, w, dim=1, eps=0).abs()
        torch.testing.assert_close(cosines, torch.ones_like(cosines))


def test_nothing_is_parallel_to_weights_that_are_zero():
    gradient = normal(0, 2, 5)
    weights = torch.stack([torch.zeros(5, dtype=torch.float64), gradient[1]])
    after = gradient.clone()
    gradients.remove_parallel(after, weights, ((0, 5),))
    assert torch.equal(after[0], gradient[0])
    assert after[1].abs().max() < 1e-15


@given(SHAPES)
def test_joined_spans_have_the_same_entries(shapes):
    layout = layout_of(shapes)
    apart = gradients.groups(layout, "matrices")
    together = gradients.joined(apart)
    assert [i for span in apart for i in range(*span)] == [i for span in together for i in range(*span)]
    assert all(one[1] < other[0] for one, other in pairwise(together))


# -- filters ----------------------------------------------------------------------------------------------------------

FILTERS = {
    "exponential": lambda strength, decay: {"kind": "exponential", "strength": strength, "decay": decay},
    "moving-average": lambda strength, decay: {"kind": "moving-average", "strength": strength, "window": 3},
}


def filtered(recipe, past):
    """The last of a list of gradients, filtered."""
    if recipe.kind == "moving-average":
        window = past[-recipe.window :]
        return past[-1] + recipe.strength * sum(window) / recipe.window if len(window) == recipe.window else past[-1]
    average = past[0]
    for gradient in past[1:]:
        average = recipe.decay * average + (1 - recipe.decay) * gradient
    return past[-1] + recipe.strength * average


@pytest.mark.slow
@pytest.mark.parametrize("kind", FILTERS)
@given(
    numbers=st.lists(st.tuples(st.floats(0.01, 5), st.floats(0, 0.99)), min_size=1, max_size=3),
    begun=st.lists(st.integers(0, 6), min_size=3, max_size=3),
    seed=SEEDS,
)
def test_a_filter_adds_the_average_of_a_list_of_past_gradients(kind, numbers, begun, seed):
    """Of members that begin at different times: at each beginning a place's memory is zeroed, as a stack does it."""
    recipes = [
        Optimizer(name="sgd", learning_rate=1.0, weight_decay=0, gradient_filter=FILTERS[kind](*own),
                  learning_rate_schedule=Schedule.constant())
        for own in numbers
    ]  # fmt: skip
    members, layout = len(recipes), {"matrix": torch.Size([2, 2]), "vector": torch.Size([3])}
    weights = torch.zeros(members, 7, dtype=torch.float64)
    state, past = State(recipes[0], weights, layout), [[] for _ in recipes]
    for step in range(12):
        for place in range(members):
            if step == begun[place]:
                past[place] = []
                for moment in state.moments:
                    moment[place] = 0
        gradient = normal(100 * seed + step, members, 7)
        numbers_now = [coefficients(recipe, np.array([len(own)]))[0] for recipe, own in zip(recipes, past, strict=True)]
        before = weights.clone()
        parts = [gradient[:, :4].unflatten(1, (2, 2)), gradient[:, 4:]]
        state.update(weights, parts, torch.as_tensor(np.stack(numbers_now, axis=1)))
        for place, own in enumerate(past):
            own.append(gradient[place])
            expected = filtered(recipes[place].gradient_filter, own)
            torch.testing.assert_close(before[place] - weights[place], expected, rtol=1e-12, atol=1e-12)


# -- clipping ---------------------------------------------------------------------------------------------------------


@given(seed=SEEDS, bounds=st.lists(st.floats(0.01, 10), min_size=1, max_size=3))
def test_a_bound_shortens_what_is_longer_and_leaves_the_rest(seed, bounds):
    lengths = torch.tensor(bounds, dtype=torch.float64).unsqueeze(1)
    before = normal(seed, len(bounds), 6)
    after = before.clone()
    gradients.bound(after, lengths)
    norms = before.norm(dim=1, keepdim=True)
    torch.testing.assert_close(after, before * (lengths / norms).clamp(max=1), rtol=1e-3, atol=0)
    assert torch.equal(after[(norms < 0.99 * lengths).squeeze(1)], before[(norms < 0.99 * lengths).squeeze(1)])


# -- noise ------------------------------------------------------------------------------------------------------------

NOISY = EXACT.but(optimizer__gradient_noise=0.3, optimizer__learning_rate_schedule=Schedule.constant().model_dump())


def test_noise_is_standard_normal_and_independent_of_member_and_step():
    size, slots = 20_000, [Slot(Member(EXACT.but(batch_seed=seed))) for seed in range(3)]
    drawn = torch.stack([slot.next_noise(size) for slot in slots for _ in range(4)]).double()
    covariance = torch.cov(drawn)
    # Five standard errors.
    assert drawn.mean(dim=1).abs().max() < 5 / size**0.5
    assert (covariance - torch.eye(12)).abs().max() < 5 * (2 / size) ** 0.5
    assert ((drawn**4).mean() - 3).abs() < 5 * (96 / drawn.numel()) ** 0.5


def test_the_batch_seed_draws_the_noise_beside_the_batches():
    one, same, other = (
        Slot(Member(NOISY.but(seed=seed, batch_seed=batch))) for seed, batch in [(0, 3), (1, 3), (1, 4)]
    )
    batches = [Slot(Member(NOISY.but(batch_seed=3))).next_batch() for _ in range(2)]
    first = one.next_noise(50)
    assert torch.equal(first, same.next_noise(50))
    assert not torch.equal(first, other.next_noise(50))
    quiet = Slot(Member(NOISY.but(batch_seed=3)))
    assert torch.equal(batches[0], quiet.next_batch())


@pytest.mark.parametrize("factor", [0.0, 1.0, 2.0])
def test_noise_has_the_size_of_its_schedule(factor):
    """Under a learning rate too small to change the gradient, steps of SGD differ by the noise alone."""
    rate = 1e-6
    base = NOISY.but(optimizer__name="sgd", optimizer__learning_rate=rate, optimizer__weight_decay=0, steps=1)
    schedule = Schedule(knots=((0, factor),)).model_dump()
    loud, quiet = (
        train(one, checkpoints=[0, 1]).checkpoints
        for one in (base.but(optimizer__gradient_noise_schedule=schedule), base.but(optimizer__gradient_noise=0.0))
    )
    noise = np.concatenate([((quiet[1][name] - loud[1][name]) / rate).ravel() for name in quiet[1]])
    assert noise.std() == pytest.approx(0.3 * factor, rel=0.05, abs=1e-9)
    assert abs(noise.mean()) <= 0.3 * factor * 5 / len(noise) ** 0.5 + 1e-9


# -- members that come and go -----------------------------------------------------------------------------------------

REMEMBERING = {
    "exponential": {"gradient_filter": {"kind": "exponential", "strength": 2.0, "decay": 0.9}},
    "window": {"gradient_filter": {"kind": "moving-average", "strength": 2.0, "window": 4}},
    "held": {"hold_norm": "matrices", "hold_from": 7},
    "noise": {"gradient_noise": 0.1},
    "all": {
        "name": "sgd", "momentum": 0.5, "hold_norm": "all", "hold_from": 3, "gradient_noise": 0.1, "clip": 1.0,
        "orthogonal": "all", "gradient_filter": {"kind": "moving-average", "window": 4},
    },
    "lion": {"name": "lion"},
    "muon": {"name": "muon", "momentum": 0.9},
}  # fmt: skip


@pytest.mark.slow
@pytest.mark.parametrize("options", REMEMBERING.values(), ids=REMEMBERING)
@pytest.mark.parametrize(("wild", "slots"), [(None, 1), (None, 2), (0, 2), (1, 2)])
def test_a_run_that_follows_another_is_the_run_alone(options, wild, slots, device):
    base = EXACT.but(evaluate_every=5, architecture__norm="none", architecture__layers=1, optimizer=options)
    # One whose numbers overflow at step 13 leaves its place, and all that it remembers, in the middle of the others.
    late = {"optimizer__learning_rate": 1e300, "optimizer__learning_rate_schedule": Schedule.delayed(13).model_dump()}
    experiments = [
        base.but(seed=seed, optimizer__weight_decay=decay, **(late if seed == wild else {}))
        for seed, decay in enumerate([0.0, 1.0, 0.3])
    ]
    members = [Member(one, checkpoints=[20]) for one in experiments]
    runs = {run.experiment: run for run in train_stack(members, slots=slots, device=device)}
    for seed, experiment in enumerate(experiments):
        run, alone = runs[experiment], train(experiment, checkpoints=[20])
        assert (run.status == "diverged") == (seed == wild) == (20 not in alone.checkpoints)
        for name, values in alone.checkpoints.get(20, {}).items():
            np.testing.assert_allclose(run.checkpoints[20][name], values, rtol=1e-7, atol=1e-9, err_msg=name)
