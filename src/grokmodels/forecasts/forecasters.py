"""Forecasters of t_gen: constants, the clock, a published law by its own recipe, regressions, and the toy's growth.

A *forecaster* is a function of a :class:`~grokmodels.forecasts.view.View`: it returns t_gen in steps, infinite for
"never", NaN for "I cannot say". A *learner* makes one from cases whose answers are known: a function of a list of
:class:`~grokmodels.forecasts.view.Case`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterable, Sequence
from typing import Any

import numpy as np

from grokmodels.forecasts.view import Case, FloatArray, View
from grokmodels.measures.plateau import signed_root

Forecaster = Callable[[View], float]
Learner = Callable[[Sequence[Case]], Forecaster]

# Points through which a line is drawn at the least.
LINE = 3
# Of the distance between recipes, chosen by hand on look seeds, once: e-folds that another network counts for, and the
# whole range of fractions.
STRANGE, FRACTIONS = 3.0, 4.0


def untaught(forecaster: Forecaster) -> Learner:
    """The learner of a forecaster that has nothing to learn, as a reader's own."""
    return lambda cases: forecaster


def or_else(first: Learner, second: Learner) -> Learner:
    """The second forecaster speaks where the first cannot say."""

    def learner(cases: Sequence[Case]) -> Forecaster:
        one, other = first(cases), second(cases)
        return lambda view: other(view) if np.isnan(answer := one(view)) else answer

    return learner


def middle(cases: Sequence[Case], value: Callable[[Case], float]) -> float:
    """The median of a positive value over cases; that of a censored case is a lower bound. NaN where there is none.

    It is :func:`~grokmodels.statistics.median_wait` (Kaplan-Meier), in a few lines, as it is asked thousands of times.
    """
    known = sorted((found, case.censored) for case in cases if 0 < (found := value(case)) < np.inf)
    waiting = 1.0
    for place, (found, late) in enumerate(known):
        waiting *= 1 if late else 1 - 1 / (len(known) - place)
        if waiting <= 0.5 + 1e-9:
            return found
    return float("inf") if known else float("nan")


def spent(case: Case) -> float:
    """Λ from t_mem to t_gen of a known run."""
    return case.at_t_gen("decay_time") - case.view.at_t_mem("decay_time")


def constant(cases: Sequence[Case]) -> Forecaster:
    """The median t_gen of the known runs."""
    typical = middle(cases, lambda case: case.t_gen)
    return lambda view: typical


def multiple(cases: Sequence[Case]) -> Forecaster:
    """t_mem times the median ratio t_gen / t_mem."""
    ratio = middle(cases, lambda case: case.t_gen / case.view.t_mem)
    return lambda view: ratio * view.t_mem


def clock(cases: Sequence[Case]) -> Forecaster:
    """One Λ at t_gen for all: the weight-decay clock, by itself."""
    level = middle(cases, lambda case: case.at_t_gen("decay_time"))
    return lambda view: view.step_at(level)


def delayed_clock(cases: Sequence[Case]) -> Forecaster:
    """One Λ from t_mem to t_gen for all."""
    wait = middle(cases, spent)
    return lambda view: view.step_at(view.at_t_mem("decay_time") + wait)


def same_recipe(cases: Sequence[Case]) -> Forecaster:
    """The median t_gen of known runs of the same recipe, that is, of other seeds; NaN for a recipe never seen."""
    typical = {cell: middle(own, lambda case: case.t_gen) for cell, own in grouped(cases, lambda view: view.cell)}
    return lambda view: typical.get(view.cell, float("nan"))


def nearest_recipe(cases: Sequence[Case]) -> Forecaster:
    """The median Λ from t_mem to t_gen of the known recipe that is nearest (:func:`distance`)."""
    cells = [own for _, own in grouped(cases, lambda view: view.cell)]
    waits = [(own[0].view, wait) for own in cells if 0 < (wait := middle(own, spent)) < np.inf]

    def forecaster(view: View) -> float:
        wait = min(waits, key=lambda known: distance(known[0], view))[1]
        return view.step_at(view.at_t_mem("decay_time") + wait)

    return forecaster


def distance(one: View, other: View) -> float:
    """How far two recipes are apart: in rate, decay, batch share, examples and fraction, in e-folds and
    :data:`FRACTIONS`; plus :data:`STRANGE` where the networks, or anything but rate and decay, are not the same.
    """
    apart = np.abs(one.place - other.place) * (1, 1, 1, 1, FRACTIONS)
    return float(apart.sum()) + (STRANGE if one.network != other.network else 0.0)


def grouped(cases: Iterable[Case], name: Callable[[View], str]) -> list[tuple[str, list[Case]]]:
    """The cases by a name that their views have."""
    groups: dict[str, list[Case]] = defaultdict(list)
    for case in cases:
        groups[name(case.view)].append(case)
    return list(groups.items())


def first_passage(cases: Sequence[Case]) -> Forecaster:
    """Khanh et al. 2026 (arXiv:2605.18845): t_gen = t_mem + ln(V_mem / V*) / (2 κ η λ), V the squared norm of weights.

    As they do, κ and V* are taken from one cell and serve other rates and decays of the same network: from the cell
    whose decay is in the middle. V* is the median V at t_gen, κ the median of what each run asks for. Of a network that
    was never seen they are the medians of the others (the paper has no rule for it). V_mem below V* means "at once".
    """
    known = {
        name: found
        for name, own in grouped(cases, lambda view: view.network)
        if (found := _calibrated(own)) is not None
    }
    if not known:
        return lambda view: float("nan")
    typical = tuple(np.median(list(known.values()), axis=0))

    def forecaster(view: View) -> float:
        kappa, threshold = known.get(view.network, typical)
        wait = max(np.log(view.at_t_mem("weight_norm") / threshold), 0.0) / kappa
        return view.step_at(view.at_t_mem("decay_time") + wait)

    return forecaster


def _calibrated(cases: Sequence[Case]) -> tuple[float, float] | None:
    """κ and the root of V* from the cell in the middle; None where that has no run that shrank and generalized."""
    ended = sorted(
        (case for case in cases if not case.censored), key=lambda case: case.view.recipe.optimizer.weight_decay
    )
    if not ended:
        return None
    cell = [case for case in ended if case.view.cell == ended[len(ended) // 2].view.cell]
    threshold = float(np.median([case.at_t_gen("weight_norm") for case in cell]))
    rates = [np.log(case.view.at_t_mem("weight_norm") / threshold) / spent(case) for case in cell if spent(case) > 0]
    kappa = float(np.median(rates)) if rates else 0.0
    return (kappa, threshold) if kappa > 0 else None


def line(x: FloatArray, y: FloatArray) -> tuple[float, float]:
    """Slope of the straight line through the points (n,), and its value at the last x; NaN with fewer than three."""
    fine = np.isfinite(x) & np.isfinite(y)
    if fine.sum() < LINE or np.ptp(x[fine]) == 0:
        return float("nan"), float("nan")
    slope, start = np.polyfit(x[fine] - x[-1], y[fine], 1)
    return float(slope), float(start)


# A column by its name: all of a view, (n,), or one value of a known run.
Columns = Callable[[str], Any]


def extrapolated(signal: Callable[[View, Columns], FloatArray]) -> Learner:
    """A signal's straight line along Λ since t_mem, followed to the median that known runs have at t_gen.

    "Never" where the line leads away from there; NaN where there is none.
    """

    def learner(cases: Sequence[Case]) -> Forecaster:
        ends = np.array([float(signal(case.view, case.at_t_gen)) for case in cases if not case.censored])
        level = float(np.median(ends[np.isfinite(ends)])) if np.isfinite(ends).any() else float("nan")

        def forecaster(view: View) -> float:
            seen = signal(view, view.__getitem__)
            slope, now = line(view["decay_time"][view.waiting], seen[view.waiting])
            if np.isnan(slope) or np.isnan(level):
                return float("nan")
            left = (level - now) / slope if slope else np.inf
            return view.step_at(view["decay_time"][-1] + (left if left >= 0 else np.inf))

        return forecaster

    return learner


def shrinking(view: View, of: Columns) -> FloatArray:
    """Ln of the norm of all weights over that at t_mem."""
    return np.log(of("weight_norm") / view.at_t_mem("weight_norm"))


def rule(view: View, of: Columns | None = None) -> FloatArray:
    """Ln of the signed root of the rule share (:func:`~grokmodels.measures.plateau.signed_root`), NaN below 0."""
    of = of or view.__getitem__
    root = signed_root(of("rule_share"), of("test_signal"))
    return np.log(np.where(root > 0, root, np.nan))


def share(view: View, of: Columns) -> FloatArray:
    """The log odds of m̂, NaN outside (0, 1)."""
    m = of("m_hat")
    m = np.where((m > 0) & (m < 1), m, np.nan)
    return np.log(m / (1 - m))


norm_line, growth_line, share_line = (extrapolated(signal) for signal in (shrinking, rule, share))


def common_growth(cases: Sequence[Case]) -> Forecaster:
    """The rule's level now, grown on at one rate for all: the median of the known runs from this moment to t_gen."""

    def end(case: Case) -> float:
        return float(rule(case.view, case.at_t_gen))

    def rate(case: Case) -> float:
        left = case.at_t_gen("decay_time") - case.view["decay_time"][-1]
        return (end(case) - float(rule(case.view)[-1])) / left

    ended = [case for case in cases if not case.censored]
    with np.errstate(divide="ignore", invalid="ignore"):
        rates, ends = (np.array([of(case) for case in ended]) for of in (rate, end))
    fine = np.isfinite(rates) & (rates > 0)
    typical, level = np.median(rates[fine]), np.nanmedian(ends)

    def forecaster(view: View) -> float:
        left = max(level - rule(view)[-1], 0.0) / typical
        return view.step_at(view["decay_time"][-1] + left) if np.isfinite(left) else float("nan")

    return forecaster


def shifted_curve(cases: Sequence[Case]) -> Forecaster:
    """The Λ that other seeds of the recipe still had to go when their rule was last as quiet as it is now, its median.

    As in "An order parameter", where no theory is needed. NaN for a recipe that was not seen.
    """
    curves: dict[str, list[tuple[FloatArray, FloatArray]]] = defaultdict(list)
    for case in cases:
        history = case.run.history[
            (case.run.history["step"] >= case.view.t_mem) & (case.run.history["step"] <= case.t_gen)
        ]
        root = signed_root(history["rule_share"], history["test_signal"]).to_numpy(float)
        if not case.censored:
            curves[case.view.cell].append((root, (case.at_t_gen("decay_time") - history["decay_time"]).to_numpy(float)))

    def forecaster(view: View) -> float:
        now = signed_root(view["rule_share"][-1], view["test_signal"][-1])
        left = [
            left[quiet[-1]] for root, left in curves.get(view.cell, ()) if len(quiet := np.flatnonzero(root <= now))
        ]
        return view.step_at(view["decay_time"][-1] + float(np.median(left))) if left else float("nan")

    return forecaster
