"""The slot model as a network has it: slots and rule on the same weights, trained in batches by an optimizer.

Slot i owns a block of weights, in which its direction has entries of one size and random signs; the rule's direction
is spread over all of them, orthogonal to every slot's. With u_i and v the weights' components, example i has the margin
a u_i² + κ v² with a = 1 and κ = ρ/N, as in :mod:`grokmodels.theory.slots` at degree 2. In the ``separate`` layout the
rule has a block of its own. ``dense`` slots are random directions among all weights.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from pydantic import Field

from grokmodels.recipes.recipe import Recipe
from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Positive
from grokmodels.theory.integrate import FloatArray
from grokmodels.theory.updates import Beta

Rule = Literal["adamw", "lion", "sgd"]


class SharedSlots(Recipe):
    """N = ``examples`` slots and a rule, efficiency ratio ρ, ``weights_per_slot`` weights a slot, mean logistic loss.

    ``batch`` examples a step, drawn without replacement within an epoch. ``noise`` is the standard deviation of white
    noise on each weight's gradient. Lion (Chen et al. 2023) steps by the sign of an average of the gradient.
    """

    examples: Annotated[int, Field(ge=2)] = 64
    ratio: Positive = 2.0
    weights_per_slot: Annotated[int, Field(ge=2)] = 8
    layout: Literal["shared", "separate", "dense"] = "shared"
    rule: Rule = "adamw"
    learning_rate: Positive = 2e-3
    weight_decay: Positive = 1.0
    betas: tuple[Beta, Beta] = (0.9, 0.98)
    epsilon: Annotated[float, Field(ge=0)] = 0.0
    noise: Annotated[float, Field(ge=0)] = 0.0
    batch: Annotated[int, Field(ge=1)] = 64
    seed: Annotated[int, Field(ge=0)] = 0


def train(model: SharedSlots, slot: float, rule: float, steps: int, every: int = 50) -> pd.DataFrame:
    """Train from slots of amplitude ``slot`` and a rule of amplitude ``rule``; a row every ``every`` steps.

    Columns: ``step``, ``decay_time``, ``slot`` (the mean u_i), ``rule`` (v), ``share`` of the mean margin that is the
    rule's. ValueError for amplitudes that are not positive, and for a batch larger than the examples.
    """
    require_positive(slot=slot, rule=rule)
    require(model.batch <= model.examples, "batch", model.batch, f"at most examples, {model.examples}")
    require(steps >= every >= 1, "every", every, f"from 1 to steps, {steps}")
    random = np.random.default_rng(model.seed)
    slots, direction = _directions(model, random)
    weights = slot * slots.sum(axis=0) + rule * direction
    moments = np.zeros((2, len(weights)))
    batches = _batches(model, random)
    rows = []
    for step in range(1, steps + 1):
        gradient = _gradient(model, slots, direction, weights, next(batches))
        if model.noise:
            gradient = gradient + model.noise * random.standard_normal(len(weights))
        weights = weights - model.learning_rate * (_push(model, moments, gradient, step) + model.weight_decay * weights)
        if step % every == 0:
            u, v = slots @ weights, float(direction @ weights)
            table, learned = float(np.mean(u * np.abs(u))), model.ratio / model.examples * v * abs(v)
            decay_time = step * model.learning_rate * model.weight_decay
            rows.append((step, decay_time, u.mean(), v, learned / (learned + table)))
    return pd.DataFrame(rows, columns=["step", "decay_time", "slot", "rule", "share"])


def growth(table: pd.DataFrame, after: float = 1.0, below: float = 0.05) -> float:
    """The slope of ln |v| against Λ on the plateau: where Λ > ``after`` and the share is ``below``.

    NaN where fewer than three rows are.
    """
    plateau = table[(table["decay_time"] > after) & (table["share"].abs() < below)]
    if len(plateau) < 3:
        return float("nan")
    return float(np.polyfit(plateau["decay_time"], np.log(plateau["rule"].abs()), 1)[0])


def _directions(model: SharedSlots, random: np.random.Generator) -> tuple[FloatArray, FloatArray]:
    """Orthonormal directions of the slots (N, P) and of the rule (P,)."""
    n, k = model.examples, model.weights_per_slot
    blocks = n + (model.layout == "separate")
    if model.layout == "dense":
        basis = np.linalg.qr(random.standard_normal((n * k, n + 1)))[0].T
        return basis[:-1], basis[-1]
    signs = np.kron(np.eye(blocks), np.ones(k)) * random.choice([-1.0, 1.0], blocks * k) / np.sqrt(k)
    if model.layout == "separate":
        return signs[:-1], signs[-1]
    rule = random.choice([-1.0, 1.0], n * k)
    rule -= signs.T @ (signs @ rule)
    return signs, rule / np.linalg.norm(rule)


def _batches(model: SharedSlots, random: np.random.Generator) -> Iterator[NDArray[np.int64]]:
    while True:
        order = random.permutation(model.examples)
        for start in range(0, model.examples - model.batch + 1, model.batch):
            yield order[start : start + model.batch]


def _gradient(
    model: SharedSlots, slots: FloatArray, direction: FloatArray, weights: FloatArray, batch: NDArray[np.int64]
) -> FloatArray:
    """The gradient of the batch's mean loss; a component of the other sign takes from the margin what it would give."""
    u, v, kappa = slots[batch] @ weights, direction @ weights, model.ratio / model.examples
    steepness = 1 / (1 + np.exp(np.minimum(u * np.abs(u) + kappa * v * abs(v), 700)))
    own = slots[batch].T @ (2 * np.abs(u) * steepness) / len(batch)
    return np.asarray(-own - 2 * kappa * abs(v) * steepness.mean() * direction)


def _push(model: SharedSlots, moments: FloatArray, gradient: FloatArray, step: int) -> FloatArray:
    """What a step subtracts beside the decay, per unit of learning rate; updates both moments in place."""
    if model.rule == "sgd":
        return gradient
    first, second = model.betas
    if model.rule == "lion":
        push = np.sign(first * moments[0] + (1 - first) * gradient)
        moments[0] += (1 - second) * (gradient - moments[0])
        return push
    for moment, decay, value in zip(moments, model.betas, (gradient, gradient**2), strict=True):
        moment += (1 - decay) * (value - moment)
    mean, square = moments[0] / (1 - first**step), moments[1] / (1 - second**step)
    return np.asarray(mean / (np.sqrt(square) + model.epsilon + 1e-300))
