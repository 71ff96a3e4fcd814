"""How far forecasts are off, censored runs included, with intervals over recipes."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from grokmodels.forecasts.forecasters import Forecaster
from grokmodels.forecasts.view import Case, FloatArray
from grokmodels.statistics.intervals import resampled_rows


def scored(forecaster: Forecaster, cases: Sequence[Case]) -> pd.DataFrame:
    """A row a case: what was forecast, and how far it is off.

    ``forecast`` in steps: a time that is over counts as now, NaN is no forecast. ``error`` is |ln(forecast / t_gen)|,
    and ``error of the wait`` that of the steps that are left, each at least half of what separates evaluations.
    Of a censored run the errors are what it is off at the least: 0 unless the forecast lies before the end of its
    record. Also ``study``, ``cohort``, ``cell``, ``number``, ``now``.
    """
    rows = []
    for case in cases:
        now, resolved = case.view.now, _resolved(case)
        forecast = float(forecaster(case.view))
        forecast = max(forecast, now + resolved)
        error, left = (
            off(forecast, case.t_gen, case.censored),
            off(forecast - now, max(case.t_gen - now, resolved), case.censored),
        )
        which = case.study, case.cohort, case.view.cell, case.number, now
        rows.append((*which, forecast, case.t_gen, case.censored, error, left))
    names = ["study", "cohort", "cell", "number", "now", "forecast", "t_gen", "censored", "error", "error of the wait"]
    return pd.DataFrame(rows, columns=names)


def _resolved(case: Case) -> float:
    steps = case.view["step"]
    return float(steps[-1] - steps[-2]) / 2 if len(steps) > 1 else 1.0


def off(forecast: float, truth: float, censored: bool) -> float:
    """|ln(forecast / truth)|; of a truth that is only known to be later, the least that it can be. NaN of NaN."""
    if np.isnan(forecast):
        return float("nan")
    if censored and forecast >= truth:
        return 0.0
    return abs(float(np.log(forecast / truth)))


class Typical(NamedTuple):
    """The median error, every recipe counted once: ``low`` if what is open is as small as can be, ``high`` if as large.

    ``interval``: 95 %, over recipes, from the low end of the one to the high end of the other.
    """

    low: float
    high: float
    interval: tuple[float, float]


def weighted_quantile(values: FloatArray, weights: FloatArray, share: float = 0.5) -> float:
    """The least value (n,) that at least a ``share`` of the weight does not exceed."""
    order = np.argsort(values)
    total = np.cumsum(weights[order])
    return float(values[order][np.searchsorted(total, share * total[-1] - 1e-12)])


def typical(table: pd.DataFrame, column: str = "error", draws: int = 300, share: float = 0.5) -> Typical:
    """The typical error in a table of :func:`scored`; runs of one cell share the weight of one recipe."""
    kept = table[table[column].notna()]
    least = kept[column].to_numpy(float)
    most = np.where(kept["censored"], np.inf, least)
    weights = (1 / kept.groupby("cell")["cell"].transform("size")).to_numpy(float)
    found = [weighted_quantile(values, weights, share) for values in (least, most)]
    low, high = [], []
    for rows in resampled_rows(kept["cell"], draws):
        low.append(weighted_quantile(least[rows], weights[rows], share))
        high.append(weighted_quantile(most[rows], weights[rows], share))
    # Infinite draws count: an interval may be open above.
    ends = float(np.quantile(low, 0.025, method="lower")), float(np.quantile(high, 0.975, method="higher"))
    return Typical(found[0], found[1], ends)


class Coverage(NamedTuple):
    """How often an interval that reaches by a factor e^``reach`` on both sides holds t_gen.

    ``low``: the share of runs that certainly are in; ``high``: with those of which it is open, being censored before
    the interval's end; ``ended``: the share of those that generalized; ``runs``: how many there are.
    """

    reach: float
    low: float
    high: float
    ended: float
    runs: int


def coverage(table: pd.DataFrame, reach: float) -> Coverage:
    """The coverage of a table of :func:`scored` by intervals of one reach around ln of the forecast."""
    late = table["censored"].to_numpy(bool)
    inside = (table["error"] <= reach).to_numpy()
    certain = inside & (~late | np.isinf(reach))
    ended = float(inside[~late].mean()) if (~late).any() else float("nan")
    return Coverage(reach, float(certain.mean()), float(inside.mean()), ended, len(table))
