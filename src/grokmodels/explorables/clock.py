"""The weight-decay clock: amplitudes and loss do what they want in time, one quantity runs straight in decay time."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt

from grokmodels.explorables.charts import Chart, Drawing, moment, pieces_of, series
from grokmodels.explorables.controls import Choice, Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.numerics import INTEGRATE
from grokmodels.explorables.program import Program
from grokmodels.explorables.words import Readout
from grokmodels.palette import css
from grokmodels.recipes.schedules import Schedule
from grokmodels.theory.circuits import FLOW_OF, TOTAL_MARGIN
from grokmodels.theory.clock import READING, SPEED
from grokmodels.theory.integrate import pieces
from grokmodels.theory.losses import LOSS_OF

START = (0.5, 1e-4)
TIME = 150
# Closer together while the data are being fitted; all corners of the schedules are among them.
TIMES = [*grid(0, 4.75, 0.25), *grid(5, TIME, 1)]
SUBSTEPS = 10

SCHEDULES = {
    "constant": Schedule.constant(),
    "late": Schedule.delayed(60),
    "paused": Schedule.paused(30, 90),
    "ramp": Schedule.ramp(0, TIME, 0.0, 1.5),
    "pulsed": Schedule.pulsed(30, 18),
}


class Clock(Explorable):
    """Two circuits of degree D under a decay schedule: what their clock reads is a line in accumulated decay.

    Both start small, at u = 0.5 and v = 0.0001, with c_m = 1 and c_g = ρ, and are followed for 150 units of time.
    """

    schedule = Controlled()
    loss = Controlled()
    degree = Controlled()
    ratio = Controlled()
    weight_decay = Controlled()

    kernel = Program(
        Path(__file__).with_suffix(".js"), *FLOW_OF.values(), *LOSS_OF.values(), TOTAL_MARGIN, READING, SPEED, INTEGRATE
    )

    def __init__(
        self,
        *,
        name: str = "clock",
        title: str = "The weight-decay clock",
        question: str = (
            "Change the schedule of the decay, then the loss: the moment when the rule takes over moves in time. "
            "Which of the four pictures does not change its course?"
        ),
        **state: Any,
    ) -> None:
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "schedule": Choice("Decay", {name: name for name in SCHEDULES}, "constant"),
                "weight_decay": Slider("Weight decay λ", grid(0, 0.15, 0.01), 0.1, format=".2f"),
                "loss": Choice("Loss", {name: name for name in LOSS_OF}, "logistic"),
                "ratio": Slider("Efficiency ratio ρ", grid(0.5, 3, 0.1), 2.0, format=".1f"),
                "degree": Slider("Degree D", [1, 2, 2.5, 3, 3.5, 4], 2),
            },
            charts={
                "amplitudes": Chart(
                    _amplitudes(),
                    "Amplitudes against time",
                    "Amplitudes of the memorizing and the generalizing circuit against time, on a logarithmic axis, at "
                    "degree {degree}, ratio {ratio} and {schedule} decay {weight_decay}. The memorizing one is the "
                    "larger at first; the rule leads from time {at:.1f}.",
                    height=200,
                ),
                "clock": Chart(
                    _reading(),
                    "The clock {formula} since the start, against Λ",
                    "How far the clock, {formula}, has gone since the start, against accumulated decay, on axes that "
                    "stay: simulated values lie on a straight line of slope {speed:.2f}, whatever the loss and the "
                    "schedule.",
                    height=200,
                ),
                "loss": Chart(
                    _loss(),
                    "Training loss against time",
                    "Training loss against time on a logarithmic axis under {schedule} decay: it drops early, then "
                    "follows the decay wherever that goes.",
                    height=120,
                ),
                "decay": Chart(
                    _decay(),
                    "Weight decay λ against time",
                    "The schedule of the weight decay against time: {schedule}, around {weight_decay}.",
                    height=120,
                ),
            },
            layout=("amplitudes clock", "loss decay"),
            readout=(
                Readout("slope of the line", "{speed:.2f}", "ink"),
                Readout("rule leads from time", "{at:.1f}", "generalizing", none="not yet"),
                Readout("that is, Λ", "{spent:.2f}", "generalizing"),
            ),
            presets={
                "Late decay": {"schedule": "late"},
                "Pulsed decay": {"schedule": "pulsed"},
                "Squared loss": {"loss": "squared"},
                "Three layers": {"degree": 3},
            },
            guess=Guess(
                chart="amplitudes",
                kind="mark",
                prompt="Decay starts only at time 60. When does the rule take over?",
                state={"schedule": "late", "loss": "logistic", "degree": 2, "ratio": 2.0, "weight_decay": 0.1},
                answer="It takes over at time {at:.1f}, at Λ = {spent:.2f}.",
                format=".0f",
            ),
            data={
                "start": START,
                "times": TIMES,
                "substeps": SUBSTEPS,
                "schedules": {name: [*pieces(schedule, TIME)] for name, schedule in SCHEDULES.items()},
            },
            **state,
        )


TIME_AXIS = alt.X("t:Q", title="time", scale=alt.Scale(domain=[0, TIME], nice=False))


def _amplitudes() -> Drawing:
    kinds = {"u": ("memorizing", "u, memorizing"), "v": ("generalizing", "v, generalizing")}
    scale = alt.Scale(type="log", domain=[1e-5, 5], nice=False)
    axis = alt.Axis(values=[1e-4, 1e-2, 1], format="~g")
    lines = (
        alt.Chart(alt.NamedData("curves"))
        .transform_fold([*kinds], as_=["circuit", "amplitude"])
        .mark_line(clip=True, strokeWidth=2.5)
        .transform_filter(f"{REVEALED} || datum.t < 60")
        .encode(x=TIME_AXIS, y=alt.Y("amplitude:Q", title=None, scale=scale, axis=axis), color=series("circuit", kinds))
    )
    return alt.layer(_moment("t:Q"), lines, guessed("mark", TIME_AXIS))


def _reading() -> Drawing:
    x = alt.X("decay_time:Q", title="accumulated decay Λ", scale=alt.Scale(domain=[0, 23], nice=False))
    # One scale for all states: a line may look steeper only if it is.
    y = alt.Y("reading:Q", title=None, scale=alt.Scale(domain=[-8, 24], nice=False))
    color = series("kind", {"simulated": ("ink", "simulated"), "the law": ("track", "the law")})
    lines = [
        alt.Chart(alt.NamedData(data))
        .transform_filter(REVEALED)
        .transform_calculate(kind=f"'{kind}'")
        .mark_line(strokeWidth=width, clip=True)
        .encode(x=x, y=y, color=color)
        for data, kind, width in (("law", "the law", 9), ("curves", "simulated", 2))
    ]
    return alt.layer(_moment("decay_time:Q"), *lines)


def _loss() -> Drawing:
    scale = alt.Scale(type="log", domain=[1e-4, 1], nice=False)
    axis = alt.Axis(values=[1e-4, 1e-2, 1], format="~g")
    line = (
        alt.Chart(alt.NamedData("curves"))
        .transform_filter(REVEALED)
        # A squared loss passes through zero, whose logarithm would be drawn at the top.
        .transform_calculate(loss="max(datum.loss, 1e-6)")
        .mark_line(clip=True, strokeWidth=2.5, color=css("train"))
        .encode(x=TIME_AXIS, y=alt.Y("loss:Q", title=None, scale=scale, axis=axis))
    )
    return alt.layer(_moment("t:Q"), line)


def _decay() -> Drawing:
    scale = alt.Scale(domain=[0, 0.23], nice=False)
    y = alt.Y("decay:Q", title=None, scale=scale, axis=alt.Axis(tickCount=2), stack=None)
    return alt.layer(_moment("t:Q"), pieces_of("decays", TIME_AXIS, y))


def _moment(channel: str) -> alt.Chart:
    """A vertical line where the rule comes to lead."""
    return moment(alt.Chart(alt.NamedData("half")).transform_filter(REVEALED), "generalizing").encode(x=channel)
