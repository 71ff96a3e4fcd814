"""Recorded runs over fraction and weight decay: a map of phases whose cells open their learning curves."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from typing import Any, cast

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable, Rows, State, compact, require_columns
from grokmodels.explorables.page import Columns, to_rows
from grokmodels.explorables.phase_diagram import COLORS
from grokmodels.palette import css

# Evaluations kept of each run; more would not show on a chart some 300 pixels wide.
KEPT = 30
SETS = ("train", "test")


class Diagram(Explorable):
    """The phase diagram of recorded networks: one cell for each fraction and decay, and the runs of the chosen one.

    ``history``: columns ``fraction``, ``weight_decay``, ``seed``, ``step``, ``train_accuracy``, ``test_accuracy``, one
    row per evaluation. ``runs``: columns ``fraction``, ``weight_decay``, ``seed``, ``t_gen``, ``censored`` (of t_gen)
    and ``phase`` (a name of the toy's phases), one row per run. A cell has the phase of most of its runs; in a tie the
    first of the names in the alphabet. ``fraction`` and ``weight_decay`` are where the sliders start.
    """

    fraction = Controlled()
    weight_decay = Controlled()

    kernel = """(state, data) => {
      const chosen = (columns) => columns.fraction.flatMap((fraction, i) =>
        fraction === state.fraction && columns.weight_decay[i] === state.weight_decay
          ? [Object.fromEntries(Object.keys(columns).map((name) => [name, columns[name][i]]))] : []);
      const [cell] = chosen(data.cells);
      if (!cell) {
        throw new RangeError(`No run was recorded at fraction ${state.fraction} and decay ${state.weight_decay}.`);
      }
      const { phase, n, generalized, color, median } = cell;
      return {
        chosen: [cell],
        curves: chosen(data.runs).flatMap((run) => run.step.flatMap((step, i) =>
          ["train", "test"].map((set) => ({ run: `${run.seed} ${set}`, set, step, accuracy: run[set][i] })))),
        readout: [
          { label: `${phase}; of ${n} seeds generalized:`, value: generalized, format: "d", color },
          { label: "median step of generalization:", value: median, format: ",d", color: "ink" },
        ],
      };
    }"""

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
        keys = ["fraction", "weight_decay", "seed"]
        require_columns("history", history, [*keys, "step", "train_accuracy", "test_accuracy"])
        require_columns("runs", runs, [*keys, "t_gen", "censored", "phase"])
        cells = _cells(runs)
        fractions, decays = (sorted(set(cells[key])) for key in ("fraction", "weight_decay"))
        first, last = (int(history.loc[history["step"] > 0, "step"].agg(end)) for end in ("min", "max"))
        middle = {"fraction": fractions[len(fractions) // 2], "weight_decay": decays[len(decays) // 2]}
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "fraction": Slider("Fraction of the pairs in training", fractions, middle["fraction"]),
                "weight_decay": Slider("Weight decay λ", decays, middle["weight_decay"]),
            },
            charts={
                "map": Chart(
                    _map(cells),
                    "How many seeds generalized: click a cell",
                    _map_alt(cells, last),
                    height=330,
                    drag={"x": "weight_decay", "y": "fraction"},
                ),
                "accuracy": Chart(
                    _curves(first, last),
                    "Accuracy in the chosen cell",
                    "Training and test accuracy against training steps on a logarithmic axis, one thin line for each "
                    "seed of the chosen cell.",
                    height=330,
                ),
            },
            layout=("map accuracy",),
            data={"cells": cells, "runs": _runs(history)},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``chosen``, ``curves`` and ``readout`` at the cell of ``state``."""

        def chosen(name: str) -> list[dict[str, Any]]:
            return [
                row
                for row in to_rows(self.data[name])
                if all(row[key] == state[key] for key in ("fraction", "weight_decay"))
            ]

        if not chosen("cells"):
            raise ValueError(
                f"No run was recorded at fraction {state['fraction']:g} and decay {state['weight_decay']:g}."
            )
        (cell,) = chosen("cells")
        curves = [
            {"run": f"{run['seed']} {name}", "set": name, "step": step, "accuracy": run[name][i]}
            for run in chosen("runs")
            for i, step in enumerate(run["step"])
            for name in SETS
        ]
        label = f"{cell['phase']}; of {cell['n']} seeds generalized:"
        return {
            "chosen": [cell],
            "curves": curves,
            "readout": [
                {"label": label, "value": cell["generalized"], "format": "d", "color": cell["color"]},
                {
                    "label": "median step of generalization:",
                    "value": cell["median"],
                    "format": ",d",
                    "color": "ink",
                },
            ],
        }


def _cells(runs: pd.DataFrame) -> Columns:
    """One cell for each fraction and decay, with its edges half-way to the next."""
    edges = {key: _edges(np.unique(runs[key]).tolist()) for key in ("fraction", "weight_decay")}
    cells = []
    for key, cell in runs.groupby(["fraction", "weight_decay"]):
        fraction, decay = cast(tuple[float, float], key)
        seen = cell.loc[~cell["censored"].astype(bool), "t_gen"]
        phase = str(cell["phase"].mode()[0])
        (left, right), (low, high) = edges["weight_decay"][decay], edges["fraction"][fraction]
        cells.append(
            {"fraction": fraction, "weight_decay": decay, "left": left, "right": right, "low": low, "high": high}
            | {"across": (left * right) ** 0.5, "upward": (low + high) / 2}
            | {"phase": phase, "color": COLORS[phase], "n": len(cell), "generalized": len(seen)}
            # A run that is censored took longer than all that are not.
            | {"median": int(seen.sort_values().iloc[(len(cell) - 1) // 2]) if 2 * len(seen) > len(cell) else None}
        )
    return {name: compact([cell[name] for cell in cells]) for name in cells[0]}


def _edges(values: Sequence[float]) -> dict[float, tuple[float, float]]:
    middles = [(a + b) / 2 for a, b in itertools.pairwise(values)]
    # Outer cells end at their values: a pointer beyond them would set a slider outside its range.
    return dict(zip(values, zip([values[0], *middles], [*middles, values[-1]], strict=True), strict=True))


def _runs(history: pd.DataFrame) -> Columns:
    """One record per run, with lists ``step``, ``train`` and ``test`` of at most ``KEPT`` evaluations."""
    records = []
    steps = np.unique(history.loc[history["step"] > 0, "step"])
    wanted = np.geomspace(steps[0], steps[-1], KEPT)
    kept = np.unique(steps[np.abs(steps[:, None] - wanted).argmin(axis=0)])
    for key, run in history.groupby(["fraction", "weight_decay", "seed"]):
        fraction, decay, seed = cast(tuple[float, float, int], key)
        # The last evaluation is the outcome.
        shown = run[run["step"].isin(kept) | ((run["step"] == run["step"].max()) & (run["step"] > 0))]
        lists = {name: compact(shown[f"{name}_accuracy"].tolist(), 3) for name in SETS}
        place = {"fraction": compact(fraction), "weight_decay": compact(decay), "seed": int(seed)}
        records.append(place | {"step": shown["step"].astype(int).tolist()} | lists)
    return {name: [record[name] for record in records] for name in records[0]}


def _map_alt(cells: Columns, budget: int) -> str:
    parts = []
    for fraction in sorted(set(cells["fraction"])):
        row = [k for k, at in enumerate(cells["fraction"]) if at == fraction]
        good = [cells["weight_decay"][k] for k in row if 2 * cells["generalized"][k] > cells["n"][k]]
        where = f"from {min(good):g} to {max(good):g}" if good else "none"
        parts.append(f"fraction {fraction:g}: {where}")
    return (
        f"Map over weight decay (log scale) and fraction of the pairs. Decays at which most seeds generalize within "
        f"{budget:,} steps: {'; '.join(parts)}."
    )


def _map(cells: Columns) -> Drawing:
    decays, fractions = sorted(set(cells["weight_decay"])), sorted(set(cells["fraction"]))
    across = alt.Scale(type="log", domain=[min(cells["left"]), max(cells["right"])], nice=False)
    upward = alt.Scale(domain=[min(cells["low"]), max(cells["high"])], nice=False)
    x_axis = alt.Axis(values=decays, tickCount=len(decays), labelExpr="format(datum.value, '~g')", grid=False)
    y_axis = alt.Axis(values=fractions, tickCount=len(fractions), labelExpr="format(datum.value, '~g')", grid=False)
    x = alt.X("left:Q", title="weight decay λ (log scale)", scale=across, axis=x_axis)
    y = alt.Y("low:Q", title="fraction of the pairs", scale=upward, axis=y_axis)
    color = alt.Color(
        "phase:N",
        scale=alt.Scale(domain=list(COLORS), range=[css(name) for name in COLORS.values()]),
        legend=alt.Legend(symbolType="square", symbolOpacity=0.5, columns=2),
    )
    tooltip = [
        alt.Tooltip("fraction:Q"),
        alt.Tooltip("weight_decay:Q", title="weight decay"),
        alt.Tooltip("phase:N"),
        alt.Tooltip("median:Q", title="median step", format=","),
    ]

    def box(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).encode(x=x, x2="right:Q", y=y, y2="high:Q")

    number = alt.Chart(alt.NamedData("cells")).encode(
        x=alt.X("across:Q", scale=across), y=alt.Y("upward:Q", scale=upward), text="generalized:Q"
    )
    return alt.layer(
        box("cells").mark_rect(opacity=0.5, stroke=css("surface"), strokeWidth=1).encode(color=color, tooltip=tooltip),
        number.mark_text(color=css("ink"), fontSize=11),
        box("chosen").mark_rect(filled=False, stroke=css("ink"), strokeWidth=3),
    )


def _curves(first: int, last: int) -> Drawing:
    color = alt.Color(
        "set:N",
        scale=alt.Scale(domain=list(SETS), range=[css(name) for name in SETS]),
        legend=alt.Legend(labelExpr="{train: 'training pairs', test: 'test pairs'}[datum.value]"),
    )
    x = alt.X(
        "step:Q",
        title="training step (log scale)",
        scale=alt.Scale(type="log", domain=[first, last], nice=False),
        axis=alt.Axis(format="~s", values=[10.0**k for k in range(9)], tickCount=9),
    )
    y = alt.Y("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    line = alt.Chart(alt.NamedData("curves")).mark_line(strokeWidth=1.5, opacity=0.8)
    return line.encode(x=x, y=y, color=color, detail="run:N")
