"""A family of recorded runs over weight decay: the phenomenon in one slider."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import PAIRS, Chart, Drawing, log_steps, percent, series
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.tables import Columns, columns, compact, require_columns, spread
from grokmodels.explorables.words import Readout
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
        outcomes = _outcomes(medians, milestones)
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
                    "Training and test accuracy against training steps (log scale) at weight decay {weight_decay}: the "
                    "median over seeds is above one half {train} on training pairs, {test} on test pairs.",
                    height=260,
                ),
                "delay": Chart(
                    _delay_chart(decays, zero, first, budget),
                    "Steps until each run memorized, generalized (▲ not within the budget)",
                    _delay_alt(outcomes) + " Marked: {weight_decay}.",
                    height=260,
                    drag={"x": "weight_decay"},
                ),
            },
            layout=("curves delay",),
            readout=(
                Readout("of {runs} seeds memorized:", "{memorized:d}", "memorizing"),
                Readout("of {runs} seeds generalized:", "{generalized:d}", "generalizing"),
            ),
            presets={f"Decay {decay:g}": {"weight_decay": decay} for decay in (decays[0], positive[0], decays[-1])},
            guess=_guess(outcomes, start),
            data={
                "curves": _columns(curves),
                "medians": _columns(medians),
                "times": columns(times),
                "readout": _columns(outcomes),
            },
            weight_decay=start,
        )


def _columns(records: list[dict[str, Any]]) -> Columns:
    return {name: [record[name] for record in records] for name in records[0]}


def _curves(history: pd.DataFrame) -> tuple[list[dict[str, Any]], list[dict[str, Any]]]:
    """Runs and their medians, one record each, with lists ``step``, ``train`` and ``test``."""
    history = history[history["step"] > 0]
    curves, medians = [], []
    for decay in np.unique(history["weight_decay"]):
        family = history[history["weight_decay"] == decay]
        kept = spread(family["step"], KEPT)
        wide = {name: family.pivot(index="step", columns="seed", values=f"{name}_accuracy") for name in SETS}
        for seed in np.unique(family["seed"]):
            own = wide["train"][seed].dropna().index
            # The last evaluation is the outcome.
            shown = own[own.isin(kept) | (own == own[-1])]
            lists = {name: compact(wide[name][seed][shown].tolist()) for name in SETS}
            curves.append({"weight_decay": float(decay), "seed": int(seed), "step": shown.tolist()} | lists)
        middle = {name: compact(wide[name].ffill().loc[kept].median(axis=1).tolist()) for name in SETS}
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


def _outcomes(medians: list[dict[str, Any]], milestones: pd.DataFrame) -> list[dict[str, Any]]:
    """What became of the runs at each decay, in numbers and words."""
    outcomes = []
    for row in medians:
        runs = milestones[milestones["weight_decay"] == row["weight_decay"]]
        generalized = runs.loc[~runs["t_gen_censored"].astype(bool), "t_gen"].sort_values()
        outcomes.append(
            {
                "weight_decay": row["weight_decay"],
                "runs": len(runs),
                "memorized": int((~runs["t_mem_censored"].astype(bool)).sum()),
                "generalized": len(generalized),
                # A run that is censored took longer than all that are not.
                "median": int(generalized.iloc[len(runs) // 2]) if len(generalized) > len(runs) // 2 else None,
                **{name: _passes(row, name) for name in SETS},
            }
        )
    return outcomes


def _passes(row: dict[str, Any], name: str) -> str:
    above = [step for step, value in zip(row["step"], row[name], strict=True) if value >= 0.5]
    return f"from step {above[0]:,}" if above else "nowhere within the budget"


def _delay_alt(outcomes: list[dict[str, Any]]) -> str:
    parts = []
    for row in outcomes:
        when = f", median step {row['median']:,}" if row["median"] else ""
        parts.append(f"{row['weight_decay']:g}: {row['generalized']} of {row['runs']} seeds{when}")
    return "Steps until runs generalized, against weight decay (both logarithmic). " + "; ".join(parts) + "."


def _guess(outcomes: list[dict[str, Any]], start: float) -> Guess | None:
    """About the least decay, other than that of the start, at which most seeds generalized."""
    asked = [row["weight_decay"] for row in outcomes if row["median"] and row["weight_decay"] != start]
    if not asked:
        return None
    return Guess(
        chart="curves",
        kind="mark",
        prompt=f"At weight decay {asked[0]:g}, at which step will half of the seeds have generalized?",
        state={"weight_decay": asked[0]},
        answer="It was step {median:,d}.",
    )


def _curve_chart(first: int, last: int) -> Drawing:
    x = log_steps(alt.X, first, last * 1.05)

    def of(name: str) -> alt.Chart:
        return (
            alt.Chart(alt.NamedData(name))
            .transform_filter("datum.weight_decay === weight_decay")
            .transform_flatten(["step", *SETS])
            .transform_fold([*SETS], as_=["set", "accuracy"])
            .transform_filter(f"{REVEALED} || datum.set === 'train'")
            .encode(x=x, y=percent("accuracy"), color=series("set", PAIRS))
        )

    return alt.layer(
        of("curves").mark_line(strokeWidth=1, opacity=0.45).encode(detail="seed:N"),
        of("medians").mark_line(strokeWidth=3),
        guessed("mark", x),
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
    y = log_steps(alt.Y, first, last * 1.37, None)
    kinds = {"memorized": ("memorizing", "memorized"), "generalized": ("generalizing", "generalized")}
    color = series("milestone", kinds, symbolType="circle", symbolOpacity=1)
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

    points = (
        alt.Chart(alt.NamedData("times"))
        .transform_filter(f"{REVEALED} || datum.milestone === 'memorized'")
        .encode(x=x, y=y, color=color, shape=shape, tooltip=tooltip)
    )
    chosen = "datum.weight_decay === weight_decay"
    column = alt.Chart(alt.NamedData("times")).transform_filter(chosen).transform_aggregate(groupby=["place"])
    return alt.layer(
        column.mark_rule(color=css("grid"), strokeWidth=18).encode(x=x),
        points.mark_point(filled=True, size=45, opacity=0.35),
        points.transform_filter(chosen).mark_point(filled=True, size=80, opacity=0.9),
    )
