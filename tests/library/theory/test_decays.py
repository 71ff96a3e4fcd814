"""What decay does under each optimizer, against the optimizers of torch."""

import math

import numpy as np
import pytest
import torch
from scipy.integrate import solve_ivp

from grokmodels.theory import decays

RATE = 1e-3


def shrunk(optimizer, steps, **options):
    """A weight of 1 without a gradient of its own, after so many steps of torch's optimizer."""
    weight = torch.nn.Parameter(torch.ones(1, dtype=torch.float64))
    rule = getattr(torch.optim, optimizer)([weight], lr=RATE, **options)
    for _ in range(steps):
        weight.grad = torch.zeros_like(weight)
        rule.step()
    return float(weight.detach())


def test_a_weight_without_a_gradient_decays_as_each_optimizer_has_it():
    assert shrunk("AdamW", 500, weight_decay=0.8) == pytest.approx(decays.DECOUPLED(500, 1, RATE, 0.8), rel=2e-3)
    plain = shrunk("SGD", 500, weight_decay=0.1, momentum=0.9)
    assert plain == pytest.approx(decays.SGD(500, 1, RATE, 0.1, 0.9), rel=0.02)


@pytest.mark.parametrize("decay", [1e-3, 1e-1])
def test_under_adam_it_shrinks_by_the_rate_whatever_the_decay(decay):
    # Adam looks back by 1/(1 − β₂) steps, in which the weight was a little larger.
    assert shrunk("Adam", 500, weight_decay=decay, betas=(0.9, 0.98)) == pytest.approx(0.5, abs=0.03)
    assert decays.ADAM_TIME(0.5, 1, RATE, decay, 1e-8) == pytest.approx(500, rel=1e-3)


def test_below_epsilon_it_decays_exponentially():
    flow = solve_ivp(lambda _, w: -RATE * 0.01 * w / (0.01 * w + 1e-3), (0, 600), [1.0], rtol=1e-10, dense_output=True)
    for share in (0.9, 0.5, 0.3):
        time = decays.ADAM_TIME(share, 1, RATE, 0.01, 1e-3)
        if time < 600:
            assert flow.sol(time)[0] == pytest.approx(share, rel=1e-6)


def turned(rule, steps=6000, n=400, seed=0, **options):
    """Length and angle of a step, at rest, of a matrix whose gradients are noise across it, 1 over its length."""
    draw = torch.Generator().manual_seed(seed)
    weight = torch.nn.Parameter(torch.randn(n, generator=draw, dtype=torch.float64))
    optimizer = getattr(torch.optim, rule)([weight], **options)
    lengths, angles = [], []
    for step in range(steps):
        with torch.no_grad():
            noise = torch.randn(n, generator=draw, dtype=torch.float64)
            noise -= (noise @ weight) * weight / (weight @ weight)
            weight.grad = noise / noise.norm() / weight.norm()
            before = weight.clone()
        optimizer.step()
        if step >= steps // 2:
            after = weight.detach()
            lengths.append(float(after.norm()))
            angles.append(math.acos(min(float(before @ after / before.norm() / after.norm()), 1)))
    return float(np.mean(lengths)), float(np.mean(angles))


def test_a_matrix_without_a_scale_rests_and_turns_as_derived():
    length, angle = turned("AdamW", lr=0.01, weight_decay=0.5, betas=(0.0, 0.99))
    assert length == pytest.approx(decays.ADAMW_LENGTH(0.01, 0.5, 400), rel=0.05)
    assert angle == pytest.approx(decays.ADAMW_ANGLE(0.01, 0.5, 400), rel=0.05)
    length, angle = turned("SGD", lr=0.5, weight_decay=0.01)
    assert length == pytest.approx(decays.SGD_LENGTH(0.5, 0.01, 1), rel=0.05)
    assert angle == pytest.approx(decays.SGD_ANGLE(0.5, 0.01, 1), rel=0.05)
    length, angle = turned("Adam", lr=0.01, weight_decay=1e-3, betas=(0.0, 0.99))
    assert length == pytest.approx(decays.ADAM_LENGTH(0.01, 1e-3, 400, 1), rel=0.05)
    assert angle == pytest.approx(decays.ADAM_ANGLE(0.01, 1e-3, 400, 1), rel=0.05)


def test_the_powers_of_the_decay():
    angles = (decays.ADAMW_ANGLE, decays.SGD_ANGLE, decays.ADAM_ANGLE)
    assert [float(decays.power_of_decay(angle)) for angle in angles] == pytest.approx([-1, -1, -2 / 3])
