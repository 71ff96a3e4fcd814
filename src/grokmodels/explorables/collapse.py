"""Data collapse: rescale the curves of several moduli and see whether they fall together."""

from __future__ import annotations

from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from grokmodels.explorables.charts import Chart, Drawing
from grokmodels.explorables.controls import Controlled, Slider, grid
from grokmodels.explorables.explorable import Explorable, Rows, State, columns, require_columns
from grokmodels.explorables.formulas import formula_kernel, require_within
from grokmodels.palette import css
from grokmodels.statistics.collapse import collapse_residual

REFERENCE = 23
LIMITS = {
    "stretch": (-1, 3, "Undefined here: the exponent of the size must be from −1 to 3."),
    "critical": (0.05, 0.95, "Undefined here: the critical fraction must be between 0.05 and 0.95."),
    "fall": (-1, 3, "Undefined here: the exponent of the critical fraction must be from −1 to 3."),
}
NEEDED = ["p", "fraction", "mean", "error"]


class Collapse(Explorable):
    """Measured curves of an order parameter against the fraction of the pairs, one per modulus p, and rescaled.

    ``points``: columns ``p``, ``fraction``, ``mean`` and ``error``, one row per measured point. The rescaled axis is
    ln(f / f_c(p)) · (p²/23²)^a with f_c(p) = f_c · (p/23)^(−b): ``stretch`` a, ``critical`` f_c, ``fall`` b. The
    residual is that of :func:`grokmodels.statistics.collapse.collapse_residual`.
    """

    stretch = Controlled()
    critical = Controlled()
    fall = Controlled()

    kernel = formula_kernel(
        """(state, data) => {
      const { stretch, critical, fall } = state;
      const points = data.recorded.p.map((p, i) => {
        const own = critical * (p / reference) ** -fall;
        return {
          p: `p = ${p}`, size: (p / reference) ** 2, fraction: data.recorded.fraction[i],
          across: Math.log(data.recorded.fraction[i] / own) * (p / reference) ** (2 * stretch),
          mean: data.recorded.mean[i], error: data.recorded.error[i],
        };
      });
      const between = (line, x, column) => {
        let i = 1;
        while (i < line.length - 1 && line[i].across < x) i++;
        const part = (x - line[i - 1].across) / (line[i].across - line[i - 1].across);
        return line[i - 1][column] + part * (line[i][column] - line[i - 1][column]);
      };
      const sizes = [...new Set(points.map((point) => point.size))];
      const lines = sizes.map((size) => points.filter((point) => point.size === size)
        .sort((one, other) => one.across - other.across));
      let squares = 0;
      let met = 0;
      for (const point of points) {
        let [weights, sum] = [0, 0];
        lines.forEach((line, k) => {
          const x = point.across;
          if (sizes[k] === point.size || x < line[0].across || x > line[line.length - 1].across) return;
          const certain = between(line, x, "error") ** -2;
          weights += certain;
          sum += certain * between(line, x, "mean");
        });
        if (weights > 0) {
          squares += (point.mean - sum / weights) ** 2 / (point.error ** 2 + 1 / weights);
          met += 1;
        }
      }
      return {
        points,
        readout: [
          {
            label: "distance of the curves, in squared errors (about 1 is a collapse)",
            value: met >= points.length / 2 ? squares / met : null, format: ".2f", color: "ink",
          },
          { label: "points that meet another curve", value: met, format: "d", color: "muted" },
        ],
      };
    }""",
        limits=LIMITS,
        reference=REFERENCE,
    )

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
        require_columns("points", points, NEEDED)
        if points["p"].nunique() < 2:
            raise ValueError(f"points: got {points['p'].nunique()} modulus; a collapse needs at least 2")
        self.moduli = [int(p) for p in sorted(points["p"].unique())]
        kept = points[NEEDED].sort_values(["p", "fraction"]).astype({"p": int})
        x = alt.X("fraction:Q", title="fraction of pairs in training", scale=alt.Scale(zero=False))
        scaled = alt.X("across:Q", title="ln(f / f_c(p)) · size^a", scale=alt.Scale(zero=False))
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
                    _lines(self.moduli, x, measure),
                    f"{measure} as measured",
                    f"Mean {measure} against the fraction of pairs in training, one line for each modulus: each rises "
                    "from near zero, the larger moduli at smaller fractions.",
                    height=240,
                ),
                "scaled": Chart(
                    _lines(self.moduli, scaled, measure),
                    f"{measure}, rescaled",
                    f"The same means of {measure} on the rescaled axis, where they fall together or not.",
                    height=240,
                ),
            },
            layout=("measured scaled",),
            data={"recorded": columns(kept)},
            **state,
        )

    def rows(self, state: State) -> Rows:
        """Datasets ``points`` and ``readout``."""
        require_within(LIMITS, state)
        points = pd.DataFrame(self.data["recorded"]).astype(float)
        ratio = points["p"] / REFERENCE
        own = state["critical"] * ratio ** -state["fall"]
        table = points.assign(size=ratio**2, x=np.log(points["fraction"] / own))
        table["across"] = table["x"] * table["size"] ** state["stretch"]
        residual = collapse_residual(table, 0.0, state["stretch"])
        met = _met(table)
        shown = table.assign(p=[f"p = {int(p)}" for p in points["p"]])
        kept = shown[["p", "size", "fraction", "across", "mean", "error"]]
        label = "distance of the curves, in squared errors (about 1 is a collapse)"
        value = float(residual) if np.isfinite(residual) else None
        return {
            "points": kept.to_dict("records"),  # type: ignore[dict-item]
            "readout": [
                {"label": label, "value": value, "format": ".2f", "color": "ink"},
                {"label": "points that meet another curve", "value": met, "format": "d", "color": "muted"},
            ],
        }


def _met(table: pd.DataFrame) -> int:
    """How many points lie within the range of another size."""
    spans = table.groupby("size")["across"].agg(["min", "max"])
    met = 0
    for size, across in zip(table["size"], table["across"], strict=True):
        met += int(((spans["min"] <= across) & (spans["max"] >= across) & (spans.index != size)).any())
    return met


def _lines(moduli: list[int], x: alt.X, measure: str) -> Drawing:
    names = [f"p = {p}" for p in moduli]
    shades = [css(name) for name in ("muted", "memorizing", "train", "generalizing", "test", "ink")][: len(names)]
    color = alt.Color("p:N", scale=alt.Scale(domain=names, range=shades), legend=alt.Legend(columns=4))
    shape = alt.Shape("p:N", scale=alt.Scale(domain=names), legend=alt.Legend(columns=4))
    y = alt.Y("mean:Q", title=None, scale=alt.Scale(domain=[-0.1, 1.05], nice=False))
    base = alt.Chart(alt.NamedData("points")).encode(x=x)
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
