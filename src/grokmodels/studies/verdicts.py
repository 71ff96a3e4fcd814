"""What becomes of a study's predictions: each judged on the runs that are stored, censored waits as what they are."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from grokmodels.statistics import components, fit_law, median_wait, percentiles, resamples, spread
from grokmodels.studies.predictions import CROSSED, WAITS, Component, Prediction, accumulated, labels
from grokmodels.studies.record import runs
from grokmodels.studies.study import Point, Study

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

Verdict = Literal["true", "false", "open", "no runs"]

# A value within this relative difference of a bound is at the bound, which is allowed: rounding decides no verdict.
ROUNDING = 1e-9
# What :func:`components` calls each component of a cross of seeds.
COMPONENTS: dict[Component | None, str] = {
    "split": "split_seed", "init": "init_seed", "interaction": "interaction", "replicas": "within",
}  # fmt: skip
# Draws of seeds for an interval: enough for its second digit.
DRAWS = 200


def verdicts(study: Study, folder: Path | str) -> pd.DataFrame:
    """The study's predictions judged on its stored runs (:func:`check`).

    >>> from grokmodels import studies
    >>> judged = verdicts(*studies.shipped("crossed-seeds"))
    >>> judged.loc[judged["quantity"] == "generalized", ["runs", "verdict"]].to_dict("list")
    {'runs': ['look', 'test', 'all'], 'verdict': ['true', 'true', 'true']}
    """
    return check(study.predicted, measured(runs(study, folder), study.predicted))


class Value(NamedTuple):
    """What is known of a number: that it is not below ``low`` and not above ``high``."""

    low: float
    high: float


UNKNOWN = Value(-math.inf, math.inf)


def measured(done: Iterable[tuple[Point, Run]], predicted: Sequence[Prediction]) -> pd.DataFrame:
    """One row per run: ``block``, ``seed``, ``test``, the fields that ``predicted`` look at, and their quantities.

    A quantity has a second column, ``…_censored``: it is at least the value given. One that a run does not tell is NaN.
    """
    fields = set[str]().union(*(prediction.fields for prediction in predicted))
    rows = []
    for point, run in done:
        row = labels(point, fields)
        for quantity in {prediction.quantity for prediction in predicted}:
            row[quantity], row[f"{quantity}_censored"] = measure(run, quantity)
        rows.append(row)
    return pd.DataFrame(rows)


def measure(run: Run, quantity: str) -> tuple[float, bool]:
    """A quantity of a run, and whether it is only a lower bound; NaN where the run does not tell.

    What lies within one evaluation is not seen, so no milestone and no delay is below half their spacing.
    """
    t_mem, t_gen = run.milestones
    resolved = run.experiment.evaluate_every / 2
    match quantity:
        case "memorized":
            return float(not t_mem.censored), False
        case "generalized":
            return float(not t_gen.censored), False
        case "diverged":
            return float(run.status == "diverged"), False
        case "t_mem":
            return max(t_mem.step, resolved), t_mem.censored
        case "t_gen":
            return max(t_gen.step, resolved), t_gen.censored
        case "delay" | "delay_ratio" if t_mem.censored:
            return math.nan, False
        case "delay":
            return max(t_gen.step - t_mem.step, resolved), t_gen.censored
        case "delay_ratio":
            return max(t_gen.step, resolved) / max(t_mem.step, resolved), t_gen.censored
    column, moment = quantity.split(" at ")
    if run.history.empty or column not in run.history:
        return math.nan, False
    history, last = run.history, int(run.history["step"].iloc[-1])
    if (decay := accumulated(moment)) is not None:
        row = _last_by(history["decay_time"].to_numpy(float), decay)
        return (math.nan if row is None else float(history[column].iloc[row])), False
    step, censored = {"start": (0, False), "end": (last, False), "t_mem": t_mem, "t_gen": t_gen}[moment]
    # Of a moment that has not come, only what never shrinks is known from below.
    if censored and column != "decay_time":
        return math.nan, False
    return float(history.loc[history["step"] == step, column].iloc[0]), censored


def _last_by(decay_times: np.ndarray, decay: float) -> int | None:
    """The row of the last evaluation by an accumulated decay; None where the history ends too long before it."""
    slack = ROUNDING * decay
    if decay - decay_times[-1] > np.diff(decay_times[-2:]).sum() + slack:
        return None
    return int(np.searchsorted(decay_times, decay + slack, side="right")) - 1


def check(predicted: Sequence[Prediction], table: pd.DataFrame) -> pd.DataFrame:
    """Every prediction judged on the look seeds, the test seeds and all runs of a table (:func:`measured`).

    One row each: ``value`` is what was found, the least that it can be where ``at_least`` says so, and NaN where that
    is not known either; ``interval`` its middle 95 % over draws of ``seeds``, None for fewer than two seeds and for a
    ``variance share``.
    """
    rows = []
    for prediction in predicted:
        stated = {name: getattr(prediction, name) for name in _STATED}
        found: dict[tuple[int, ...], dict[str, Any]] = {}
        for which in ("look", "test", "all"):
            part = table if which == "all" or table.empty else table[table["test"] == (which == "test")]
            # Without test seeds the look seeds are all, and draws of seeds take long.
            if (runs := tuple(part.index)) not in found:
                found[runs] = _found(prediction, part)
            rows.append(stated | {"runs": which} | found[runs])
    return pd.DataFrame(rows, columns=[*_STATED, "runs", "seeds", "value", "at_least", "interval", "verdict"])


_STATED = ("sentence", "mechanism", "quantity", "comparison", "bounds")


def _found(prediction: Prediction, table: pd.DataFrame) -> dict[str, Any]:
    parts = [] if table.empty else [selection.of(table) for selection in prediction.selections]
    if not parts or any(part.empty for part in parts):
        return {"seeds": 0, "value": math.nan, "at_least": False, "interval": None, "verdict": "no runs"}
    table = table.loc[sorted(set().union(*(part.index for part in parts)))]
    value = evaluate(prediction, table)
    return {
        "seeds": table["seed"].nunique(),
        "value": value.low if math.isfinite(value.low) else math.nan,
        "at_least": math.isfinite(value.low) and value.high > value.low,
        "interval": _interval(prediction, table),
        "verdict": verdict(prediction, value),
    }


def verdict(prediction: Prediction, value: Value) -> Verdict:
    """Whether all that the value may be makes the prediction true or false; open where some of it does each."""
    low, high = prediction.limits
    slack = ROUNDING * (max(map(abs, prediction.bounds)) or 1.0)
    if low - slack <= value.low and value.high <= high + slack:
        return "true"
    if value.high < low - slack or value.low > high + slack:
        return "false"
    return "open"


def evaluate(prediction: Prediction, table: pd.DataFrame) -> Value:
    """The statistic of the selected runs of a table, or its ratio to that of the others."""
    return _compared(prediction, [selection.of(table) for selection in prediction.selections])


def _compared(prediction: Prediction, parts: Sequence[pd.DataFrame]) -> Value:
    """As :func:`evaluate`, of runs that are already selected."""
    values = [_statistic(prediction, part) for part in parts]
    return values[0] if len(values) == 1 else _ratio(*values)


def _ratio(above: Value, below: Value) -> Value:
    # Unless both are known, the ends of a ratio are at these ends only for positive numbers.
    known = above.low == above.high and below.low == below.high != 0
    if not known and not (above.low >= 0 and below.low > 0):
        return UNKNOWN
    return Value(above.low / below.high, above.high / below.low)


def _statistic(prediction: Prediction, runs: pd.DataFrame) -> Value:
    name = prediction.quantity
    at_least = runs[f"{name}_censored"].to_numpy(bool)
    seen = runs[name].to_numpy(float)
    lows = np.where(np.isnan(seen), -np.inf, seen)
    highs = np.where(np.isnan(seen) | at_least, np.inf, seen)
    # A draw of seeds may have none of the selected runs.
    if runs.empty:
        return UNKNOWN
    match prediction.statistic:
        case "median":
            return _median(lows, highs)
        case "largest":
            return Value(float(lows.max()), float(highs.max()))
        case "smallest":
            return Value(float(lows.min()), float(highs.min()))
        case "share":
            return Value(float(lows.mean()), float(highs.mean()))
        case "log slope":
            return _log_slope(runs[prediction.against].to_numpy(float), seen, at_least)
        case "log spread":
            return _log_spread(seen, at_least)
        case "variance share":
            x = np.where(at_least, np.nan, seen)
            if name in WAITS or name.startswith("decay_time at "):
                x = np.log(np.where(x > 0, x, np.nan))
            return _variance_share(runs.assign(value=x), prediction.component)


def _median(lows: np.ndarray, highs: np.ndarray) -> Value:
    """The smallest value that half of the runs do not exceed; by Kaplan and Meier where open waits leave it open."""
    middle = (len(lows) - 1) // 2
    bounds = Value(float(np.sort(lows)[middle]), float(np.sort(highs)[middle]))
    open_ = np.isinf(highs)
    # The estimate says more where a wait was left before another ended. That takes different budgets, and time.
    if bounds.low == bounds.high or not (lows > 0).all() or lows[open_].min() >= lows[~open_].max(initial=0.0):
        return bounds
    median = median_wait(lows, open_)
    return bounds if math.isinf(median) else Value(median, median)


def _log_slope(x: np.ndarray, y: np.ndarray, at_least: np.ndarray) -> Value:
    # A draw of seeds may have one x only.
    if not ((x > 0) & (y > 0)).all() or len(np.unique(x)) < 2:
        return UNKNOWN
    try:
        # With no wait open, the likeliest slope is that of least squares, which needs no scatter to be found.
        slope = (
            fit_law(y, at_least, ln_x=np.log(x)).slopes["ln_x"].estimate
            if at_least.any()
            else float(np.polyfit(np.log(x), np.log(y), 1)[0])
        )
    except ValueError:
        # Too few waits have ended: any slope may be.
        return UNKNOWN
    return Value(slope, slope)


def _log_spread(y: np.ndarray, at_least: np.ndarray) -> Value:
    if (~at_least).sum() < 3 or not ((y > 0) & np.isfinite(y)).all():
        return UNKNOWN
    # Equal waits with no open one beyond them: the likeliest spread is none, which a fit only comes near to.
    if y.max() <= (1 + ROUNDING) * y[~at_least].min():
        return Value(0.0, 0.0)
    likeliest = spread(np.log(y), at_least)
    return Value(likeliest, likeliest)


def _variance_share(runs: pd.DataFrame, component: Component | None) -> Value:
    x = runs["value"].to_numpy(float)
    if not np.isfinite(x).all() or np.ptp(x) == 0:
        return UNKNOWN
    try:
        variances = components(runs, *CROSSED, "value")
    except ValueError:
        # Runs are missing still.
        return UNKNOWN
    share = float(variances[COMPONENTS[component]] / variances.sum())
    return Value(share, share)


def _interval(prediction: Prediction, table: pd.DataFrame) -> tuple[float, float] | None:
    # Seeds are replicas in a cross: draws of them would leave it unbalanced, and say nothing of splits.
    if prediction.statistic == "variance share" or table["seed"].nunique() < 2:
        return None

    # Selected once: the rows of a draw know where they belong.
    marks = [f"selected {i}" for i, _ in enumerate(prediction.selections)]
    chosen = (table.index.isin(selection.of(table).index) for selection in prediction.selections)
    marked = table.assign(**dict(zip(marks, chosen, strict=True)))
    drawn = (_compared(prediction, [draw[draw[mark]] for mark in marks]) for draw in resamples(marked, draws=DRAWS))
    # A draw without an end counts as the largest number there is: dropped, it would make the interval too short.
    ends = np.nan_to_num(np.array(list(drawn), dtype=float))
    low, high = percentiles(math.nan, ends[:, 0]).low, percentiles(math.nan, ends[:, 1]).high
    largest = np.finfo(float).max / 2
    return low if low > -largest else -math.inf, high if high < largest else math.inf
