"""Data collapse: rescale the curves of several moduli and see whether they fall together."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import altair as alt
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable
from grokmodels.explorables.program import Program
from grokmodels.explorables.tables import columns, require_columns
from grokmodels.explorables.words import Readout
from grokmodels.palette import css

REFERENCE = 23


class Collapse(Explorable):
    """Measured curves of an order parameter against the fraction of the pairs, one per modulus p, and rescaled.

    ``points``: columns ``p``, ``fraction``, ``mean`` and ``error``, one row per measured point. The rescaled axis is
    ln(f / f_c(p)) · (p²/23²)^a with f_c(p) = f_c · (p/23)^(−b): ``stretch`` a, ``critical`` f_c, ``fall`` b. The
    residual is that of :func:`grokmodels.statistics.collapse.collapse_residual`.
    """

    stretch = Controlled()
    critical = Controlled()
    fall = Controlled()

    kernel = Program(Path(__file__).with_suffix(".js"))

    def __init__(
        self,
        *,
        points: pd.DataFrame,
        measure: str = "m̂",
        name: str = "collapse",
        title: str = "Do the curves of all sizes fall together?",
        question: str = (
            "First make the steps meet: move the critical fraction and how it falls with p. Then stretch the axis with "
            "the size: does any exponent other than zero make the curves lie closer together?"
        ),
        **state: Any,
    ) -> None:
        needed = ["p", "fraction", "mean", "error"]
        require_columns("points", points, needed)
        moduli = [int(p) for p in sorted(points["p"].unique())]
        if len(moduli) < 2:
            raise ValueError(f"points: got {len(moduli)} modulus; a collapse needs at least 2")
        measured = alt.X("fraction:Q", title="fraction of pairs in training", scale=alt.Scale(zero=False))
        scaled = "ln(fraction / critical fraction) · (p/23)²ᵃ"
        super().__init__(
            name=name,
            title=title,
            question=question,
            controls={
                "stretch": Slider("Exponent a of the size", grid(-0.5, 1.5, 0.05), 0.0, format=".2f"),
                "critical": Slider(f"Critical fraction at p = {REFERENCE}", grid(0.3, 0.8, 0.01), 0.4, format=".2f"),
                "fall": Slider("Fall b of the critical fraction", grid(0, 1.5, 0.05), 0.5, format=".2f"),
            },
            charts={
                "measured": Chart(
                    _lines("recorded", moduli, measured, measure),
                    f"{measure} as measured",
                    f"Mean {measure} against the fraction of pairs in training, one line for each modulus: each rises "
                    "from near zero, the larger moduli at smaller fractions.",
                    height=240,
                ),
                "scaled": Chart(
                    _lines("points", moduli, alt.X("across:Q", title=scaled, scale=alt.Scale(zero=False)), measure),
                    f"{measure}, rescaled",
                    f"The same means of {measure} against the logarithm of the fraction over the critical one, which "
                    "is {critical} at p = 23 and falls with p to the power {fall}, stretched by the size to the power "
                    f"{{stretch}}: of {len(points)} points {{met:d}} meet another curve, {{measured}}.",
                    height=240,
                ),
            },
            layout=("measured scaled",),
            readout=(
                Readout("distance of the curves, in squared errors (about 1 is a collapse)", "{distance:.2f}", "ink"),
                Readout("points that meet another curve", "{met:d}", "muted"),
            ),
            presets={
                "One critical fraction": {"fall": 0},
                "Mean-field stretch": {"stretch": 0.5},
                "Stretch by size": {"stretch": 1},
            },
            data={
                "reference": REFERENCE,
                "recorded": columns(points[needed].sort_values(["p", "fraction"]).astype({"p": int})),
            },
            **state,
        )


def _lines(data: str, moduli: list[int], x: alt.X, measure: str) -> Drawing:
    shades = [css(name) for name in ("muted", "memorizing", "train", "generalizing", "test", "ink")][: len(moduli)]
    legend = alt.Legend(columns=4, labelExpr="'p = ' + datum.label")
    color = alt.Color("p:N", scale=alt.Scale(domain=moduli, range=shades), legend=legend)
    shape = alt.Shape("p:N", scale=alt.Scale(domain=moduli), legend=legend)
    y = alt.Y("mean:Q", title=None, scale=alt.Scale(domain=[-0.1, 1.05], nice=False))
    base = alt.Chart(alt.NamedData(data)).encode(x=x)
    bars = (
        base.transform_calculate(low="datum.mean - datum.error", high="datum.mean + datum.error")
        .mark_rule(strokeWidth=1.5, opacity=0.7, clip=True)
        .encode(y=alt.Y("low:Q", title=None), y2="high:Q", color=color)
    )
    tooltip = [alt.Tooltip("p:N"), alt.Tooltip("fraction:Q"), alt.Tooltip("mean:Q", title=measure, format=".2f")]
    return alt.layer(
        bars,
        base.mark_line(strokeWidth=2).encode(y=y, color=color),
        base.mark_point(filled=True, size=55, opacity=1).encode(y=y, color=color, shape=shape, tooltip=tooltip),
    )
