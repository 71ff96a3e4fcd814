"""The circuits under the optimizers people use: steps of finite size, and what of the clock survives them.

The clock needs only that both circuits are driven by one common factor. Plain steps keep it, up to their size. Adam
divides each weight's gradient by its own size. If each circuit owns its weight, a small seed then grows as fast as a
large one: no plateau, and both circuits end equally large. If both are spread over n weights, the division is nearly
common to them: the clock is back, but with a force that lifts the rule to about 1/√n of the memorizer. Where gradients
are far below ``epsilon`` Adam is plain descent with longer steps, and keeps the clock as that does.
"""

from __future__ import annotations

from typing import Annotated, Literal

import numpy as np
import pandas as pd
from pydantic import Field

from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.circuits import Circuits, Positive, describe, flow, margins
from grokmodels.theory.integrate import FloatArray

Beta = Annotated[float, Field(ge=0, lt=1)]


class Update(Recipe):
    """An update rule, and the weights it acts on.

    ``sgd`` subtracts learning rate × (gradient + λ weight); ``adam`` normalizes that sum; ``adamw`` normalizes the
    gradient and decays apart from it. ``weights`` is the number of weights that u and v are spread over, in two random
    orthogonal directions drawn with ``seed``; with 2 each circuit owns one. In ``float32`` the steepness of the loss is
    one minus a rounded softmax, as in training.
    """

    rule: Literal["sgd", "adam", "adamw"] = "sgd"
    learning_rate: Positive = 0.01
    betas: tuple[Beta, Beta] = (0.9, 0.98)
    epsilon: Annotated[float, Field(ge=0)] = 1e-8
    weights: Annotated[int, Field(ge=2)] = 2
    precision: Literal["float32", "float64"] = "float64"
    seed: Annotated[int, Field(ge=0)] = 0


def descend(
    circuits: Circuits,
    update: Update,
    u: float,
    v: float,
    steps: int,
    every: int = 1,
    schedule: Schedule | None = None,
) -> pd.DataFrame:
    """Train from (u, v) for ``steps`` steps; one row every ``every`` steps.

    Columns: ``step``, and those of :func:`grokmodels.theory.circuits.simulate`, with t = learning rate × step and
    Λ = Σ learning rate × λ. Amplitudes may change sign; their sizes are shown.
    """
    require_positive(u=u, v=v)
    require(steps >= every >= 1, "every", every, f"from 1 to steps, {steps}")
    if update.precision == "float32":
        require(circuits.loss == "logistic", "loss", circuits.loss, "logistic where the softmax is rounded")
    directions = _directions(update)
    weights = directions @ np.array([u, v])
    moments = np.zeros((2, len(weights)))
    decay_time = 0.0
    rows = []
    for step in range(1, steps + 1):
        decay = circuits.weight_decay * (schedule(step - 1) if schedule else 1.0)
        gradient = directions @ _gradient(circuits, update, directions.T @ weights)
        weights = weights - update.learning_rate * _move(update, moments, gradient, decay * weights, step)
        decay_time += update.learning_rate * decay
        if step % every == 0:
            rows.append((step, decay_time, *np.abs(directions.T @ weights)))
    step_of, decay_times, us, vs = np.array(rows).T
    times = update.learning_rate * step_of
    table = describe(times, decay_times, (us, vs), margins(circuits, us, vs), circuits.loss)
    table.insert(0, "step", step_of.astype(int))
    return table


def _directions(update: Update) -> FloatArray:
    """Orthonormal columns (weights, 2), along which the weights make up u and v."""
    if update.weights == 2:
        return np.eye(2)
    random = np.random.default_rng(update.seed).standard_normal((update.weights, 2))
    return np.asarray(np.linalg.qr(random)[0])


def _gradient(circuits: Circuits, update: Update, amplitudes: FloatArray) -> FloatArray:
    """The loss's gradient with respect to (u, v), for amplitudes of either sign."""
    sizes = np.abs(amplitudes)
    gradient = -np.sign(amplitudes) * flow(circuits, sizes[0], sizes[1], weight_decay=0.0)
    if update.precision == "float32":
        right = np.float64(1 / (1 + np.exp(-sum(margins(circuits, *sizes)))))
        rounded = 1 - np.float64(np.float32(right))
        gradient = gradient * rounded / (1 - right) if right < 1 else 0 * gradient
    return np.asarray(gradient)


def _move(update: Update, moments: FloatArray, gradient: FloatArray, shrink: FloatArray, step: int) -> FloatArray:
    """What a step subtracts, per unit of learning rate; ``shrink`` is λ weight."""
    if update.rule == "sgd":
        return gradient + shrink
    if update.rule == "adam":
        return _normalized(update, moments, gradient + shrink, step)
    return _normalized(update, moments, gradient, step) + shrink


def _normalized(update: Update, moments: FloatArray, gradient: FloatArray, step: int) -> FloatArray:
    """Adam's step direction; updates both moments in place."""
    for moment, beta, value in zip(moments, update.betas, (gradient, gradient**2), strict=True):
        moment += (1 - beta) * (value - moment)
    first, second = (moment / (1 - beta**step) for moment, beta in zip(moments, update.betas, strict=True))
    return np.asarray(first / (np.sqrt(second) + update.epsilon))
