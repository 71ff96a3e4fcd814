"""Losses and their gradients against the definitions, written out, and what each does at its limits."""

import math

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

from grokmodels.engine.losses import losses

LOGITS = arrays.arrays(np.float64, (4, 5), elements=st.floats(-30, 30))
LABELS = st.lists(st.integers(0, 4), min_size=4, max_size=4)


def s(x):
    """The stand-in for the exponential in StableMax."""
    return x + 1 if x >= 0 else 1 / (1 - x)


def by_hand(row, label, kind, smoothing):
    if kind == "squared":
        return sum((x - (c == label)) ** 2 for c, x in enumerate(row)) / len(row)
    function = s if kind == "stablemax" else math.exp
    total = sum(function(x) for x in row)
    wanted = [(1 - smoothing) * (c == label) + smoothing / len(row) for c in range(len(row))]
    return -sum(w * math.log(function(x) / total) for w, x in zip(wanted, row, strict=True) if w)


@pytest.mark.parametrize(
    ("kind", "smoothing"), [("cross-entropy", 0), ("cross-entropy", 0.2), ("squared", 0), ("stablemax", 0)]
)
@given(logits=LOGITS, labels=LABELS)
def test_a_loss_is_its_definition(kind, smoothing, logits, labels):
    ours = losses(torch.as_tensor(logits), torch.as_tensor(labels), kind, smoothing)
    expected = [by_hand(row, label, kind, smoothing) for row, label in zip(logits.tolist(), labels, strict=True)]
    np.testing.assert_allclose(ours, expected, rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("kind", ["cross-entropy", "squared", "stablemax"])
@given(logits=LOGITS, labels=LABELS)
def test_its_gradient_is_that_of_finite_differences(kind, logits, labels):
    # Away from the kink of StableMax's second derivative, where differences are coarser.
    logits = np.where(np.abs(logits) < 1e-3, 0.5, logits)
    x = torch.as_tensor(logits).requires_grad_()
    (gradient,) = torch.autograd.grad(losses(x, torch.as_tensor(labels), kind).sum(), x)
    h = 1e-5
    for row, column in [(0, 0), (1, 3), (2, labels[2]), (3, 4)]:
        up, down = logits.copy(), logits.copy()
        up[row, column] += h
        down[row, column] -= h
        ends = [float(losses(torch.as_tensor(at), torch.as_tensor(labels), kind).sum()) for at in (up, down)]
        assert gradient[row, column].item() == pytest.approx((ends[0] - ends[1]) / (2 * h), rel=1e-4, abs=1e-6)


def test_the_slope_of_stablemax_at_zero_is_one():
    x = torch.zeros(1, 2, dtype=torch.float64, requires_grad=True)
    (gradient,) = torch.autograd.grad(losses(x, torch.tensor([0]), "stablemax").sum(), x)
    assert gradient[0].tolist() == pytest.approx([-0.5, 0.5])


def test_where_the_softmax_rounds_to_one_stablemax_still_pulls():
    """The collapse that it mends: in single precision a large margin leaves the softmax no gradient at all."""
    labels = torch.tensor([0])
    pulls = {}
    for kind in ("cross-entropy", "stablemax"):
        x = torch.tensor([[200.0, 0.0, 0.0]], requires_grad=True)
        (gradient,) = torch.autograd.grad(losses(x, labels, kind).sum(), x)
        pulls[kind] = gradient[0, 0].item()
    assert pulls["cross-entropy"] == 0
    assert pulls["stablemax"] == pytest.approx(1 / 203 - 1 / 201, rel=1e-4)


@pytest.mark.parametrize("kind", ["cross-entropy", "squared", "stablemax"])
def test_leading_axes_are_kept(kind):
    logits, labels = torch.randn(3, 4, 5), torch.randint(5, (3, 4))
    together = losses(logits, labels, kind)
    assert together.shape == (3, 4)
    assert torch.allclose(together[1], losses(logits[1], labels[1], kind))


@pytest.mark.parametrize("kind", ["cross-entropy", "squared", "stablemax"])
def test_half_precision_is_lifted_whatever_the_device_would_do(kind):
    logits, labels = (5 * torch.randn(6, 97)).bfloat16(), torch.randint(97, (6,))
    with torch.autocast("cpu", dtype=torch.bfloat16):
        low = losses(logits, labels, kind)
    assert low.dtype == torch.float32
    assert torch.allclose(low, losses(logits.float(), labels, kind))


@pytest.mark.parametrize("distance", [1e-3, 1e-4, 1e-5])
def test_small_squared_losses_are_not_lost_in_what_cancels(distance):
    logits = torch.zeros(1, 31)
    logits[0, 3] = 1 - distance
    assert losses(logits, torch.tensor([3]), "squared").item() == pytest.approx(distance**2 / 31, rel=0.01)


def test_small_losses_of_stablemax_are_told_as_in_double_precision():
    for large in (1e4, 1e6, 1e8):
        logits = torch.tensor([[large, 0.0, 0.0, -3.0]])
        exact = losses(logits.double(), torch.tensor([0]), "stablemax").item()
        assert losses(logits, torch.tensor([0]), "stablemax").item() == pytest.approx(exact, rel=0.2, abs=1e-7)
