"""Others' numbers: what papers on grokking report, recomputed from stored runs, as far as their recipes are stated.

Times are ours, in steps: 99 % that lasts. η is the learning rate, λ the decay, Λ the accumulated decay, V the sum of
squares of all weights, w its root. Tables of runs have the columns of a record. What is said of them, and the words
for it, is in :mod:`grokmodels.claims.others`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from grokmodels.claims.delay import DECAY, RATE, contractions, exponent, with_plateau
from grokmodels.measures.lasting import EVALUATIONS
from grokmodels.statistics import Interval, bootstrap, fit_law, jackknife, scaling
from grokmodels.studies import Record

FloatArray = NDArray[np.floating[Any]]
# The steepness of the logistic that Verma 2026 found. Ours is no steeper: shares that go from none to all between two
# decays of a grid bound no slope.
STEEPEST = 13.7
# Decays through which a law of two numbers can be missed.
FEWEST = 3


class TwoSteps(NamedTuple):
    """The law t = ``amplitude`` (λ − ``critical``)^``exponent``, in steps, of :func:`two_steps`; NaN without one."""

    critical: float
    exponent: float
    amplitude: float

    def time(self, decay: ArrayLike) -> FloatArray:
        """t_gen at a decay, infinite at the critical one and below."""
        away = np.maximum(np.asarray(decay, float) - self.critical, 0)
        with np.errstate(divide="ignore"):
            return np.asarray(self.amplitude * away**self.exponent)


def within(runs: pd.DataFrame, budget: float) -> pd.DataFrame:
    """The runs with decay as a study with a smaller budget, in steps, would have stored their t_gen."""
    # A milestone counts once the evaluations among which it must last have been seen.
    known = runs["t_gen"] + (EVALUATIONS - 1) * runs["evaluate_every"]
    ended = ~runs["t_gen_censored"].astype(bool)
    at = runs["t_gen"].mask(ended & (known > budget), budget).clip(upper=budget)
    seen = runs.assign(t_gen=at, t_gen_censored=~ended | (known > budget))
    return seen[seen[DECAY] > 0]


def two_steps(runs: pd.DataFrame, budget: float = np.inf) -> TwoSteps:
    """The recipe of Verma 2026 (arXiv:2605.20441, section on the decay sweep) on t_gen.

    First a logistic of the share that generalizes against ln λ, whose middle is the critical decay; then least squares
    of ln t against ln(λ − critical), of the runs that generalized at decays above it. Runs that did not are dropped.
    """
    seen = within(runs, budget)
    decay, done = seen[DECAY].to_numpy(float), ~seen["t_gen_censored"].to_numpy(bool)
    critical = float(np.exp(middle_of_logistic(np.log(decay), done)))
    kept = done & (decay > critical)
    if len(np.unique(decay[kept])) < FEWEST:
        return TwoSteps(critical, float("nan"), float("nan"))
    exponent, start = np.polyfit(np.log(decay[kept] - critical), np.log(seen["t_gen"].to_numpy(float)[kept]), 1)
    return TwoSteps(critical, float(exponent), float(np.exp(start)))


def middle_of_logistic(x: FloatArray, outcome: NDArray[np.bool_]) -> float:
    """Where a logistic of yes and no (n,) against x (n,) passes one half; NaN where all are alike."""
    from scipy.optimize import minimize

    if outcome.all() or not outcome.any():
        return float("nan")
    sign = np.where(outcome, 1.0, -1.0)

    def misfit(free: FloatArray) -> float:
        return float(np.logaddexp(0, -sign * free[1] * (x - free[0])).sum())

    bounds = [(x.min() - 5, x.max() + 5), (1e-3, STEEPEST)]
    return float(minimize(misfit, np.array([np.quantile(x, 1 - outcome.mean()), 5.0]), bounds=bounds).x[0])


def exponent_of_two_steps(runs: pd.DataFrame, draws: int = 100) -> Interval:
    """The exponent of :func:`two_steps`, both steps drawn anew over seeds (the paper draws the second only)."""
    return bootstrap(runs, lambda drawn: two_steps(drawn).exponent, draws=draws)


def power_of_decay(runs: pd.DataFrame, budget: float = np.inf, dropped: bool = False) -> Interval:
    """The power of λ alone in t_gen, over seeds; runs that did not generalize count as such unless ``dropped``."""
    seen = within(runs, budget)
    seen = seen[~seen["t_gen_censored"]] if dropped else seen

    def slope(kept: pd.DataFrame) -> float:
        law = fit_law(kept["t_gen"], kept["t_gen_censored"], ln_decay=np.log(kept[DECAY].astype(float)))
        return law.slopes["ln_decay"].estimate

    return jackknife(seen, slope)


def by_budget(runs: pd.DataFrame, budgets: Iterable[float]) -> pd.DataFrame:
    """Both laws as a study with each budget would have found them.

    Columns ``budget``, in steps; ``critical`` and ``exponent`` of :func:`two_steps`; ``product``, critical × budget;
    ``power``, that of the decay alone.
    """
    rows = []
    for budget in budgets:
        law, power = two_steps(runs, budget), power_of_decay(runs, budget).estimate
        rows.append((budget, law.critical, law.exponent, law.critical * budget, power))
    return pd.DataFrame(rows, columns=["budget", "critical", "exponent", "product", "power"])


def powers_between(means: dict[float, float]) -> list[float]:
    """The local powers of a table of means, from each row to the next."""
    x, y = (np.log(list(part)) for part in (means.keys(), means.values()))
    return [float(slope) for slope in np.diff(y) / np.diff(x)]


def power_of_means(means: dict[float, float]) -> float:
    """One power through a table of means, least squares of the logarithms."""
    return float(np.polyfit(np.log(list(means.keys())), np.log(list(means.values())), 1)[0])


def passages(record: Record) -> pd.DataFrame:
    """:func:`~grokmodels.claims.delay.contractions`, with what forecasts need of a run.

    ``spent``, the ηλ of its delay; ``w_mem`` and ``w_gen``; ``kappa`` and ``kappa_end``, ln(w_mem / w_gen) or ln(w_mem
    / w_end) over ``spent``: 1 where the decay alone moves the norm. Half of ln V is ln w, so this is κ of Khanh et al.
    2026 (arXiv:2605.18845) with V* that of the run.
    """
    names = {f"weight_norm at {moment}": f"w_{moment[2:]}" for moment in ("t_mem", "t_gen")}
    runs = contractions(record).rename(columns=names | {"to t_gen": "kappa", "to the end": "kappa_end"})
    return runs.assign(spent=runs["delay"] * runs["product"])


class Errors(NamedTuple):
    """Mean absolute relative errors of forecasts: from the ``norm`` at t_mem, and of one ``wait`` Λ for all."""

    norm: float
    wait: float


def forecast_errors(cells: pd.DataFrame, decay: float) -> Errors:
    """Calibrate on the runs at one ``decay``, and predict the Λ spent in the delay of those at others.

    ``cells`` is of :func:`passages`. The norm's law is spent = ln(w_mem / w*) / κ, with w* the median w_gen and κ
    the median of ln(w_mem / w*) / spent of the calibrating runs.
    """
    at, w_mem, w_gen, spent = (cells[name].to_numpy(float) for name in (DECAY, "w_mem", "w_gen", "spent"))
    known, other = at == decay, at != decay
    away = np.log(w_mem / np.median(w_gen[known]))
    norm = away[other] / np.median(away[known] / spent[known])
    return Errors(*(float(np.abs(one / spent[other] - 1).mean()) for one in (norm, np.median(spent[known]))))


def typical_errors(cells: pd.DataFrame, draws: int = 100) -> dict[str, Interval]:
    """Both errors, the median over decays to calibrate on, each in its turn; intervals over seeds."""

    def typical(name: str) -> Interval:
        def of(drawn: pd.DataFrame) -> float:
            return float(np.median([getattr(forecast_errors(drawn, at), name) for at in drawn[DECAY].unique()]))

        return bootstrap(cells, of, draws=draws)

    return {name: typical(name) for name in Errors._fields}


def interventions(record: Record) -> pd.DataFrame:
    """What became of the arms of ``khanh2026passage`` at the first step T that is not before a seed's t_mem.

    A row an arm: ``arm``, ``generalized`` and ``of`` how many seeds; the baseline, at decay 1, has no T.
    """
    runs = record.runs.assign(done=~record.runs["t_gen_censored"].astype(bool))
    base = runs[(runs["block"] == "khanh2026passage") & (runs[DECAY] == 1)].set_index("seed")
    rows = [("as it is", int(base["done"].sum()), len(base))]
    for arm in ("held norm", "decay off"):
        own = runs[runs["block"] == f"khanh2026passage, {arm}"]
        from_step = own["optimizer.hold_from"].where(own["optimizer.hold_from"] > 0)
        # Knots (0, 1), (T, 1), (T, 0).
        from_step = from_step.fillna(own["optimizer.weight_decay_schedule.knots"].map(lambda knots: knots[-1][0]))
        own = own.assign(start=from_step, t=own["seed"].map(base["t_mem"]))
        first = own[own["start"] >= own["t"]].sort_values("start").groupby("seed").first()
        rows.append((arm, int(first["done"].sum()), len(first)))
    return pd.DataFrame(rows, columns=["arm", "generalized", "of"])


def powers(runs: pd.DataFrame) -> dict[str, Interval]:
    """The powers of ``rate`` and ``decay`` in the delay, over seeds, where a plateau is left (``motion-rates``)."""
    some = with_plateau(runs[runs["delay"].notna()])
    return {"rate": exponent(some, of=RATE, held=DECAY), "decay": exponent(some, of=DECAY, held=RATE)}


def contrast_curves(record: Record, column: str = "spectral_contrast", last: int = 10) -> list[scaling.OrderCurve]:
    """The order parameter of Bi et al. 2026 in ``binder``, mean of the ``last`` evaluations, of seeds of one split.

    A curve for each p, its size; x is the fraction over .181 + 8.03 / p, the law of the edge that the study states.
    """
    table = record.along("block", "task.p", "fraction", "seed")
    table = table[table["block"].str.endswith("one split")].groupby("run").tail(last)
    runs = table.groupby("run").agg({"task.p": "first", "fraction": "first", "seed": "first", column: "mean"})
    runs = runs.assign(x=(runs["fraction"] / (0.181 + 8.03 / runs["task.p"])).round(2))
    return scaling.curves(runs, column, size="task.p")


def crossings(curves: Sequence[scaling.OrderCurve]) -> pd.DataFrame:
    """Where the Binder ratios of neighboring sizes cross, by lines between points.

    Columns ``small``, the smaller of the two; ``x``; ``binder``, the ratio there.
    """
    rows = []
    ratios = [scaling.moments([curve])["binder"].to_numpy() for curve in curves]
    for i, (curve, small, large) in enumerate(zip(curves, ratios, ratios[1:], strict=False)):
        gap = large - small
        for k in np.flatnonzero(gap[:-1] * gap[1:] < 0):
            part = gap[k] / (gap[k] - gap[k + 1])
            places = (float(one[k] + part * (one[k + 1] - one[k])) for one in (curve.x, small))
            rows.append((curves[i].size, *places))
    return pd.DataFrame(rows, columns=["small", "x", "binder"])


class Preference(NamedTuple):
    """Laws of the largest χ against size: the power ``power``, and by how much its AIC is ``better``."""

    power: float
    better: float


def preference(curves: Sequence[scaling.OrderCurve]) -> Preference:
    """χ = c p^a against χ = c (1 − e^(−bp)), least squares of ln χ; AIC = n ln(SS / n) + 2k with k = 2, as published.

    χ is the variance over seeds times their number, as published; its largest value along each curve.
    """
    p = np.array([curve.size for curve in curves])
    chi = [len(curve.values) * np.nanvar(curve.values, axis=0, ddof=1).max() for curve in curves]
    y = np.log(chi)
    law = np.polyfit(np.log(p), y, 1)
    straight = float(np.square(y - np.polyval(law, np.log(p))).sum())
    shapes = np.log(-np.expm1(-np.outer(np.geomspace(1e-5, 1, 500), p)))
    off = y - shapes
    bent = float(np.square(off - off.mean(axis=1, keepdims=True)).sum(axis=1).min())
    return Preference(float(law[0]), float(len(p) * np.log(bent / straight)))


def local_powers(table: pd.DataFrame) -> list[Interval]:
    """The powers of p in critical sizes N = f p², from each row of a table of ``data.by_width`` to the next."""
    p, f, low, high = (table[name].to_numpy(float) for name in ("p", "middle", "low", "high"))
    steps = np.diff(np.log(p))
    half = (high - low) / 2 / f
    errors = np.sqrt(half[:-1] ** 2 + half[1:] ** 2) / steps
    found = np.diff(np.log(f)) / steps + 2
    return [Interval(*map(float, (at, at - off, at + off))) for at, off in zip(found, errors, strict=True)]


def tangent_kernel(shared: ArrayLike) -> FloatArray:
    """The expected neural tangent kernel of Σ_k W_k (U_k,a + V_k,b)² per neuron, all weights of variance 1.

    It depends on two pairs only through the number of operands that they ``share``, 0, 1 or 2 (Mohamadi et al. 2024,
    arXiv:2407.12332): 4 + 2 s² from the weights W, 4 s² from U and V. Between two outputs it is zero.
    """
    return np.asarray(4 + 6 * np.asarray(shared, float) ** 2)


class Regression(NamedTuple):
    """What ridgeless regression says of held-out pairs: ``accuracy``, and its squared ``loss`` over that of zeros."""

    accuracy: float
    loss: float


def kernel_regression(p: int, fraction: float, seed: int = 0) -> Regression:
    """Regression on one-hot a + b mod p from a random ``fraction`` of the pairs: nothing is trained."""
    pairs = np.stack(np.divmod(np.random.default_rng(seed).permutation(p * p), p))
    train, test = np.split(pairs, [round(fraction * p * p)], axis=1)
    labels, truth = (part.sum(axis=0) % p for part in (train, test))
    inside, across = (tangent_kernel((part[:, :, None] == train[:, None]).sum(axis=0)) for part in (train, test))
    answers = across @ np.linalg.solve(inside, np.eye(p)[labels])
    loss = float(np.square(answers - np.eye(p)[truth]).sum(axis=1).mean())
    return Regression(float((answers.argmax(axis=1) == truth).mean()), loss)
