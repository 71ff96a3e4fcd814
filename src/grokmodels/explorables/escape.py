"""Escape by noise at degree 3: walkers that wait at the memorizer, and their waiting times beside the law."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt

from grokmodels.explorables.charts import Chart, Drawing, moment
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.numerics import LANGEVIN, NOISE
from grokmodels.explorables.program import Program
from grokmodels.explorables.words import Readout
from grokmodels.palette import css
from grokmodels.theory import rest
from grokmodels.theory.basins import SADDLE_EFFICIENCY
from grokmodels.theory.circuits import FLOW_OF, TOTAL_MARGIN
from grokmodels.theory.escape import TO_RULE
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.symbols import D, c_g, c_m, lam, u, v

DEGREE, RATIO = 3, 2
WALKERS, SEED = 80, 11
# Time of a step, and steps between two positions of the slider.
DT, STEPS = 0.25, 8
TIMES = grid(0, 200, DT * STEPS)
BIN = 20


class Escape(Explorable):
    """Eighty walkers at degree 3, ρ = 2, that start at the memorizer: who reached the rule, and when.

    dx = −∇E dt + √(2T) dW from a seeded generator; a walker has escaped once the rule has nine tenths of the margin.
    The curve is the exponential with the rate of Langer and Kramers. Beyond the fold the memorizer is gone: walkers
    start where it was last at rest, and there is no curve.
    """

    time = Controlled()
    weight_decay = Controlled()
    temperature = Controlled()

    # "escape" itself is a function of every browser.
    kernel = Program(
        Path(__file__).with_name("escapes.js"),
        # At one degree powers are products, which lets eighty walkers run while a slider moves.
        Kernel(
            "walkerFlow",
            tuple(part.subs({D: DEGREE, c_m: 1}) for part in FLOW_OF["logistic"].expression),
            (u, v, c_g, lam),
        ),
        TOTAL_MARGIN,
        rest.MARGIN,
        rest.THRESHOLD,
        rest.FOLD_MARGIN,
        rest.AMPLITUDE,
        rest.ENERGY,
        SADDLE_EFFICIENCY,
        TO_RULE,
        LANGEVIN,
        NOISE,
    )

    def __init__(
        self,
        *,
        name: str = "escape",
        title: str = "Waiting for noise",
        question: str = (
            "Play. Then raise the weight decay at a low temperature: do the walkers reach the rule sooner, as they did "
            "at degree 2, or later?"
        ),
        **state: Any,
    ) -> None:
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "time": Slider("Time", TIMES, 100, format=".0f", play=True),
                "weight_decay": Slider("Weight decay λ", grid(0.1, 0.9, 0.1), 0.3, format=".1f"),
                "temperature": Slider("Temperature T", [0.004, 0.005, 0.006, 0.007, 0.008, 0.01, 0.012, 0.015], 0.008),
            },
            charts={
                "plane": Chart(
                    _plane(),
                    "{crowd}",
                    "Walkers in the plane of the memorizing and the generalizing amplitude at degree 3, weight decay "
                    "{weight_decay}, temperature {temperature} and time {time}. Of eighty that started {start}, "
                    "{escaped} have escaped to the rule at the upper left, beyond the dashed line that divides the "
                    "plane, {collapsed} have collapsed to the origin{since}, and {waiting} {others}.",
                    height=270,
                ),
                "waits": Chart(
                    _waits(),
                    "{heading}",
                    "Histogram of the times at which walkers reached the rule so far, {escaped} of eighty, {law}; a "
                    "vertical line marks time {time}.",
                    height=270,
                    drag={"x": "time"},
                ),
            },
            layout=("plane waits",),
            readout=(
                Readout("barrier ΔE/T", "{barrier:.1f}", "ink", none="none"),
                Readout("mean wait by Langer–Kramers", "{wait:,.0f}", "ink", none="none"),
                Readout(f"of {WALKERS} escaped", "{escaped:d}", "generalizing"),
                Readout("collapsed", "{collapsed:d}{since}", "muted"),
            ),
            presets={
                "Weak decay": {"time": 200, "weight_decay": 0.1, "temperature": 0.006},
                "Strong decay": {"time": 200, "weight_decay": 0.6, "temperature": 0.006},
                "Hot": {"time": 200, "weight_decay": 0.6, "temperature": 0.015},
                "Near the fold": {"time": 200, "weight_decay": 0.8, "temperature": 0.006},
                "Beyond the fold": {"time": 20, "weight_decay": 0.9},
            },
            guess=Guess(
                chart="waits",
                kind="mark",
                prompt=(
                    "At weight decay 0.3 and temperature 0.008, half of the walkers have reached the rule by time 120. "
                    "Double the decay: when now?"
                ),
                state={"time": 200, "weight_decay": 0.6, "temperature": 0.008},
                answer="Half have reached it by time {half:.0f}: decay raises the barrier, and they wait longer.",
                format=".0f",
            ),
            data={
                "line": {"u": [0, 2], "v": [0, 2 / RATIO]},
                "degree": DEGREE,
                "ratio": RATIO,
                "count": WALKERS,
                "seed": SEED,
                "dt": DT,
                "steps": STEPS,
                "width": BIN,
                "bins": grid(0, TIMES[-1] - BIN, BIN),
            },
            **state,
        )


def _plane() -> Drawing:
    side = alt.Scale(domain=[0, 2], nice=False)
    x = alt.X("u:Q", title="u, memorizing", scale=side, axis=alt.Axis(titleColor=css("memorizing")))
    y = alt.Y("v:Q", title="v, generalizing", scale=side, axis=alt.Axis(titleColor=css("generalizing")))
    fates = {"waiting": "memorizing", "escaped": "generalizing", "collapsed": "muted"}
    beyond = f"weight_decay > {rest.spinodal(DEGREE, 1):.4f}"
    color = alt.Color(
        "fate:N",
        scale=alt.Scale(domain=[*fates], range=[css(color) for color in fates.values()]),
        legend=alt.Legend(
            symbolType="circle",
            labelExpr=f"datum.value === 'waiting' && {beyond} ? 'running' : datum.value",
        ),
    )
    line = alt.Chart(alt.NamedData("line")).encode(x=x, y=y)
    walkers = alt.Chart(alt.NamedData("walkers")).transform_filter(REVEALED).encode(x=x, y=y, color=color)
    return alt.layer(
        line.mark_line(color=css("ink"), strokeDash=[6, 4], strokeWidth=2),
        walkers.mark_point(filled=True, size=40, opacity=0.8, clip=True),
    )


def _waits() -> Drawing:
    times = alt.Scale(domain=[0, TIMES[-1]], nice=False)
    x = alt.X("low:Q", title="waiting time", scale=times, axis=alt.Axis(tickCount=5))
    y = alt.Y("number:Q", title="walkers", scale=alt.Scale(domain=[0, 52], nice=False))
    base = alt.Chart(alt.NamedData("histogram")).transform_filter(REVEALED)
    bars = base.mark_bar(color=css("generalizing"), opacity=0.75, binSpacing=2)
    law = base.mark_line(color=css("ink"), strokeWidth=2, point={"color": css("ink"), "size": 40, "filled": True})
    return alt.layer(
        bars.encode(x=x, x2="high:Q", y2=alt.datum(0), y=y),
        law.encode(x="middle:Q", y="expected:Q"),
        moment(alt.Chart(alt.NamedData("now"))).encode(x="t:Q"),
        guessed("mark", x),
    )
