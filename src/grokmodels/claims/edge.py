"""The edge in the amount of data: how long a table lasts above it, and where networks end that come from either side.

Networks grow with the modulus p (width about p), batches are an eighth of the pairs, the decay is 1 and no run stops
early. The *wait* of a run is the decay time Λ at which m̂ passes one half to stay (:func:`plane.runs`).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import cache
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels import statistics, studies
from grokmodels.claims import plane
from grokmodels.statistics import Interval
from grokmodels.statistics.edges import Edges, Waits, fit_edges
from grokmodels.statistics.waits import fit_normal, median_wait
from grokmodels.studies import Record

FloatArray = NDArray[np.floating[Any]]
# Studies of waits, shortest first: the last was predicted by the law that the others gave.
STUDIES = ("size-width", "long-data", "new-size")
# Laws without an edge: what of the fraction f is ln Λ linear in? The last two were thought of after the runs.
SMOOTH: Mapping[str, Callable[[FloatArray], FloatArray]] = {
    "a power of f": np.log,
    "exp(c / f)": lambda f: 1 / f,
    "exp(c / f²)": lambda f: f**-2.0,
    "exp(c / f³)": lambda f: f**-3.0,
}
# What runs say that ended at fewer fractions than a law with an edge needs.
NOTHING = Interval(np.nan, np.nan, np.nan)
# The last tenth of the longest budget, over which an end is averaged; and the same length about its middle.
END, MIDDLE = (180.0, 200.0), (90.0, 110.0)
# A second look, after the runs: the spread of ln Λ goes as this power of one over the distance from the edge (from .4
# to .7 the fit is about as good); and, of laws without an edge, as the best of these powers of one over the fraction.
GROWTH, GROWTHS = 0.5, (0.0, 1.0, 1.5, 2.0, 2.5, 3.0)


@cache
def runs() -> pd.DataFrame:
    """All runs of :data:`STUDIES` at widths that grow with ``p``, with ``turn`` and ``turn_censored``.

    ``fraction`` is that of the pairs which the run has in the end, ``of_rule`` whether it had half of all pairs before;
    ``end`` and ``middle`` the means of m̂ over :data:`END` and :data:`MIDDLE`, NaN for shorter runs; ``start`` the Λ at
    which m̂ passes .1, or its last.
    """
    return pd.concat([_grown(studies.record(name)) for name in STUDIES], ignore_index=True)


def _grown(record: Record) -> pd.DataFrame:
    table = plane.runs(record)
    last = table["data_schedule.knots"].map(lambda knots: knots[-1][1])
    histories = record.histories
    means = {
        name: histories[histories["decay_time"].between(*span)].groupby("run")["m_hat"].mean()
        for name, span in (("end", END), ("middle", MIDDLE))
    }
    table = table.assign(
        p=table["task.p"],
        fraction=(table["fraction"] * last).astype(float),
        of_rule=last < 1,
        **means,
        start=[plane.passes(history, 0.1)[0] for _, history in histories.groupby("run")],
    )
    own = ["p", "fraction", "of_rule", "turn", "turn_censored", "end", "middle", "start"]
    return plane.grown(table)[["block", "cohort", "seed", "t_gen_censored", *own]]


def waits(table: pd.DataFrame) -> dict[int, Waits]:
    """The waits of networks that begin as tables, by p."""
    table = table[~table["of_rule"]]
    return {
        int(str(p)): Waits(own["fraction"].to_numpy(), own["turn"].to_numpy(), own["turn_censored"].to_numpy(bool))
        for p, own in table.groupby("p")
    }


@cache
def law() -> Edges:
    """Λ = A (f/f_c − 1)^−γ: one γ for all sizes, an edge f_c and an amplitude A for each."""
    return fit_edges(waits(runs()))


@cache
def law_with_growing_spread() -> Edges:
    """The same where waits spread the more the nearer the edge is, by :data:`GROWTH`."""
    return fit_edges(waits(runs()), growth=GROWTH)


@cache
def rivals() -> pd.DataFrame:
    """By how much the laws of :data:`SMOOTH`, of two numbers and a spread a size, are worse than :func:`law` in AIC.

    Columns: ``one spread`` at all fractions, and ``growing spread``, where that of either law may grow.
    """
    systems = waits(runs()).values()
    found = {name: [sum(_aic(one, of, growth) for one in systems) for growth in GROWTHS] for name, of in SMOOTH.items()}
    with_edge = [law().aic, law_with_growing_spread().aic]
    rows = {name: (one[0] - with_edge[0], min(one) - min(with_edge)) for name, one in found.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=["one spread", "growing spread"])


def _aic(of: Waits, covariate: Callable[[FloatArray], FloatArray], growth: float) -> float:
    x, away = np.column_stack([np.ones(len(of.x)), covariate(of.x)]), growth * np.log(of.x)
    # In units in which all have one spread, as in statistics.edges.
    units = np.exp(away - away.mean())
    fit = fit_normal(units * np.log(of.times), of.censored, units[:, None] * x)
    return float(2 * 3 - 2 * (fit.log_likelihood + np.log(units[~of.censored]).sum()))


def sizes() -> pd.DataFrame:
    """A row a size: ``p``, ``runs``, ``edge`` f_c, ``pairs`` f_c p², ``amplitude`` A, and the ``spread`` of ln Λ."""
    table, found = runs(), law()
    counted = table[~table["of_rule"]].groupby("p").size()
    return pd.DataFrame(
        [
            (p, counted[p], one.edge, statistics.Interval(*(x * p**2 for x in one.edge)), one.amplitude, one.scale)
            for p, one in found.systems.items()
        ],
        columns=["p", "runs", "edge", "pairs", "amplitude", "spread"],
    )


def distance(table: pd.DataFrame) -> pd.Series:
    """How far the ``fraction`` of each row is from the edge of its ``p``: f/f_c."""
    return table["fraction"] / table["p"].map({p: one.edge.estimate for p, one in law().systems.items()})


def cells() -> pd.DataFrame:
    """The waits of networks that begin as tables: ``p``, ``fraction``, ``distance`` f/f_c, ``n``, ``turned``, ``wait``.

    ``wait`` is the median, infinite where more than half have not turned.
    """
    table = runs()
    table = table[~table["of_rule"]]
    rows = [
        (p, fraction, len(own), int((~own["turn_censored"]).sum()), median_wait(own["turn"], own["turn_censored"]))
        for (p, fraction), own in table.groupby(["p", "fraction"])
    ]
    found = pd.DataFrame(rows, columns=["p", "fraction", "n", "turned", "wait"])
    return found.assign(distance=distance(found))


def ends() -> pd.DataFrame:
    """Where networks end, by p and fraction from either side: ``of_rule``, ``n``, ``end`` (median), ``low``, ``high``.

    ``distance`` is f/f_c; low and high are the extreme runs. Only runs of the longest budget.
    """
    table = runs().dropna(subset="end")
    found = table.groupby(["p", "fraction", "of_rule"])["end"].agg(["size", "median", "min", "max"]).reset_index()
    found.columns = ["p", "fraction", "of_rule", "n", "end", "low", "high"]
    return found.assign(distance=distance(found))


def climb() -> pd.DataFrame:
    """How every run that turned spent its wait: the ``share`` from m̂ = .1 to m̂ = ½, by ``p`` and ``distance`` f/f_c."""
    table = runs()
    turned = table[~table["of_rule"] & ~table["turn_censored"].astype(bool)]
    return pd.DataFrame({"p": turned["p"], "distance": distance(turned), "share": 1 - turned["start"] / turned["turn"]})


def exponent_of_waits(record: Record) -> Interval:
    """γ of the waits of one record, networks of one kind at several fractions; NaN where too few have turned."""
    found = _alone(record)
    return NOTHING if found is None else found.exponent


def edge_of_waits(record: Record) -> Interval:
    """Their edge f_c; NaN where too few have turned."""
    found = _alone(record)
    return NOTHING if found is None else next(iter(found.systems.values())).edge


def _alone(record: Record) -> Edges | None:
    histories = record.along("fraction").groupby("run")
    runs = [(history["fraction"].iloc[0], *plane.passes(history)) for _, history in histories]
    fractions, turns, censored = (np.array(column) for column in zip(*runs, strict=True))
    try:
        return fit_edges({"all": Waits(fractions.astype(float), turns, censored)})
    except ValueError:
        return None
