"""Recorded runs over fraction and weight decay: a map of phases whose cells open their learning curves."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, cast

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import PAIRS, Chart, Drawing, log_steps, percent, series
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.phase_diagram import COLORS
from grokmodels.explorables.tables import Columns, columns, compact, require_columns, spread
from grokmodels.explorables.words import Readout
from grokmodels.palette import css

# Evaluations kept of each run; more would not show on a chart some 300 pixels wide.
KEPT = 30
SETS = ["train", "test"]
CELL = ["fraction", "weight_decay"]
CHOSEN = "datum.fraction === fraction && datum.weight_decay === weight_decay"


class Diagram(Explorable):
    """The phase diagram of recorded networks: one cell for each fraction and decay, and the runs of the chosen one.

    ``history``: columns ``fraction``, ``weight_decay``, ``seed``, ``step``, ``train_accuracy``, ``test_accuracy``, one
    row per evaluation. ``runs``: columns ``fraction``, ``weight_decay``, ``seed``, ``t_gen``, ``censored`` (of t_gen)
    and ``phase`` (a name of the toy's phases), one row per run. A cell has the phase of most of its runs; in a tie the
    first of the names in the alphabet. ``fraction`` and ``weight_decay`` are where the sliders start. Histories of runs
    that ``runs`` does not have are left out.
    """

    fraction = Controlled()
    weight_decay = Controlled()

    def __init__(
        self,
        *,
        history: pd.DataFrame,
        runs: pd.DataFrame,
        name: str = "diagram",
        title: str = "The recorded phase diagram",
        question: str = (
            "Walk along the border of the map. Which way do the curves tell you that the wait grows without end, and "
            "which way only that the budget was short?"
        ),
        **state: Any,
    ) -> None:
        keys = [*CELL, "seed"]
        require_columns("history", history, [*keys, "step", "train_accuracy", "test_accuracy"])
        require_columns("runs", runs, [*keys, "t_gen", "censored", "phase"])
        history = history[history["step"] > 0].merge(runs[keys])
        cells = _cells(runs)
        fractions, decays = (sorted(set(cells[key])) for key in CELL)
        first, last = int(history["step"].min()), int(history["step"].max())
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "fraction": Slider("Fraction of the pairs in training", fractions, fractions[len(fractions) // 2]),
                "weight_decay": Slider("Weight decay λ", decays, decays[len(decays) // 2]),
            },
            charts={
                "map": Chart(
                    _map(cells),
                    "How many seeds generalized: click a cell",
                    _map_alt(cells, last) + " Chosen: fraction {fraction}, decay {weight_decay}.",
                    height=330,
                    drag={"x": "weight_decay", "y": "fraction"},
                ),
                "accuracy": Chart(
                    _curves(first, last),
                    "Accuracy in the chosen cell",
                    "Training and test accuracy against training steps on a logarithmic axis at fraction {fraction} "
                    "and decay {weight_decay}, one thin line for each seed. Seeds: {n}; generalized: {generalized}; "
                    "median step of generalization: {median:,d}; phase: {phase}.",
                    height=330,
                ),
            },
            layout=("map accuracy",),
            readout=(
                Readout("{phase}; of {n} seeds generalized:", "{generalized:d}", "{color}"),
                Readout("median step of generalization:", "{median:,d}", "ink"),
            ),
            presets=_presets(cells),
            data={
                "cells": columns(cells),
                "runs": _runs(history),
                "readout": columns(cells[[*CELL, "phase", "n", "generalized", "color", "median"]]),
            },
            **state,
        )


def _cells(runs: pd.DataFrame) -> pd.DataFrame:
    """One cell for each fraction and decay, with its edges half-way to the next."""
    edges = {key: _edges(np.unique(runs[key]).tolist()) for key in CELL}
    cells = []
    for key, cell in runs.groupby(CELL):
        fraction, decay = cast(tuple[float, float], key)
        seen = cell.loc[~cell["censored"].astype(bool), "t_gen"].sort_values()
        phase = str(cell["phase"].mode()[0])
        (left, right), (low, high) = edges["weight_decay"][decay], edges["fraction"][fraction]
        cells.append(
            {"fraction": fraction, "weight_decay": decay, "left": left, "right": right, "low": low, "high": high}
            | {"across": (left * right) ** 0.5, "upward": (low + high) / 2}
            | {"phase": phase, "color": COLORS[phase], "n": len(cell), "generalized": len(seen)}
            # A run that is censored took longer than all that are not.
            | {"median": int(seen.iloc[(len(cell) - 1) // 2]) if 2 * len(seen) > len(cell) else None}
        )
    # As objects, so that whole numbers beside a missing one stay whole.
    return pd.DataFrame({name: compact([cell[name] for cell in cells]) for name in cells[0]}, dtype=object)


def _presets(cells: pd.DataFrame) -> dict[str, dict[str, float]]:
    """A cell in the middle of each phase."""
    phases = {phase: cells[cells["phase"] == phase] for phase in COLORS}
    middle = {phase: part.iloc[len(part) // 2] for phase, part in phases.items() if len(part)}
    return {phase.capitalize(): {key: float(cell[key]) for key in CELL} for phase, cell in middle.items()}


def _edges(values: Sequence[float]) -> dict[float, tuple[float, float]]:
    middles = [(a + b) / 2 for a, b in itertools.pairwise(values)]
    # Outer cells end at their values, as the sliders do.
    return dict(zip(values, zip([values[0], *middles], [*middles, values[-1]], strict=True), strict=True))


def _runs(history: pd.DataFrame) -> Columns:
    """One record per run, with lists ``step``, ``train`` and ``test`` of at most ``KEPT`` evaluations."""
    names = {"step": "step", "train_accuracy": "train", "test_accuracy": "test"}
    history = history[[*CELL, "seed", *names]].rename(columns=names)
    # The last evaluation is the outcome.
    last = history.groupby([*CELL, "seed"])["step"].transform("max")
    shown = history[history["step"].isin(spread(history["step"], KEPT)) | (history["step"] == last)]
    return columns(shown.groupby([*CELL, "seed"], as_index=False).agg(list))


def _map_alt(cells: pd.DataFrame, budget: int) -> str:
    parts = []
    for fraction, row in cells.groupby("fraction"):
        good = row.loc[2 * row["generalized"] > row["n"], "weight_decay"]
        where = ", ".join(f"{decay:g}" for decay in good) or "none"
        parts.append(f"fraction {fraction:g}: {where}")
    return (
        f"Map over weight decay (log scale) and fraction of the pairs. Decays at which most seeds generalize within "
        f"{budget:,} steps: {'; '.join(parts)}."
    )


def _map(cells: pd.DataFrame) -> Drawing:
    fractions, decays = (sorted(set(cells[key])) for key in CELL)
    across = alt.Scale(type="log", domain=[decays[0], decays[-1]], nice=False)
    upward = alt.Scale(domain=[fractions[0], fractions[-1]], nice=False)
    x_axis = alt.Axis(values=decays, tickCount=len(decays), labelExpr="format(datum.value, '~g')", grid=False)
    y_axis = alt.Axis(values=fractions, tickCount=len(fractions), labelExpr="format(datum.value, '~g')", grid=False)
    x = alt.X("left:Q", title="weight decay λ (log scale)", scale=across, axis=x_axis)
    y = alt.Y("low:Q", title="fraction of the pairs", scale=upward, axis=y_axis)
    kinds = {phase: (color, phase) for phase, color in COLORS.items()}
    color = series("phase", kinds, symbolType="square", symbolOpacity=0.5, columns=2)
    tooltip = [
        alt.Tooltip("fraction:Q"),
        alt.Tooltip("weight_decay:Q", title="weight decay"),
        alt.Tooltip("phase:N"),
        alt.Tooltip("median:Q", title="median step", format=","),
    ]

    box = alt.Chart(alt.NamedData("cells")).encode(x=x, x2="right:Q", y=y, y2="high:Q")
    number = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("across:Q", scale=across), y=alt.Y("upward:Q", scale=upward), text="generalized:Q"
    )
    return alt.layer(
        box.mark_rect(opacity=0.5, stroke=css("surface"), strokeWidth=1).encode(color=color, tooltip=tooltip),
        number.mark_text(color=css("ink"), fontSize=11),
        box.transform_filter(CHOSEN).mark_rect(filled=False, stroke=css("ink"), strokeWidth=3),
    )


def _curves(first: int, last: int) -> Drawing:
    runs = (
        alt.Chart(alt.NamedData("runs"))
        .transform_filter(CHOSEN)
        .transform_flatten(["step", *SETS])
        .transform_fold([*SETS], as_=["set", "accuracy"])
    )
    lines = runs.mark_line(strokeWidth=1.5, opacity=0.8).encode(x=log_steps(alt.X, first, last), y=percent("accuracy"))
    return lines.encode(color=series("set", PAIRS), detail="seed:N")
