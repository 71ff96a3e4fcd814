"""A family of recorded runs over weight decay: the phenomenon in one slider."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable, Rows, State, columns, compact, require_columns
from grokmodels.explorables.page import Columns, to_rows
from grokmodels.palette import css

SETS = ["train", "test"]
# Evaluations kept of each run; more would not show on a chart some 400 pixels wide.
KEPT = 60


class Family(Explorable):
    """Runs recorded at several weight decays and seeds: their accuracy curves, and when they memorized and generalized.

    ``history``: columns ``weight_decay``, ``seed``, ``step``, ``train_accuracy``, ``test_accuracy``, one row per
    evaluation of each run. ``milestones``: columns ``weight_decay``, ``seed``, ``t_mem``, ``t_mem_censored``,
    ``t_gen``, ``t_gen_censored``, one row per run; a censored time is the last step looked at. ``weight_decay`` is
    where the slider starts. Some 60 evaluations of each run are kept, evenly spaced in the logarithm of the step.

    The median over seeds counts a run that stopped early with its last accuracies.
    """

    weight_decay = Controlled()

    kernel = """(state, data) => {
      const { curves, medians, times } = data;
      const at = (columns, keep) => columns.weight_decay.flatMap((decay, i) => keep(decay)
        ? [Object.fromEntries(Object.keys(columns).map((name) => [name, columns[name][i]]))] : []);
      const chosen = (columns) => at(columns, (decay) => decay === state.weight_decay);
      const marked = chosen(times);
      if (!marked.length) throw new RangeError(`No run was recorded at weight decay ${state.weight_decay}.`);
      const long = (rows, id) => rows.flatMap((row) => row.step.flatMap((step, i) =>
        ["train", "test"].map((set) => ({ ...id(row, set), set, step, accuracy: row[set][i] }))));
      const count = (name) => marked.filter((row) => row.milestone === name && !row.censored).length;
      const runs = marked.length / 2;
      return {
        runs: long(chosen(curves), (row, set) => ({ run: `${row.seed} ${set}` })),
        median: long(chosen(medians), () => ({})),
        chosen: marked,
        readout: [
          { label: `of ${runs} seeds memorized:`, value: count("memorized"), format: "d", color: "memorizing" },
          { label: `of ${runs} seeds generalized:`, value: count("generalized"), format: "d", color: "generalizing" },
        ],
      };
    }"""

    def __init__(
        self,
        *,
        history: pd.DataFrame,
        milestones: pd.DataFrame,
        weight_decay: float | None = None,
        name: str = "family",
        title: str = "One slider: weight decay",
        question: str = (
            "Every run memorizes early. How does the wait until it generalizes change when you halve the weight decay?"
        ),
    ) -> None:
        require_columns("history", history, ["weight_decay", "seed", "step", "train_accuracy", "test_accuracy"])
        require_columns(
            "milestones", milestones, ["weight_decay", "seed", "t_mem", "t_mem_censored", "t_gen", "t_gen_censored"]
        )
        decays = sorted(float(decay) for decay in milestones["weight_decay"].unique())
        without = set(decays) - set(history["weight_decay"])
        if without:
            raise ValueError(f"history: has no run at weight decay {sorted(without)}")

        curves, medians = _curves(history)
        times = _times(milestones)
        budget = int(history["step"].max())
        first = int(history.loc[history["step"] > 0, "step"].min())
        # Zero has no place on a logarithmic axis: it stands apart at the left.
        positive = [decay for decay in decays if decay > 0]
        zero = min(positive) / 3
        times["place"] = times["weight_decay"].where(times["weight_decay"] > 0, zero)
        start = decays[-1] if weight_decay is None else weight_decay
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={"weight_decay": Slider("Weight decay", decays, initial=decays[-1], format="g")},
            charts={
                "curves": Chart(
                    _curve_chart(first, budget),
                    "Accuracy, one thin line per seed, the median thick",
                    _curves_alt(medians, start),
                    height=260,
                ),
                "delay": Chart(
                    _delay_chart(decays, zero, first, budget),
                    "Steps until each run memorized, generalized (▲ not within the budget)",
                    _delay_alt(milestones),
                    height=260,
                    drag={"x": "weight_decay"},
                ),
            },
            layout=("curves delay",),
            data={"curves": _columns(curves), "medians": _columns(medians), "times": columns(times)},
            weight_decay=start,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``runs``, ``median``, ``chosen`` and ``readout`` at ``state["weight_decay"]``."""

        def chosen(name: str) -> list[dict[str, Any]]:
            return [row for row in to_rows(self.data[name]) if row["weight_decay"] == state["weight_decay"]]

        def long(row: dict[str, Any]) -> list[dict[str, Any]]:
            return [
                {"set": name, "step": step, "accuracy": row[name][i]}
                for i, step in enumerate(row["step"])
                for name in SETS
            ]

        marked = chosen("times")
        if not marked:
            raise ValueError(f"No run was recorded at weight decay {state['weight_decay']}.")
        readout = []
        for milestone, color in (("memorized", "memorizing"), ("generalized", "generalizing")):
            count = sum(row["milestone"] == milestone and not row["censored"] for row in marked)
            label = f"of {len(marked) // 2} seeds {milestone}:"
            readout.append({"label": label, "value": count, "format": "d", "color": color})
        return {
            "runs": [
                {"run": f"{row['seed']} {point['set']}", **point} for row in chosen("curves") for point in long(row)
            ],
            "median": [point for row in chosen("medians") for point in long(row)],
            "chosen": marked,
            "readout": readout,
        }


def _columns(records: list[dict[str, Any]]) -> Columns:
    return {name: [record[name] for record in records] for name in records[0]}


def _curves(history: pd.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Runs and their medians, one record each, with lists ``step``, ``train`` and ``test``."""
    history = history[history["step"] > 0]
    curves, medians = [], []
    for decay in np.unique(history["weight_decay"]):
        family = history[history["weight_decay"] == decay]
        steps = np.unique(family["step"])
        wanted = np.geomspace(steps[0], steps[-1], KEPT)
        kept = np.unique(steps[np.abs(steps[:, None] - wanted).argmin(axis=0)])
        wide = {name: family.pivot(index="step", columns="seed", values=f"{name}_accuracy").loc[kept] for name in SETS}
        for seed in np.unique(family["seed"]):
            present = wide["train"][seed].notna()
            lists = {name: compact(wide[name][seed][present].tolist()) for name in SETS}
            own = {"weight_decay": float(decay), "seed": int(seed), "step": kept[present].tolist()}
            curves.append(own | lists)
        middle = {name: compact(wide[name].ffill().median(axis=1).tolist()) for name in SETS}
        medians.append({"weight_decay": float(decay), "step": kept.tolist(), **middle})
    return curves, medians


def _times(milestones: pd.DataFrame) -> pd.DataFrame:
    """One row per run and milestone: ``weight_decay``, ``seed``, ``milestone``, ``step``, ``censored``."""
    return pd.concat(
        [
            pd.DataFrame(
                {
                    "weight_decay": milestones["weight_decay"].astype(float),
                    "seed": milestones["seed"],
                    "milestone": milestone,
                    "step": milestones[time],
                    "censored": milestones[f"{time}_censored"].astype(bool),
                }
            )
            for time, milestone in (("t_mem", "memorized"), ("t_gen", "generalized"))
        ]
    ).sort_values(["weight_decay", "seed"], ignore_index=True)


def _curves_alt(medians: list[dict[str, Any]], decay: float) -> str:
    row = min(medians, key=lambda record: abs(record["weight_decay"] - decay))

    def crossing(name: str) -> str:
        above = [step for step, value in zip(row["step"], row[name], strict=True) if value >= 0.5]
        return f"from step {above[0]:,}" if above else "nowhere within the budget"

    return (
        f"Training and test accuracy against training steps (log scale) at weight decay {decay:g}: the median over "
        f"seeds is above one half {crossing('train')} on training pairs, {crossing('test')} on test pairs."
    )


def _delay_alt(milestones: pd.DataFrame) -> str:
    parts = []
    for decay, runs in milestones.groupby("weight_decay"):
        seen = runs.loc[~runs["t_gen_censored"].astype(bool), "t_gen"]
        when = f", median step {int(seen.median()):,}" if len(seen) else ""
        parts.append(f"{decay:g}: {len(seen)} of {len(runs)} seeds{when}")
    return "Steps until runs generalized, against weight decay (both logarithmic). " + "; ".join(parts) + "."


def _steps_axis(channel: Any, first: int, last: float, title: str | None) -> Any:
    return channel(
        "step:Q",
        title=title,
        scale=alt.Scale(type="log", domain=[first, last * 1.05], nice=False),
        axis=alt.Axis(format="~s", values=[10.0**k for k in range(9)], tickCount=9),
    )


def _curve_chart(first: int, last: int) -> Drawing:
    color = alt.Color(
        "set:N",
        scale=alt.Scale(domain=SETS, range=[css("train"), css("test")]),
        legend=alt.Legend(labelExpr="{train: 'training pairs', test: 'test pairs'}[datum.value]"),
    )
    y = alt.Y("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    x = _steps_axis(alt.X, first, last, "training step (log scale)")

    def of(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).encode(x=x, y=y, color=color)

    return alt.layer(
        of("runs").mark_line(strokeWidth=1, opacity=0.45).encode(detail="run:N"),
        of("median").mark_line(strokeWidth=3),
    )


def _delay_chart(decays: list[float], zero: float, first: int, last: int) -> Drawing:
    # Vega leaves out every other value where there are more than tickCount.
    axis = alt.Axis(
        values=[decay or zero for decay in decays],
        tickCount=len(decays),
        labelExpr=f"datum.value < {1.01 * zero} ? '0' : format(datum.value, '~g')",
        labelFlush=False,
        labelOverlap="greedy",
        grid=False,
    )
    domain = [min(decay or zero for decay in decays) / 1.4, max(decays) * 1.4]
    x = alt.X("place:Q", title="weight decay", scale=alt.Scale(type="log", domain=domain, nice=False), axis=axis)
    y = _steps_axis(alt.Y, first, last * 1.3, None)
    names = ["memorized", "generalized"]
    color = alt.Color(
        "milestone:N",
        scale=alt.Scale(domain=names, range=[css("memorizing"), css("generalizing")]),
        legend=alt.Legend(symbolType="circle", symbolOpacity=1),
    )
    shape = alt.Shape(
        "censored:N",
        scale=alt.Scale(domain=[False, True], range=["circle", "triangle-up"]),
        legend=None,
    )
    tooltip = [
        alt.Tooltip("weight_decay:Q", title="weight decay"),
        alt.Tooltip("seed:N"),
        alt.Tooltip("step:Q", format=","),
        alt.Tooltip("censored:N", title="not within the budget"),
    ]

    def of(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).encode(x=x, y=y, color=color)

    return alt.layer(
        alt.Chart(alt.NamedData("chosen")).mark_rule(color=css("grid"), strokeWidth=18).encode(x=x),
        of("times").mark_point(filled=True, size=45, opacity=0.35).encode(shape=shape, tooltip=tooltip),
        of("chosen").mark_point(filled=True, size=80, opacity=0.9).encode(shape=shape, tooltip=tooltip),
    )
