"""Escape by noise above degree 2: walkers wait in the memorizer's basin, and their waiting times fill a histogram."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable, Rows, State
from grokmodels.explorables.formulas import formula_kernel, require_within
from grokmodels.palette import css
from grokmodels.theory import basins
from grokmodels.theory.basins import SADDLE_EFFICIENCY
from grokmodels.theory.circuits import FLOW_OF, Circuits, margins
from grokmodels.theory.escape import TO_RULE
from grokmodels.theory.langevin import LANGEVIN, step
from grokmodels.theory.noise import NOISE, Noise
from grokmodels.theory.rest import AMPLITUDE, ENERGY, MARGIN, THRESHOLD

DEGREE, RATIO = 3, 2
WALKERS, SEED = 80, 11
# Time of a step, and steps between two positions of the slider.
DT, STEPS = 0.25, 8
TIMES = grid(0, 200, DT * STEPS)
BIN = 20
LIMITS = {
    "weight_decay": (0.02, 10, "Undefined here: the weight decay λ must be positive, from 0.02 to 10."),
    "temperature": (
        1e-4,
        0.1,
        "Undefined here: the temperature T must be positive, up to 0.1. Without noise nothing ever escapes.",
    ),
    "time": (0, TIMES[-1], "Undefined here: walkers are followed from time 0 to time 200."),
}
NO_BARRIER = (
    "Undefined here: at this weight decay the memorizer or the saddle beside it no longer exists, "
    "so that there is no barrier to cross."
)


class Escape(Explorable):
    """Eighty walkers at degree 3, ρ = 2, that start at the memorizer: who reached the rule, and when.

    dx = −∇E dt + √(2T) dW from a seeded generator; a walker has escaped once the rule has nine tenths of the margin.
    The curve is the exponential with the rate of Langer and Kramers.
    """

    time = Controlled()
    weight_decay = Controlled()
    temperature = Controlled()

    # Walks are continued from where they were, and kept until λ or T moves.
    kernel = formula_kernel(
        """(() => {
      let kept = {};
      function begin(key, weight_decay) {
        const [well, edge] = [restMargin(degree, 1, weight_decay), thresholdMargin(degree, 1, weight_decay)];
        const saddle = restMargin(degree, saddleEfficiency(degree, 1, ratio), weight_decay);
        if (!Number.isFinite(well + saddle)) throw new RangeError(noBarrier);
        const start = [restAmplitude(well, degree, 1), 0];
        const walkers = Array.from({ length: count }, () => ({ at: start, fate: "waiting", t: null }));
        return { key, well, edge, saddle, generator: noise(seed), frames: [walkers] };
      }
      function advance({ frames, edge, generator }, weight_decay, temperature) {
        const flow = (u, v) => logisticFlow(u, v, degree, 1, ratio, weight_decay);
        let walkers = frames[frames.length - 1];
        for (let j = 1; j <= steps; j++) {
          const now = ((frames.length - 1) * steps + j) * dt;
          walkers = walkers.map(({ at, fate, t }) => {
            const kick = [generator.standardNormal(), generator.standardNormal()];
            const next = langevinStep(flow, at, temperature, dt, kick);
            if (fate !== "waiting") return { at: next, fate, t };
            const [memorized, generalized] = [next[0] ** degree, ratio * next[1] ** degree];
            if (memorized + generalized < edge / 10) return { at: next, fate: "collapsed", t: null };
            if (generalized > 9 * memorized) return { at: next, fate: "escaped", t: now };
            return { at: next, fate, t };
          });
        }
        frames.push(walkers);
      }
      return ({ weight_decay, temperature, time }) => {
        const key = [weight_decay, temperature].join();
        if (kept.key !== key) kept = begin(key, weight_decay);
        const frame = Math.round(time / (dt * steps));
        while (kept.frames.length <= frame) advance(kept, weight_decay, temperature);
        const walkers = kept.frames[frame].map(({ at: [u, v], fate }) => ({ u, v, fate }));
        const waits = kept.frames[frame].flatMap(({ t }) => t === null ? [] : [t]);
        const rate = escapeToRule(degree, weight_decay, temperature, kept.well, kept.saddle);
        const histogram = bins.map((low) => {
          const high = low + width;
          const number = waits.filter((t) => t > low && t <= high).length;
          const expected = count * (Math.exp(-rate * low) - Math.exp(-rate * high));
          return { low, high, middle: (low + high) / 2, number, expected };
        });
        const barrier = restEnergy(kept.saddle, degree) - restEnergy(kept.well, degree);
        const collapsed = walkers.filter(({ fate }) => fate === "collapsed").length;
        return {
          walkers, histogram, now: [{ t: time }],
          readout: [
            { label: "barrier ΔE/T", value: barrier / temperature, format: ".1f", color: "ink" },
            { label: "mean wait by Langer–Kramers", value: 1 / rate, format: ",.0f", color: "ink" },
            { label: `of ${count} escaped`, value: waits.length, format: "d", color: "generalizing" },
            { label: "collapsed", value: collapsed, format: "d", color: "muted" },
          ],
        };
      };
    })()""",
        FLOW_OF["logistic"],
        LANGEVIN,
        NOISE,
        MARGIN,
        THRESHOLD,
        AMPLITUDE,
        ENERGY,
        SADDLE_EFFICIENCY,
        TO_RULE,
        limits=LIMITS,
        degree=DEGREE,
        ratio=RATIO,
        count=WALKERS,
        seed=SEED,
        dt=DT,
        steps=STEPS,
        width=BIN,
        bins=grid(0, TIMES[-1] - BIN, BIN),
        noBarrier=NO_BARRIER,
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
                    "Eighty walkers",
                    "Walkers in the plane of the memorizing and the generalizing amplitude at degree 3: those that "
                    "wait crowd around the memorizer at the lower right, those that escaped around the rule at the "
                    "upper left, beyond the dashed line that divides the basins.",
                    height=270,
                ),
                "waits": Chart(
                    _waits(),
                    "Waiting times, beside the law",
                    "Histogram of the times at which walkers reached the rule so far, beside a falling exponential "
                    "with the rate of Langer and Kramers; a vertical line marks the present.",
                    height=270,
                    drag={"x": "time"},
                ),
            },
            layout=("plane waits",),
            data={"line": {"u": [0, 2], "v": [0, 2 / RATIO]}},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``walkers``, ``histogram``, ``now`` and ``readout``."""
        require_within(LIMITS, state)
        temperature, time = state["temperature"], state["time"]
        circuits = Circuits(degree=DEGREE, generalizing_efficiency=RATIO, weight_decay=state["weight_decay"])
        well, saddle, edge = basins.memorizer(circuits), basins.saddle(circuits), basins.threshold(circuits)
        if not np.isfinite(well.margin + saddle.margin):
            raise ValueError(NO_BARRIER)
        noise = Noise(SEED)
        walkers = np.tile([[well.u], [0.0]], WALKERS)
        fates, waits = np.full(WALKERS, "waiting", dtype="<U9"), np.full(WALKERS, np.nan)
        for i in range(1, round(time / (DT * STEPS)) * STEPS + 1):
            walkers = step(circuits, walkers, temperature, DT, noise.standard_normal((WALKERS, 2)).T)
            memorized, generalized = margins(circuits, *walkers)
            waiting = fates == "waiting"
            fell = waiting & (memorized + generalized < edge.margin / 10)
            arrived = waiting & ~fell & (generalized > 9 * memorized)
            fates[fell], fates[arrived], waits[arrived] = "collapsed", "escaped", i * DT
        law = float(TO_RULE(DEGREE, circuits.weight_decay, temperature, well.margin, saddle.margin))
        histogram = []
        for low in grid(0, TIMES[-1] - BIN, BIN):
            high = low + BIN
            expected = WALKERS * (np.exp(-law * low) - np.exp(-law * high))
            number = int(((waits > low) & (waits <= high)).sum())
            ends = {"low": low, "high": high, "middle": (low + high) / 2}
            histogram.append({**ends, "number": number, "expected": float(expected)})
        escaped, collapsed = int((fates == "escaped").sum()), int((fates == "collapsed").sum())
        readout: list[dict[str, Any]] = [
            {"label": "barrier ΔE/T", "value": basins.barrier(circuits) / temperature, "format": ".1f", "color": "ink"},
            {"label": "mean wait by Langer–Kramers", "value": 1 / law, "format": ",.0f", "color": "ink"},
            {"label": f"of {WALKERS} escaped", "value": escaped, "format": "d", "color": "generalizing"},
            {"label": "collapsed", "value": collapsed, "format": "d", "color": "muted"},
        ]
        return {
            "walkers": [
                {"u": u, "v": v, "fate": fate} for (u, v), fate in zip(walkers.T.tolist(), fates.tolist(), strict=True)
            ],
            "histogram": histogram,
            "now": [{"t": time}],
            "readout": readout,
        }


def _plane() -> Drawing:
    side = alt.Scale(domain=[0, 2], nice=False)
    u = alt.X("u:Q", title="u, memorizing", scale=side, axis=alt.Axis(titleColor=css("memorizing")))
    v = alt.Y("v:Q", title="v, generalizing", scale=side, axis=alt.Axis(titleColor=css("generalizing")))
    fates = {"waiting": "memorizing", "escaped": "generalizing", "collapsed": "muted"}
    color = alt.Color(
        "fate:N",
        scale=alt.Scale(domain=[*fates], range=[css(color) for color in fates.values()]),
        legend=alt.Legend(symbolType="circle"),
    )
    line = alt.Chart(alt.NamedData("line")).encode(x=u, y=v)
    walkers = alt.Chart(alt.NamedData("walkers")).encode(x=u, y=v, color=color)
    return alt.layer(
        line.mark_line(color=css("ink"), strokeDash=[6, 4], strokeWidth=2),
        walkers.mark_point(filled=True, size=40, opacity=0.8, clip=True),
    )


def _waits() -> Drawing:
    times = alt.Scale(domain=[0, TIMES[-1]], nice=False)
    base = alt.Chart(alt.NamedData("histogram"))
    bars = base.mark_bar(color=css("generalizing"), opacity=0.75, binSpacing=2).encode(
        x=alt.X("low:Q", title="waiting time", scale=times, axis=alt.Axis(tickCount=5)),
        x2="high:Q",
        y2=alt.datum(0),
        y=alt.Y("number:Q", title="walkers", scale=alt.Scale(domain=[0, 40], nice=False)),
    )
    law = base.mark_line(color=css("ink"), strokeWidth=2, point={"color": css("ink"), "size": 40, "filled": True})
    now = alt.Chart(alt.NamedData("now")).mark_rule(color=css("muted"), strokeDash=[3, 3]).encode(x="t:Q")
    return alt.layer(bars, law.encode(x="middle:Q", y="expected:Q"), now)
