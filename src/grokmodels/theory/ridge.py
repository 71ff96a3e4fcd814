"""The null model: a linear student on random features, solved exactly. A late jump in accuracy without any transition.

A few strong features carry the target, many weak ones allow to memorize. Every mode of the student relaxes at its own
fixed rate, those that the data do not reach at the rate of the decay: nothing is ever decided. The accuracy jumps late
because it looks at the error through a threshold. Levi, Beck and Bar-Sinai (2023), arXiv:2310.16441, solved such a
model.
"""

from __future__ import annotations

from typing import Annotated, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from pydantic import Field, model_validator

from grokmodels.recipes.recipe import Recipe
from grokmodels.theory.checks import require, require_positive
from grokmodels.theory.integrate import FloatArray


class Ridge(Recipe):
    """A student and a teacher, both linear in d = ``features`` Gaussian features, and n = ``examples`` without noise.

    The first ``strong`` features have variance 1 and make the target, which has variance 1; the others have variance
    ``weak_variance``. The student's weights begin as Gaussians of standard deviation ``initial_scale`` and follow
    gradient flow on (1/2n) Σ error² + (λ/2)|w|². ``seed`` draws features, teacher and start.
    """

    features: Annotated[int, Field(ge=1)] = 600
    strong: Annotated[int, Field(ge=1)] = 20
    weak_variance: Annotated[float, Field(ge=0)] = 0.01
    examples: Annotated[int, Field(ge=1)] = 200
    initial_scale: Annotated[float, Field(ge=0)] = 1.0
    weight_decay: Annotated[float, Field(ge=0)] = 1e-4
    seed: Annotated[int, Field(ge=0)] = 0

    @model_validator(mode="after")
    def _strong_features_exist(self) -> Ridge:
        require(self.strong <= self.features, "strong", self.strong, f"at most features, {self.features}")
        return self


class Modes(NamedTuple):
    """The training data in their own axes: examples (n, d) and variances (d,) of the features, teacher and start (d,).

    ``axes`` (d, d) holds in its columns the eigenvectors of the features' sample covariance, ``strengths`` (d,) its
    eigenvalues, 0 for the axes that the data do not reach.
    """

    inputs: FloatArray
    variances: FloatArray
    teacher: FloatArray
    start: FloatArray
    axes: FloatArray
    strengths: FloatArray


def modes(ridge: Ridge) -> Modes:
    """Draw the data and diagonalize them."""
    random = np.random.default_rng(ridge.seed)
    is_strong = np.arange(ridge.features) < ridge.strong
    variances = np.where(is_strong, 1.0, ridge.weak_variance)
    inputs = random.standard_normal((ridge.examples, ridge.features)) * np.sqrt(variances)
    teacher = random.standard_normal(ridge.features) * is_strong
    teacher /= np.linalg.norm(teacher)
    start = ridge.initial_scale * random.standard_normal(ridge.features)
    _, singular, rows = np.linalg.svd(inputs, full_matrices=True)
    strengths = np.zeros(ridge.features)
    strengths[: len(singular)] = singular**2 / ridge.examples
    return Modes(inputs, variances, teacher, start, rows.T, strengths)


def student(ridge: Ridge, modes: Modes, times: ArrayLike) -> FloatArray:
    """The student's weights at each time ≥ 0, shape (times, d). Exact: along axis i it relaxes at rate e_i + λ."""
    times = np.asarray(times, dtype=float)
    require(times >= 0, "times", times, "at least 0")
    rates = modes.strengths + ridge.weight_decay
    start, teacher = modes.axes.T @ modes.start, modes.axes.T @ modes.teacher
    # Without decay an axis that no data reach has rate 0 and stays where it began.
    rest = np.divide(modes.strengths * teacher, rates, out=start.copy(), where=rates > 0)
    return np.asarray((rest + (start - rest) * np.exp(-np.outer(times, rates))) @ modes.axes.T)


def solve(ridge: Ridge, times: ArrayLike, tolerance: float = 0.5) -> pd.DataFrame:
    """Loss and accuracy at each time; an answer counts as right within ``tolerance`` of its target.

    Columns: ``t``, ``decay_time``, ``train_loss``, ``test_loss`` (half the mean squared error; on test exact over all
    inputs), ``train_accuracy``, ``test_accuracy``, ``norm``. ValueError for negative times or a tolerance that is not
    positive.
    """
    require_positive(tolerance=tolerance)
    data = modes(ridge)
    weights = student(ridge, data, times)
    departure = weights - data.teacher
    errors = departure @ data.inputs.T
    test_loss = departure**2 @ data.variances / 2
    return pd.DataFrame(
        {
            "t": times,
            "decay_time": ridge.weight_decay * np.asarray(times),
            "train_loss": (errors**2).mean(axis=1) / 2,
            "test_loss": test_loss,
            "train_accuracy": (np.abs(errors) <= tolerance).mean(axis=1),
            "test_accuracy": within_tolerance(test_loss, tolerance),
            "norm": np.linalg.norm(weights, axis=1),
        }
    )


def jump_time(loss: float, decay: float, tolerance: float) -> float:
    """When half of the answers come right if the test loss falls as loss · e^(−2 decay t), as decay makes it fall.

    Negative where they are right from the start.
    """
    from scipy.special import ndtri

    require_positive(loss=loss, decay=decay, tolerance=tolerance)
    within = tolerance / ndtri(0.75)
    return float(np.log(2 * loss / within**2) / (2 * decay))


def within_tolerance(loss: ArrayLike, tolerance: float) -> FloatArray:
    """Chance that a Gaussian error of half mean square ``loss`` is within ``tolerance``: 2Φ(ε/√(2 loss)) − 1."""
    from scipy.special import ndtr

    with np.errstate(divide="ignore"):
        return np.asarray(2 * ndtr(tolerance / np.sqrt(2 * np.asarray(loss))) - 1)
