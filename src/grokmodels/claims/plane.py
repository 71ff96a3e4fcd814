"""The plane of data and noise: stored runs of the studies of motion as tables, and two laws foretold.

A run *turns* when its order parameter m̂ passes one half to stay: Λ there is its ``turn``, and a run that has not turned
by the end of its budget is censored there.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from fractions import Fraction
from functools import cache
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from grokmodels import measures, studies
from grokmodels.theory import motion
from grokmodels.theory.evidence import MIDWAY, Evidence

Seeds = Literal["look", "test", "all"]
Law = Literal["saturation", "price list"]
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


def runs(name: str, seeds: Seeds = "look", root: Path | None = None) -> pd.DataFrame:
    """The stored runs of a study of this plane, one row each.

    Columns ``block``, ``fraction``, ``batch``, ``share`` (the one of :data:`SHARES` nearest to batch over training
    pairs), ``eta``, ``decay``, ``seed``, ``test``; ``turn`` and ``censored``; ``gen``, Λ at t_gen, and
    ``gen_censored``; at the end of the run ``m_hat``, ``coherence``, ``turned`` and, per matrix, ``wall.NAME``: decay
    times the root mean square weight.
    """
    every = _every(name, root)
    return every if seeds == "all" or every.empty else every[every["test"] == (seeds == "test")].reset_index(drop=True)


@cache
def _every(name: str, root: Path | None) -> pd.DataFrame:
    """All stored runs, read once."""
    return pd.DataFrame([_row(point, run) for point, run in studies.runs(*studies.shipped(name, root))])


def _row(point: studies.Point, run: Any) -> dict[str, Any]:
    recipe, history = run.experiment, run.history
    rule, whole = recipe.optimizer, recipe.task.n_train(recipe.fraction)
    turn = measures.first_lasting(history["step"].to_numpy(), history["m_hat"].to_numpy(), level=0.5)
    last = history.iloc[-1]
    row = {"block": point.block, "fraction": recipe.fraction, "batch": recipe.batch_size or whole}
    row["share"] = min(SHARES, key=lambda share: abs(np.log(float(share) * whole / row["batch"])))
    row |= {"eta": rule.learning_rate, "decay": rule.weight_decay, "seed": recipe.seed, "test": point.test}
    per_step, t_gen = rule.learning_rate * rule.weight_decay, run.milestones.t_gen
    row |= {"turn": per_step * turn.step, "censored": turn.censored}
    row |= {"gen": per_step * t_gen.step, "gen_censored": t_gen.censored}
    row |= {name: last[name] for name in ("m_hat", "coherence", "turned", "train_loss")}
    walls = {name: last[f"norm.{name}"] / root for name, root in _roots(recipe.architecture, recipe.task).items()}
    return row | {f"wall.{name}": rule.weight_decay * size for name, size in walls.items()}


@cache
def _roots(architecture: Any, task: Any) -> dict[str, float]:
    """The square root of the number of weights of each matrix."""
    from grokmodels.engine.textbook import textbook

    named = textbook(architecture, task).named_parameters()
    return {name: float(values.numel()) ** 0.5 for name, values in named if values.dim() == 2}


def evidence(seeds: Seeds = "look", root: Path | None = None) -> Evidence:
    """The stored runs as the tables that simulated studies have; None for a study that is not complete on these seeds.

    For the verdict of :mod:`grokmodels.claims.motion`.
    """
    return Evidence(
        plane=_complete("motion-data", seeds, root, _plane_table),
        rates=_complete("motion-rates", seeds, root, _rates_table),
        crossed=_complete("luck", seeds, root, crossed),
        quench=_complete("quench", seeds, root, quenched),
    )


def _complete(
    name: str, seeds: Seeds, root: Path | None, make: Callable[[str, Seeds, Path | None], pd.DataFrame]
) -> pd.DataFrame | None:
    study, folder = studies.shipped(name, root)
    missing = studies.missing(study, folder, test=seeds != "look")
    return None if missing else make(name, seeds, root)


def _plane_table(name: str, seeds: Seeds, root: Path | None) -> pd.DataFrame:
    table = runs(name, seeds, root)
    return table.assign(share=table["share"].astype(float))[["fraction", "share", "seed", "turn", "censored"]]


def _rates_table(name: str, seeds: Seeds, root: Path | None) -> pd.DataFrame:
    table = runs(name, seeds, root)
    share = table["batch"] / table["batch"].max()
    return table.assign(share=share)[["eta", "decay", "share", "seed", "turn", "censored"]]


def crossed(name: str = "luck", seeds: Seeds = "look", root: Path | None = None) -> pd.DataFrame:
    """Log odds of m̂ at the end, within ±6, of each stored run of a cross: ``value``, by the seeds that made it.

    Columns ``p``, ``split_seed``, ``init_seed``, ``replica``. Replicas of one part in a million are left out.
    """
    rows = []
    for recipe, history in _chosen(name, seeds, root):
        if recipe.perturbation:
            continue
        row = {"p": recipe.task.p, "split_seed": recipe.split_seed, "init_seed": recipe.init_seed}
        rows.append(row | {"replica": recipe.seed, "value": _log_odds(history["m_hat"].iloc[-1])})
    return pd.DataFrame(rows)


def quenched(name: str = "quench", seeds: Seeds = "look", root: Path | None = None) -> pd.DataFrame:
    """Log odds of m̂, within ±6, where a full batch begins and where it ends, of the stored runs of a quench.

    Columns ``seed``, ``start``, ``end``, ``turned`` (whether m̂ is above one half in the end). Of the moments at which a
    seed was made quiet, the one that found it nearest to where simulated studies start.
    """
    rows = []
    for recipe, history in _chosen(name, seeds, root):
        _, (off, _), _, (on, _), _ = recipe.batch_size_schedule.knots
        start, end = (_log_odds(history["m_hat"][history["step"] == step].item()) for step in (off, on))
        rows.append({"seed": recipe.seed, "start": start, "end": end, "turned": end > 0})
    table = pd.DataFrame(rows)
    return table.loc[(table["start"] - MIDWAY).abs().groupby(table["seed"]).idxmin()].reset_index(drop=True)


def _chosen(name: str, seeds: Seeds, root: Path | None) -> Iterator[tuple[Any, pd.DataFrame]]:
    """Recipe and history of each stored run of these seeds."""
    for point, run in studies.runs(*studies.shipped(name, root)):
        if seeds == "all" or point.test == (seeds == "test"):
            yield run.experiment, run.history


def _log_odds(m: float) -> float:
    share = np.clip(m, 0.0025, 0.9975)
    return float(np.log(share / (1 - share)))
