"""Optimizers side by side on recorded runs: one slider of decay moves them all."""

from __future__ import annotations

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, log_steps, series
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.tables import columns, require_columns
from grokmodels.explorables.words import Readout, number
from grokmodels.palette import css
from grokmodels.statistics import median_wait

MILESTONES = {"memorized": "t_mem", "generalized": "t_gen"}
RUNS = [
    "lane",
    "level",
    "weight_decay",
    "seed",
    *(name + end for name in MILESTONES.values() for end in ("", "_censored")),
]
KINDS = {"memorized": ("memorizing", "memorized"), "generalized": ("generalizing", "generalized")}
HERE = "datum.level === level"
# Pixels of a lane.
LANE = 44


class Race(Explorable):
    """When the runs of several optimizers memorized and generalized, at one level of decay after the other.

    ``runs``: columns ``lane`` (the optimizer), ``level`` (0 without decay, then 1 for the weakest), ``weight_decay``,
    ``seed``, ``t_mem``, ``t_mem_censored``, ``t_gen``, ``t_gen_censored``, a row a run; a censored time is the last
    step looked at. Every lane has every level. The reader starts at ``level`` and is asked about the lane ``asked`` at
    the next.
    """

    level = Controlled()

    def __init__(
        self,
        *,
        runs: pd.DataFrame,
        asked: str,
        level: int,
        name: str = "race",
        title: str = "A race of optimizers: one slider of decay",
        question: str = "Which lanes does a stronger decay move by the same factor, and which does it hardly move?",
    ) -> None:
        require_columns("runs", runs, RUNS)
        lanes, levels = runs["lane"].unique().tolist(), sorted(int(one) for one in runs["level"].unique())
        told = _told(runs)
        if len(told) != len(lanes) * len(levels):
            raise ValueError(f"runs: got {len(told)} of lane and level; must have all {len(lanes) * len(levels)}")
        after = told[(told["lane"] == asked) & (told["level"] == level + 1)]
        if after.empty:
            raise ValueError(f"asked: got {asked!r} at level {level}; must be a lane that has a next level")
        times, answer = _times(runs), after["t_gen"].iloc[0]
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "level": Slider(
                    "Decay, from none to strong", levels, level,
                    names={one: "none" if one == 0 else f"level {one}" for one in levels},
                )
            },
            charts={
                "lanes": Chart(
                    _lanes(lanes, float(times["step"].min()), float(times["step"].max())),
                    "Steps until each run memorized, generalized (▲ not within the budget); pale: at the other levels",
                    "Training steps (log scale) at which runs memorized and generalized, a row an optimizer. {lanes}",
                    height=LANE * len(lanes),
                )
            },
            layout=("lanes",),
            readout=(
                Readout("the rule first with {first} at step", "{step:,d}", "generalizing"),
                Readout("of {runs} runs generalized:", "{generalized:d}", "generalizing"),
            ),
            presets={"No decay": {"level": levels[0]}, "Strongest": {"level": levels[-1]}},
            guess=Guess(
                chart="lanes",
                kind="mark",
                prompt=f"One level up, to decay {number(after['weight_decay'].iloc[0])} in the lane of {asked}: "
                "at which step will its median run have the rule?",
                state={"level": level + 1},
                answer=f"It was step {answer:,.0f}." if pd.notna(answer) else "It had not, within the budget.",
            ),
            data={"times": columns(times), "medians": columns(told), "readout": columns(_outcomes(told, runs))},
            level=level,
        )  # fmt: skip


def _told(runs: pd.DataFrame) -> pd.DataFrame:
    """The medians ``t_mem`` and ``t_gen`` of each lane and level, missing where half still wait, and the ``budget``."""
    rows = []
    for (lane, level), own in runs.groupby(["lane", "level"], sort=False):
        waits = {name: median_wait(own[name], own[f"{name}_censored"].astype(bool)) for name in MILESTONES.values()}
        decay, budget = own["weight_decay"].iloc[0], own["t_gen"].max()
        rows.append({"lane": lane, "level": level, "weight_decay": decay, "budget": budget, **waits})
    told = pd.DataFrame(rows).replace(float("inf"), float("nan"))
    words = [f"λ = {number(decay)}" if decay else "no decay" for decay in told["weight_decay"]]
    return told.assign(words=words, end=told["t_gen"].fillna(told["budget"]))


def _times(runs: pd.DataFrame) -> pd.DataFrame:
    """One row a run and milestone: ``lane``, ``level``, ``seed``, ``milestone``, ``step``, ``censored``."""
    place = runs[["lane", "level", "seed"]]
    parts = [
        place.assign(milestone=milestone, step=runs[name], censored=runs[f"{name}_censored"].astype(bool))
        for milestone, name in MILESTONES.items()
    ]
    return pd.concat(parts, ignore_index=True)


def _outcomes(told: pd.DataFrame, runs: pd.DataFrame) -> pd.DataFrame:
    """What became of the runs at each level, in numbers and words."""
    rows = []
    for level, own in told.groupby("level"):
        late = runs.loc[runs["level"] == level, "t_gen_censored"].astype(bool)
        # Missing medians come last.
        first = own.sort_values("t_gen").iloc[0]
        lane, step = (None, None) if np.isnan(first["t_gen"]) else (first["lane"], first["t_gen"])
        ends = [
            f"{name} ({words}): " + ("not within the budget" if np.isnan(t_gen) else f"step {t_gen:,.0f}")
            for name, words, t_gen in zip(own["lane"], own["words"], own["t_gen"], strict=True)
        ]
        rows.append(
            {
                "level": level,
                "runs": len(late),
                "generalized": int((~late).sum()),
                "first": lane,
                "step": step,
                "lanes": "Medians of the latter: " + "; ".join(ends) + ".",
            }
        )
    return pd.DataFrame(rows)


def _lanes(lanes: list[str], first: float, last: float) -> Drawing:
    x = log_steps(alt.X, first / 1.3, last * 1.15)
    y = alt.Y("lane:N", sort=lanes, title=None, axis=alt.Axis(grid=False, minExtent=80))
    shown = f"{REVEALED} || datum.milestone === 'memorized'"
    color = series("milestone", KINDS, symbolType="circle", symbolOpacity=1)
    shape = alt.Shape("censored:N", scale=alt.Scale(domain=[False, True], range=["circle", "triangle-up"]), legend=None)
    tooltip = [alt.Tooltip("seed:N"), alt.Tooltip("milestone:N"), alt.Tooltip("step:Q", format=",")]
    points = alt.Chart(alt.NamedData("times")).encode(x=x, y=y, color=color, shape=shape, tooltip=tooltip)
    medians = alt.Chart(alt.NamedData("medians")).transform_filter(HERE).encode(y=y)
    span = medians.transform_filter(REVEALED).transform_calculate(step="datum.t_mem")
    return alt.layer(
        span.mark_bar(color=css("track"), height=10).encode(x=x, x2="end:Q"),
        points.transform_filter(f"datum.milestone === 'generalized' && !({HERE}) && !datum.censored").mark_point(
            filled=True, size=20, opacity=0.18
        ),
        points.transform_filter(HERE).transform_filter(shown).mark_point(filled=True, size=60, opacity=0.7),
        medians.mark_text(align="left", dy=-14, dx=2).encode(x=alt.value(0), text="words:N"),
        guessed("mark", x),
    )
