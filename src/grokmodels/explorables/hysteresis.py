"""Hysteresis: the loop of a slow sweep, the toy's beside that of recorded networks."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable, Rows, State, compact, require_columns
from grokmodels.palette import css
from grokmodels.theory.circuits import FLOW_OF
from grokmodels.theory.integrate import FloatArray, runge_kutta

DEGREES = [1, 2, 2.5, 3]
# Accumulated decay of one way of the sweep.
SPENT = [2, 5, 10, 20, 40, 60, 80]
WEIGHT_DECAY, FLOOR, SUBSTEPS = 0.2, 0.3, 320
RATIOS = [float(f"{12 ** (k / 7.5 - 1):.4g}") for k in range(16)]
NEEDED = ["steps", "seed", "fraction", "down", "up"]
NOT_SWEPT = "Undefined here: no sweep was simulated at this degree and accumulated decay."
NONE_YET = "no recorded sweep yet"


class Hysteresis(Explorable):
    """Sweep the data away and back: the toy at degree D, swept in ρ, beside networks swept in the fraction of pairs.

    ``loops``: columns ``steps`` (of one way), ``seed``, ``fraction``, ``down``, ``up`` (the rule share on each way),
    as :func:`grokmodels.claims.loops.loops` makes them; ``decay_per_step`` is ηλ of those runs, which puts network
    and toy on one axis. The toy has c_m = 1, λ = 0.2 and a floor of 0.3 under both circuits.
    """

    spent = Controlled()
    degree = Controlled()

    kernel = """(state, data) => {
      const { toy, ratios, recorded } = data;
      const run = toy.degree.findIndex((degree, i) => degree === state.degree && toy.spent[i] === state.spent);
      if (run < 0) throw new RangeError(data.words.undefined[0]);
      const ways = (x, down, up) => [["down", down], ["up", up]].flatMap(([way, share]) =>
        x.map((value, i) => ({ way, x: value, share: share[i] })));
      const distance = (i) => Math.abs(Math.log(recorded.spent[i] / state.spent));
      const all = recorded.spent.map((_, i) => i);
      const best = all.length ? Math.min(...all.map(distance)) : null;
      const chosen = all.filter((i) => distance(i) <= best + 1e-9);
      const area = (x, down, up) => x.slice(1).reduce((sum, value, i) =>
        sum + (value - x[i]) * (down[i] - up[i] + down[i + 1] - up[i + 1]) / 2, 0);
      const areas = chosen.map((i) => area(recorded.fraction[i], recorded.down[i], recorded.up[i]));
      return {
        loop: ways(ratios.ratio, toy.down[run], toy.up[run]),
        network: chosen.flatMap((i) => ways(recorded.fraction[i], recorded.down[i], recorded.up[i])
          .map((row) => ({ ...row, line: `${recorded.seed[i]} ${row.way}` }))),
        readout: [
          {
            label: "toy: area of the loop (in ln ρ)",
            value: area(ratios.ratio.map(Math.log), toy.down[run], toy.up[run]), format: ".2f", color: "ink",
          },
          chosen.length ? {
            label: `network, ${chosen.length} seeds, ${recorded.steps[chosen[0]]} steps each way: mean area (in f)`,
            value: areas.reduce((sum, value) => sum + value, 0) / areas.length, format: ".3f", color: "ink",
          } : { label: data.words.none[0], value: null, format: ".3f", color: "muted" },
        ],
      };
    }"""

    def __init__(
        self,
        *,
        loops: pd.DataFrame,
        decay_per_step: float = 0.005,
        name: str = "hysteresis",
        title: str = "A loop that stays, or one that is only slowness",
        question: str = (
            "Sweep slower and slower. At which degrees does the toy's loop close, at which does it stay? Which of the "
            "two does the network do?"
        ),
        **state: Any,
    ) -> None:
        if len(loops):
            require_columns("loops", loops, NEEDED)
        recorded: dict[str, list[Any]] = {key: [] for key in ("steps", "spent", "seed", "fraction", "down", "up")}
        for (steps, seed), loop in loops.groupby(["steps", "seed"]) if len(loops) else ():
            recorded["steps"].append(int(steps))  # type: ignore[call-overload]
            recorded["spent"].append(float(compact(decay_per_step * float(steps))))  # type: ignore[arg-type]
            recorded["seed"].append(int(seed))  # type: ignore[call-overload]
            for column in ("fraction", "down", "up"):
                recorded[column].append(compact(loop[column].tolist()))
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "spent": Slider("Accumulated decay Λ on each way", SPENT, 20),
                "degree": Slider("Degree D of the toy", DEGREES, 2),
            },
            charts={
                "toy": Chart(
                    _ways(
                        "loop", "efficiency ratio ρ (log scale)", alt.Scale(type="log", domain=[RATIOS[0], RATIOS[-1]])
                    ),
                    "The toy: the rule's share of the margin",
                    "Share of the rule against the efficiency ratio, swept down and back up. At degree 1 and 2 the two "
                    "ways come together as the sweep slows down; at degree 3 they "
                    "enclose a wide loop at all but the highest speed.",
                    height=240,
                ),
                "recorded": Chart(
                    _ways("network", "fraction of pairs in training", alt.Scale(zero=False), detail=True),
                    "Networks: rule share, nearest recorded speed",
                    "Rule share of recorded networks against the fraction of pairs, swept down and back up, one line "
                    "per seed and way."
                    if recorded["steps"]
                    else "No sweep of a network is recorded yet.",
                    height=240,
                ),
            },
            layout=("toy recorded",),
            data={
                "toy": toy_loops(),
                "ratios": {"ratio": RATIOS},
                "recorded": recorded,
                "words": {"undefined": [NOT_SWEPT], "none": [NONE_YET]},
            },
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``loop``, ``network`` and ``readout``."""
        toy, recorded = self.data["toy"], self.data["recorded"]
        pairs = list(zip(toy["degree"], toy["spent"], strict=True))
        if (state["degree"], state["spent"]) not in pairs:
            raise ValueError(NOT_SWEPT)
        run = pairs.index((state["degree"], state["spent"]))
        down, up = toy["down"][run], toy["up"][run]
        away = [abs(np.log(spent / state["spent"])) for spent in recorded["spent"]]
        chosen = [i for i, distance in enumerate(away) if distance <= min(away) + 1e-9]
        network = [
            row | {"line": f"{recorded['seed'][i]} {row['way']}"}
            for i in chosen
            for row in _rows(recorded["fraction"][i], recorded["down"][i], recorded["up"][i])
        ]
        area = float(np.trapezoid(np.subtract(down, up), np.log(RATIOS)))
        readout: list[dict[str, Any]] = [
            {"label": "toy: area of the loop (in ln ρ)", "value": area, "format": ".2f", "color": "ink"}
        ]
        if chosen:
            areas = [
                np.trapezoid(np.subtract(recorded["down"][i], recorded["up"][i]), recorded["fraction"][i])
                for i in chosen
            ]
            words = f"network, {len(chosen)} seeds, {recorded['steps'][chosen[0]]} steps each way: mean area (in f)"
            readout.append({"label": words, "value": float(np.mean(areas)), "format": ".3f", "color": "ink"})
        else:
            readout.append({"label": NONE_YET, "value": None, "format": ".3f", "color": "muted"})
        return {"loop": _rows(RATIOS, down, up), "network": network, "readout": readout}


def _rows(x: list[float], down: list[float], up: list[float]) -> list[dict[str, Any]]:
    ways = (("down", down), ("up", up))
    return [{"way": way, "x": at, "share": s} for way, share in ways for at, s in zip(x, share, strict=True)]


def toy_loops() -> dict[str, list[Any]]:
    """The toy swept down from ρ = 12 to 1/12 and back, at every degree and speed: lists ``down`` and ``up`` along ρ.

    All of them are followed at once. As in :func:`grokmodels.theory.hysteresis.sweep`, an amplitude below the floor is
    lifted to it at each station.
    """
    degree, spent = (axis.ravel().astype(float) for axis in np.meshgrid(DEGREES, SPENT, indexing="ij"))
    dwell = spent / WEIGHT_DECAY / len(RATIOS)
    state: FloatArray = np.array([np.full(len(degree), FLOOR), np.ones(len(degree))])
    shares = []
    for ratio in (*RATIOS[::-1], *RATIOS):

        def velocity(x: FloatArray, ratio: float = ratio) -> FloatArray:
            # In units of each sweep's own dwell, so that all take the same steps.
            return dwell * np.array(FLOW_OF["logistic"](x[0], x[1], degree, 1.0, ratio, WEIGHT_DECAY))

        state = runge_kutta(velocity, np.maximum(state, FLOOR), [0, 1], SUBSTEPS)[-1]
        margins = state[0] ** degree, ratio * state[1] ** degree
        shares.append(margins[1] / (margins[0] + margins[1]))
    seen = np.transpose(shares)
    stations = len(RATIOS)
    return {
        "degree": [compact(d) for d in degree.tolist()],
        "spent": [compact(s) for s in spent.tolist()],
        "down": compact(seen[:, :stations][:, ::-1]),
        "up": compact(seen[:, stations:]),
    }


def _ways(data: str, title: str, scale: alt.Scale, *, detail: bool = False) -> Drawing:
    axis = alt.Axis(values=[0.1, 0.3, 1, 3, 10], format="~g") if not detail else alt.Axis()
    color = alt.Color(
        "way:N",
        scale=alt.Scale(domain=["down", "up"], range=[css("memorizing"), css("generalizing")]),
        legend=alt.Legend(labelExpr="{down: 'data taken away', up: 'data given back'}[datum.value]"),
    )
    chart = alt.Chart(alt.NamedData(data)).mark_line(strokeWidth=1.5 if detail else 2.5, opacity=0.85)
    encoded = chart.encode(
        x=alt.X("x:Q", title=title, scale=scale, axis=axis),
        y=alt.Y("share:Q", title=None, scale=alt.Scale(domain=[0, 1.02], nice=False)),
        color=color,
        order=alt.Order("x:Q"),
    )
    return encoded.encode(detail="line:N") if detail else encoded
