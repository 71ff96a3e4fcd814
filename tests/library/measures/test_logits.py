"""Measures on tables whose answers are known."""

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from grokmodels import Modular, Parity, measures

TASKS = [Modular(p=13), Modular(operation="multiply", p=13), Modular(operation="divide", p=13), Parity(bits=7)]


def one_hot(labels, n_classes):
    return np.eye(n_classes)[labels]


def project(logits, orbits):
    """Every logit replaced by the mean over its orbit: the projection that the rule share is of."""
    flat = orbits.ravel()
    # Numbers that no cell has are left out of the mean; some processors warn of 0 / 0 there, some do not.
    return (np.bincount(flat, weights=logits.ravel()) / np.maximum(np.bincount(flat), 1))[orbits]


@pytest.fixture(params=TASKS, ids=lambda task: f"{task.kind}-{getattr(task, 'operation', '')}")
def task(request):
    return request.param


def test_accuracy_loss_and_margin_agree_with_torch():
    rng = np.random.default_rng(0)
    logits, labels = rng.normal(size=(50, 7)) * 5, rng.integers(7, size=50)
    tensors = torch.as_tensor(logits), torch.as_tensor(labels)
    assert measures.cross_entropy(logits, labels) == pytest.approx(
        torch.nn.functional.cross_entropy(*tensors).item(), rel=1e-12
    )
    assert measures.accuracy(logits, labels) == (tensors[0].argmax(1) == tensors[1]).double().mean()
    margins = measures.margins(logits, labels)
    assert (margins > 0).mean() == measures.accuracy(logits, labels)
    assert margins[3] == pytest.approx(logits[3, labels[3]] - np.delete(logits[3], labels[3]).max())


def test_loss_survives_huge_logits():
    assert measures.cross_entropy(np.array([[1e4, 0.0]]), np.array([1])) == pytest.approx(1e4)


def test_the_exact_rule_has_rule_share_one(task):
    logits = 5 * one_hot(task.labels, task.n_classes)
    assert measures.rule_share(logits, task.orbits) == pytest.approx(1)
    assert measures.signal(logits, task.labels) == pytest.approx(5 * (1 - 1 / task.n_classes))


def test_the_anti_rule_has_rule_share_one_and_a_negative_signal(task):
    logits = -one_hot(task.labels, task.n_classes)
    assert measures.rule_share(logits, task.orbits) == pytest.approx(1)
    assert measures.signal(logits, task.labels) < 0


def test_a_shifted_rule_has_rule_share_one_though_it_is_always_wrong():
    task = Modular(p=13)
    logits = one_hot((task.labels + 1) % 13, 13)
    assert measures.rule_share(logits, task.orbits) == pytest.approx(1)
    assert measures.accuracy(logits, task.labels) == 0


def test_noise_has_rule_share_one_over_the_number_of_inputs():
    task, rng = Modular(p=13), np.random.default_rng(0)
    held_out = task.split(0.4, 0).test
    shares = [measures.rule_share(rng.normal(size=(len(held_out), 13)), task.orbits[held_out]) for _ in range(400)]
    assert np.mean(shares) == pytest.approx(1 / len(held_out), rel=0.1)


def test_a_lookup_table_of_the_training_set_looks_like_the_rule_there_and_like_nothing_elsewhere():
    task = Modular(p=13)
    split = task.split(0.4, 0)
    logits = np.random.default_rng(0).normal(size=(task.n_inputs, 13)) * 0.1
    logits[split.train] += 10 * one_hot(task.labels[split.train], 13)
    assert measures.rule_share(logits[split.train], task.orbits[split.train]) > 0.99
    assert measures.rule_share(logits[split.test], task.orbits[split.test]) < 0.05


@given(weight=st.floats(0.05, 0.95), seed=st.integers(0, 50))
def test_a_mixture_of_rule_and_noise_has_the_share_of_its_squares(weight, seed):
    task = Parity(bits=9)
    noise = np.random.default_rng(seed).normal(size=(512, 2))
    noise -= noise.mean(axis=1, keepdims=True)
    noise -= project(noise, task.orbits)
    rule = one_hot(task.labels, 2) - 0.5
    noise *= np.linalg.norm(rule) / np.linalg.norm(noise)
    share = measures.rule_share(weight * rule + (1 - weight) * noise, task.orbits)
    assert share == pytest.approx(weight**2 / (weight**2 + (1 - weight) ** 2), rel=1e-9)


def test_projection_is_orthogonal(task):
    logits = np.random.default_rng(1).normal(size=(task.n_inputs, task.n_classes))
    logits -= logits.mean(axis=1, keepdims=True)
    projected = project(logits, task.orbits)
    assert np.allclose(project(projected, task.orbits), projected)
    assert np.sum(projected * (logits - projected)) == pytest.approx(0, abs=1e-9)
    assert measures.rule_share(logits, task.orbits) == pytest.approx(np.sum(projected**2) / np.sum(logits**2))


def test_projection_is_the_average_over_the_group():
    """Written out: the mean over all pairs of shifts of the logits moved by them."""
    p, rng = 7, np.random.default_rng(2)
    task = Modular(p=p)
    table = rng.normal(size=(p, p, p))
    moved = [np.roll(table, (s, t, s + t), axis=(0, 1, 2)) for s in range(p) for t in range(p)]
    expected = np.mean(moved, axis=0)
    assert np.allclose(project(table.reshape(p * p, p), task.orbits).reshape(p, p, p), expected)


def test_constant_rows_have_no_rule_share():
    assert np.isnan(measures.rule_share(np.ones((4, 3)), np.zeros((4, 3), dtype=int)))
