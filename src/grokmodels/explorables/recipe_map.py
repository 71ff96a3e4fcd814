"""What recipes promise: the plane of rate and decay by the fitted surfaces, with all other settings as sliders."""

from __future__ import annotations

from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing, series
from grokmodels.explorables.controls import Choice, Controlled, Slider
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.numerics import GAUSSIAN
from grokmodels.explorables.program import Program
from grokmodels.explorables.tables import columns, compact, require_columns
from grokmodels.explorables.words import Readout
from grokmodels.palette import css

if TYPE_CHECKING:
    from grokmodels.forecasts.outlook import Surfaces

# Cells along each side of the map, and values of a slider that runs over a logarithm.
CELLS, VALUES = 24, 25
BUDGETS = [1000, 2000, 5000, 10_000, 15_000, 30_000]
WIDTHS = [16, 32, 64]
COLORS = {"no end": "memorizing", "plateau": "test", "no plateau": "generalizing"}
WORDS = {"no end": "not within the budget", "plateau": "late: a plateau", "no plateau": "with the data: none"}


class RecipeMap(Explorable):
    """The outlooks of recipes (:func:`grokmodels.forecasts.outlook.outlook`) over learning rate and weight decay.

    ``surfaces`` are those of the outlook. ``recorded``: columns ``learning_rate``, ``weight_decay``, ``layers`` and
    ``kind``, one of :data:`COLORS`, a row a recipe that was run; those with the chosen number of layers are drawn.
    """

    learning_rate = Controlled()
    weight_decay = Controlled()
    layers = Controlled()
    width = Controlled()
    init_scale = Controlled()
    fraction = Controlled()
    batch_share = Controlled()
    steps = Controlled()
    decay_on = Controlled()

    kernel = Program(Path(__file__).with_suffix(".js"), GAUSSIAN)

    def __init__(
        self,
        *,
        surfaces: Surfaces,
        recorded: pd.DataFrame,
        name: str = "recipe-map",
        title: str = "Before the first step: what does a recipe promise?",
        question: str = (
            "Drag the point. Where does the plateau disappear, and where does it not end? Which of the other settings "
            "move these borders, and which hardly?"
        ),
        **state: Any,
    ) -> None:
        require_columns("recorded", recorded, ["learning_rate", "weight_decay", "layers", "kind"])
        low, high = (np.array(ends) for ends in (surfaces.decay_time.low, surfaces.decay_time.high))
        scales, batches, rates, decays = (_between(low[k], high[k]) for k in (2, 4, 5, 6))
        fractions = [round(k / 100, 2) for k in range(round(100 * low[3]), round(100 * high[3]) + 1)]
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "fraction": Slider("Fraction of the pairs", fractions, 0.6, format=".2f"),
                "learning_rate": Slider("Learning rate η", rates, _near(rates, 0.005)),
                "weight_decay": Slider("Weight decay λ", decays, _near(decays, 0.5)),
                "batch_share": Slider("Batch, as a share of these", batches, _near(batches, 0.1)),
                "layers": Slider("Layers", [1, 2, 3, 4], 1),
                "width": Slider("Width", WIDTHS, 32),
                "init_scale": Slider("Initial scale", scales, _near(scales, 1)),
                "steps": Slider("Budget in steps", BUDGETS, 5000, format=",d"),
                "decay_on": Choice("Decay on", {"all": "all parameters", "matrices": "matrices only"}, "all"),
            },
            charts={
                "map": Chart(
                    _map(rates, decays),
                    "Outlook of recipes (areas) and what those that were run did (dots, same number of layers)",
                    "Areas over learning rate and weight decay, both logarithmic, by what is predicted within {steps} "
                    "steps: {areas}. The marked point, rate {learning_rate} and decay {weight_decay}: {kind}.",
                    height=360,
                    drag={"x": "learning_rate", "y": "weight_decay"},
                )
            },
            layout=("map",),
            readout=(
                Readout("memorized at step", "{t_mem:,.0f}", "memorizing"),
                Readout("the rule at step", "{t_gen:,.0f}", "generalizing"),
                Readout("give or take a factor of", "{spread:.1f}", "ink"),
                Readout("chance to have it within {steps} steps", "{chance:.0%}", "{color}"),
            ),
            presets={
                "A third of the decay": {"weight_decay": 0.17},
                "Few data": {"fraction": fractions[0]},
                "Full batch": {"batch_share": batches[-1]},
                "Three layers": {"layers": 3},
            },
            data={
                "surfaces": {part: asdict(surface) for part, surface in surfaces._asdict().items()},
                "sides": {"rates": _sides(rates), "decays": _sides(decays)},
                "words": WORDS,
                "colors": COLORS,
                "recorded": columns(recorded),
            },
            **state,
        )


def _between(low: float, high: float) -> list[float]:
    """Values whose logarithms are evenly spaced between two logarithms."""
    values = compact(np.exp(np.linspace(low, high, VALUES)), 2)
    return sorted({float(value) for value in values})


def _near(values: list[float], wanted: float) -> float:
    return min(values, key=lambda value: abs(np.log(value / wanted)))


def _sides(values: list[float]) -> list[float]:
    return [float(side) for side in np.geomspace(values[0], values[-1], CELLS + 1)]


def _map(rates: list[float], decays: list[float]) -> Drawing:
    def scale(values: list[float]) -> alt.Scale:
        return alt.Scale(type="log", domain=[values[0], values[-1]], nice=False)

    x_axis, y_axis = (alt.Axis(values=ticks, format="~g") for ticks in ([0.001, 0.003, 0.01], [0.1, 0.3, 1, 3]))
    x = alt.X("low_rate:Q", title="learning rate η (log scale)", scale=scale(rates), axis=x_axis)
    y = alt.Y("low_decay:Q", title="weight decay λ (log scale)", scale=scale(decays), axis=y_axis)
    color = series("kind", {kind: (COLORS[kind], WORDS[kind]) for kind in COLORS}, symbolType="square", columns=2)
    cells = (
        alt.Chart(alt.NamedData("cells"))
        .mark_rect(opacity=0.35)
        .encode(x=x, x2="high_rate:Q", y=y, y2="high_decay:Q", color=color)
    )
    rate, decay = alt.X("learning_rate:Q", scale=scale(rates)), alt.Y("weight_decay:Q", scale=scale(decays))
    runs = alt.Chart(alt.NamedData("recorded")).transform_filter("datum.layers === layers")
    point = alt.Chart(alt.NamedData("point")).encode(x=rate, y=decay)
    return alt.layer(
        cells,
        runs.mark_point(filled=True, size=36, opacity=0.9, stroke=css("surface"), strokeWidth=1, clip=True).encode(
            x=rate, y=decay, color=color
        ),
        point.mark_point(size=190, color=css("ink"), strokeWidth=3, opacity=1),
    )
