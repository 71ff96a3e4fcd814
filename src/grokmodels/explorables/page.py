"""The markup of an explorable: words, pictures for readers without JavaScript, and an inert JSON payload."""

from __future__ import annotations

import json
from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

import vl_convert

from grokmodels.explorables.charts import CONFIG, Chart
from grokmodels.palette import css, without_variables

if TYPE_CHECKING:
    from grokmodels.explorables.explorable import Explorable, Rows

Columns = dict[str, list[Any]]


def render(explorable: Explorable) -> str:
    """The explorable in its present state as HTML."""
    try:
        rows, note = explorable.rows(explorable.state), ""
    except ValueError as undefined:
        rows, note = {}, str(undefined)
    anchor = f"explorable-{escape(explorable.name)}"
    areas = " ".join(f"'{row}'" for row in explorable.layout_areas)
    figures = "".join(_figure(explorable, name, rows) for name in explorable.charts)
    return (
        f'<div class="grok-explorable" id="{anchor}" data-name="{escape(explorable.name)}"'
        f' role="group" aria-labelledby="{anchor}-title">'
        f'<p class="grok-title" id="{anchor}-title">{escape(explorable.title)}</p>'
        f'<p class="grok-question">{escape(explorable.question)}</p>'
        f'<div class="grok-controls">{_settings(explorable)}</div>'
        f'<div class="grok-readout">{_readout(rows)}</div>'
        f'<p class="grok-note" role="status">{escape(note)}</p>'
        f'<div class="grok-charts" style="grid-template-areas: {areas}">{figures}</div>'
        f'<script type="application/json" class="grok-payload">{_payload(explorable)}</script>'
        "</div>"
    )


def _settings(explorable: Explorable) -> str:
    """The state in words, until the glue puts controls in its place."""
    return "".join(
        f"<p>{escape(control.label)}: <strong>{escape(control.text(explorable.state[trait]))}</strong></p>"
        for trait, control in explorable.controls.items()
    )


def _readout(rows: Rows) -> str:
    """The dataset ``readout`` in words; ``explorable.js`` writes the same markup."""
    return "".join(
        f'<span style="--grok-color: {css(row["color"])}">{escape(row["label"])}'
        f" <strong>{escape(_value(row))}</strong></span>"
        for row in rows.get("readout", [])
    )


def _value(row: dict[str, Any]) -> str:
    return str(row.get("none", "–")) if row["value"] is None else format(row["value"], row["format"])


def _figure(explorable: Explorable, name: str, rows: Rows) -> str:
    chart = explorable.charts[name]
    # As wide as on a page of the book, where text then has the size it has in the living chart.
    width = 720 // len(explorable.layout_areas[0].split())
    picture = quote(_picture(chart, explorable.data, rows, width), safe=" =:/'(),;")
    return (
        f'<figure class="grok-chart" data-chart="{escape(name)}" style="grid-area: {escape(name)}">'
        f"<figcaption>{escape(chart.caption)}</figcaption>"
        f'<img class="dark-light" alt="{escape(chart.alt)}" src="data:image/svg+xml,{picture}">'
        "</figure>"
    )


def _picture(chart: Chart, data: Any, rows: Rows, width: int) -> str:
    """The chart as SVG in light colors; the page scales it."""
    everything = {name: to_rows(table) for name, table in data.items()} | rows
    spec = chart.spec() | {"width": width, "autosize": {"type": "fit-x", "contains": "padding"}}
    spec["datasets"] = {name: everything.get(name, []) for name in chart.reads()}
    spec["config"] = CONFIG
    svg: str = vl_convert.vegalite_to_svg(without_variables(json.dumps(spec)))
    return svg


def _payload(explorable: Explorable) -> str:
    payload = {
        "controls": {trait: control.payload() for trait, control in explorable.controls.items()},
        "state": explorable.state,
        "charts": {
            name: {"spec": chart.spec(), "reads": chart.reads(), "drag": dict(chart.drag)}
            for name, chart in explorable.charts.items()
        },
        "config": CONFIG,
        "data": explorable.data,
        "kernel": explorable.kernel,
    }
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Inside a script element only "<" could end it.
    return text.replace("<", "\\u003c")


def to_rows(table: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The rows of a table of columns, lists or arrays (n,) each."""
    columns = (values if isinstance(values, list) else values.tolist() for values in table.values())
    return [dict(zip(table, row, strict=True)) for row in zip(*columns, strict=True)]
