"""Sweeping a parameter slowly, up and down, with a floor of noise under both amplitudes."""

from __future__ import annotations

from collections.abc import Sequence

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
