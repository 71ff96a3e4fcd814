"""Who is asked, and the tables of what they said."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np
import pandas as pd

from grokmodels.forecasts import forecasters as of
from grokmodels.forecasts.forecasters import Learner, or_else
from grokmodels.forecasts.regression import (
    held_out_features,
    recipe_features,
    regression,
    signal_features,
    with_luck,
)  # fmt: skip
from grokmodels.forecasts.scores import scored, typical
from grokmodels.forecasts.view import Case, Sees


class Entry(NamedTuple):
    """A line of the leaderboard: its ``learner``, what its views show, and whether it is one that knows the recipe."""

    name: str
    learner: Learner
    sees: Sees = "training"
    needs_recipe: bool = False


known = or_else(of.same_recipe, of.nearest_recipe)
ENTRIES = (
    Entry("constant", of.constant),
    Entry("a multiple of t_mem", of.multiple),
    Entry("one Λ", of.clock),
    Entry("one Λ after t_mem", of.delayed_clock),
    Entry("first passage", or_else(of.first_passage, of.delayed_clock)),
    Entry("norm, followed", or_else(of.norm_line, of.delayed_clock)),
    Entry("nearest recipe", of.nearest_recipe),
    Entry("same recipe", known, needs_recipe=True),
    Entry("regression: recipe", regression(recipe_features)),
    Entry("regression: signals", regression(signal_features)),
    Entry("regression: both", regression(recipe_features, signal_features)),
    Entry("same recipe, signals", with_luck(known, signal_features), needs_recipe=True),
    Entry("rule share, followed", or_else(of.growth_line, of.delayed_clock), "held-out"),
    Entry("m̂, followed", or_else(of.share_line, of.delayed_clock), "held-out"),
    Entry("rule share, one growth", or_else(of.common_growth, of.delayed_clock), "held-out"),
    Entry("regression: all", regression(recipe_features, signal_features, held_out_features), "held-out"),
    # Entered after the test seeds had been asked.
    Entry("other seeds' curve", or_else(of.shifted_curve, known), "held-out", needs_recipe=True),
    Entry("same recipe, held-out", with_luck(known, held_out_features), "held-out", needs_recipe=True),
)


def capped(cases: Iterable[Case], most: int) -> list[Case]:
    """At most so many cases of each recipe, the first ones."""
    kept: dict[str, list[Case]] = {}
    for case in cases:
        own = kept.setdefault(case.view.cell, [])
        if len(own) < most:
            own.append(case)
    return [case for own in kept.values() for case in own]


def asked(entry: Entry, learned: Sequence[Case], cases: Sequence[Case]) -> pd.DataFrame:
    """:func:`~grokmodels.forecasts.scores.scored` of an entry that has learned from some cases, with its name."""
    return scored(entry.learner(learned), cases).assign(forecaster=entry.name, sees=entry.sees)


def asked_without(entry: Entry, learned: Sequence[Case], cases: Sequence[Case]) -> pd.DataFrame:
    """The same, but for each recipe it has learned from all others only."""
    parts = []
    for cell in dict.fromkeys(case.view.cell for case in cases):
        others = [case for case in learned if case.view.cell != cell]
        parts.append(asked(entry, others, [case for case in cases if case.view.cell == cell]))
    return pd.concat(parts, ignore_index=True)


def leaderboard(table: pd.DataFrame, draws: int = 300) -> pd.DataFrame:
    """A row a forecaster, the best first, from a table of what they said.

    ``error`` as :class:`~grokmodels.forecasts.scores.Typical` of the runs that generalized; ``error of the wait``
    likewise. ``runs``, ``recipes``: how many were asked; ``censored``: of these;
    ``too early``: censored ones whose forecast lies before the end of the record, so that it is known to be wrong.
    """
    rows = {}
    for name, part in table.groupby("forecaster", sort=False):
        ended = part[~part["censored"]]
        rows[name] = {
            "sees": part["sees"].iloc[0],
            "error": typical(ended, draws=draws),
            "error of the wait": typical(ended, "error of the wait", draws=draws),
            "runs": len(part),
            "recipes": part["cell"].nunique(),
            "censored": int(part["censored"].sum()),
            "too early": int((part["censored"] & (part["error"] > 0)).sum()),
        }
    found = pd.DataFrame.from_dict(rows, orient="index")
    return found.iloc[np.argsort([one.low for one in found["error"]], kind="stable")].rename_axis("forecaster")


def luck(cases: Sequence[Case], fewest: int = 4) -> pd.Series:
    """Inside recipes, of which at least four runs generalized: the rank correlation of each feature with ln t_gen.

    Both are taken from the mean of their recipe.
    """
    parts = (signal_features, held_out_features) if cases and cases[0].view.sees == "held-out" else (signal_features,)
    rows = []
    for case in cases:
        if not case.censored:
            seen = {name: value for part in parts for name, value in part(case.view).items()}
            rows.append(seen | {"cell": case.view.cell, "t_gen": np.log(case.t_gen)})
    table = pd.DataFrame(rows)
    table = table[table.groupby("cell")["cell"].transform("size") >= fewest]
    away = table.drop(columns="cell") - table.groupby("cell").transform("mean")
    return away.corr(method="spearman")["t_gen"].drop("t_gen").rename("rank correlation")
