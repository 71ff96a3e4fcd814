"""A regression of the wait in Λ on what a view shows: few features, a ridge, and censored runs as what they are."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Sequence
from functools import cache

import numpy as np

from grokmodels.forecasts.forecasters import Forecaster, Learner, grouped, line, rule, spent
from grokmodels.forecasts.view import Case, FloatArray, View
from grokmodels.statistics.waits import fit_normal

Features = Callable[[View], dict[str, float]]

# What the ridge adds: for each slope so many cases that say that it is 0, at one standard deviation of its feature.
STIFFNESS = 3
# Standard deviations beyond which a feature is taken to be no further away: a line is not followed to the horizon.
FARTHEST = 2.5
# Below this a share of wrong answers counts as this.
SMALLEST = 1e-3


def recipe_features(view: View) -> dict[str, float]:
    """What is known before the first step, and when the network memorized."""
    recipe, decay = view.recipe, view.recipe.optimizer
    n_train = recipe.task.n_train(recipe.fraction)
    return {
        "ln rate": np.log(decay.learning_rate),
        "ln decay": np.log(decay.weight_decay) if decay.weight_decay else np.nan,
        "ln batch share": np.log((recipe.batch_size or n_train) / n_train),
        "fraction": recipe.fraction,
        "ln examples": np.log(n_train),
        "ln t_mem": np.log(view.t_mem),
    }


def signal_features(view: View) -> dict[str, float]:
    """Signals from training data and weights, at this moment and since t_mem."""
    decay_time, waiting = view["decay_time"], view.waiting
    shrinking, _ = line(decay_time[waiting], np.log(view["weight_norm"][waiting]))
    return {
        "ln norm": np.log(view["weight_norm"][-1] / view.at_t_mem("weight_norm")),
        "norm's slope": shrinking,
        "ln loss": np.log(max(view["train_loss"][-1], 1e-9)),
        "ln margin": np.log(max(view["train_margin"][-1], 1e-2)),
        "dip": np.log(max(1 - view["train_accuracy"][waiting].min(), SMALLEST)),
    }


def held_out_features(view: View) -> dict[str, float]:
    """Signals from held-out data, at this moment and since t_mem."""
    slope, _ = line(view["decay_time"][view.waiting], rule(view)[view.waiting])
    return {
        "ln rule": rule(view)[-1],
        "rule's slope": slope,
        "m": view["m_hat"][-1],
        "ln test loss": np.log(view["test_loss"][-1]),
        "test accuracy": view["test_accuracy"][-1],
    }


def regression(*parts: Features, stiffness: float = STIFFNESS) -> Learner:
    """Ln Λ from t_mem to t_gen as a linear function of features, with normal noise, of which the median is forecast.

    Features are in standard deviations of the known runs; a missing one counts as its mean. Without decay: "never".
    """
    seen = _vector(parts)

    def learner(cases: Sequence[Case]) -> Forecaster:
        known = [case for case in cases if spent(case) > 0]
        x = np.array([seen(case.view) for case in known])
        center, spread = np.nanmean(x, axis=0), np.nanstd(x, axis=0)
        spread = np.where(spread > 0, spread, 1.0)

        def scaled(rows: FloatArray) -> FloatArray:
            return np.clip(np.nan_to_num((rows - center) / spread, nan=0.0), -FARTHEST, FARTHEST)

        y = np.log([spent(case) for case in known])
        slopes = _ridge(np.column_stack([np.ones(len(x)), scaled(x)]), y, known, stiffness, 1)

        def forecaster(view: View) -> float:
            wait = float(np.exp(slopes[0] + scaled(seen(view)) @ slopes[1:]))
            return view.step_at(view.at_t_mem("decay_time") + wait)

        return forecaster

    return learner


def with_luck(base: Learner, *parts: Features) -> Learner:
    """A forecaster, corrected by how far a run's features are from those of the known runs of its recipe.

    ln(t_gen / its forecast) is linear in the differences from the recipe's means, with a ridge. For a recipe of which
    no run is known the forecaster itself.
    """
    seen = _vector(parts)

    def learner(cases: Sequence[Case]) -> Forecaster:
        forecaster = base(cases)
        groups = {cell: own for cell, own in grouped(cases, lambda view: view.cell) if len(own) > 1}
        x = {cell: np.array([seen(case.view) for case in own]) for cell, own in groups.items()}
        with warnings.catch_warnings(action="ignore"):
            center = {cell: np.nanmean(values, axis=0) for cell, values in x.items()}
        rows = np.vstack([np.nan_to_num(x[cell] - center[cell]) for cell in groups])
        spread = np.where((found := rows.std(axis=0)) > 0, found, 1.0)
        t_gen = [np.log([case.t_gen for case in own]) for own in groups.values()]
        y = np.concatenate([values - np.median(values) for values in t_gen])
        slopes = _ridge(rows / spread, y, [case for own in groups.values() for case in own], STIFFNESS)

        def corrected(view: View) -> float:
            if view.cell not in center:
                return forecaster(view)
            away = np.clip(np.nan_to_num(seen(view) - center[view.cell]) / spread, -FARTHEST, FARTHEST)
            return float(forecaster(view) * np.exp(away @ slopes))

        return corrected

    return learner


def _vector(parts: Sequence[Features]) -> Callable[[View], FloatArray]:
    """All features of a view, (k,); remembered."""
    return cache(lambda view: np.array([value for part in parts for value in part(view).values()], dtype=float))


def _ridge(rows: FloatArray, y: FloatArray, cases: Sequence[Case], stiffness: float, free: int = 0) -> FloatArray:
    """Slopes (k,) of y (n,) on rows (n, k) of cases, some censored; the first ``free`` ones are not held."""
    held = np.sqrt(stiffness) * np.eye(rows.shape[1])[free:]
    late = np.append([case.censored for case in cases], np.zeros(len(held), bool))
    fit = fit_normal(np.append(y, np.zeros(len(held))), late, np.vstack([rows, held]))
    return np.asarray(fit.slopes, dtype=np.float64)
