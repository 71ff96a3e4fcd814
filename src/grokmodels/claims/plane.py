"""The plane of data and noise: stored runs of the studies of motion as tables, and two laws foretold.

A run *turns* when its order parameter m̂ passes one half to stay: Λ there is its ``turn``, and a run that has not turned
by the end of its budget is censored there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from grokmodels import measures, studies
from grokmodels.studies import Cohort, Record
from grokmodels.theory import motion
from grokmodels.theory.evidence import MIDWAY, MOMENTS, Evidence

Law = Literal["saturation", "price list"]
# m̂ may leave the range from 0 to 1; nearer to an end than this it counts as there (the chapter's own choice).
END = 0.0025
# The moduli whose steps simulated studies have.
SIZES = (31, 59, 97)
SHARES = tuple(Fraction(1, 2**power) for power in range(5))

# Ratios of rule to table, and Λ = first + slope / (ratio − 1), as studies/motion-data.toml states them.
RATIO: Mapping[Law, Callable[[Any, Any], Any]] = {
    "saturation": lambda fraction, share: motion.SHARED_RATIO(1.35 * (fraction / 0.6) ** 1.5, (1 / share + 1) ** -0.5),
    "price list": lambda fraction, share: motion.SEPARATE_RATIO(1.636 * fraction**2, motion.SATURATION(share)),
}
WAIT: Mapping[Law, tuple[float, float]] = {"saturation": (1.0, 0.42), "price list": (1.0, 1.5)}


def foretold(law: Law, fraction: ArrayLike, share: ArrayLike) -> NDArray[np.floating[Any]]:
    """Λ at which a law has the networks turn, for shares of the pairs in training and in a batch; inf for never."""
    ratio = np.asarray(RATIO[law](np.asarray(fraction, float), np.asarray(share, float)))
    first, slope = WAIT[law]
    with np.errstate(divide="ignore"):
        return np.asarray(np.where(ratio > 1, first + slope / np.maximum(ratio - 1, 0), np.inf))


def runs(record: Record) -> pd.DataFrame:
    """The record's ``runs`` with what this plane is about.

    ``batch``, in pairs, and ``share``, the one of :data:`SHARES` nearest to it over the training pairs; ``turn`` and
    ``turn_censored``; at the end of the run ``m_hat``, ``coherence``, ``turned`` and, per matrix, ``wall.NAME``: decay
    times the root mean square weight.
    """
    last = record.histories.groupby("run").last()
    table = record.runs.join(last[["m_hat", "coherence", "turned"]])
    whole = [point.experiment.task.n_train(point.experiment.fraction) for point in record.points]
    table["batch"] = table["batch_size"].where(table["batch_size"] != "full", whole).astype(int)
    shares = (
        min(SHARES, key=lambda share: abs(np.log(float(share) * n / batch)))
        for n, batch in zip(whole, table["batch"], strict=True)
    )
    table["share"] = pd.Series(shares, table.index, dtype=object)
    crossed_half = [passes(history) for _, history in record.histories.groupby("run")]
    table["turn"], table["turn_censored"] = zip(*crossed_half, strict=True)
    for name, root in _roots(record).items():
        table[f"wall.{name}"] = table["optimizer.weight_decay"] * last[f"norm.{name}"] / root
    return table


def grown(table: pd.DataFrame) -> pd.DataFrame:
    """The runs of a record's table whose width grows with the modulus: at least as wide as it."""
    return table[table["architecture.width"] >= table["task.p"]]


def median_turn(record: Record) -> float:
    """The median Λ at which m̂ passes one half to stay; infinite where half of the runs have not turned."""
    table = runs(record)
    return float(table["turn"].mask(table["turn_censored"], np.inf).median())


def passes(history: pd.DataFrame, level: float = 0.5) -> tuple[float, bool]:
    """The Λ at which the m̂ of one run passes a level to stay, or its last Λ and True where it does not."""
    at, decay_time = history["step"].to_numpy(), history["decay_time"].to_numpy()
    turn = measures.first_lasting(at, history["m_hat"].to_numpy(), level=level)
    return float(decay_time[at == turn.step][0]), turn.censored


def _roots(record: Record) -> dict[str, float]:
    """The square root of the number of weights of each matrix, of networks of one shape."""
    from grokmodels.engine.textbook import textbook

    recipe = record.points[0].experiment
    named = textbook(recipe.architecture, recipe.task).named_parameters()
    return {name: float(values.numel()) ** 0.5 for name, values in named if values.dim() == 2}


def evidence(cohort: Cohort = "look") -> Evidence:
    """The stored runs as the tables that simulated studies have, for the verdict of :mod:`grokmodels.claims.motion`.

    A simulated study has the seeds of one cohort, but those of the edge and of the sizes, where both count as one.
    """
    return Evidence(
        plane=_plane_table(studies.record("motion-data").only(cohort=cohort)),
        rates=_rates_table(studies.record("motion-rates").only(cohort=cohort)),
        edge=_edge_table(studies.record("motion-edge")),
        crossed=crossed(studies.record("luck").only(cohort=cohort)),
        sizes=_sizes_table(studies.record("size-width")),
        quench=quenched(studies.record("quench").only(cohort=cohort)),
    )


def _plane_table(record: Record) -> pd.DataFrame:
    table = runs(record)
    return table.assign(share=table["share"].astype(float), censored=table["turn_censored"])[
        ["fraction", "share", "seed", "turn", "censored"]
    ]


def _rates_table(record: Record) -> pd.DataFrame:
    table = runs(record)
    named = {"optimizer.learning_rate": "eta", "optimizer.weight_decay": "decay", "turn_censored": "censored"}
    share = table["batch"] / table["batch"].max()
    return table.rename(columns=named).assign(share=share)[["eta", "decay", "share", "seed", "turn", "censored"]]


def _edge_table(record: Record) -> pd.DataFrame:
    table = runs(record)
    # Those that cross the line in the middle of a run are another question.
    table = table[table["batch_size_schedule.knots"].map(len) == 1]
    return table.rename(columns={"block": "cell", "turn_censored": "censored"})[["cell", "seed", "turn", "censored"]]


def _sizes_table(record: Record) -> pd.DataFrame:
    """At widths that grow with the modulus, of the moduli that simulated studies have."""
    named = {f"m_hat at {moment:g}": f"m@{moment:g}" for moment in MOMENTS}
    table = grown(record.measured(*named)).rename(columns={"task.p": "p", "seed": "run"} | named)
    table = table[table["p"].isin(SIZES)]
    return table.assign(x=np.log(table["fraction"].astype(float)))[["p", "x", "run", *named.values()]]


def crossed(record: Record) -> pd.DataFrame:
    """Log odds of m̂ at the end, within ±6, of each run of a cross: ``value``, by the seeds that made it.

    Columns ``p``, ``split_seed``, ``init_seed``, ``replica``. Replicas of one part in a million are left out.
    """
    table = record.measured("m_hat at end")
    table = table[table["perturbation"] == 0]
    names = {"task.p": "p", "split_seed": "split_seed", "init_seed": "init_seed", "seed": "replica"}
    return table[[*names]].rename(columns=names).assign(value=log_odds(table["m_hat at end"]))


def quenched(record: Record) -> pd.DataFrame:
    """Log odds of m̂, within ±6, where a full batch begins and where it ends, of the runs of a quench.

    Columns ``seed``, ``start``, ``end``, ``turned`` (whether m̂ is above one half in the end). Of the moments at which a
    seed was made quiet, the one that found it nearest to where simulated studies start.
    """
    rows = []
    for _, history in record.along("seed", "batch_size_schedule.knots").groupby("run"):
        _, (off, _), _, (on, _), _ = history["batch_size_schedule.knots"].iloc[0]
        start, end = log_odds(history.set_index("step")["m_hat"].loc[[off, on]]).to_list()
        rows.append({"seed": history["seed"].iloc[0], "start": start, "end": end, "turned": end > 0})
    table = pd.DataFrame(rows)
    return table.loc[(table["start"] - MIDWAY).abs().groupby(table["seed"]).idxmin()].reset_index(drop=True)


def log_odds(m: pd.Series) -> pd.Series:
    """Log odds of m̂, within ±6."""
    share = m.clip(END, 1 - END)
    return (share / (1 - share)).map(np.log)
