"""Which settings decide whether there is a plateau, how long it is, and whether it ends? Row 11b."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import sobol_indices, uniform

from grokmodels import studies
from grokmodels.claims.comparisons import LATE
from grokmodels.claims.row import Row, Verdict, tally
from grokmodels.forecasts import outlook
from grokmodels.forecasts.outlook import SETTINGS, Surface, Surfaces

STUDY = "sensitivity"
# Points of Saltelli's sampling; a power of two. Its error is below the bootstrap's.
SAMPLES = 1024
RESAMPLES = 50
# Chosen before the runs: a setting counts where the lower end of its share of the variance is above this.
COUNTS = 0.05


def shares(surface: Surface) -> pd.DataFrame:
    """How much of a surface's variance over the design each setting explains: ``alone``, and ``with others``.

    First-order and total Sobol indices (Sobol' 1993; Saltelli et al. 2010), a row a setting.
    """
    ends = list(zip(surface.low, surface.high, strict=True))

    def values(points: NDArray[np.float64]) -> NDArray[np.float64]:
        return np.asarray(surface(points.T))

    dists = [uniform(low, high - low) for low, high in ends]
    found = sobol_indices(func=values, n=SAMPLES, dists=dists, rng=np.random.default_rng(0))
    return pd.DataFrame({"alone": found.first_order, "with others": found.total_order}, index=list(SETTINGS))


def with_intervals(points: NDArray[np.float64], values: NDArray[np.float64], late: NDArray[np.float64]) -> pd.DataFrame:
    """The :func:`shares` of a fitted surface, with 95 % intervals by resampling runs: columns ``… low``, ``… high``."""
    rng = np.random.default_rng(0)
    drawn = []
    for _ in range(RESAMPLES):
        rows = rng.integers(len(points), size=len(points))
        drawn.append(shares(outlook.fit_surface(points[rows], values[rows], late[rows])))
    table = shares(outlook.fit_surface(points, values, late))
    ends = np.quantile([one.to_numpy() for one in drawn], [0.025, 0.975], axis=0)
    for column, low, high in zip(list(table), *np.moveaxis(ends, 2, 1), strict=True):
        table[f"{column} low"], table[f"{column} high"] = low, high
    return table


QUANTITIES: dict[str, Callable[[pd.DataFrame], tuple[pd.Series, pd.Series]]] = {
    "ln t_mem": lambda runs: (np.log(runs["t_mem"]), runs["t_mem_censored"]),
    "ln t_gen": lambda runs: (np.log(runs["t_gen"]), runs["t_gen_censored"]),
    "ln Λ at t_gen": lambda runs: (np.log(runs["decay_time at t_gen"]), runs["t_gen_censored"]),
}


@cache
def components(quantity: str) -> pd.DataFrame:
    """The shares of each setting in the variance of a quantity of :data:`QUANTITIES`, over all recipes of the study."""
    record = studies.record(STUDY)
    points = np.array([outlook.settings(point.experiment) for point in record.points])
    values, late = QUANTITIES[quantity](record.runs)
    return with_intervals(points, values.to_numpy(float), late.to_numpy(float))


@cache
def held_out() -> tuple[Surfaces, pd.DataFrame]:
    """Surfaces of the look recipes, and their errors on the others."""
    record = studies.record(STUDY)
    surfaces = outlook.fitted(record.only(cohort="look"))
    return surfaces, outlook.errors(record.only(cohort="test"), surfaces)


# What a table of recipes shows of each, and what it is called there.
SHOWN = {
    "optimizer.learning_rate": "rate", "optimizer.weight_decay": "decay", "fraction": "fraction",
    "batch_size": "batch", "architecture.layers": "layers", "architecture.width": "width",
    "architecture.init_scale": "initial scale",
}  # fmt: skip


def kinds(runs: pd.DataFrame) -> pd.Series:
    """What became of each run: ``no plateau`` where t_gen is below twice t_mem, ``plateau``, or ``no end``."""
    late = runs["t_gen_censored"].astype(bool)
    early = runs["t_gen"] < LATE * runs["t_mem"]
    return pd.Series(np.select([late, early], ["no end", "no plateau"], "plateau"), index=runs.index, name="kind")


def recorded(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs as the explorable RecipeMap draws them."""
    fields = {"learning_rate": "optimizer.learning_rate", "weight_decay": "optimizer.weight_decay"}
    fields |= {"layers": "architecture.layers"}
    return pd.DataFrame({name: runs[field] for name, field in fields.items()} | {"kind": kinds(runs)})


def judge_sensitive(table: pd.DataFrame) -> Verdict:
    """Claim 11b from the shares in ln Λ at t_gen: settings other than the data decide, too.

    It holds if depth, width or initial scale count by themselves; with limits if only rate, decay or batch do; and
    fails if nothing but the fraction counts.
    """
    counts = table["alone low"] > COUNTS
    if counts[["layers", "ln width", "ln scale"]].any():
        return "holds"
    return "holds with limits" if counts[["ln batch share", "ln rate", "ln decay", "matrices only"]].any() else "fails"


def rows() -> list[Row]:
    """Row 11b of the ledger."""
    runs = studies.record(STUDY).runs
    if runs.empty:
        raise ValueError(f"results: got none of {STUDY!r}; must be stored")
    table = components("ln Λ at t_gen")
    named = ", ".join(f"{share:.2f} {name}" for name, share in table["alone"].sort_values(ascending=False).items())
    return [
        Row(
            number=11, part="b", claim="It is sensitive to optimizer settings and depth.", source="the memo",
            experiment=STUDY, **tally(runs), effect=f"Shares of the variance of ln Λ at t_gen: {named}.",
            verdict=judge_sensitive(table),
            reason="One task (p = 31), one seed a recipe, and a quadratic surface.", figure="fig-sensitivity-shares",
        )
    ]  # fmt: skip
