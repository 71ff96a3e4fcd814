"""A chart of an explorable: an Altair chart over named data, with its words."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import altair as alt

from grokmodels.palette import css

# Shared by all charts of the book. No mark announces itself one by one: the chart's alt text speaks for it.
CONFIG: dict[str, Any] = {
    "background": None,
    "font": "system-ui, -apple-system, 'Segoe UI', Roboto, sans-serif",
    "view": {"stroke": None},
    "mark": {"aria": False},
    "axis": {
        "labelColor": css("muted"),
        "titleColor": css("muted"),
        "domainColor": css("grid"),
        "tickColor": css("grid"),
        "gridColor": css("grid"),
        "labelFontSize": 12,
        "titleFontSize": 12,
        "titleFontWeight": "normal",
        "tickSize": 4,
        "labelPadding": 4,
        "aria": False,
    },
    "axisX": {"grid": False, "labelFlush": True, "labelOverlap": "greedy", "tickCount": 4},
    "axisY": {"domain": False, "ticks": False, "minExtent": 34, "tickCount": 4},
    "legend": {
        "orient": "top",
        "title": None,
        "labelColor": css("ink"),
        "labelFontSize": 12,
        "symbolType": "stroke",
        "symbolStrokeWidth": 3,
        "symbolOpacity": 1,
        "columnPadding": 16,
        "offset": 4,
        "aria": False,
    },
    "text": {"color": css("muted"), "fontSize": 11},
}


# Altair's types say that layers may become facets.
Drawing = alt.Chart | alt.LayerChart | alt.FacetChart


@dataclass(frozen=True)
class Chart:
    """An Altair chart whose data are named (``alt.NamedData("past")``), with a caption above and an alt text.

    ``alt`` says in one or two sentences what the chart shows. ``height`` is in pixels; the width is the reader's.
    ``drag`` maps an axis to the trait that dragging along it sets: ``{"x": "step"}``.
    """

    chart: Drawing
    caption: str
    alt: str
    height: int
    drag: Mapping[str, str] = field(default_factory=dict)

    def spec(self) -> dict[str, Any]:
        """The Vega-Lite specification, as wide as its container."""
        spec: dict[str, Any] = self.chart.properties(
            width="container", height=self.height, description=self.alt
        ).to_dict()
        # Altair adds its own theme; the explorable brings one configuration for all its charts.
        spec.pop("config", None)
        return spec

    def reads(self) -> list[str]:
        """Names of the data the chart draws."""
        return sorted(set(_named_data(self.spec())))


def _named_data(node: Any) -> list[str]:
    """Every ``{"data": {"name": …}}`` in a specification."""
    if isinstance(node, list):
        return [name for item in node for name in _named_data(item)]
    if not isinstance(node, dict):
        return []
    data = node.get("data")
    own = [data["name"]] if isinstance(data, dict) and "name" in data else []
    return own + [name for item in node.values() for name in _named_data(item)]
