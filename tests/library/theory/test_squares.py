"""A network of degree 3: the rule written down, its gradient, its flow, and what a group of neurons does."""

from itertools import product

import numpy as np
import pytest

from grokmodels.theory import squares


def pairs(p):
    return np.divmod(np.arange(p * p), p)


def shown(p, share, seed=0):
    a, b = pairs(p)
    some = np.random.default_rng(seed).permutation(p * p)[: int(share * p * p)]
    return a[some], b[some]


def by_hand(network, a, b, c):
    """One logit, a sum over neurons as one writes it down."""
    p = network.shape[1] // 3
    return sum(neuron[2 * p + c] * (neuron[a] + neuron[p + b]) ** 2 for neuron in network)


@pytest.mark.parametrize("p", [3, 5, 9, 11, 23])
def test_the_closed_form_is_the_rule_at_every_pair(p):
    a, b = pairs(p)
    rule = squares.closed_form(p)
    assert rule.shape == (3 * (p - 1), 3 * p)
    assert np.linalg.norm(rule) == pytest.approx(1)
    # A neuron's cosine products leave cos(θ(a + b − c))/2; over the frequencies that is (p − 1)/4, elsewhere −1/4.
    # 3(p − 1) neurons of norm² 3p/2 stand behind it.
    scale = (4.5 * p * (p - 1)) ** -1.5 * squares.PHASES
    expected = scale * (np.eye(p)[(a + b) % p] * p - 1) / 4
    np.testing.assert_allclose(squares.logits(rule, a, b), expected, atol=1e-12 * scale * p)


def test_fewer_phases_on_a_line_let_other_terms_through():
    # Multiples of φ in the phases of the products of cos(φ) + cos(kφ), squared, with cos((1 + k)φ).
    def leaks(m, k):
        others = (2 + 1 + k, 2 - 1 - k, 1 + k, 2 * k + 1 + k, 2 * k - 1 - k, 2 * (1 + k), 2, 2 * k)
        return any(x % m == 0 for x in others)

    assert not leaks(squares.PHASES, squares.FASTER)
    assert all(leaks(m, k) for m in range(1, squares.PHASES) for k in range(m))


def test_logits_and_margin_are_the_sums_one_writes_down():
    p, network = 5, squares.random(5, 7, 1)
    a, b = shown(p, 0.4)
    expected = np.array([[by_hand(network, i, j, c) for c in range(p)] for i, j in zip(a, b, strict=True)])
    np.testing.assert_allclose(squares.logits(network, a, b), expected)
    over = [row[(i + j) % p] - row.mean() for row, i, j in zip(expected, a, b, strict=True)]
    assert squares.margin(network, a, b) == pytest.approx(np.mean(over))
    errors = [(row[c] - (c == (i + j) % p)) ** 2 for row, i, j in zip(expected, a, b, strict=True) for c in range(p)]
    assert squares.loss(network, a, b) == pytest.approx(np.mean(errors))


def test_random_weights_have_the_variances_of_the_engine():
    p, width = 31, 2000
    network = squares.random(p, width, 0)
    assert network[:, : 2 * p].var() * 2 * p == pytest.approx(1, rel=0.02)
    assert network[:, 2 * p :].var() * width == pytest.approx(1, rel=0.02)
    np.testing.assert_array_equal(network, squares.random(p, width, 0))
    assert (network != squares.random(p, width, 1)).all()


def test_the_pull_is_minus_the_slope_of_the_loss():
    a, b = shown(7, 0.5)
    network = squares.random(7, 5, 2)
    pull, h = squares.pull(network, a, b), 1e-5
    for place in product(range(5), range(0, 21, 2)):
        step = np.zeros_like(network)
        step[place] = h
        slope = (squares.loss(network + step, a, b) - squares.loss(network - step, a, b)) / (2 * h)
        assert pull[place] == pytest.approx(-slope, rel=1e-6, abs=1e-10)


def test_the_pull_is_that_of_autograd():
    import torch

    p, (a, b) = 7, shown(7, 0.5)
    network = squares.random(p, 5, 3)
    theta = torch.tensor(network, requires_grad=True)
    inputs = torch.cat([torch.nn.functional.one_hot(torch.tensor(x), p) for x in (a, b)], dim=1).double()
    out = (inputs @ theta[:, : 2 * p].T) ** 2 @ theta[:, 2 * p :]
    labels = torch.nn.functional.one_hot(torch.tensor((a + b) % p), p).double()
    torch.nn.functional.mse_loss(out, labels).backward()
    np.testing.assert_allclose(squares.pull(network, a, b), -theta.grad.numpy(), atol=1e-14)


@pytest.mark.parametrize("scale", [0.3, 1.7])
def test_logits_are_of_degree_three(scale):
    a, b = shown(11, 0.5)
    network = squares.random(11, 8, 4)
    np.testing.assert_allclose(squares.logits(scale * network, a, b), scale**3 * squares.logits(network, a, b))
    # Euler: θ·∇f = 3f. So the pull along the weights is −⟨∂loss/∂f, 3f⟩.
    out = squares.logits(scale * network, a, b)
    error = out - np.eye(11)[(a + b) % 11]
    along = (squares.pull(scale * network, a, b) * scale * network).sum()
    assert along == pytest.approx(-6 * (error * out).mean())


def test_the_flow_is_that_of_small_steps():
    a, b = shown(7, 0.5)
    start, decay, until, steps = squares.random(7, 12, 5), 0.01, 1.0, 1000
    elapsed = np.array([0, until / 2, until])
    path = squares.flow(start, a, b, decay, elapsed)
    np.testing.assert_array_equal(path[0], start)

    def velocity(x):
        return squares.pull(x, a, b) - decay * x

    now, h, middle = start, until / decay / steps, None
    for step in range(steps):  # Runge and Kutta's four slopes
        one = velocity(now)
        two = velocity(now + h / 2 * one)
        three = velocity(now + h / 2 * two)
        four = velocity(now + h * three)
        now = now + h / 6 * (one + 2 * two + 2 * three + four)
        middle = now if step + 1 == steps // 2 else middle
    for found, expected in ((path[1], middle), (path[2], now)):
        np.testing.assert_allclose(found, expected, atol=1e-4)
    assert np.linalg.norm(now - start) > 0.1 * np.linalg.norm(start)


def test_neurons_that_read_nothing_decay_exactly():
    a, b = shown(7, 0.5)
    start = squares.random(7, 4, 6)
    start[:, :14] = 0
    elapsed = np.array([0.5, 3])
    path = squares.flow(start, a, b, 1e-3, elapsed)
    np.testing.assert_allclose(path, np.exp(-elapsed)[:, None, None] * start, rtol=1e-4, atol=1e-7)


def test_energy_falls_along_the_flow():
    a, b = shown(7, 0.5)
    path = squares.flow(squares.random(7, 12, 7), a, b, 1e-3, np.linspace(0, 2, 30))
    energy = [squares.loss(x, a, b) + 1e-3 / 2 * (x**2).sum() for x in path]
    assert (np.diff(energy) < 0).all()


@pytest.mark.parametrize("what", ["rule", "random"])
def test_a_tiny_group_dies_at_the_rate_of_the_decay_and_its_pull_goes_as_its_size(what):
    p, decay = 11, 1e-3
    a, b = shown(p, 0.4)
    table = squares.flow(squares.random(p, 40, 8), a, b, decay, [0, 3])[-1]
    group = squares.closed_form(p) if what == "rule" else squares.random(p, 6, 9)
    sizes = np.array([1e-4, 1e-3, 1e-2])
    rates = [squares.growth(np.concatenate([table, x * group]), a, b, decay, slice(40, None)) for x in sizes]
    assert rates[0] == pytest.approx(-1, abs=2e-4)
    slope = np.polyfit(np.log(sizes), np.log(np.abs(np.array(rates) + 1)), 1)[0]
    assert slope == pytest.approx(1, abs=1e-3)  # D − 2


def test_growth_is_that_of_the_norm_along_the_flow():
    p, decay, part = 11, 1e-3, slice(40, None)
    a, b = shown(p, 0.4)
    both = np.concatenate([squares.random(p, 40, 8), 3 * squares.closed_form(p)])
    h = 1e-3
    path = squares.flow(both, a, b, decay, 0.5 + h * np.array([-1, 0, 1]))
    before, _, after = np.log(np.linalg.norm(path[:, part], axis=(1, 2)))
    assert squares.growth(path[1], a, b, decay, part) == pytest.approx((after - before) / (2 * h), rel=1e-2)


def test_two_groups_that_fit_the_same_obey_the_law_of_degree_three():
    # All pairs shown and both groups the rule: one margin. The second, over twice the neurons, is less efficient.
    p, decay = 11, 1e-3
    a, b = pairs(p)
    rule = squares.closed_form(p)
    wide = np.concatenate([rule, rule]) / np.sqrt(2)
    ratio = squares.margin(wide, a, b) / squares.margin(rule, a, b)
    assert ratio == pytest.approx(2**-0.5)
    first, second = slice(len(rule)), slice(len(rule), None)
    elapsed = np.linspace(0, 2, 9)
    for u0, v0 in ((5, 6), (5, 8)):  # on both sides of v = u/ρ
        start = np.concatenate([u0 * rule, v0 * wide])
        grown = [squares.growth(start, a, b, decay, part) + 1 for part in (first, second)]
        assert grown[1] / grown[0] == pytest.approx(ratio * v0 / u0)
        path = squares.flow(start, a, b, decay, elapsed)
        u, v = (np.linalg.norm(path[:, part], axis=(1, 2)) for part in (first, second))
        gap = 1 / v - ratio / u
        # Along the flow neurons learn the logits' mean too, which turns them by a little.
        np.testing.assert_allclose(gap, gap[0] * np.exp(elapsed), rtol=0.03)
