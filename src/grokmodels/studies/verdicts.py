"""What becomes of a study's predictions: each judged on the runs that are stored, censored waits as what they are."""

from __future__ import annotations

import math
import re
import textwrap
from collections.abc import Callable, Iterator, Sequence
from importlib import import_module
from itertools import chain
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd

from grokmodels.display import Table
from grokmodels.statistics import (
    Interval,
    components,
    fit_law,
    median_wait,
    percentiles,
    resampled_rows,
    share_interval,
    spread,
)
from grokmodels.studies.predictions import CROSSED, Component, Prediction, Statistic
from grokmodels.studies.quantities import ROUNDING, WAITS
from grokmodels.studies.record import COHORTS, Record
from grokmodels.studies.record import record as load_record
from grokmodels.studies.study import Study, shipped

Verdict = Literal["true", "false", "open", "no runs"]

# What :func:`components` calls each component of a cross of seeds.
COMPONENTS: dict[Component | None, str] = {
    "split": "split_seed", "init": "init_seed", "interaction": "interaction", "replicas": "within",
}  # fmt: skip
# Seeds from which on a percentile interval covers nearly what it says, and its draws: enough for a second digit.
FEWEST_SEEDS = 20
DRAWS = 200


def verdicts(study: Study | str, record: Record | None = None) -> pd.DataFrame:
    """The predictions of a study judged on its record, cohort by cohort.

    One row for each prediction and cohort: ``value`` is the ``number`` that was found, the least that it can be where
    ``at_least`` says so, and NaN where that is not known either; ``interval`` has 95 %, exact for a share of seeds,
    else the middle of draws of ``seeds``, None for fewer than twenty, over which it would cover too little, and for a
    ``variance share``; ``verdict`` true, false, open or no runs.

    >>> judged = verdicts("crossed-seeds")
    >>> judged.loc[judged["quantity"] == "generalized", ["cohort", "verdict"]].to_dict("list")
    {'cohort': ['look', 'test', 'all'], 'verdict': ['true', 'true', 'true']}
    """
    if isinstance(study, str):
        record, study = load_record(study), shipped(study)[0]
    if record is None:
        raise ValueError("record: got None; must be the record of the study's runs, unless it is named")
    counted = [prediction for prediction in study.predicted if not prediction.estimate]
    table = record.measured(*(prediction.quantity for prediction in counted))
    judged = (_estimated(one, record) if one.estimate else _checked(one, table) for one in study.predicted)
    return pd.DataFrame([*chain.from_iterable(judged)], columns=COLUMNS)


class Value(NamedTuple):
    """What is known of a number: that it is not below ``low`` and not above ``high``."""

    low: float
    high: float


UNKNOWN = Value(-math.inf, math.inf)


def in_words(judged: pd.DataFrame, width: int = 78) -> str:
    """:func:`verdicts` in words: each sentence, and what became of it on look seeds, test seeds and all runs."""
    lines = []
    for sentence, rows in judged.groupby("sentence", sort=False):
        lines.append(textwrap.fill(str(sentence), width))
        for _, row in rows.iterrows():
            found = f"  {row['number']} {_measured(row)}" if row["seeds"] else ""
            lines.append(f"  {row['cohort']:5} {row['seeds']:3} seeds  {row['verdict']:8}{found}")
    return "\n".join(lines)


def as_table(judged: pd.DataFrame, caption: str = "") -> Table:
    """:func:`verdicts` as a table: a row for each prediction, its verdict and number on look seeds, test seeds and all.

    The number is named where a sentence has several. A cohort that has no runs has no column. How many seeds there are,
    ``n``, stands above a column, or beside the rows where it differs among them.
    """
    judged = judged[judged.groupby("cohort")["seeds"].transform("max") > 0]
    seeds = {str(cohort): rows["seeds"].unique() for cohort, rows in judged.groupby("cohort")}
    alike = all(len(numbers) == 1 for numbers in seeds.values())
    heads = {cohort: f"{cohort}, n = {numbers[0]}" if alike else cohort for cohort, numbers in seeds.items()}
    several = judged.groupby("sentence")["number"].nunique() > 1
    rows = []
    # A prediction has a row for each cohort, one after the other; a sentence may have several predictions.
    for _, cohorts in judged.groupby(judged.groupby("cohort").cumcount(), sort=False):
        sentence, number = cohorts[["sentence", "number"]].iloc[0]
        # Names of columns as words; symbols as t_gen stay.
        number = re.sub(r"(?<=\w\w)_", " ", number)
        row = {"prediction": f"{sentence} [{number}]" if several[sentence] else sentence}
        row |= {heads[one["cohort"]]: _judged(one) for _, one in cohorts.iterrows()}
        rows.append(row if alike else row | {"n": ", ".join(map(str, cohorts["seeds"]))})
    return Table(pd.DataFrame(rows), caption)


def _judged(row: pd.Series) -> str:
    return f"{row['verdict']} · {_measured(row, _compact)}" if row["seeds"] else row["verdict"]


def _measured(row: pd.Series, told: Callable[[float], str] = "{:.4g}".format) -> str:
    if math.isnan(row["value"]):
        return "not known"
    among = " [{}, {}]".format(*map(told, row["interval"])) if row["interval"] else ""
    return f"{'at least ' if row['at_least'] else ''}{told(row['value'])}{among}"


def _compact(value: float) -> str:
    """Three digits, or all that stand before the point."""
    return f"{value:,.0f}" if 1000 <= abs(value) < math.inf else f"{value:.3g}"


def check(predicted: Sequence[Prediction], table: pd.DataFrame) -> pd.DataFrame:
    """As :func:`verdicts`, of predictions without ``estimate``, on a table of runs (:meth:`Record.measured`)."""
    return pd.DataFrame([row for one in predicted for row in _checked(one, table)], columns=COLUMNS)


_STATED = ("sentence", "mechanism", "quantity", "number", "comparison", "bounds")
COLUMNS = [*_STATED, "cohort", "seeds", "value", "at_least", "interval", "verdict"]


def _checked(prediction: Prediction, table: pd.DataFrame) -> Iterator[dict[str, Any]]:
    found: dict[tuple[int, ...], dict[str, Any]] = {}
    for cohort in COHORTS:
        part = table if cohort == "all" or table.empty else table[table["cohort"] == cohort]
        # Without test seeds the look seeds are all, and draws of seeds take long.
        if (runs := tuple(part.index)) not in found:
            found[runs] = _found(prediction, part)
        yield {name: getattr(prediction, name) for name in _STATED} | {"cohort": cohort} | found[runs]


def _estimated(prediction: Prediction, record: Record) -> Iterator[dict[str, Any]]:
    module, name = prediction.estimate.split(".")
    estimator = getattr(import_module(f"grokmodels.claims.{module}"), name)
    stated = {name: getattr(prediction, name) for name in _STATED} | {"quantity": prediction.number}
    for cohort in COHORTS:
        part = record.only(prediction.block, cohort)
        row = stated | {"cohort": cohort}
        if not len(part):
            yield row | NOTHING
            continue
        found = estimator(part)
        interval = (found.low, found.high) if isinstance(found, Interval) else None
        value = float(found.estimate if isinstance(found, Interval) else found)
        known = UNKNOWN if math.isnan(value) else Value(value, value)
        row |= {"seeds": part.runs["seed"].nunique(), "value": value, "at_least": False, "interval": interval}
        yield row | {"verdict": verdict(prediction, known)}


NOTHING = {"seeds": 0, "value": math.nan, "at_least": False, "interval": None, "verdict": "no runs"}


def _found(prediction: Prediction, table: pd.DataFrame) -> dict[str, Any]:
    parts = [] if table.empty else [selection.of(table) for selection in prediction.selections]
    if not parts or any(part.empty for part in parts):
        return NOTHING
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
    if prediction.statistic == "variance share":
        (runs,) = (selection.of(table) for selection in prediction.selections)
        return _variance_share(runs, prediction)
    return _compared(prediction, [_Sample.of(selection.of(table), prediction) for selection in prediction.selections])


class _Sample(NamedTuple):
    """Runs as arrays (n,): the quantity, whether it is a lower bound, and the field that it is held against."""

    seen: np.ndarray
    at_least: np.ndarray
    against: np.ndarray

    @classmethod
    def of(cls, runs: pd.DataFrame, prediction: Prediction) -> _Sample:
        name = prediction.quantity
        against = runs[prediction.against or name].to_numpy(float)
        return cls(runs[name].to_numpy(float), runs[f"{name}_censored"].to_numpy(bool), against)

    def taken(self, rows: np.ndarray) -> _Sample:
        """These rows of it."""
        return _Sample(*(column[rows] for column in (self.seen, self.at_least, self.against)))


def _compared(prediction: Prediction, parts: Sequence[_Sample]) -> Value:
    """As :func:`evaluate`, of runs that are already selected."""
    values = [_statistic(prediction.statistic, part) for part in parts]
    return values[0] if len(values) == 1 else _ratio(*values)


def _ratio(above: Value, below: Value) -> Value:
    # Unless both are known, the ends of a ratio are at these ends only for positive numbers.
    known = above.low == above.high and below.low == below.high != 0
    if not known and not (above.low >= 0 and below.low > 0):
        return UNKNOWN
    return Value(above.low / below.high, above.high / below.low)


def _statistic(statistic: Statistic | None, runs: _Sample) -> Value:
    seen, at_least, against = runs
    lows = np.where(np.isnan(seen), -np.inf, seen)
    highs = np.where(np.isnan(seen) | at_least, np.inf, seen)
    # A draw of seeds may have none of the selected runs.
    if not len(seen):
        return UNKNOWN
    match statistic:
        case "median":
            return _median(lows, highs)
        case "largest":
            return Value(float(lows.max()), float(highs.max()))
        case "smallest":
            return Value(float(lows.min()), float(highs.min()))
        case "share":
            return Value(float(lows.mean()), float(highs.mean()))
        case "log slope":
            return _log_slope(against, seen, at_least)
        case "log spread":
            return _log_spread(seen, at_least)
        case other:
            raise AssertionError(other)


def _median(lows: np.ndarray, highs: np.ndarray) -> Value:
    """The smallest value that half of the runs do not exceed; by Kaplan and Meier where open waits leave it open."""
    middle = (len(lows) - 1) // 2
    bounds = Value(float(np.sort(lows)[middle]), float(np.sort(highs)[middle]))
    late = np.isinf(highs)
    # The estimate says more where a wait was left before another ended. That takes different budgets, and time.
    if bounds.low == bounds.high or not (lows > 0).all() or lows[late].min() >= lows[~late].max(initial=0.0):
        return bounds
    median = median_wait(lows, late)
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


def _variance_share(runs: pd.DataFrame, prediction: Prediction) -> Value:
    name = prediction.quantity
    x = runs[name].where(~runs[f"{name}_censored"].astype(bool)).to_numpy(float)
    if name in WAITS or name.startswith("decay_time at "):
        x = np.log(np.where(x > 0, x, np.nan))
    if not np.isfinite(x).all() or np.ptp(x) == 0:
        return UNKNOWN
    try:
        variances = components(runs.assign(value=x), *CROSSED, "value")
    except ValueError:
        # Runs are missing still.
        return UNKNOWN
    share = float(variances[COMPONENTS[prediction.component]] / variances.sum())
    return Value(share, share)


def _interval(prediction: Prediction, table: pd.DataFrame) -> tuple[float, float] | None:
    if prediction.statistic == "share" and prediction.over is None and table["seed"].is_unique:
        # Draws of seeds that are all alike would say that no other seed can differ.
        outcomes = table[prediction.quantity].to_numpy(float)
        return None if np.isnan(outcomes).any() else share_interval(int(outcomes.sum()), len(outcomes))[1:]
    # Seeds are replicas in a cross: draws of them would leave it unbalanced, and say nothing of splits.
    if prediction.statistic == "variance share" or table["seed"].nunique() < FEWEST_SEEDS:
        return None

    # Selected once, as arrays: a draw of rows then takes what it has of each selection.
    every = _Sample.of(table, prediction)
    chosen = [table.index.isin(selection.of(table).index) for selection in prediction.selections]
    drawn = (
        _compared(prediction, [every.taken(rows[mark[rows]]) for mark in chosen])
        for rows in resampled_rows(table["seed"], DRAWS)
    )
    # A draw without an end counts as the largest number there is: dropped, it would make the interval too short.
    ends = np.nan_to_num(np.array(list(drawn), dtype=float))
    low, high = percentiles(math.nan, ends[:, 0]).low, percentiles(math.nan, ends[:, 1]).high
    largest = np.finfo(float).max / 2
    return low if low > -largest else -math.inf, high if high < largest else math.inf
