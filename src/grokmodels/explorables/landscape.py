"""The energy landscape of two circuits, and a ball that rolls down it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.numerics import CONTOURS, INTEGRATE
from grokmodels.explorables.program import Program
from grokmodels.explorables.words import Readout
from grokmodels.palette import css
from grokmodels.theory.basins import SADDLE_EFFICIENCY, SLOPE
from grokmodels.theory.circuits import ENERGY_OF, FLOW_OF, TOTAL_MARGIN
from grokmodels.theory.phases import GENERALIZER_RATE, MEMORIZER_RATE, ORIGIN_RATE
from grokmodels.theory.rest import AMPLITUDE, THRESHOLD
from grokmodels.theory.rest import MARGIN as REST

START = 0.7
TIMES = grid(0, 100, 0.5)
SEEDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05]
SIDE = 2.6
# Closer together where the valley is.
LEVELS = [*grid(0.06, 0.28, 0.02), *grid(0.3, 0.9, 0.06), 1.1, 1.4, 1.8, 2.3, 2.9, 3.6, 4.4, 5.3]


class Landscape(Explorable):
    """E(u, v) under logistic loss with c_m = 1 and c_g = ρ, its points of rest, and gradient flow from (0.7, v₀).

    Above degree 2 the straight line between the basins is drawn; no flow crosses it.
    """

    time = Controlled()
    degree = Controlled()
    weight_decay = Controlled()
    ratio = Controlled()
    seed = Controlled()

    kernel = Program(
        Path(__file__).with_suffix(".js"),
        ENERGY_OF["logistic"],
        FLOW_OF["logistic"],
        TOTAL_MARGIN,
        REST,
        THRESHOLD,
        AMPLITUDE,
        SLOPE,
        SADDLE_EFFICIENCY,
        MEMORIZER_RATE,
        GENERALIZER_RATE,
        ORIGIN_RATE,
        INTEGRATE,
        CONTOURS,
    )

    def __init__(
        self,
        *,
        name: str = "landscape",
        title: str = "The landscape that training rolls down",
        question: str = (
            "At degree 2 the ball rests beside the memorizer for a while, then leaves for the rule. "
            "Set the degree to 3: can any weight decay roll it across the dashed line?"
        ),
        **state: Any,
    ) -> None:
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "time": Slider("Time", TIMES, 30, format=".1f", play=True),
                "degree": Slider("Degree D", [1, 2, 2.5, 3, 3.5, 4], 2),
                "weight_decay": Slider("Weight decay λ", grid(0.05, 1, 0.05), 0.1, format=".2f"),
                "ratio": Slider("Efficiency ratio ρ", grid(0.5, 3, 0.1), 2.0, format=".1f"),
                "seed": Slider("Start v₀", [*SEEDS, *grid(0.1, 1, 0.05)], 0.002),
            },
            charts={
                "plane": Chart(
                    _plane(),
                    "Energy E(u, v): stronger lines are lower",
                    "Contour lines of the energy over the amplitudes of the memorizing circuit, to the right, and the "
                    "generalizing circuit, upward, at degree {degree}, weight decay {weight_decay} and ratio {ratio}. "
                    "Filled dots are stable points of rest ({stable}), rings unstable ones ({unstable}). {border} "
                    "The ball starts at 0.7 and {seed}; at time {time} it is {place}.",
                    height=330,
                ),
                "energy": Chart(
                    _energy(),
                    "Energy of the ball against time",
                    "Energy of the ball against time at degree {degree}: {first:.2f} at the start, {energy:.4f} at "
                    "time {time}, {last:.4f} at time 100, when the ball is {end}.",
                    height=330,
                    drag={"x": "time"},
                ),
            },
            layout=("plane energy",),
            readout=(
                Readout("energy", "{energy:.4f}", "ink"),
                Readout("rule's share of the margin", "{share:.1%}", "generalizing"),
            ),
            presets={
                "Three layers": {"degree": 3, "seed": 0.1, "time": 100},
                "Larger start": {"degree": 3, "seed": 0.4, "time": 100},
                "Beyond the fold": {"degree": 3, "seed": 0.1, "weight_decay": 0.95, "time": 100},
                "Worse rule": {"ratio": 0.8, "time": 100},
            },
            guess=Guess(
                chart="energy",
                kind="draw",
                prompt="Three layers (degree 3), a small start: draw the energy of the ball.",
                state={"time": 100, "degree": 3, "weight_decay": 0.1, "ratio": 2, "seed": 0.002},
                answer="It falls once, to {energy:.4f}, and stays: the ball is {place}.",
            ),
            data={
                "start": START,
                "times": TIMES,
                # The ball is fast at first only.
                "early": TIMES.index(10),
                "substeps": [10, 4],
                "side": SIDE,
                "levels": LEVELS,
            },
            **state,
        )


# Before a guess is revealed the ball waits at its start.
PRESENT = f"datum.t === ({REVEALED} ? time : 0)"
PAST = f"{REVEALED} && datum.t <= time"


def _plane() -> Drawing:
    scale = alt.Scale(domain=[0, SIDE], nice=False)
    x = alt.X("u:Q", title="u, memorizing", scale=scale, axis=alt.Axis(titleColor=css("memorizing")))
    y = alt.Y("v:Q", title="v, generalizing", scale=scale, axis=alt.Axis(titleColor=css("generalizing"), grid=False))
    shades = alt.Scale(type="log", domain=[LEVELS[0], 2], range=[0.95, 0.12], clamp=True)
    depth = alt.Opacity("level:Q", scale=shades, legend=None)
    lines = (
        alt.Chart(alt.NamedData("contours"))
        .mark_line(color=css("ink"), strokeWidth=1)
        .encode(
            x=alt.X("x:Q", scale=scale), y=alt.Y("y:Q", scale=scale), detail="line:N", order="order:Q", opacity=depth
        )
    )
    border = alt.Chart(alt.NamedData("line")).encode(x=x, y=y, order="u:Q")
    filled = alt.Fill(
        "stable:N", scale=alt.Scale(domain=[True, False], range=[css("ink"), css("surface")]), legend=None
    )
    rests = alt.Chart(alt.NamedData("points")).encode(x=x, y=y)
    words = rests.transform_filter("!test(/origin|threshold|peak/, datum.name)").encode(text="name:N")
    return alt.layer(
        lines,
        border.mark_line(color=css("ink"), strokeDash=[6, 4], strokeWidth=2, clip=True),
        *_path(x, y, 3, clip=True),
        rests.mark_point(size=70, stroke=css("ink"), strokeWidth=2, opacity=1).encode(fill=filled),
        words.mark_text(dx=9, dy=-10, align="left", fontSize=12, stroke=css("surface"), strokeWidth=4),
        words.mark_text(dx=9, dy=-10, align="left", fontSize=12, color=css("ink")),
        _ball(x, y, 220),
    )


def _energy() -> Drawing:
    x = alt.X("t:Q", title="time", scale=alt.Scale(domain=[0, TIMES[-1]], nice=False))
    # From the deepest point of the landscape up to the start, which is known beforehand: no guess moves the axis.
    ends = [alt.ExprRef("extent(pluck(data('points'), 'energy'))[0]"), alt.ExprRef("data('path')[0].energy")]
    y = alt.Y("energy:Q", title=None, scale=alt.Scale(domain=ends, nice=True))
    rests = (
        alt.Chart(alt.NamedData("points"))
        .transform_calculate(t="{memorizer: 80, rule: 95, both: 95}[datum.name] || (datum.stable ? 55 : 0)")
        .transform_filter(f"{REVEALED} && datum.t")
        .encode(y=y)
    )
    words = rests.encode(x=x, text="name:N")
    return alt.layer(
        rests.mark_rule(color=css("muted"), strokeDash=[2, 3], clip=True),
        *_path(x, y, 2.5),
        words.mark_text(dy=-8, align="right", stroke=css("surface"), strokeWidth=4, clip=True),
        words.mark_text(dy=-8, align="right", clip=True),
        _ball(x, y, 150),
        guessed("draw", x, y),
    )


def _path(x: alt.X, y: alt.Y, width: float, **style: Any) -> list[alt.Chart]:
    """The path of the ball, and over it what it has rolled so far."""
    path = alt.Chart(alt.NamedData("path")).encode(x=x, y=y, order="t:Q")
    style |= {"color": css("train")}
    return [
        path.transform_filter(REVEALED).mark_line(opacity=0.4, strokeWidth=width / 1.5, **style),
        path.transform_filter(PAST).mark_line(strokeWidth=width, **style),
    ]


def _ball(x: alt.X, y: alt.Y, size: float) -> alt.Chart:
    ball = alt.Chart(alt.NamedData("path")).transform_filter(PRESENT).encode(x=x, y=y)
    return ball.mark_point(filled=True, size=size, color=css("train"), opacity=1, stroke=css("surface"))
