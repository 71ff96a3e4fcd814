"""The phases of two layers in the plane of weight decay and efficiency ratio, and the run at a point of it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing, percent, series
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.numerics import GAUSSIAN, INTEGRATE
from grokmodels.explorables.program import Program
from grokmodels.explorables.words import Readout
from grokmodels.palette import css
from grokmodels.theory.circuits import FLOW_OF
from grokmodels.theory.phases import CROSSOVER_RATIO, CROSSOVER_SEED

START = 0.1
CLASSES, CROSSTALK = 97, 0.3
# The run is followed over this many decay times, at times that grow geometrically.
DECAY_TIMES, POINTS, FIRST, SUBSTEPS = 25, 120, 0.1, 32
RATIOS = (0.5, 4.0)
DECAYS = (0.01, 3.0)
# Where the borders are drawn, below and above c_m = 1.
BELOW = [*np.geomspace(DECAYS[0], 0.97, 40).round(5).tolist(), 1.0]
ABOVE = np.geomspace(1, DECAYS[1], 12).round(5).tolist()
COLORS = {"memorization": "memorizing", "grokking": "test", "comprehension": "generalizing", "collapse": "muted"}


class PhaseDiagram(Explorable):
    """Degree 2, logistic loss, c_m = 1 and c_g = ρ: phases of a start at u = 0.1 and v = v₀, and the run at one point.

    Held-out accuracy is that of 97 classes with crosstalk 0.3. The border between grokking and comprehension moves with
    the start: a crossover; the others are transitions.
    """

    weight_decay = Controlled()
    ratio = Controlled()
    seed = Controlled()

    kernel = Program(
        Path(__file__).with_suffix(".js"), FLOW_OF["logistic"], CROSSOVER_SEED, CROSSOVER_RATIO, GAUSSIAN, INTEGRATE
    )

    def __init__(
        self,
        *,
        name: str = "phase-diagram",
        title: str = "Four phases of two circuits",
        question: str = (
            "Drag the point. Which borders change the fate of the run, and which one only its timing? "
            "Then make the start smaller: which border moves?"
        ),
        **state: Any,
    ) -> None:
        decays = [*(float(f"{10 ** (-2 + k / 20):.2g}") for k in range(50)), DECAYS[1]]
        seeds = [1e-5, 3e-5, 1e-4, 3e-4, 1e-3, 3e-3, 0.01, 0.03, 0.1]
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "weight_decay": Slider("Weight decay λ", decays, 0.1),
                "ratio": Slider("Efficiency ratio ρ", grid(*RATIOS, 0.05), 1.6, format=".2f"),
                "seed": Slider("Start v₀", seeds, 1e-3),
            },
            charts={
                "phases": Chart(
                    _phases(),
                    "Phases: drag the point",
                    "Phases in the plane of weight decay (logarithmic) and efficiency ratio, start {seed}. At decay "
                    "{weight_decay}: {column}, and comprehension above. The marked point, at ratio {ratio}, is in the "
                    "phase of {phase}.",
                    height=330,
                    drag={"x": "weight_decay", "y": "ratio"},
                ),
                "margins": Chart(
                    _margins(),
                    "Margin of each circuit against time",
                    "Margins of the memorizing and the generalizing circuit against time on a logarithmic axis, at "
                    "the marked point: {fate}.",
                    height=130,
                ),
                "accuracy": Chart(
                    _accuracy(),
                    "Held-out accuracy against time",
                    "Held-out accuracy against time at the marked point, in the phase of {phase}: at last it is "
                    "{accuracy:.0%}.",
                    height=110,
                ),
            },
            layout=("phases margins", "phases accuracy"),
            readout=(
                Readout("{phase}; the rule leads from time", "{leads:.1f}", "{color}"),
                Readout("held-out accuracy at last", "{accuracy:.0%}", "test"),
            ),
            presets={
                "Memorization": {"ratio": 0.8},
                "Large ratio": {"ratio": 3},
                "Near collapse": {"weight_decay": 0.89},
                "Collapse": {"weight_decay": 2},
            },
            guess=Guess(
                chart="phases",
                kind="draw",
                prompt="The start is ten times smaller, 10⁻⁴: draw the border between grokking and comprehension.",
                state={"weight_decay": 0.1, "ratio": 1.6, "seed": 1e-4},
                answer=(
                    "At decay 0.1 the border is now at ρ = {border:.2f}; from the larger start it is at "
                    f"{CROSSOVER_RATIO(START, 1e-3, 1, 0.1):.2f}."
                ),
            ),
            data={
                "start": START,
                "classes": CLASSES,
                "crosstalk": CROSSTALK,
                "decay_times": DECAY_TIMES,
                "points": POINTS,
                "first": FIRST,
                "substeps": SUBSTEPS,
                "ratios": RATIOS,
                "below": BELOW,
                "above": ABOVE,
                "colors": COLORS,
            },
            **state,
        )


def _phases() -> Drawing:
    axis = alt.Axis(values=[0.01, 0.1, 1], format="~g")
    scale = alt.Scale(type="log", domain=[*DECAYS], nice=False)
    x = alt.X("decay:Q", title="weight decay λ (log scale)", scale=scale, axis=axis)
    height = alt.Scale(domain=[*RATIOS], nice=False)
    y = alt.Y("low:Q", title="efficiency ratio ρ", scale=height)
    kinds = {phase: (color, phase) for phase, color in COLORS.items()}
    color = series("phase", kinds, symbolType="square", columns=2)
    areas = (
        alt.Chart(alt.NamedData("regions"))
        .transform_filter(f"{REVEALED} || !test(/grokking|comprehension/, datum.phase)")
        .mark_area(opacity=0.35)
        .encode(x=x, y=y, y2="high:Q", color=color)
    )
    point = alt.Chart(alt.NamedData("point")).encode(x=x, y=alt.Y("ratio:Q", scale=height))
    dot = point.mark_point(filled=True, size=170, color=css("ink"), opacity=1, stroke=css("surface"))
    return alt.layer(areas, dot, guessed("draw", x, y))


TIME_AXIS = alt.X(
    "t:Q",
    title="time (log scale)",
    scale=alt.Scale(type="log", domain=[FIRST, DECAY_TIMES / DECAYS[0]], nice=False),
    axis=alt.Axis(values=[0.1, 1, 10, 100, 1000], format="~s", labelExpr="format(datum.value, '~g')"),
)


def _margins() -> Drawing:
    names = ["memorizing", "generalizing"]
    color = series("circuit", {name: (name, name) for name in names})
    return (
        alt.Chart(alt.NamedData("curve"))
        .transform_fold([*names], as_=["circuit", "margin"])
        .mark_line(strokeWidth=2.5)
        .encode(x=TIME_AXIS, y=alt.Y("margin:Q", title=None, scale=alt.Scale(domainMin=0)), color=color)
    )


def _accuracy() -> Drawing:
    y = percent("accuracy", tickCount=2)
    line = alt.Chart(alt.NamedData("curve")).mark_line(color=css("test"), strokeWidth=2.5)
    return line.encode(x=TIME_AXIS, y=y)
