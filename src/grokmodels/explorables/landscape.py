"""The energy landscape of two circuits, and a ball that rolls down it."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.contours import CONTOURS, contours
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable, Rows, State
from grokmodels.explorables.formulas import DEGREE, RATIO, SEED, formula_kernel, require_within
from grokmodels.explorables.page import to_rows
from grokmodels.palette import css
from grokmodels.theory.basins import SADDLE_EFFICIENCY, SLOPE
from grokmodels.theory.circuits import ENERGY_OF, FLOW_OF
from grokmodels.theory.integrate import RUNGE_KUTTA, runge_kutta
from grokmodels.theory.phases import GENERALIZER_RATE, MEMORIZER_RATE, ORIGIN_RATE
from grokmodels.theory.rest import AMPLITUDE, MARGIN, THRESHOLD

START = 0.7
TIMES, SUBSTEPS = grid(0, 100, 0.5), 10
SEEDS = [0.001, 0.002, 0.005, 0.01, 0.02, 0.05]
SIDE = 2.6
AXIS = grid(0, SIDE, 0.1)
# Closer together where the valley is.
LEVELS = [*grid(0.06, 0.28, 0.02), *grid(0.3, 0.9, 0.06)]
LIMITS = {
    "degree": DEGREE,
    "weight_decay": (
        1e-3,
        10,
        "Undefined here: the weight decay λ must be above 0, from 0.001 to 10. Without decay nothing ever rests.",
    ),
    "ratio": RATIO,
    "seed": SEED,
    "time": (0, TIMES[-1], "Undefined here: the ball is followed from time 0 to time 100."),
}
OUT_OF_RANGE = "Undefined here: the amplitudes leave the range of numbers."


class Landscape(Explorable):
    """E(u, v) under logistic loss with c_m = 1 and c_g = ρ, its points of rest, and gradient flow from (0.7, v₀).

    Above degree 2 the straight line between the basins is drawn; no flow crosses it.
    """

    degree = Controlled()
    weight_decay = Controlled()
    ratio = Controlled()
    seed = Controlled()
    time = Controlled()

    # The landscape and the whole roll are kept until a slider other than the time moves.
    kernel = formula_kernel(
        """(() => {
      let kept = {};
      function terrain(degree, weight_decay, ratio, seed) {
        const constants = [degree, 1, ratio, weight_decay];
        const heights = axis.map((v) => axis.map((u) => logisticEnergy(u, v, ...constants)));
        const velocity = ([u, v]) => logisticFlow(u, v, ...constants);
        const path = rungeKutta(velocity, [start, seed], times, substeps).map(([u, v], i) => ({
          t: times[i], u, v, energy: logisticEnergy(u, v, ...constants),
        }));
        if (!path.every(({ energy }) => Number.isFinite(energy))) throw new RangeError(outOfRange);
        const at = (margin, c) => restAmplitude(margin(degree, c, weight_decay), degree, c);
        const points = [];
        const add = (name, u, v, stable) => Number.isFinite(u + v) && points.push({ name, u, v, stable });
        if (degree === 2) {
          add("memorizer", at(restMargin, 1), 0, memorizerRate(weight_decay, ratio) <= 0);
          add("rule", 0, at(restMargin, ratio), generalizerRate(weight_decay, ratio) <= 0);
          add("origin", 0, 0, originRate(Math.max(1, ratio), weight_decay) <= 0);
        } else {
          const slope = separatrixSlope(degree, ratio);
          const norm = at(restMargin, saddleEfficiency(degree, 1, ratio));
          const [u, v] = [norm / Math.hypot(1, slope), norm * slope / Math.hypot(1, slope)];
          if (degree > 2) {
            add("memorizer", at(restMargin, 1), 0, true);
            add("rule", 0, at(restMargin, ratio), true);
            add("origin", 0, 0, true);
            add("threshold", at(thresholdMargin, 1), 0, false);
            add("threshold", 0, at(thresholdMargin, ratio), false);
          }
          add(degree > 2 ? "saddle" : "both", u, v, degree < 2);
        }
        const reach = degree > 2 ? side / Math.max(1, separatrixSlope(degree, ratio)) : 0;
        const line = degree > 2 ? [0, reach].map((u) => ({ u, v: u * separatrixSlope(degree, ratio) })) : [];
        return { path, points, line, contours: contours(heights, axis, axis, levels) };
      }
      return ({ degree, weight_decay, ratio, seed, time }) => {
        const key = [degree, weight_decay, ratio, seed].join();
        if (kept.key !== key) kept = { key, rows: terrain(degree, weight_decay, ratio, seed) };
        const past = kept.rows.path.filter(({ t }) => t <= time);
        const ball = past[past.length - 1];
        const share = ratio * ball.v ** degree / (ball.u ** degree + ratio * ball.v ** degree);
        return {
          ...kept.rows, past, ball: [ball],
          readout: [
            { label: "energy", value: ball.energy, format: ".4f", color: "ink" },
            { label: "rule's share of the margin", value: share, format: ".1%", color: "generalizing" },
          ],
        };
      };
    })()""",
        ENERGY_OF["logistic"],
        FLOW_OF["logistic"],
        RUNGE_KUTTA,
        CONTOURS,
        MARGIN,
        THRESHOLD,
        AMPLITUDE,
        SLOPE,
        SADDLE_EFFICIENCY,
        MEMORIZER_RATE,
        GENERALIZER_RATE,
        ORIGIN_RATE,
        limits=LIMITS,
        start=START,
        times=TIMES,
        substeps=SUBSTEPS,
        side=SIDE,
        axis=AXIS,
        levels=LEVELS,
        outOfRange=OUT_OF_RANGE,
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
                "seed": Slider("Seed v₀", [*SEEDS, *grid(0.1, 1, 0.05)], 0.002),
            },
            charts={
                "plane": Chart(
                    _plane(),
                    "Energy E(u, v): stronger lines are lower",
                    "Contour lines of the energy over the amplitudes of the memorizing circuit, to the right, and the "
                    "generalizing circuit, upward; filled dots are stable points of rest, rings unstable ones. The "
                    "path of the ball starts at the lower left. At degree 2 a curved valley leads from the memorizer "
                    "to the rule; above degree 2 a dashed straight line divides two basins.",
                    height=330,
                ),
                "energy": Chart(
                    _energy(),
                    "Energy of the ball against time",
                    "Energy of the ball against time: it falls fast to a plateau at the memorizer and, at degree 2 "
                    "with a ratio above 1, falls a second time when the ball reaches the rule.",
                    height=330,
                    drag={"x": "time"},
                ),
            },
            layout=("plane energy",),
            data={},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``contours``, ``line``, ``points``, ``path``, ``past``, ``ball`` and ``readout``."""
        require_within(LIMITS, state)
        degree, decay, ratio = state["degree"], state["weight_decay"], state["ratio"]
        constants = (degree, 1.0, ratio, decay)
        energy, flow = ENERGY_OF["logistic"], FLOW_OF["logistic"]
        with np.errstate(all="ignore"):
            states = runge_kutta(lambda x: np.array(flow(*x, *constants)), [START, state["seed"]], TIMES, SUBSTEPS)
            u, v = states.T
            path = {"t": np.array(TIMES), "u": u, "v": v, "energy": energy(u, v, *constants)}
        if not np.isfinite(path["energy"]).all():
            raise ValueError(OUT_OF_RANGE)
        table = to_rows(path)
        past = [row for row in table if row["t"] <= state["time"]]
        ball = past[-1]
        generalized = ratio * ball["v"] ** degree
        share = generalized / (ball["u"] ** degree + generalized)
        readout: list[dict[str, Any]] = [
            {"label": "energy", "value": ball["energy"], "format": ".4f", "color": "ink"},
            {"label": "rule's share of the margin", "value": share, "format": ".1%", "color": "generalizing"},
        ]
        line = []
        if degree > 2:
            slope = float(SLOPE(degree, ratio))
            line = [{"u": u, "v": u * slope} for u in (0.0, SIDE / max(1.0, slope))]
        u_grid, v_grid = np.meshgrid(AXIS, AXIS)
        return {
            "contours": contours(energy(u_grid, v_grid, *constants), AXIS, AXIS, LEVELS),
            "line": line,
            "points": _points(degree, decay, ratio),
            "path": table,
            "past": past,
            "ball": [ball],
            "readout": readout,
        }


def _points(degree: float, decay: float, ratio: float) -> list[dict[str, Any]]:
    """Points of rest, those that exist: ``name``, ``u``, ``v``, ``stable``."""

    def at(margin: Any, efficiency: float) -> float:
        return float(AMPLITUDE(margin(degree, efficiency, decay), degree, efficiency))

    memorizer, rule = at(MARGIN, 1.0), at(MARGIN, ratio)
    if degree == 2:
        points = [
            ("memorizer", memorizer, 0.0, MEMORIZER_RATE(decay, ratio) <= 0),
            ("rule", 0.0, rule, GENERALIZER_RATE(decay, ratio) <= 0),
            ("origin", 0.0, 0.0, ORIGIN_RATE(max(1.0, ratio), decay) <= 0),
        ]
    else:
        slope = float(SLOPE(degree, ratio))
        norm = at(MARGIN, float(SADDLE_EFFICIENCY(degree, 1.0, ratio)))
        mixed = (norm / np.hypot(1, slope), norm * slope / np.hypot(1, slope))
        points = [("both", *mixed, True)]
        if degree > 2:
            points = [
                ("memorizer", memorizer, 0.0, True),
                ("rule", 0.0, rule, True),
                ("origin", 0.0, 0.0, True),
                ("threshold", at(THRESHOLD, 1.0), 0.0, False),
                ("threshold", 0.0, at(THRESHOLD, ratio), False),
                ("saddle", *mixed, False),
            ]
    return [
        {"name": name, "u": float(u), "v": float(v), "stable": bool(stable)}
        for name, u, v, stable in points
        if np.isfinite(u + v)
    ]


def _plane() -> Drawing:
    domain = alt.Scale(domain=[0, SIDE], nice=False)
    u = alt.X("u:Q", title="u, memorizing", scale=domain, axis=alt.Axis(titleColor=css("memorizing")))
    v = alt.Y("v:Q", title="v, generalizing", scale=domain, axis=alt.Axis(titleColor=css("generalizing"), grid=False))
    depth = alt.Opacity("level:Q", scale=alt.Scale(domain=[LEVELS[0], LEVELS[-1]], range=[0.95, 0.12]), legend=None)

    def of(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).encode(x=u, y=v)

    lines = (
        alt.Chart(alt.NamedData("contours"))
        .mark_line(color=css("ink"), strokeWidth=1)
        .encode(
            x=alt.X("x:Q", scale=domain),
            y=alt.Y("y:Q", scale=domain),
            detail="level:N",
            order="order:Q",
            opacity=depth,
        )
    )
    filled = alt.Fill(
        "stable:N", scale=alt.Scale(domain=[True, False], range=[css("ink"), css("surface")]), legend=None
    )
    seen = of("points").transform_filter(f"datum.u <= {SIDE} && datum.v <= {SIDE}")
    words = seen.transform_filter("datum.name != 'origin' && datum.name != 'threshold'")
    words = words.encode(text="name:N")
    return alt.layer(
        lines,
        of("line").mark_line(color=css("ink"), strokeDash=[6, 4], strokeWidth=2, clip=True).encode(order="u:Q"),
        of("path").mark_line(color=css("train"), opacity=0.4, strokeWidth=2, clip=True).encode(order="t:Q"),
        of("past").mark_line(color=css("train"), strokeWidth=3, clip=True).encode(order="t:Q"),
        seen.mark_point(size=70, stroke=css("ink"), strokeWidth=2, opacity=1).encode(fill=filled),
        words.mark_text(dx=9, dy=-10, align="left", fontSize=12, stroke=css("surface"), strokeWidth=4),
        words.mark_text(dx=9, dy=-10, align="left", fontSize=12, color=css("ink")),
        of("ball").mark_point(filled=True, size=220, color=css("train"), opacity=1, stroke=css("surface")),
    )


def _energy() -> Drawing:
    t = alt.X("t:Q", title="time", scale=alt.Scale(domain=[0, TIMES[-1]], nice=False))
    energy = alt.Y("energy:Q", title=None, scale=alt.Scale(zero=False))

    def of(name: str) -> alt.Chart:
        return alt.Chart(alt.NamedData(name)).encode(x=t, y=energy)

    return alt.layer(
        of("path").mark_line(color=css("train"), opacity=0.4, strokeWidth=1.5),
        of("past").mark_line(color=css("train"), strokeWidth=2.5),
        of("ball").mark_point(filled=True, size=150, color=css("train"), opacity=1, stroke=css("surface")),
    )
