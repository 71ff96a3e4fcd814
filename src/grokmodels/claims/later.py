"""Studies shipped for chapters that are not written yet: what their runs show, setting by setting. Row 10."""

from __future__ import annotations

from collections.abc import Sequence
from functools import reduce

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims.row import Row
from grokmodels.statistics import median_wait

COUNTS = ["runs", "memorized", "censored", "diverged"]
MEDIANS = ["t_mem", "t_gen", "delay", "Λ at t_gen"]


def runs(name: str, block: str | None = None) -> pd.DataFrame:
    """One row per stored run of a study: ``block``, ``setting`` (block and grid values), milestones, ``status``.

    ``delay`` is t_gen − t_mem. ``Λ at t_gen`` is the sum of learning rate × decay / (1 − momentum), where only SGD has
    momentum. Both are lower bounds where t_gen is censored.
    """
    study, folder = studies.shipped(name)
    grids = {part.name: list(map(str, pd.json_normalize(part.grid))) for part in study.block}
    rows = []
    for point, run in studies.runs(study, folder, block):
        recipe = point.experiment
        values = [reduce(getattr, field.split("."), recipe) for field in grids[point.block]]
        t_mem, t_gen = run.milestones
        spent = run.history.set_index("step")["decay_time"][t_gen.step] / (1 - recipe.optimizer.momentum)
        rows.append(
            {"block": point.block, "setting": " ".join(map(str, [point.block, *values])), "seed": recipe.seed}
            | {"t_mem": t_mem.step, "t_mem_censored": t_mem.censored}
            | {"t_gen": t_gen.step, "t_gen_censored": t_gen.censored}
            | {"delay": t_gen.step - t_mem.step, "Λ at t_gen": spent, "status": run.status}
        )
    return pd.DataFrame(rows)


def reference() -> pd.Series:
    """Medians of the canonical recipe at decay 1, around which ``depth-width-init`` changes one setting at a time."""
    return medians(runs("weight-decay", "pre-LN")).T["pre-LN 1.0"]


def medians(table: pd.DataFrame) -> pd.DataFrame:
    """One row per setting: counts, and medians (Kaplan–Meier; infinite where more than half are still waiting).

    The ``delay`` is that of the runs that memorized; of the others it is not known when their wait began.
    """
    rows = {}
    for setting, part in table.groupby("setting", sort=False) if len(table) else ():
        memorized = part[~part["t_mem_censored"].astype(bool)]
        typical = {name: _median(memorized if name == "delay" else part, name) for name in MEDIANS}
        rows[setting] = {
            "block": part["block"].iloc[0],
            "runs": len(part),
            "memorized": len(memorized),
            "censored": int(part["t_gen_censored"].sum()),
            "diverged": int((part["status"] == "diverged").sum()),
        } | typical
    return pd.DataFrame.from_dict(rows, orient="index", columns=["block", *COUNTS, *MEDIANS])


def _median(part: pd.DataFrame, name: str) -> float:
    censored = part["t_mem_censored" if name == "t_mem" else "t_gen_censored"]
    # A run may generalize before it memorizes; the estimate takes positive times.
    return median_wait(part[name].clip(lower=1e-9), censored) if len(part) else np.inf


def optimizers(found: pd.DataFrame) -> pd.DataFrame:
    """The prediction of ``optimizers`` beside the medians of its settings; those that do not generalize say nothing."""
    spent = {name: part[np.isfinite(part)] for name, part in found.groupby("block")["Λ at t_gen"]}
    adamw, adam, sgd = (spent.get(name, pd.Series(dtype=float)) for name in ("AdamW", "Adam + L2", "SGD + L2"))
    apart = [_factor(one / adamw.median()) for one in adam] if len(adamw) else []
    return _beside(
        ("SGD + L2: Λ at t_gen within a factor of 2", [sgd.max() / sgd.min()] if len(sgd) > 1 else [], 0, 2),
        ("Adam + L2: a factor over 10 from AdamW", apart, 10, np.inf),
    )


def settings(found: pd.DataFrame, usual: pd.Series) -> pd.DataFrame:
    """The prediction of ``depth-width-init`` beside the medians of its settings, against the canonical recipe."""
    slower = found[found["block"] == "learning rate"]["delay"] / usual["delay"]
    shape = found[found["block"].isin(["layers", "width", "batch", "initial scale"])]["Λ at t_gen"]
    return _beside(
        ("every run memorizes (share, by setting)", list(found["memorized"] / found["runs"]), 1, 1),
        ("a third of the rate: delay 2 to 4 times longer", list(slower), 2, 4),
        (
            "shape, batch, scale: Λ within a factor of 2",
            [_factor(one / usual["Λ at t_gen"]) for one in shape],
            0,
            2,
        ),
    )


def rows() -> list[Row]:
    """Row 10, which stays open: its runs are stored, and no rule of a verdict was fixed."""
    table = runs("optimizers")
    found = medians(table)
    spent = [f"{name} {_short(value)}" for name, value in found["Λ at t_gen"].items()]
    return [
        Row(
            number=10,
            claim="Decoupled weight decay acts differently from L2 in the loss.",
            source="the memo",
            experiment="optimizers",
            runs=len(table),
            seeds=table["seed"].nunique() if len(table) else 0,
            censored=int(found["censored"].sum()),
            effect=f"median accumulated decay at t_gen: {', '.join(spent)}" if spent else "Not measured.",
            verdict="open",
            reason="its chapter, with a rule for the verdict, is not written",
            figure="reproduce-later",
        )
    ]


def _beside(*sentences: tuple[str, Sequence[float], float, float]) -> pd.DataFrame:
    """Each sentence with the measured numbers, and whether all of them are in its range; open where there are none."""
    return pd.DataFrame(
        {
            "predicted": sentence,
            "measured": ", ".join(map(_short, values)) or "-",
            "came true": ("yes" if all(low <= x <= high for x in values) else "no") if len(values) else "open",
        }
        for sentence, values, low, high in sentences
    )


def _factor(ratio: float) -> float:
    """How far from 1, in either direction."""
    return float(max(ratio, 1 / ratio)) if ratio > 0 else np.inf


def _short(value: float) -> str:
    return f"{value:.2g}" if np.isfinite(value) else "not within the budget"
