"""Dips of the training accuracy: moments at which a network that had memorized forgets part of its data."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import pandas as pd

from grokmodels.measures.lasting import milestones

# Evaluations above the level that part two dips: in less, one dip flickers.
APART = 15


def dips(history: pd.DataFrame, below: float = 0.97) -> pd.DataFrame:
    """The dips below a training accuracy, after memorization, of a run that is evaluated at every step or nearly so.

    One row each: ``first`` and ``last``, the rows of the history (by position) at which the accuracy is below the
    level; ``decay_time`` at the first; ``lowest`` accuracy. Two stretches less than :data:`APART` rows apart are one.
    Empty for a run that did not memorize.
    """
    t_mem = milestones(history).t_mem
    accuracy, decay_time = history["train_accuracy"].to_numpy(), history["decay_time"].to_numpy()
    memorized = np.zeros(len(history), bool) if t_mem.censored else history["step"].to_numpy() >= t_mem.step
    rows = np.flatnonzero((accuracy < below) & memorized)
    stretches = np.split(rows, np.flatnonzero(np.diff(rows) > APART) + 1) if len(rows) else []
    return pd.DataFrame(
        [(rows[0], rows[-1], decay_time[rows[0]], accuracy[rows].min()) for rows in stretches],
        columns=["first", "last", "decay_time", "lowest"],
    )


def kicks(history: pd.DataFrame, writes: Sequence[str]) -> pd.DataFrame:
    """From each dip to the next, of a run that is evaluated at every step and records its motion: one row each.

    ``writes`` are the columns of norms whose joint length is followed. Columns: ``to_next``, Λ to the next dip;
    ``grown``, by how much the logarithm of the length rises within 40 steps of the dip, and ``shrunk``, by how much it
    falls from there to the next; ``kicked`` and ``calm``, radians that the weights turn in the ten steps around the
    dip and in a hundred before it.
    """
    found, turned = dips(history), history["turned"].to_numpy()
    length = np.log(np.square(history[list(writes)]).sum(axis=1).to_numpy()) / 2
    rows = []
    for (at, then), (now, later) in zip(pairwise(found["first"]), pairwise(found["decay_time"]), strict=True):
        peak = length[at : at + 40].max()
        row = {"to_next": later - now, "grown": peak - length[at - 5], "shrunk": peak - length[then - 5]}
        rows.append(row | {"kicked": turned[at - 2 : at + 8].sum(), "calm": turned[at - 105 : at - 5].sum()})
    return pd.DataFrame(rows, columns=["to_next", "grown", "shrunk", "kicked", "calm"])
