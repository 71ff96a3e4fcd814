"""A chart of an explorable: an Altair chart over named data, with its words."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any
from urllib.parse import quote

import altair as alt
import vl_convert

from grokmodels.explorables.guess import REVEALED
from grokmodels.explorables.words import State, superscript
from grokmodels.palette import css, without_variables

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

    ``alt`` says in one or two sentences what the chart shows. Both are templates, so that they follow the state
    (:func:`grokmodels.explorables.words.fill`). ``height`` is in pixels; the width is the reader's. ``drag`` maps an
    axis to the trait that dragging along it sets: ``{"x": "step"}``. The traits are parameters of the chart.
    """

    chart: Drawing
    caption: str
    alt: str
    height: int
    drag: Mapping[str, str] = field(default_factory=dict)

    def spec(self, state: State) -> dict[str, Any]:
        """The Vega-Lite specification at a state, as wide as its container."""
        values = {**state, REVEALED: True}
        return self._drawn | {"params": [{"name": name, "value": value} for name, value in values.items()]}

    def reads(self) -> list[str]:
        """Names of the data the chart draws."""
        return sorted({node["name"] for key, node in _walk(self._drawn) if key == "data" and "name" in node})

    def follows(self, traits: Iterable[str]) -> list[str]:
        """Those traits that the chart's own expressions name."""
        expressions = [node for key, node in _walk(self._drawn) if key in EXPRESSIONS and isinstance(node, str)]
        return [trait for trait in traits if any(re.search(rf"(?<![.\w]){trait}(?!\w)", text) for text in expressions)]

    def payload(self, state: State) -> dict[str, Any]:
        """What the glue needs, as JSON types."""
        return {
            "spec": self.spec(state),
            "reads": self.reads(),
            "follows": self.follows(state),
            "drag": dict(self.drag),
            "caption": self.caption,
            "alt": self.alt,
        }

    def picture(self, state: State, datasets: Mapping[str, Any], width: int) -> str:
        """The chart as SVG in light colors, as a data URI; the page scales it."""
        own = {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}, "datasets": datasets}
        spec = self.spec(state) | own | {"config": CONFIG}
        svg: str = vl_convert.vegalite_to_svg(without_variables(json.dumps(spec)))
        return f"data:image/svg+xml,{quote(svg, safe=_UNQUOTED)}"

    @cached_property
    def _drawn(self) -> dict[str, Any]:
        """The specification without the state, checked by Altair once."""
        spec: dict[str, Any] = self.chart.properties(width="container", height=self.height).to_dict()
        # Altair adds its own theme; the explorable brings one configuration for all its charts.
        spec.pop("config", None)
        return spec


# What an attribute in double quotes holds as it is.
_UNQUOTED = " =:/'(),;"

# Where a specification holds expressions.
EXPRESSIONS = {"filter", "calculate", "expr", "test", "labelExpr"}


def _walk(node: Any) -> Iterator[tuple[str, Any]]:
    """Every key of a specification, at any depth, with its value."""
    if isinstance(node, dict):
        yield from node.items()
    for item in node.values() if isinstance(node, dict) else node if isinstance(node, list) else ():
        yield from _walk(item)


def series(field: str, kinds: Mapping[str, tuple[str, str]], **legend: Any) -> alt.Color:
    """Colors of a nominal field: value → name of the color, and what a reader calls it."""
    words = {kind: word for kind, (_, word) in kinds.items()}
    scale = alt.Scale(domain=[*kinds], range=[css(color) for color, _ in kinds.values()])
    return alt.Color(f"{field}:N", scale=scale, legend=alt.Legend(labelExpr=f"{words}[datum.value]", **legend))


PAIRS = {"train": ("train", "training pairs"), "test": ("test", "test pairs")}


def percent(field: str, **axis: Any) -> alt.Y:
    """A vertical axis from 0 to 100 %."""
    return alt.Y(f"{field}:Q", title=None, scale=alt.Scale(domain=[0, 1]), axis=alt.Axis(format="%", **axis))


def log_steps(channel: Any, first: float, last: float, title: str | None = "training step (log scale)") -> Any:
    """An axis of training steps, logarithmic."""
    scale = alt.Scale(type="log", domain=[first, last], nice=False)
    axis = alt.Axis(format="~s", values=[10.0**k for k in range(9)], tickCount=9)
    return channel("step:Q", title=title, scale=scale, axis=axis)


def powers(*exponents: int) -> alt.Axis:
    """The axis of a logarithmic scale with these powers of ten, as books print them."""
    words = {str(power): f"10{superscript(power)}" if power else "1" for power in exponents}
    label = f"{words}[toString(round(log(datum.value) / LN10))]"
    return alt.Axis(values=[10.0**power for power in exponents], labelExpr=label)


def moment(rows: alt.Chart, color: str = "muted") -> alt.Chart:
    """A dashed line across the chart at each of the rows."""
    return rows.mark_rule(color=css(color), strokeDash=[3, 3])


def pieces_of(data: str, x: alt.X, y: alt.Y) -> Drawing:
    """A schedule of straight pieces, two rows each with their number ``piece``: shaded, and outlined where it jumps."""
    base = alt.Chart(alt.NamedData(data)).encode(x=x, y=y)
    area = base.mark_area(color=css("track"), opacity=0.5).encode(detail="piece:N")
    # Both ends of a jump have one x: the order of the rows is kept.
    ordered = base.transform_window(row="row_number()").mark_line(color=css("ink"), strokeWidth=1.5)
    return alt.layer(area, ordered.encode(order="row:Q"))
