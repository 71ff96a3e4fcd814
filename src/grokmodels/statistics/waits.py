"""Delays of many runs, some of them censored: curves, laws, intervals.

A run that has not generalized by the end of its budget is *censored*: its delay is longer than what was seen, and by
how much is not known. Dropping such runs, or taking the budget for the delay, makes every delay too short. The
analysis is that of lifelines (Davidson-Pilon 2019, doi:10.21105/joss.01317); this module asks it the book's questions.

Shapes: n runs; ``times`` (n,) in steps, positive; ``censored`` (n,) of bools.
"""

from __future__ import annotations

import warnings
from collections.abc import Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from grokmodels.statistics.intervals import Interval

FloatArray = NDArray[np.floating[Any]]


def share_waiting(times: ArrayLike, censored: ArrayLike) -> pd.Series:
    """Kaplan-Meier estimate of the share of runs still waiting after each step, indexed by the step, from 1 at step 0.

    Kaplan and Meier 1958 (doi:10.1080/01621459.1958.10501452).
    """
    waits, late = _checked(times, censored)
    from lifelines import KaplanMeierFitter

    with _quiet():
        return KaplanMeierFitter().fit(waits, ~late).survival_function_.iloc[:, 0].rename("waiting")


def median_wait(times: ArrayLike, censored: ArrayLike) -> float:
    """The step by which half of the runs are done (Kaplan-Meier); infinite where more than half are still waiting.

    >>> median_wait([400, 700, 900, 1000], censored=[False, False, True, True])
    700.0
    """
    waiting = share_waiting(times, censored)
    # A product of shares, of which one half is a half only up to rounding.
    done = waiting[waiting <= 0.5 + 1e-9]
    return float(done.index[0]) if len(done) else float("inf")


@dataclass(frozen=True)
class Law:
    """A fitted law of the delay: ln t = intercept + Σ slope · covariate + scale · noise.

    ``slopes``: one :class:`Interval` per covariate (Wald, 95 %), ``intercept`` likewise; ``scale``: standard deviation
    of ln t around the law; ``aic``: Akaike's criterion, smaller is better; ``runs`` and ``censored``: how many there
    were.
    """

    intercept: Interval
    slopes: dict[str, Interval]
    scale: float
    aic: float
    runs: int
    censored: int

    def predict(self, **covariates: ArrayLike) -> Any:
        """Median delay in steps at the given covariates."""
        return np.exp(
            self.intercept.estimate + sum(self.slopes[name].estimate * np.asarray(x) for name, x in covariates.items())
        )


def fit_law(times: ArrayLike, censored: ArrayLike, **covariates: ArrayLike) -> Law:
    """Fit ln t as a linear function of covariates with normal noise, censored runs counted as what they are.

    With ``ln_decay=np.log(decay)`` its slope is the exponent of a power law of the decay. This is the accelerated
    failure time model with log-normal errors, by maximum likelihood (Kalbfleisch and Prentice 2002, section 2.3). An
    ``aic`` of such fits to the same runs can be compared. ValueError where fewer than three runs ended, and where
    the covariates cannot be told apart: one is constant, or follows from others.
    """
    waits, late = _checked(times, censored)
    if (~late).sum() < 3:
        raise ValueError(f"censored: got {(~late).sum()} runs that are not; a law needs at least 3")
    names = ["intercept", *covariates]
    x = np.column_stack([np.ones(len(waits)), *(np.asarray(x, dtype=float) for x in covariates.values())])
    if np.linalg.matrix_rank(x) < len(names):
        raise ValueError(f"covariates: got {list(covariates)}; each must vary, and none may follow from the others")
    fit = fit_normal(np.log(waits), late, x)
    slopes = {
        name: Interval(*map(float, (value, value - 1.96 * error, value + 1.96 * error)))
        for name, value, error in zip(names, fit.slopes, fit.errors, strict=True)
    }
    # The density of t is that of ln t over t.
    log_likelihood = fit.log_likelihood - np.log(waits[~late]).sum()
    return Law(
        intercept=slopes.pop("intercept"),
        slopes=slopes,
        scale=fit.scale,
        aic=float(2 * (len(names) + 1) - 2 * log_likelihood),
        runs=len(waits),
        censored=int(late.sum()),
    )


class Normal(NamedTuple):
    """A fit of :func:`fit_normal`: ``slopes`` and their standard ``errors``, (k,); ``scale``; ``log_likelihood``."""

    slopes: FloatArray
    errors: FloatArray
    scale: float
    log_likelihood: float


def fit_normal(y: FloatArray, late: NDArray[np.bool_], x: FloatArray) -> Normal:
    """Maximum likelihood of y = x · slopes + scale · noise; where ``late``, y is only known to be larger.

    In slopes/scale and 1/scale the likelihood has a single peak (Olsen 1978, Econometrica 46, 1211), to which Newton's
    steps climb; steps that are long for the curvature are shortened, so that none leads past it.
    """
    from scipy.special import log_ndtr

    rows, ended = np.column_stack([-x, y]), (~late).sum()
    start = np.linalg.lstsq(x, y, rcond=None)[0]
    free = np.append(start, 1.0) / max((y - x @ start).std(), 1e-6)
    for _ in range(100):
        z = rows @ free
        hazard = np.exp(-0.5 * z**2 - 0.5 * np.log(2 * np.pi) - log_ndtr(-z))
        down = rows.T @ np.where(late, hazard, z)
        curvature = (rows.T * np.where(late, hazard * (hazard - z), 1.0)) @ rows
        down[-1] -= ended / free[-1]
        curvature[-1, -1] += ended / free[-1] ** 2
        step = np.linalg.solve(curvature, down)
        length = float(np.sqrt(max(step @ down, 0.0)))
        if length < 1e-8:
            break
        free = free - step / (1 + length if length > 0.25 else 1)
    # From slopes/scale and 1/scale to slopes and ln scale.
    scale = 1 / free[-1]
    slopes = free[:-1] * scale
    turn = np.diag(np.append(np.full(len(slopes), free[-1]), -free[-1]))
    turn[:-1, -1] = -free[:-1]
    errors = np.sqrt(np.diag(np.linalg.inv(turn.T @ curvature @ turn)))[:-1]
    log_likelihood = log_ndtr(-z[late]).sum() - (0.5 * z[~late] ** 2 + 0.5 * np.log(2 * np.pi) + np.log(scale)).sum()
    return Normal(slopes, errors, float(scale), float(log_likelihood))


def spread(y: FloatArray, late: NDArray[np.bool_]) -> float:
    """Standard deviation, that of n and by maximum likelihood, of Gaussian values; where ``late``, y is larger."""
    return fit_normal(y, late, np.ones((len(y), 1))).scale if late.any() else float(y.std())


def variation(times: ArrayLike, censored: ArrayLike) -> float:
    """Coefficient of variation of waits, that of the likeliest log-normal: an exponential of 1 reads about 1.5."""
    waits, late = _checked(times, censored)
    return float(np.sqrt(np.expm1(spread(np.log(waits), late) ** 2)))


def fit_critical_law(
    x: ArrayLike, times: ArrayLike, censored: ArrayLike, critical: Sequence[float]
) -> tuple[Interval, Law]:
    """Fit t ∝ (x − x_c)^slope; returns x_c, found among the candidates ``critical``, and the law in ``ln_distance``.

    Runs at or below a candidate are beyond the reach of its law: one that ended there rules the candidate out, one that
    is censored there is what the law predicts, at no cost. The ``aic`` counts x_c as one more parameter. Both intervals
    hold everything within 3.84 of the best candidate's −2 ln likelihood (profile likelihood, 95 %): x_c and slope trade
    off against each other, and an interval of the slope at one x_c would be far too narrow.
    """
    x, (waits, late) = np.asarray(x, dtype=float), _checked(times, censored)
    laws: dict[float, Law] = {}
    for candidate in critical:
        above = x > candidate
        if late[~above].all() and (~late[above]).sum() >= 3:
            laws[candidate] = fit_law(waits[above], late[above], ln_distance=np.log(x[above] - candidate))
    if not laws:
        raise ValueError(f"critical: got {list(critical)}; must have a candidate below every run that ended")
    best = min(laws, key=lambda candidate: laws[candidate].aic)
    near = {candidate: law for candidate, law in laws.items() if law.aic <= laws[best].aic + 3.84}
    slopes = [law.slopes["ln_distance"] for law in near.values()]
    slope = laws[best].slopes["ln_distance"]
    profile = Interval(slope.estimate, min(s.low for s in slopes), max(s.high for s in slopes))
    law = replace(
        laws[best],
        slopes={"ln_distance": profile},
        aic=laws[best].aic + 2,
        runs=len(waits),
        censored=int(late.sum()),
    )
    return Interval(best, min(near), max(near)), law


def waiting_laws(times: ArrayLike, censored: ArrayLike) -> pd.DataFrame:
    """Four distributions fitted to waiting times, best first: columns ``aic`` and ``worse_by`` (than the best).

    Exponential: a constant chance per step, as for escape from a basin. Weibull: a chance that grows or falls.
    Log-normal and log-logistic: a product of many factors, as for growth from a random seed.
    """
    waits, late = _checked(times, censored)
    from lifelines import ExponentialFitter, LogLogisticFitter, LogNormalFitter, WeibullFitter

    fitters = {
        "exponential": ExponentialFitter(),
        "Weibull": WeibullFitter(),
        "log-normal": LogNormalFitter(),
        "log-logistic": LogLogisticFitter(),
    }
    with _quiet():
        aic = {name: float(fitter.fit(waits, ~late).AIC_) for name, fitter in fitters.items()}
    table = pd.DataFrame({"aic": aic}).sort_values("aic")
    return table.assign(worse_by=table["aic"] - table["aic"].min())


def _checked(times: ArrayLike, censored: ArrayLike) -> tuple[Any, Any]:
    waits, late = np.asarray(times, dtype=float), np.asarray(censored, dtype=bool)
    if waits.ndim != 1 or waits.shape != late.shape:
        raise ValueError(f"censored: got shape {late.shape} for times of shape {waits.shape}; must be (n,) twice")
    wrong = waits[~(np.isfinite(waits) & (waits > 0))]
    if len(wrong):
        raise ValueError(f"times: got {np.unique(wrong).tolist()}; must be positive and finite")
    return waits, late


def _quiet() -> AbstractContextManager[Any]:
    """Lifelines calls pandas in ways that pandas deprecates, and warns of fits that it then improves."""
    return warnings.catch_warnings(action="ignore")
