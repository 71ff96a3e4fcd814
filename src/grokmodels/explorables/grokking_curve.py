"""The grokking curve of two layers in closed form: the rule's share, and the held-out accuracy that follows it."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable, Rows, State
from grokmodels.explorables.formulas import RATIO, SEED, formula_kernel, require_within
from grokmodels.explorables.page import to_rows
from grokmodels.palette import css
from grokmodels.theory.heldout import WINNING_CHANCE, winning_chance
from grokmodels.theory.kernels import Kernel
from grokmodels.theory.plateau import DECAY_TIME, SHARE, SLOW_MARGIN
from grokmodels.theory.symbols import f, rho, v

CLASSES = 97
DECAY_TIMES = [*grid(0, 25, 0.125)]
LIMITS = {
    "seed": SEED,
    "ratio": RATIO,
    "weight_decay": (
        1e-4,
        0.999,
        "Undefined here: the plateau needs a weight decay λ above 0 and below c_m = 1. Without decay the clock stands "
        "still; above 1 the memorizing circuit collapses.",
    ),
    "crosstalk": (0.001, 10, "Undefined here: the crosstalk σ must be positive, from 0.001 to 10."),
}

# The rule's share where the memorizing circuit rests at margin f beside a seed v, with c_m = 1.
SEED_SHARE = Kernel("seedShare", rho * v**2 / (f + rho * v**2), (v, rho, f))


class GrokkingCurve(Explorable):
    """Degree 2 on the plateau: the memorizing circuit rests, a seed v₀ of the rule grows beside it; c_m = 1, c_g = ρ.

    The share m obeys the closed form at constant margin. Held-out accuracy is that of 97 classes, where the memorizing
    circuit adds Gaussian noise of relative size σ, the crosstalk.
    """

    seed = Controlled()
    ratio = Controlled()
    weight_decay = Controlled()
    crosstalk = Controlled()

    kernel = formula_kernel(
        """(state, data) => {
      const { seed, ratio, weight_decay, crosstalk } = state;
      const rest = plateauSlowMargin(0, ratio, 1, weight_decay);
      const first = seedShare(seed, ratio, rest);
      const chance = winningChance(classes);
      const accuracy = (share) => chance(Math.SQRT2 * share / (1 - share) / crosstalk);
      const curve = decayTimes.map((decay_time) => {
        const share = Math.max(plateauShare(decay_time, first, ratio, 1), leastShare);
        const test_accuracy = share < 1 ? accuracy(share) : 1;
        return { t: decay_time / weight_decay, decay_time, share, test_accuracy };
      });
      const after = curve.findIndex((row) => row.test_accuracy >= 0.5);
      const half = [];
      if (after > 0) {
        const [a, b] = [curve[after - 1], curve[after]];
        const part = (0.5 - a.test_accuracy) / (b.test_accuracy - a.test_accuracy);
        half.push({ decay_time: a.decay_time + part * (b.decay_time - a.decay_time), t: a.t + part * (b.t - a.t) });
      }
      const wait = ratio > 1 && first < 0.5 ? plateauDecayTime(0.5, 1, first, 1, ratio) : null;
      return {
        curve, half,
        readout: [
          { label: "slope of the climb", value: 2 * (ratio - 1), format: ".1f", color: "ink" },
          { label: "share one half at Λ", value: wait, format: ".2f", color: "generalizing" },
          { label: "accuracy one half at time", value: half.length ? half[0].t : null, format: ".0f", color: "test" },
        ],
      };
    }""",
        SHARE,
        SLOW_MARGIN,
        DECAY_TIME,
        SEED_SHARE,
        WINNING_CHANCE,
        limits=LIMITS,
        classes=CLASSES,
        decayTimes=DECAY_TIMES,
        leastShare=1e-300,
    )

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
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "seed": Slider("Seed v₀", seeds, 1e-3),
                "ratio": Slider("Efficiency ratio ρ", grid(0.5, 3, 0.1), 2.0, format=".1f"),
                "weight_decay": Slider("Weight decay λ", decays, 0.1),
                "crosstalk": Slider("Crosstalk σ", [0.05, 0.1, 0.2, 0.3, 0.5, 0.7, 1.0, 1.5, 2.0], 0.3),
            },
            charts={
                "accuracy": Chart(
                    _accuracy(),
                    "Accuracy and the rule's share m",
                    "Training accuracy, held-out accuracy and the rule's share of the margin against time on a "
                    "logarithmic axis: training accuracy is 100 % throughout, the other two stay near zero and "
                    "then rise together late, at a time in inverse proportion to the weight decay.",
                    height=230,
                ),
                "climb": Chart(
                    _climb(),
                    "Share m (log scale) against decay Λ",
                    "The rule's share of the margin on a logarithmic axis against accumulated decay: it climbs in a "
                    "straight line through the whole plateau, of slope 2(ρ − 1), and bends only near one.",
                    height=230,
                ),
            },
            layout=("accuracy climb",),
            data={},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``curve``, ``half`` and ``readout``."""
        require_within(LIMITS, state)
        ratio, decay = state["ratio"], state["weight_decay"]
        rest = SLOW_MARGIN(0, ratio, 1, decay)
        first = float(SEED_SHARE(state["seed"], ratio, rest))
        decay_time = np.array(DECAY_TIMES)
        share = np.maximum(SHARE(decay_time, first, ratio, 1), 1e-300)
        # A share of one to double precision leaves nothing to disturb.
        odds = np.divide(share, 1 - share, out=np.full_like(share, 1e6), where=share < 1)
        accuracy = winning_chance(np.sqrt(2) * odds / state["crosstalk"], CLASSES)
        curve = {"t": decay_time / decay, "decay_time": decay_time, "share": share, "test_accuracy": accuracy}
        after = int(np.argmax(accuracy >= 0.5))
        half = []
        if after:
            low, high = accuracy[after - 1 : after + 1]
            part = (0.5 - low) / (high - low)
            at = float(decay_time[after - 1] + part * (decay_time[after] - decay_time[after - 1]))
            half.append({"decay_time": at, "t": at / decay})
        wait = float(DECAY_TIME(0.5, 1, first, 1, ratio)) if ratio > 1 and first < 0.5 else None
        readout: list[dict[str, Any]] = [
            {"label": "slope of the climb", "value": 2 * (ratio - 1), "format": ".1f", "color": "ink"},
            {"label": "share one half at Λ", "value": wait, "format": ".2f", "color": "generalizing"},
            {
                "label": "accuracy one half at time",
                "value": half[0]["t"] if half else None,
                "format": ".0f",
                "color": "test",
            },
        ]
        table = to_rows(curve)
        return {"curve": table, "half": half, "readout": readout}


def _accuracy() -> Drawing:
    scale = alt.Scale(type="log", domain=[1, 3000], nice=False)
    x = alt.X("t:Q", title="time (log scale)", scale=scale, axis=alt.Axis(values=[1, 10, 100, 1000], format="~s"))
    y = alt.Y("value:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%"))
    names = ["train_accuracy", "test_accuracy", "share"]
    labels = "{train_accuracy: 'training', test_accuracy: 'held out', share: 'share m'}[datum.value]"
    color = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=names, range=[css("train"), css("test"), css("generalizing")]),
        legend=alt.Legend(labelExpr=labels),
    )
    lines = (
        alt.Chart(alt.NamedData("curve"))
        .transform_filter("datum.t > 0")
        .transform_calculate(train_accuracy="1")
        .transform_fold([*names], as_=["kind", "value"])
        .mark_line(clip=True, strokeWidth=2.5)
        .encode(x=x, y=y, color=color)
    )
    return alt.layer(_half("t:Q"), lines)


def _climb() -> Drawing:
    x = alt.X("decay_time:Q", title="accumulated decay Λ", scale=alt.Scale(domain=[0, 25], nice=False))
    scale = alt.Scale(type="log", domain=[1e-12, 2], nice=False)
    y = alt.Y("share:Q", title=None, scale=scale, axis=alt.Axis(values=[1e-12, 1e-8, 1e-4, 1], format="~e"))
    line = alt.Chart(alt.NamedData("curve")).mark_line(color=css("generalizing"), strokeWidth=2.5, clip=True)
    return alt.layer(_half("decay_time:Q"), line.encode(x=x, y=y))


def _half(channel: str) -> alt.Chart:
    """A vertical line where the held-out accuracy passes one half."""
    rule = alt.Chart(alt.NamedData("half")).mark_rule(color=css("test"), strokeDash=[3, 3])
    return rule.encode(x=channel)
