"""Alarms: "this network will generalize soon". A signal passes a threshold that controls rarely reach.

A *control* is a run that memorizes and does not generalize within its budget; it only can ring falsely. Signals are
functions of a :class:`~grokmodels.forecasts.view.View` of the whole record, and return one number an evaluation, (n,),
which must not look ahead.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from grokmodels.forecasts.scores import weighted_quantile
from grokmodels.forecasts.view import FloatArray, View, known_from, look
from grokmodels.measures.plateau import signed_root
from grokmodels.studies import Record

Signal = Callable[[View], FloatArray]
# Evaluations over which what swings is looked at.
WINDOW = 10


def elapsed(view: View) -> FloatArray:
    """Λ since t_mem: a clock, no signal."""
    return view["decay_time"] - view.at_t_mem("decay_time")


def fallen_norm(view: View) -> FloatArray:
    """Ln of the largest norm so far over that now."""
    return np.log(np.maximum.accumulate(view["weight_norm"]) / view["weight_norm"])


def swinging_loss(view: View) -> FloatArray:
    """Activity of the training loss, its standard deviation (ln) over ten evaluations, after Notsawo et al. 2023."""
    return pd.Series(np.log(view["train_loss"].clip(1e-12))).rolling(WINDOW, min_periods=3).std().fillna(0).to_numpy()


def fallen_test_loss(view: View) -> FloatArray:
    """Ln of the largest test loss so far over that now."""
    return np.log(np.maximum.accumulate(view["test_loss"]) / view["test_loss"])


def told_rule(view: View) -> FloatArray:
    """The signed root of the rule share on held-out inputs."""
    return np.nan_to_num(signed_root(view["rule_share"], view["test_signal"]))


def margin_share(view: View) -> FloatArray:
    """m̂, the margin on held-out inputs over that on training inputs."""
    return np.nan_to_num(view["m_hat"])


def gained_accuracy(view: View) -> FloatArray:
    """Test accuracy above its lowest value since t_mem."""
    accuracy = view["test_accuracy"]
    return accuracy - np.minimum.accumulate(np.where(view.waiting, accuracy, 1.0))


TRAINING: dict[str, Signal] = {"Λ since t_mem": elapsed, "norm fallen": fallen_norm, "loss swings": swinging_loss}
HELD_OUT: dict[str, Signal] = {
    "test loss fallen": fallen_test_loss, "m̂": margin_share, "rule told": told_rule, "accuracy gained": gained_accuracy,
}  # fmt: skip
SIGNALS = TRAINING | HELD_OUT


def watched(record: Record, study: str) -> pd.DataFrame:
    """A row a run that memorized: the signals' course from where t_mem is certain until t_gen, or the end.

    Columns ``study``, ``cohort``, ``cell``, ``t_mem``, ``t_gen``, ``censored``; ``t_half``, when the test accuracy
    first is one half (infinite if never); ``steps`` and ``decay_time``, arrays of
    the evaluations, (n,); one array (n,) for each signal, its largest value so far.
    """
    rows = []
    for point, run in record.trained():
        t_mem, t_gen = run.milestones
        if t_mem.censored or run.status == "diverged":
            continue
        steps = run.history["step"].to_numpy()
        view = look(run.experiment, run.history, "held-out")
        first = known_from(view["train_accuracy"], int(np.searchsorted(steps, t_mem.step)))
        part = slice(first, len(steps) if t_gen.censored else int(np.searchsorted(steps, t_gen.step)))
        row = {"study": study, "cohort": point.cohort, "cell": view.cell, "t_mem": t_mem.step, "t_gen": t_gen.step,
            "t_half": _first(steps, view["test_accuracy"], first),
               "censored": t_gen.censored, "steps": steps[part], "decay_time": view["decay_time"][part]}  # fmt: skip
        # Before the first known evaluation there is no alarm, so what was larger then counts from there on.
        rows.append(row | {name: np.maximum.accumulate(signal(view)[part]) for name, signal in SIGNALS.items()})
    return pd.DataFrame(rows)


def _first(steps: Any, accuracy: FloatArray, start: int) -> float:
    """The first step from row ``start`` on at which the test accuracy is at one half or above; infinite without one."""
    above = np.flatnonzero(accuracy[start:] >= 0.5)
    return float(steps[start + above[0]]) if len(above) else float("inf")


def controls(look_runs: pd.DataFrame, fewest: int = 3) -> set[str]:
    """The recipes of which at least three look runs memorized and none generalized within its budget."""
    counts = look_runs.groupby("cell")["censored"].agg(["size", "all"])
    return set(counts.index[(counts["size"] >= fewest) & counts["all"]])


def threshold(runs: pd.DataFrame, signal: str, rate: float) -> float:
    """The value that a share ``rate`` of these controls, every recipe counted once, exceeds within its budget."""
    highest = np.array([values.max() if len(values) else -np.inf for values in runs[signal]])
    weights = (1 / runs.groupby("cell")["cell"].transform("size")).to_numpy(float)
    return weighted_quantile(highest, weights, 1 - rate)


def rung(runs: pd.DataFrame, signal: str, level: float) -> pd.DataFrame:
    """When the alarm rings in each of :func:`watched` runs: the first time that its signal is above the level.

    ``rings``; ``step`` and ``decay_time`` then, NaN where it does not; ``lead``: t_gen over that step; ``ahead``:
    it rings while the test accuracy has not been one half yet.
    """
    rows = []
    for values, steps, decay_time in runs[[signal, "steps", "decay_time"]].itertuples(index=False):
        above = np.flatnonzero(values > level)
        rows.append((True, steps[above[0]], decay_time[above[0]]) if len(above) else (False, np.nan, np.nan))
    found = pd.DataFrame(rows, columns=["rings", "step", "decay_time"], index=runs.index)
    kept = runs[["study", "cohort", "cell", "t_mem", "t_gen", "t_half", "censored"]].join(found)
    return kept.assign(lead=kept["t_gen"] / kept["step"].clip(lower=1), ahead=kept["step"] < kept["t_half"])


def share_of_recipes(table: pd.DataFrame, hits: ArrayLike) -> float:
    """A share of runs, every recipe counted once."""
    weights = 1 / table.groupby("cell")["cell"].transform("size")
    return float((weights * np.asarray(hits, float)).sum() / weights.sum()) if len(table) else float("nan")
