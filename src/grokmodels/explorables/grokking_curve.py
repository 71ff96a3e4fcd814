"""The grokking curve of two layers in closed form: the rule's share, and the held-out accuracy that follows it."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing, moment, percent, powers, series
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.numerics import GAUSSIAN, INTEGRATE
from grokmodels.explorables.program import Program
from grokmodels.explorables.words import Readout
from grokmodels.palette import css
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.plateau import DECAY_TIME, SHARE, SLOW_MARGIN
from grokmodels.theory.symbols import f, rho, v

CLASSES = 97
DECAY_TIMES = grid(0, 25, 0.125)

# The rule's share where the memorizing circuit rests at margin f beside a start v, with c_m = 1.
SEED_SHARE = Kernel("seedShare", rho * v**2 / (f + rho * v**2), (v, rho, f))


class GrokkingCurve(Explorable):
    """Degree 2 on the plateau: the memorizing circuit rests, the rule grows from v₀ beside it; c_m = 1, c_g = ρ.

    The share m obeys the closed form at constant margin. Held-out accuracy is that of 97 classes, where the memorizing
    circuit adds Gaussian noise of relative size σ, the crosstalk.
    """

    seed = Controlled()
    ratio = Controlled()
    weight_decay = Controlled()
    crosstalk = Controlled()

    kernel = Program(Path(__file__).with_suffix(".js"), SHARE, SLOW_MARGIN, DECAY_TIME, SEED_SHARE, GAUSSIAN, INTEGRATE)

    def __init__(
        self,
        *,
        name: str = "grokking-curve",
        title: str = "The grokking curve in closed form",
        question: str = (
            "Find the one slider that delays the jump in accuracy without touching the rule's share. "
            "Which of the others change the slope of the climb through the plateau?"
        ),
        **state: Any,
    ) -> None:
        decays = [0.01, 0.02, 0.03, 0.05, 0.07, 0.1, 0.15, 0.2, 0.3, 0.5, 0.7]
        seeds = [float(f"{10.0**power:.2g}") for power in np.arange(-6, -0.4, 0.25)]
        controls = {
            "seed": Slider("Start v₀", seeds, 1e-3),
            "ratio": Slider("Efficiency ratio ρ", grid(0.5, 3, 0.1), 2.0, format=".1f"),
            "weight_decay": Slider("Weight decay λ", decays, 0.1),
            "crosstalk": Slider("Crosstalk σ", [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0], 0.3),
        }
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls=controls,
            charts={
                "accuracy": Chart(
                    _accuracy(),
                    "Accuracy and the rule's share m",
                    "Training accuracy, held-out accuracy and the rule's share of the margin against time on a "
                    "logarithmic axis, at weight decay {weight_decay}: training accuracy is 100 % throughout, held-out "
                    "accuracy {passes}, the share {moves}.",
                    height=230,
                ),
                "climb": Chart(
                    _climb(),
                    "Share m (log scale) against decay Λ",
                    "The rule's share of the margin on a logarithmic axis against accumulated decay, from start {seed} "
                    "at ratio {ratio}: while it is small it {moves}, in a straight line of slope 2(ρ − 1) = "
                    "{slope:.1f}.",
                    height=230,
                ),
            },
            layout=("accuracy climb",),
            readout=(
                Readout("slope of the climb", "{slope:.1f}", "ink"),
                Readout("share one half at Λ", "{wait:.2f}", "generalizing"),
                Readout("accuracy one half at time", "{at:.0f}", "test"),
            ),
            presets={
                "Half the decay": {"weight_decay": 0.05},
                "Barely better": {"ratio": 1.3},
                "More crosstalk": {"crosstalk": 1},
                "Large start": {"seed": 0.1},
            },
            guess=Guess(
                chart="accuracy",
                kind="mark",
                prompt="The decay is halved, from 0.1 to 0.05: when does held-out accuracy pass one half?",
                state={trait: control.initial for trait, control in controls.items()} | state | {"weight_decay": 0.05},
                answer="It passes one half at time {at:.0f}, at Λ = {spent:.1f}.",
            ),
            data={"decay_times": DECAY_TIMES, "classes": CLASSES},
            **state,
        )


def _accuracy() -> Drawing:
    scale = alt.Scale(type="log", domain=[1, 3000], nice=False)
    x = alt.X("t:Q", title="time (log scale)", scale=scale, axis=alt.Axis(values=[1, 10, 100, 1000], format="~s"))
    kinds = {"train_accuracy": ("train", "training"), "test_accuracy": ("test", "held out")}
    kinds["share"] = "generalizing", "share m"
    lines = (
        alt.Chart(alt.NamedData("curve"))
        .transform_filter("datum.t > 0")
        .transform_calculate(train_accuracy="1")
        .transform_fold([*kinds], as_=["kind", "value"])
        .transform_filter(f"{REVEALED} || datum.kind === 'train_accuracy'")
        .mark_line(clip=True, strokeWidth=2.5)
        .encode(x=x, y=percent("value"), color=series("kind", kinds))
    )
    return alt.layer(_half("t:Q"), lines, guessed("mark", x))


def _climb() -> Drawing:
    x = alt.X("decay_time:Q", title="accumulated decay Λ", scale=alt.Scale(domain=[0, 25], nice=False))
    scale = alt.Scale(type="log", domain=[1e-14, 2], nice=False)
    y = alt.Y("share:Q", title=None, scale=scale, axis=powers(-12, -8, -4, 0))
    curve = alt.Chart(alt.NamedData("curve")).transform_filter(REVEALED)
    line = curve.mark_line(color=css("generalizing"), strokeWidth=2.5, clip=True)
    return alt.layer(_half("decay_time:Q"), line.encode(x=x, y=y))


def _half(channel: str) -> alt.Chart:
    """A vertical line where the held-out accuracy passes one half."""
    return moment(alt.Chart(alt.NamedData("half")).transform_filter(REVEALED), "test").encode(x=channel)
