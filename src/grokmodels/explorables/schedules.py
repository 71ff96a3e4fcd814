"""A decay schedule shaped by the reader: what the toy makes of it, beside the runs whose schedule is nearest."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, moment, percent, pieces_of
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.numerics import INTEGRATE
from grokmodels.explorables.program import Program
from grokmodels.explorables.tables import Columns, columns, compact, require_columns
from grokmodels.explorables.words import Readout
from grokmodels.palette import css
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.circuits import FLOW_OF, Circuits
from grokmodels.theory.integrate import pieces
from grokmodels.theory.plateau import grokking_decay_time

# Steps shown, and those at which the toy is seen: all corners of a reader's schedule are among them.
HORIZON = 6000
STEPS = [*range(0, HORIZON + 1, 50)]
SUBSTEPS = 6
# The toy's time per unit of Σ η: a network's decay of 1 is a decay of 0.1 in the toy, and Λ is the same in both.
TOY_DECAY = 0.1
MEMORIZING = 0.5
# Evaluations kept of each recorded run.
KEPT = 40
# Where a pause begins, unless the reader moves it.
PAUSE = 400


class Schedules(Explorable):
    """Start, ramp, pause and strength of the decay; the toy's share and Λ beside the nearest recorded schedule.

    ``history``: columns ``schedule``, ``seed``, ``step``, ``decay_time``, ``test_accuracy``, one row per evaluation of
    each recorded run. ``milestones``: ``schedule``, ``seed``, ``t_gen``, ``clock`` (Λ there), ``t_gen_censored``, one
    row per run. ``schedules`` maps the names to (weight decay, schedule), all with one ``learning_rate``. The toy is of
    degree 2 with efficiency ``ratio``; its seed v is chosen so that it turns at the decay time ``turn`` under a
    constant decay of 1. Nothing else is fitted. Nearest is the recorded schedule whose Λ(step) differs least (root of
    the mean square over steps) while Λ is below 1.5 ``turn``. ValueError for missing columns, names that are not in all
    three, and a turn that the toy does not show from such seeds.
    """

    strength = Controlled()
    start = Controlled()
    ramp = Controlled()
    pause = Controlled()
    length = Controlled()

    kernel = Program(Path(__file__).with_suffix(".js"), FLOW_OF["logistic"], INTEGRATE)

    def __init__(
        self,
        *,
        history: pd.DataFrame,
        milestones: pd.DataFrame,
        schedules: Mapping[str, tuple[float, Schedule]],
        turn: float,
        ratio: float = 1.6,
        learning_rate: float = 0.003,
        name: str = "schedules",
        title: str = "Shape the decay",
        question: str = (
            "Find two schedules that turn at least 1,500 steps apart. How far apart are they in accumulated decay?"
        ),
        **state: Any,
    ) -> None:
        require_columns("history", history, ["schedule", "seed", "step", "decay_time", "test_accuracy"])
        require_columns("milestones", milestones, ["schedule", "seed", "t_gen", "clock", "t_gen_censored"])
        names = set(schedules)
        without = names ^ set(history["schedule"]) | names ^ set(milestones["schedule"])
        if without:
            raise ValueError(
                f"schedules: runs and schedules must have the same names; {sorted(without)} are not in all"
            )
        cap = 1.5 * turn
        start = [MEMORIZING, _seed(turn, ratio)]
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "strength": Slider("Decay λ", grid(0.2, 1, 0.1), 1.0, format=".1f"),
                "start": Slider("Starts at step", grid(0, 3000, 100), 0, format=","),
                "ramp": Slider("Ramp takes", grid(0, 4000, 200), 0, unit="steps", format=","),
                "pause": Slider("Pause from step", grid(0, 3000, 100), PAUSE, format=","),
                "length": Slider("Pause takes", grid(0, 3000, 100), 0, unit="steps", format=","),
            },
            charts={
                "share": Chart(
                    _share(STEP_AXIS, guessed("mark", STEP_AXIS)),
                    "The toy's share (thick), test accuracy of the nearest runs (thin)",
                    "Generalizing share of the toy, and test accuracy of the {seeds:d} recorded runs of the nearest "
                    "schedule, {nearest}, against training steps: the toy {turns}.",
                    height=200,
                ),
                "clock": Chart(
                    _share(alt.X("decay_time:Q", title="accumulated decay Λ", scale=_from_zero(cap))),
                    "The same, against accumulated decay Λ",
                    "The same curves against accumulated decay: under every schedule they rise at nearly one value. "
                    "The toy {turns}.",
                    height=200,
                ),
                "decay": Chart(
                    _decay(),
                    "Your decay (gray), the nearest recorded one (dashed)",
                    "Weight decay against training steps as an area: it starts at step {start}, ramps up to {strength} "
                    "in {ramp}, and pauses from step {pause} for {length}. Dashed: the nearest recorded schedule, "
                    "{nearest}.",
                    height=130,
                ),
                "curves": Chart(
                    _clocks(cap),
                    "Λ: yours (thick), nearest (dashed), all recorded (thin)",
                    "Accumulated decay against training steps for the chosen schedule, the nearest recorded one, "
                    "{nearest}, and all others. Where the toy turns there is a level line: it {turns}.",
                    height=130,
                ),
            },
            layout=("share clock", "decay curves"),
            readout=(
                Readout("the toy turns at step", "{at:,.0f}", "generalizing"),
                Readout("at Λ", "{spent:.2f}", "generalizing"),
                Readout("nearest runs (median) at step", "{recorded_at:,.0f}", "test"),
                Readout("at Λ", "{recorded_spent:.2f}", "test"),
            ),
            presets={
                "Late decay": {"start": 1500},
                "Paused": {"pause": PAUSE, "length": 1000},
                "Ramp": {"ramp": 4000},
                "Weak decay": {"strength": 0.3},
            },
            guess=Guess(
                chart="share",
                kind="mark",
                prompt=f"The decay pauses from step {PAUSE} for 2,000 steps: at which step does the toy turn?",
                state={"strength": 1.0, "start": 0, "ramp": 0, "pause": PAUSE, "length": 2000},
                answer="It turns at step {at:,.0f}, at Λ = {spent:.2f}.",
            ),
            data={
                "toy": {"ratio": ratio, "rate": learning_rate, "decay": TOY_DECAY, "start": start, "cap": cap},
                "steps": STEPS,
                "substeps": SUBSTEPS,
                "plans": _plans(schedules, milestones, learning_rate),
                "corners": _corners(schedules),
                "records": _records(history),
            },
            **state,
        )


def _seed(turn: float, ratio: float) -> float:
    """The seed v from which the toy turns at this decay time."""
    from scipy.optimize import brentq

    model = Circuits(generalizing_efficiency=ratio, weight_decay=TOY_DECAY)
    # A smaller seed turns later; the bracket holds any turn that a network of the book has shown.
    bracket = -12, np.log10(0.4)
    latest, soonest = (grokking_decay_time(model, MEMORIZING, 10**x) for x in bracket)
    # A seed that is ahead from the start has its turn before it.
    soonest = max(soonest, 0.0)
    if not soonest < turn <= latest:
        raise ValueError(f"turn: got {turn}; must be above {soonest:.3g}, at most {latest:.3g} at the ratio {ratio}")
    exponent = brentq(lambda x: grokking_decay_time(model, MEMORIZING, 10**x) - turn, *bracket)
    return float(f"{10**exponent:.6g}")


def _plans(schedules: Mapping[str, tuple[float, Schedule]], milestones: pd.DataFrame, rate: float) -> Columns:
    """One row per recorded schedule: number of runs, medians of their times, and Λ at the steps shown."""
    # A run that is censored took longer than all that are not.
    times = milestones[["t_gen", "clock"]].astype(float).mask(milestones["t_gen_censored"].astype(bool), np.inf, axis=0)
    runs = times.groupby(milestones["schedule"])
    table = runs.median().assign(seeds=runs.size()).loc[[*schedules]].reset_index()
    passed = [
        np.append(0, rate * decay * schedule(np.arange(HORIZON)).cumsum())[STEPS]
        for decay, schedule in schedules.values()
    ]
    return columns(table) | {"step": [STEPS] * len(table), "decay_time": compact(passed)}


def _corners(schedules: Mapping[str, tuple[float, Schedule]]) -> Columns:
    """Both ends of the straight pieces of every recorded schedule, numbered: at a jump the steps do not order them."""
    rows = [
        (label, step, decay * factor)
        for label, (decay, schedule) in schedules.items()
        for begin, end, first, last in pieces(schedule, HORIZON)
        for step, factor in ((begin, first), (end, last))
    ]
    return columns(pd.DataFrame(rows, columns=["schedule", "step", "decay"]).rename_axis("row").reset_index())


def _records(history: pd.DataFrame) -> Columns:
    """One row per recorded run, with lists of some evenly spaced evaluations."""
    rows = []
    for (schedule, seed), run in history[history["step"] <= HORIZON].groupby(["schedule", "seed"], sort=False):
        kept = run.iloc[np.unique(np.linspace(0, len(run) - 1, KEPT).round().astype(int))]
        lists = kept[["step", "decay_time", "test_accuracy"]].to_dict("list")
        rows.append({"schedule": schedule, "seed": seed, **lists})
    return columns(pd.DataFrame(rows), 3)


def _from_zero(last: float) -> alt.Scale:
    return alt.Scale(domain=[0, last], nice=False)


STEP_AXIS = alt.X("step:Q", title="training step", scale=_from_zero(HORIZON), axis=alt.Axis(format=",d"))


def _nearest(table: str) -> alt.Chart:
    """The rows of a recorded table that are of the schedule which the kernel finds nearest."""
    found = alt.LookupData(alt.NamedData("nearest"), "schedule", ["name"])
    return alt.Chart(alt.NamedData(table)).transform_lookup("schedule", from_=found).transform_filter("datum.name")


def _turn() -> alt.Chart:
    return moment(alt.Chart(alt.NamedData("half")).transform_filter(REVEALED), "generalizing")


def _share(x: alt.X, *over: alt.Chart) -> Drawing:
    runs = _nearest("records").transform_flatten(["step", "decay_time", "test_accuracy"]).transform_filter(REVEALED)
    runs = runs.mark_line(clip=True, strokeWidth=1.2, opacity=0.6, color=css("test"))
    toy = alt.Chart(alt.NamedData("curves")).transform_filter(f"{REVEALED} || datum.step <= {PAUSE}")
    toy = toy.mark_line(clip=True, strokeWidth=3, color=css("generalizing"))

    return alt.layer(
        _turn().encode(x=x),
        runs.encode(x=x, y=percent("test_accuracy"), detail="seed:N", order="step:Q"),
        toy.encode(x=x, y=percent("share"), order="step:Q"),
        *over,
    )


def _decay() -> Drawing:
    scale = alt.Scale(domain=[0, 1.25], nice=False)
    y = alt.Y("decay:Q", title=None, scale=scale, axis=alt.Axis(values=[0, 0.5, 1]), stack=None)
    theirs = _nearest("corners").mark_line(color=css("test"), strokeDash=[5, 4], strokeWidth=1.5)
    words = alt.Chart(alt.NamedData("nearest")).mark_text(align="left", baseline="top", fontSize=12, color=css("test"))
    return alt.layer(
        pieces_of("decays", STEP_AXIS, y),
        theirs.encode(x=STEP_AXIS, y=y, order="row:Q"),
        words.encode(x=alt.value(4), y=alt.value(0), text="name:N"),
    )


def _clocks(cap: float) -> Drawing:
    y = alt.Y("decay_time:Q", title=None, scale=_from_zero(cap))

    def line(chart: alt.Chart, **style: Any) -> alt.Chart:
        return chart.mark_line(clip=True, **style).encode(x=STEP_AXIS, y=y)

    def listed(chart: alt.Chart) -> alt.Chart:
        return chart.transform_flatten(["step", "decay_time"])

    recorded, mine = (alt.Chart(alt.NamedData(name)) for name in ("plans", "curves"))
    return alt.layer(
        _turn().encode(y=y),
        line(listed(recorded), color=css("muted"), strokeWidth=0.7, opacity=0.5).encode(detail="schedule:N"),
        line(listed(_nearest("plans")), color=css("test"), strokeDash=[5, 4], strokeWidth=2),
        line(mine, color=css("ink"), strokeWidth=2.5),
    )
