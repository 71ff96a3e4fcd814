"""Two layers with squares and a squared loss: a network whose groups of neurons are circuits of degree 3.

Logits W (U x)², x the two one-hot numbers side by side: the network of Gromov 2023 (arXiv:2301.02679), who wrote
down weights that add. A neuron is a product of three weights, so a group of norm u whose directions stay as they are
moves by u̇ = 3 c s u² − λu, as in :mod:`grokmodels.theory.circuits`. But directions turn.

Shapes below: n pairs, p numbers, w neurons. A network is one array (w, 3p): what a neuron reads of a, of b, what it
writes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

FloatArray = NDArray[np.floating[Any]]
IntArray = NDArray[np.integer[Any]]
# Six equally spaced phases of a, four times as fast for b. Of phases on such a line, fewer let other terms through.
PHASES, FASTER = 6, 4


def closed_form(p: int) -> FloatArray:
    """The rule a + b mod p, for odd p, in 3(p − 1) neurons (w, 3p) of norm 1 together.

    A neuron reads cos(θa + φ) + cos(θb + ψ) and writes cos(θc + φ + ψ). Of the products of three cosines that its
    square makes, the phases leave cos(θ(a + b − c)); the frequencies θ = 2πk/p together then leave one peak.
    """
    angle = 2 * np.pi * np.arange(1, (p + 1) // 2)[:, None, None] * np.arange(p) / p
    first = 2 * np.pi * np.arange(PHASES)[:, None] / PHASES
    phases = (first, FASTER * first, (1 + FASTER) * first)
    neurons = np.concatenate([np.cos(angle + phase) for phase in phases], axis=-1).reshape(-1, 3 * p)
    return np.asarray(neurons / np.linalg.norm(neurons))


def random(p: int, width: int, seed: int) -> FloatArray:
    """Weights as the engine draws them: reading ones of variance 1/2p, writing ones 1/w."""
    draw = np.random.default_rng(seed).standard_normal((width, 3 * p))
    draw[:, : 2 * p] /= np.sqrt(2 * p)
    draw[:, 2 * p :] /= np.sqrt(width)
    return draw


def logits(network: FloatArray, a: IntArray, b: IntArray) -> FloatArray:
    """The answers (n, p) to pairs a, b (n,)."""
    p = network.shape[1] // 3
    return np.asarray((network[:, a] + network[:, p + b]).T ** 2 @ network[:, 2 * p :])


def margin(network: FloatArray, a: IntArray, b: IntArray) -> float:
    """By how much the right logit exceeds the mean of all p, on average over the pairs."""
    out = logits(network, a, b)
    right = (a + b) % out.shape[1]
    return float((out[np.arange(len(right)), right] - out.mean(1)).mean())


def loss(network: FloatArray, a: IntArray, b: IntArray) -> float:
    """The squared error against one-hot a + b mod p, mean over pairs and classes."""
    return float((_error(network, a, b) ** 2).mean())


def pull(network: FloatArray, a: IntArray, b: IntArray) -> FloatArray:
    """Minus the gradient of the loss, (w, 3p)."""
    p = network.shape[1] // 3
    error = _error(network, a, b)
    read = (network[:, a] + network[:, p + b]).T
    back = 2 * read * (error @ network[:, 2 * p :].T)
    one_hot = np.eye(p)
    made = [back.T @ one_hot[a], back.T @ one_hot[b], (read**2).T @ error]
    return np.asarray(-2 * np.concatenate(made, axis=1) / error.size)


def flow(network: FloatArray, a: IntArray, b: IntArray, decay: float, elapsed: ArrayLike) -> FloatArray:
    """Gradient flow of loss + (λ/2)|θ|² on some pairs: networks (len(elapsed), w, 3p) at ascending Λ = λt."""
    from scipy.integrate import solve_ivp

    times = np.asarray(elapsed, float) / decay

    def velocity(_: float, flat: FloatArray) -> FloatArray:
        now = flat.reshape(network.shape)
        return np.asarray((pull(now, a, b) - decay * now).ravel())

    solution = solve_ivp(velocity, (0.0, times[-1]), network.ravel(), t_eval=times, method="RK45", rtol=1e-6, atol=1e-9)
    return np.asarray(solution.y.T.reshape(-1, *network.shape))


def growth(network: FloatArray, a: IntArray, b: IntArray, decay: float, part: slice) -> float:
    """How fast the norm of some of a network's neurons grows, per unit of Λ: d ln v / dΛ, D c s v^(D−2)/λ − 1."""
    of = network[part]
    return float((pull(network, a, b)[part] * of).sum() / (of**2).sum() / decay - 1)


def _error(network: FloatArray, a: IntArray, b: IntArray) -> FloatArray:
    p = network.shape[1] // 3
    return logits(network, a, b) - np.eye(p)[(a + b) % p]
