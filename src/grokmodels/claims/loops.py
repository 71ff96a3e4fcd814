"""Data taken away and given back (study `sweeps`): does the loop of a sweep stay as the sweep slows down?

A *loop* table has a row a run and station: ``steps`` (of each way), ``seed``, ``fraction``, and the rule share on the
way ``down`` and ``up``.
"""

from __future__ import annotations

import math

import numpy as np
import pandas as pd

from grokmodels.recipes.schedules import Schedule
from grokmodels.statistics import jackknife
from grokmodels.studies import Record

# A run had the rule when its sweep began if its last five test accuracies before it, in the median, were at least this.
HAD_THE_RULE = 0.99
# A rule share below it is a lost rule; more than this share of the runs are most of them. Rules of this chapter.
HALF = 0.5
# The step at which every sweep of the study begins.
START = 2000


def loops(record: Record, points: int = 25) -> pd.DataFrame:
    """The loops of the blocks that sweep the data; a run that had not found the rule by then is left out."""
    swept = record.runs[record.runs["block"].str.startswith("data,")]
    made = []
    for number, run in swept.iterrows():
        history = record.histories[record.histories["run"] == number]
        (_, _), (start, _), (turn, lowest), (end, _) = run["data_schedule.knots"]
        before = history.loc[history["step"] <= start, "test_accuracy"].tail(5)
        if before.median() < HAD_THE_RULE:
            continue
        share = history["step"].map(Schedule(knots=run["data_schedule.knots"]))
        stations = np.linspace(lowest, 1, points)
        down = history["step"].between(start, turn).to_numpy()
        up = history["step"].between(turn, end).to_numpy()
        ways = {
            "down": np.interp(stations, share[down].iloc[::-1], history.loc[down, "rule_share"].iloc[::-1]),
            "up": np.interp(stations, share[up], history.loc[up, "rule_share"]),
        }
        labels = {"steps": turn - start, "seed": run["seed"], "cohort": run["cohort"]}
        made.append(pd.DataFrame(labels | {"fraction": run["fraction"] * stations} | ways))
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame(columns=["steps", "seed"])


def areas(loops: pd.DataFrame) -> pd.DataFrame:
    """A row a loop: ``steps``, ``seed``, ``area`` between its ways, rule share at ``turn`` and ``end``, and ``lost``.

    It is lost where the share at the turn is below one half. A sweep that never lost the rule has no loop to measure.
    """
    rows = []
    for (steps, seed), loop in loops.groupby(["steps", "seed"]):
        area = float(np.trapezoid(loop["down"] - loop["up"], loop["fraction"]))
        turn, end = float(loop["down"].iloc[0]), float(loop["up"].iloc[-1])
        rows.append({"steps": steps, "seed": seed, "area": area, "turn": turn, "end": end, "lost": turn < HALF})
    return pd.DataFrame(rows, columns=["steps", "seed", "area", "turn", "end", "lost"])


def share_lost(record: Record) -> float:
    """The share of the slowest sweeps that lost the rule on the way down."""
    return _slowest(areas(loops(record)))["lost"].astype(float).mean()


def share_found_again(record: Record) -> float:
    """Of the slowest sweeps that lost the rule, the share with a rule share above one half at the end."""
    slowest = _slowest(areas(loops(record)))
    return float((slowest.loc[slowest["lost"], "end"] > HALF).mean()) if slowest["lost"].any() else math.nan


def area_ratio(record: Record) -> float:
    """The mean area of the slowest sweeps over that of the fastest, whether or not the rule was lost."""
    return shrinking(areas(loops(record)))


def shrinking(areas: pd.DataFrame) -> float:
    """The mean area of the slowest loops over that of the fastest; NaN with fewer than two speeds."""
    mean = areas.groupby("steps")["area"].mean()
    return float(mean.iloc[-1] / mean.iloc[0]) if len(mean) > 1 else math.nan


def remaining_area(record: Record) -> float:
    """The area left in an infinitely slow sweep, over that of the slowest; NaN where most of those lost no rule."""
    made = areas(loops(record))
    return remaining(made) if share_lost(record) > HALF else math.nan


def remaining(areas: pd.DataFrame) -> float:
    """The least, over seeds, that an infinitely slow sweep leaves of the area of the slowest: law area = a + b √rate.

    The root of the rate is the law of a delayed exit. That of the rate itself would leave more.
    """

    def intercept(table: pd.DataFrame) -> float:
        return float(np.polyfit(np.asarray(table["steps"], float) ** -0.5, table["area"], 1)[1])

    if areas["steps"].nunique() < 2:
        return math.nan
    several = areas["seed"].nunique() > 1
    least = jackknife(areas, intercept).low if several else intercept(areas)
    return least / float(_slowest(areas)["area"].mean())


def lowest_in_decay_sweep(record: Record) -> float:
    """The lowest rule share, median of five evaluations, in any run whose decay was swept, from the sweep's start."""
    swept = record.runs.index[record.runs["block"].str.startswith("decay")]
    start = record.histories["step"] >= START
    histories = record.histories[record.histories["run"].isin(swept) & start]
    return float(
        min((h["rule_share"].rolling(5).median().min() for _, h in histories.groupby("run")), default=math.nan)
    )


def _slowest(areas: pd.DataFrame) -> pd.DataFrame:
    return areas[areas["steps"] == areas["steps"].max()]
