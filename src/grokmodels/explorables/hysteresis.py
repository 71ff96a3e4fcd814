"""Hysteresis: the loop of a slow sweep, the toy's beside that of recorded networks."""

from __future__ import annotations

from functools import cache
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, series
from grokmodels.explorables.controls import Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.guess import REVEALED, Guess, guessed
from grokmodels.explorables.tables import Columns, columns, compact, require_columns
from grokmodels.explorables.words import Readout
from grokmodels.theory.circuits import FLOW_OF
from grokmodels.theory.integrate import FloatArray, runge_kutta

DEGREES = [1, 2, 2.5, 3]
# Accumulated decay of one way of the sweep.
SPENT = [2, 5, 10, 20, 40, 60, 80]
WEIGHT_DECAY, FLOOR, SUBSTEPS = 0.2, 0.3, 320
RATIOS = [float(f"{12 ** (k / 7.5 - 1):.4g}") for k in range(16)]
NEEDED = ["steps", "seed", "fraction", "down", "up"]
WAYS = ["down", "up"]
QUANTILES = {0: "lowest", 0.25: "quarter", 0.5: "median", 0.75: "three_quarters", 1: "highest"}


class Hysteresis(Explorable):
    """Sweep the data away and back: the toy at degree D, swept in ρ, beside networks swept in the fraction of pairs.

    ``loops``: columns ``steps`` (of one way), ``seed``, ``fraction``, ``down``, ``up`` (the rule share on each way),
    as :func:`grokmodels.claims.loops.loops` makes them; ``decay_per_step`` is ηλ of those runs, which puts network
    and toy on one axis. The networks shown are those of the recorded speed nearest to the chosen one, in the logarithm:
    median over seeds and quartiles. The toy has c_m = 1, λ = 0.2 and a floor of 0.3 under both circuits.
    """

    spent = Controlled()
    degree = Controlled()

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
        empty = not len(loops)
        if not empty:
            require_columns("loops", loops, NEEDED)
        loops = loops.reindex(columns=NEEDED).sort_values(["steps", "seed", "fraction"])
        speeds = [int(steps) for steps in loops["steps"].unique()]
        nearest = {} if empty else {spent: _nearest(speeds, spent / decay_per_step) for spent in SPENT}
        toy = toy_loops()
        slow = {"degree": 3, "spent": SPENT[-1]}
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
                    _toy(),
                    "The toy: the rule's share of the margin",
                    "Share of the rule against the efficiency ratio at degree {degree} and Λ = {spent}, swept down and "
                    "back up. Area between the ways, in ln ρ: {toy:.2f}. The rule leads down to ρ = {until:.2f}, on "
                    "the way back from ρ = {since:.2f}.",
                    height=240,
                ),
                "recorded": Chart(
                    _recorded(loops["fraction"]),
                    "Networks: no sweep yet"
                    if empty
                    else "Networks at the nearest recorded speed: rule share, median and quartiles of {n} seeds",
                    "No sweep of a network is recorded yet."
                    if empty
                    else "Rule share of recorded networks against the fraction of pairs, swept down and back up in "
                    "{steps:d} steps each way: a line through the medians of {n} seeds and a band between the "
                    "quartiles for each way. Mean area between the ways: {network:.3f}.",
                    height=240,
                ),
            },
            layout=("toy recorded",),
            readout=(
                Readout("toy: area of the loop (in ln ρ)", "{toy:.2f}", "ink"),
                Readout("no recorded sweep yet", "{network:.3f}", "muted")
                if empty
                else Readout("network, {n} seeds, {steps:d} steps each way: mean area (in f)", "{network:.3f}", "ink"),
            ),
            presets={
                "D = 2, slow": {"degree": 2, "spent": SPENT[-1]},
                "D = 3, slow": slow,
                "D = 3, fast": {"degree": 3, "spent": SPENT[0]},
            },
            guess=Guess(
                chart="toy",
                kind="draw",
                prompt="Degree 3, a slow sweep: the way down is shown. Draw the way back.",
                state=slow,
                answer="The rule leads again only from ρ = {since:.1f}; on the way down it led to {until:.2f}.",
            ),
            data={"toy": toy, "recorded": _speeds(loops, nearest), "readout": _told(toy, loops, nearest)},
            **state,
        )


@cache
def toy_loops() -> Columns:
    """The toy swept down from ρ = 12 to 1/12 and back, at every degree and speed: lists ``down`` and ``up`` along
    ``ratio``.

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
        "ratio": [RATIOS] * len(spent),
        "down": compact(seen[:, :stations][:, ::-1]),
        "up": compact(seen[:, stations:]),
    }


def _nearest(speeds: list[int], steps: float) -> int:
    """The speed nearest to a number of steps, in the logarithm; of two equally near ones the slower."""
    return min(speeds, key=lambda speed: (round(abs(np.log(speed / steps)), 9), -speed))


def _speeds(loops: pd.DataFrame, nearest: dict[int, int]) -> Columns:
    """One record per recorded speed and way: lists of quantiles over seeds along ``fraction``, and of the Λ near it."""
    ways = loops.melt(["steps", "fraction"], WAYS, "way", "share").astype({"share": float})
    seeds = ways.groupby(["steps", "way", "fraction"])["share"]
    table = pd.DataFrame({name: seeds.quantile(q) for q, name in QUANTILES.items()}).reset_index()
    records = table.groupby(["steps", "way"], as_index=False).agg(list)
    near = records["steps"].map(lambda speed: [spent for spent, steps in nearest.items() if steps == speed])
    return columns(records.assign(near=near))


def _told(toy: Columns, loops: pd.DataFrame, nearest: dict[int, int]) -> Columns:
    """The areas of both loops at every state, and where the toy's rule leads on each way."""
    recorded: dict[int | None, dict[str, Any]] = {None: {"steps": None, "n": None, "network": None}}
    for steps in set(nearest.values()):
        seeds = loops[loops["steps"] == steps].groupby("seed")
        areas = [np.trapezoid(loop["down"] - loop["up"], loop["fraction"]) for _, loop in seeds]
        recorded[steps] = {"steps": steps, "n": len(areas), "network": float(np.mean(areas))}
    told = []
    for degree, spent, *loop in zip(*toy.values(), strict=True):
        ratio, down, up = map(np.array, loop)
        leads = {name: min(ratio[way > 0.5], default=None) for name, way in (("until", down), ("since", up))}
        area = float(np.trapezoid(down - up, np.log(ratio)))
        told.append({"degree": degree, "spent": spent, "toy": area} | leads | recorded[nearest.get(spent)])
    return {name: compact([row[name] for row in told], 6) for name in told[0]}


def _color() -> alt.Color:
    return series("way", {"down": ("memorizing", "data taken away"), "up": ("generalizing", "data given back")})


def _share(field: str) -> alt.Y:
    return alt.Y(f"{field}:Q", title=None, scale=alt.Scale(domain=[0, 1.02], nice=False))


def _toy() -> Drawing:
    scale = alt.Scale(type="log", domain=[RATIOS[0], RATIOS[-1]])
    axis = alt.Axis(values=[0.1, 0.3, 1, 3, 10], format="~g")
    x = alt.X("ratio:Q", title="efficiency ratio ρ (log scale)", scale=scale, axis=axis)
    loop = (
        alt.Chart(alt.NamedData("toy"))
        .transform_filter("datum.degree === degree && datum.spent === spent")
        .transform_flatten(["ratio", *WAYS])
        .transform_fold([*WAYS], as_=["way", "share"])
        .transform_filter(f"{REVEALED} || datum.way === 'down'")
        .mark_line(strokeWidth=2.5, opacity=0.85)
    )
    drawn = loop.encode(x=x, y=_share("share"), color=_color(), order=alt.Order("ratio:Q"))
    return alt.layer(drawn, guessed("draw", x, _share("share")))


def _recorded(fraction: pd.Series) -> Drawing:
    ends = [fraction.min(), fraction.max()] if len(fraction) else [0, 1]
    x = alt.X("fraction:Q", title="fraction of pairs in training", scale=alt.Scale(domain=ends, nice=True))
    base = (
        alt.Chart(alt.NamedData("recorded"))
        .transform_filter("indexof(datum.near, spent) >= 0")
        .transform_flatten(["fraction", *QUANTILES.values()])
        .encode(x=x, color=_color())
    )
    tooltip = [alt.Tooltip(f"{name}:Q", title=name.replace("_", " "), format=".2f") for name in QUANTILES.values()]
    line = base.encode(y=_share("median"))
    return alt.layer(
        base.mark_area(opacity=0.25).encode(y=_share("quarter"), y2="three_quarters:Q"),
        line.mark_line(strokeWidth=3),
        # A wide target for the pointer.
        line.mark_point(filled=True, size=150, opacity=0).encode(tooltip=["way:N", "fraction:Q", *tooltip]),
    )
