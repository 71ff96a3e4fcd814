"""Sweeping a parameter slowly, up and down, with a floor of noise under both amplitudes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pandas as pd

from grokmodels.theory.checks import require_positive
from grokmodels.theory.circuits import Circuits, simulate


def sweep(stations: Sequence[Circuits], u: float, v: float, dwell: float, floor: float) -> pd.DataFrame:
    """Visit each recipe in turn for the time ``dwell``, beginning at (u, v); its final state is a row.

    On arrival an amplitude below ``floor`` is lifted to it. Without a floor the losing amplitude shrinks without limit,
    and every return is delayed by that alone. Columns: those of :func:`grokmodels.theory.circuits.simulate`, with
    ``ratio`` ρ and ``weight_decay`` in front.
    """
    require_positive(dwell=dwell, floor=floor)
    rows = []
    for circuits in stations:
        last = simulate(circuits, max(u, floor), max(v, floor), [dwell]).iloc[-1]
        u, v = last["u"], last["v"]
        rows.append({"ratio": circuits.ratio, "weight_decay": circuits.weight_decay, **last})
    return pd.DataFrame(rows)


def loops(
    degree: float,
    dwells: Sequence[float] = (10, 30, 100),
    between: tuple[float, float] = (0.05, 20),
    floor: float = 0.15,
) -> pd.DataFrame:
    """The toy swept in ρ from the larger to the smaller of two values and back, at one speed for each dwell.

    Each of 20 values is held for a ``dwell``, at decay 0.2. A row a station: ``steps`` (the time of each way), ``seed``
    (0), ``fraction`` (ln ρ), and the rule's share of the margin on the way ``down`` and ``up``.
    """
    ratios = np.geomspace(*between, 20)
    made = []
    for dwell in dwells:
        way = [Circuits(degree=degree, generalizing_efficiency=r, weight_decay=0.2) for r in (*ratios[::-1], *ratios)]
        share = sweep(way, floor, 1.0, dwell=dwell, floor=floor)["share"].to_numpy()
        loop = {"steps": dwell * len(ratios), "seed": 0, "fraction": np.log(ratios)}
        made.append(pd.DataFrame(loop | {"down": share[19::-1], "up": share[20:]}))
    return pd.concat(made, ignore_index=True)
