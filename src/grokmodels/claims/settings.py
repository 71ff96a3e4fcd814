"""Settings side by side: the medians of each, and what ``optimizers`` and ``depth-width-init`` predicted of them."""

from __future__ import annotations

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.statistics import median_wait
from grokmodels.studies import Record

# The blocks of ``depth-width-init`` that change neither rate nor LayerNorm.
SHAPES = ("layers", "width", "batch", "initial scale")
MEDIANS = ["t_mem", "t_gen", "delay", "decay_time at t_gen"]


def by_setting(record: Record) -> pd.DataFrame:
    """One row per setting, a block and what varies in it: counts, and medians over seeds (Kaplan-Meier).

    Infinite where more than half are still waiting. A ``delay`` is that of the runs that memorized. The ``decay_time at
    t_gen`` is divided by 1 − momentum, which only SGD has: so much longer a step of it is.
    """
    runs = record.runs
    if runs.empty:
        return pd.DataFrame(columns=["block", "runs", "memorized", "censored", "diverged", *MEDIANS])
    spent = runs["decay_time at t_gen"] / (1 - runs["optimizer.momentum"].astype(float))
    rows = {}
    for setting, part in runs.assign(**{"decay_time at t_gen": spent}).groupby(setting_names(runs), sort=False):
        rows[setting] = {
            "block": part["block"].iloc[0],
            "runs": len(part),
            "memorized": int((~part["t_mem_censored"]).sum()),
            "censored": int(part["t_gen_censored"].sum()),
            "diverged": int((part["status"] == "diverged").sum()),
        } | {name: _median(part, name) for name in MEDIANS}
    return pd.DataFrame.from_dict(rows, orient="index")


def setting_names(runs: pd.DataFrame) -> pd.Series:
    """The block of each run with the values of the fields that vary in it, but for its seed."""
    names = pd.Series(index=runs.index, dtype=object)
    for block, part in runs.groupby("block"):
        recipe = part.loc[:, :"t_mem"].iloc[:, 2:-1]
        fields = [name for name in recipe if name != "seed" and recipe[name].nunique() > 1]
        names[part.index] = [" ".join(map(str, (block, *values))) for values in part[fields].itertuples(index=False)]
    return names


def _median(part: pd.DataFrame, name: str) -> float:
    # Without decay none accumulates, and a run that did not memorize has no delay.
    known = part[part[name] > 0]
    return median_wait(known[name], known[f"{name}_censored"]) if len(known) else np.inf


def sgd_apart(record: Record) -> float:
    """Largest over smallest median decay time at t_gen, of the settings of SGD with L2 that generalize; NaN for one."""
    ended = _ended(record, "SGD + L2")
    return float(ended.max() / ended.min()) if len(ended) > 1 else np.nan


def adam_apart(record: Record) -> float:
    """The least factor between the median decay times at t_gen of AdamW and of a setting of Adam with L2."""
    usual, ended = _ended(record, "AdamW"), _ended(record, "Adam + L2")
    return float(min(map(_factor, ended / usual.median()))) if len(usual) and len(ended) else np.nan


def shapes_apart(record: Record) -> float:
    """The largest factor between the median decay times at t_gen of a changed shape and of the canonical recipe."""
    medians = by_setting(record)
    changed = medians.loc[medians["block"].isin(SHAPES), "decay_time at t_gen"]
    return float(max(map(_factor, changed / reference()["decay_time at t_gen"]))) if len(changed) else np.nan


def slower(record: Record) -> float:
    """The median delay at a third of the learning rate over the canonical recipe's; infinite beyond the budget."""
    medians = by_setting(record)
    return float((medians.loc[medians["block"] == "learning rate", "delay"] / reference()["delay"]).iloc[0])


def reference() -> pd.Series:
    """Medians of the canonical recipe at decay 1, around which ``depth-width-init`` changes one setting at a time."""
    medians = by_setting(studies.record("weight-decay").only("pre-LN"))
    return medians.T["pre-LN 1.0"].rename("canonical")


def _ended(record: Record, block: str) -> pd.Series:
    medians = by_setting(record)
    times = medians.loc[medians["block"] == block, "decay_time at t_gen"]
    return times[np.isfinite(times)]


def _factor(ratio: float) -> float:
    """How far from 1, in either direction."""
    return float(max(ratio, 1 / ratio)) if ratio > 0 else np.inf
