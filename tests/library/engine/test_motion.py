"""How weights move: against torch's own Adam, and on weights that move in a known way."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import train
from grokmodels.engine import motion
from grokmodels.engine.slot import Member
from grokmodels.engine.training import train_stack
from grokmodels.recipes.optimizer import Optimizer
from tests.library.engine.recipes import EXACT
from tests.textbook import Textbook


@given(angle=st.floats(1e-7, 3.1), lengths=st.tuples(st.floats(0.1, 10), st.floats(0.1, 10)))
def test_turned_is_the_angle_whatever_the_lengths(angle, lengths):
    before = lengths[0] * torch.tensor([[1.0, 0.0]], dtype=torch.float64)
    after = lengths[1] * torch.tensor([[math.cos(angle), math.sin(angle)]], dtype=torch.float64)
    assert motion.turned(before, after).item() == pytest.approx(angle, rel=1e-6)


def test_both_columns_are_those_of_torchs_adam():
    recipe = EXACT.but(steps=30, evaluate_every=10, motion=True)
    history = train(recipe, progress=False).history
    textbook = Textbook(recipe)
    flat = [torch.cat([x.detach().flatten() for x in textbook.model.parameters()])]
    beta1, beta2 = recipe.optimizer.betas
    for i in range(1, 4):
        for _ in range(10):
            textbook.step()
        states = textbook.optimizer.state.values()
        mean, square = (torch.cat([state[name].flatten() for state in states]) for name in ("exp_avg", "exp_avg_sq"))
        ratio = (mean / (1 - beta1 ** (10 * i))).square() / (square / (1 - beta2 ** (10 * i)))
        # Where a weight never had a gradient, there is no ratio.
        assert history["coherence"].iloc[i] == pytest.approx(ratio.nan_to_num(0.0).mean().item(), rel=1e-6)
        flat.append(torch.cat([x.detach().flatten() for x in textbook.model.parameters()]))
        cosine = torch.nn.functional.cosine_similarity(flat[i - 1], flat[i], dim=0)
        assert history["turned"].iloc[i] == pytest.approx(math.acos(cosine.item()), rel=1e-6)
    assert history["turned"].iloc[0] == 0
    assert np.isnan(history["coherence"].iloc[0])


def test_a_place_that_is_taken_anew_begins_with_its_own_weights():
    recipes = [EXACT.but(seed=seed, motion=True) for seed in range(3)]
    for run in train_stack([Member(recipe) for recipe in recipes], slots=2):
        np.testing.assert_allclose(run.history, train(run.experiment, progress=False).history, rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize(("gradients", "expected"), [([1.0] * 2000, 1.0), ([1.0, -1.0] * 1000, (0.1 / 1.9) ** 2)])
def test_coherence_of_known_gradients(gradients, expected):
    rule, moments = Optimizer(), [torch.zeros(1, 1, dtype=torch.float64) for _ in range(2)]
    for gradient in gradients:
        for moment, beta, value in zip(moments, rule.betas, (gradient, gradient**2), strict=True):
            moment.mul_(beta).add_((1 - beta) * value)
    assert motion.coherence([rule], [len(gradients)], moments).item() == pytest.approx(expected, rel=1e-6)


def test_coherence_of_white_noise():
    rule, moments = Optimizer(betas=(0.9, 0.999)), [torch.zeros(1, 4000, dtype=torch.float64) for _ in range(2)]
    generator = torch.Generator().manual_seed(0)
    for _ in range(5000):
        gradient = torch.randn(1, 4000, generator=generator, dtype=torch.float64)
        moments[0].lerp_(gradient, 1 - rule.betas[0])
        moments[1].lerp_(gradient.square(), 1 - rule.betas[1])
    assert motion.coherence([rule], [5000], moments).item() == pytest.approx(0.1 / 1.9, rel=0.1)


def test_a_rule_without_moments_has_no_coherence():
    history = train(EXACT.but(optimizer__name="lion", motion=True), progress=False).history
    assert history["coherence"].isna().all()
    assert (history["turned"].iloc[1:] > 0).all()
