"""The phases of two layers in the plane of weight decay and efficiency ratio, and the run at a point of it."""

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
from grokmodels.theory.circuits import FLOW_OF, Circuits
from grokmodels.theory.heldout import WINNING_CHANCE, winning_chance
from grokmodels.theory.integrate import RUNGE_KUTTA, runge_kutta
from grokmodels.theory.phases import CROSSOVER_RATIO, CROSSOVER_SEED, phase

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
LIMITS = {
    "weight_decay": (
        1e-3,
        10,
        "Undefined here: the weight decay λ must be above 0, from 0.001 to 10. Without decay nothing ever rests.",
    ),
    "ratio": RATIO,
    "seed": SEED,
}


class PhaseDiagram(Explorable):
    """Degree 2, logistic loss, c_m = 1 and c_g = ρ: phases of a start at u = 0.1 and v = v₀, and the run at one point.

    Held-out accuracy is that of 97 classes with crosstalk 0.3. The border between grokking and comprehension moves with
    the seed: a crossover; the others are transitions.
    """

    weight_decay = Controlled()
    ratio = Controlled()
    seed = Controlled()

    kernel = formula_kernel(
        """(state, data) => {
      const { weight_decay, ratio, seed } = state;
      const phase = weight_decay >= Math.max(1, ratio) ? "collapse" : ratio <= 1 ? "memorization"
        : weight_decay >= 1 || seed >= crossoverSeed(start, ratio, 1, weight_decay) ? "comprehension" : "grokking";
      const within = (value) => Math.min(Math.max(value, ratios[0]), ratios[1]);
      let border = 1;
      const regions = below.flatMap((decay) => {
        if (decay < 1) border = Math.max(1, within(crossoverRatio(start, seed, 1, decay)));
        return [
          { phase: "memorization", decay, low: ratios[0], high: 1 },
          { phase: "grokking", decay, low: 1, high: border },
          { phase: "comprehension", decay, low: border, high: ratios[1] },
        ];
      }).concat(above.flatMap((decay) => [
        { phase: "collapse", decay, low: ratios[0], high: within(decay) },
        { phase: "comprehension", decay, low: within(decay), high: ratios[1] },
      ]));
      const last = decayTimes / weight_decay;
      const step = Math.log(last / first) / (points - 1);
      const times = [0, ...Array.from({ length: points }, (_, i) => first * Math.exp(i * step))];
      const velocity = ([u, v]) => logisticFlow(u, v, 2, 1, ratio, weight_decay);
      const states = rungeKutta(velocity, [start, seed], times, substeps);
      if (!states.every((state) => state.every(Number.isFinite))) throw new RangeError(outOfRange);
      const chance = winningChance(classes);
      const curve = states.map(([u, v], i) => ({
        t: times[i], memorizing: u * u, generalizing: ratio * v * v,
        accuracy: chance(Math.min(Math.SQRT2 * ratio * (v / u) ** 2 / crosstalk, 1e6)),
      })).slice(1);
      const half = curve.find((row) => row.generalizing >= row.memorizing);
      const leads = half && phase !== "collapse" ? half.t : null;
      return {
        regions, curve, point: [{ decay: weight_decay, ratio }],
        readout: [
          { label: `${phase}; the rule leads from time`, value: leads, format: ".1f", color: colors[phase] },
          { label: "held-out accuracy at last", value: curve[curve.length - 1].accuracy, format: ".0%", color: "test" },
        ],
      };
    }""",
        FLOW_OF["logistic"],
        RUNGE_KUTTA,
        CROSSOVER_SEED,
        CROSSOVER_RATIO,
        WINNING_CHANCE,
        limits=LIMITS,
        start=START,
        classes=CLASSES,
        crosstalk=CROSSTALK,
        decayTimes=DECAY_TIMES,
        points=POINTS,
        first=FIRST,
        substeps=SUBSTEPS,
        ratios=RATIOS,
        below=BELOW,
        above=ABOVE,
        colors=COLORS,
        outOfRange="Undefined here: the amplitudes leave the range of numbers.",
    )

    def __init__(
        self,
        *,
        name: str = "phase-diagram",
        title: str = "Four phases of two circuits",
        question: str = (
            "Drag the point. Which borders change the fate of the run, and which one only its timing? "
            "Then make the seed smaller: which border moves?"
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
                "seed": Slider("Seed v₀", seeds, 1e-3),
            },
            charts={
                "phases": Chart(
                    _phases(),
                    "Phases: drag the point",
                    "Phases in the plane of weight decay (logarithmic) and efficiency ratio: memorization below ratio "
                    "1, collapse where the decay exceeds both efficiencies, and above ratio 1 first grokking, then, "
                    "from a ratio that depends on the seed, comprehension. A point marks the run shown beside.",
                    height=330,
                    drag={"x": "weight_decay", "y": "ratio"},
                ),
                "margins": Chart(
                    _margins(),
                    "Margin of each circuit against time",
                    "Margins of the memorizing and the generalizing circuit against time on a logarithmic axis, at "
                    "the marked point: in the grokking phase the memorizing one comes first and is replaced late.",
                    height=130,
                ),
                "accuracy": Chart(
                    _accuracy(),
                    "Held-out accuracy against time",
                    "Held-out accuracy against time at the marked point: in the grokking phase it jumps long after "
                    "the data are fitted.",
                    height=110,
                ),
            },
            layout=("phases margins", "phases accuracy"),
            data={},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``regions``, ``curve``, ``point`` and ``readout``."""
        require_within(LIMITS, state)
        decay, ratio, seed = state["weight_decay"], state["ratio"], state["seed"]
        circuits = Circuits(generalizing_efficiency=ratio, weight_decay=decay)
        times = np.array([0, *np.geomspace(FIRST, DECAY_TIMES / decay, POINTS)])
        flow = FLOW_OF["logistic"]
        with np.errstate(all="ignore"):
            states = runge_kutta(lambda x: np.array(flow(*x, *circuits.constants)), [START, seed], times, SUBSTEPS)
        if not np.isfinite(states).all():
            raise ValueError("Undefined here: the amplitudes leave the range of numbers.")
        u, v = states[1:].T
        accuracy = winning_chance(np.minimum(np.sqrt(2) * ratio * (v / u) ** 2 / CROSSTALK, 1e6), CLASSES)
        curve = {"t": times[1:], "memorizing": u**2, "generalizing": ratio * v**2, "accuracy": accuracy}
        name = phase(circuits, START, seed)
        ahead = np.flatnonzero(curve["generalizing"] >= curve["memorizing"])
        leads = float(times[1 + ahead[0]]) if len(ahead) and name != "collapse" else None
        readout: list[dict[str, Any]] = [
            {"label": f"{name}; the rule leads from time", "value": leads, "format": ".1f", "color": COLORS[name]},
            {"label": "held-out accuracy at last", "value": float(accuracy[-1]), "format": ".0%", "color": "test"},
        ]
        table = to_rows(curve)
        return {
            "regions": _regions(seed),
            "curve": table,
            "point": [{"decay": decay, "ratio": ratio}],
            "readout": readout,
        }


def _regions(seed: float) -> list[dict[str, Any]]:
    """For each phase the range of ρ that it fills, along λ."""
    low, high = RATIOS
    borders = np.clip(CROSSOVER_RATIO(START, seed, 1, np.array(BELOW[:-1])), 1, high).tolist()
    regions: list[dict[str, Any]] = []
    for decay, border in zip(BELOW, [*borders, borders[-1]], strict=True):
        regions += [
            {"phase": "memorization", "decay": decay, "low": low, "high": 1},
            {"phase": "grokking", "decay": decay, "low": 1, "high": border},
            {"phase": "comprehension", "decay": decay, "low": border, "high": high},
        ]
    for decay in ABOVE:
        edge = min(max(decay, low), high)
        regions += [
            {"phase": "collapse", "decay": decay, "low": low, "high": edge},
            {"phase": "comprehension", "decay": decay, "low": edge, "high": high},
        ]
    return regions


def _phases() -> Drawing:
    axis = alt.Axis(values=[0.01, 0.1, 1], format="~g")
    scale = alt.Scale(type="log", domain=[*DECAYS], nice=False)
    x = alt.X("decay:Q", title="weight decay λ (log scale)", scale=scale, axis=axis)
    height = alt.Scale(domain=[*RATIOS], nice=False)
    color = alt.Color(
        "phase:N",
        scale=alt.Scale(domain=[*COLORS], range=[css(color) for color in COLORS.values()]),
        legend=alt.Legend(symbolType="square", columns=2),
    )
    areas = (
        alt.Chart(alt.NamedData("regions"))
        .mark_area(opacity=0.35)
        .encode(x=x, y=alt.Y("low:Q", title="efficiency ratio ρ", scale=height), y2="high:Q", color=color)
    )
    point = alt.Chart(alt.NamedData("point")).encode(x=x, y=alt.Y("ratio:Q", scale=height))
    return alt.layer(areas, point.mark_point(filled=True, size=170, color=css("ink"), opacity=1, stroke=css("surface")))


TIME_AXIS = alt.X(
    "t:Q",
    title="time (log scale)",
    scale=alt.Scale(type="log", domain=[FIRST, DECAY_TIMES / DECAYS[0]], nice=False),
    axis=alt.Axis(values=[0.1, 1, 10, 100, 1000], format="~s", labelExpr="format(datum.value, '~g')"),
)


def _margins() -> Drawing:
    names = ["memorizing", "generalizing"]
    color = alt.Color("circuit:N", scale=alt.Scale(domain=names, range=[css(name) for name in names]))
    return (
        alt.Chart(alt.NamedData("curve"))
        .transform_fold([*names], as_=["circuit", "margin"])
        .mark_line(strokeWidth=2.5)
        .encode(x=TIME_AXIS, y=alt.Y("margin:Q", title=None, scale=alt.Scale(domainMin=0)), color=color)
    )


def _accuracy() -> Drawing:
    y = alt.Y("accuracy:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", tickCount=2))
    line = alt.Chart(alt.NamedData("curve")).mark_line(color=css("test"), strokeWidth=2.5)
    return line.encode(x=TIME_AXIS, y=y)
