"""The markup of an explorable: words, pictures for readers without JavaScript, and an inert JSON payload."""

from __future__ import annotations

import json
from dataclasses import asdict
from html import escape
from typing import TYPE_CHECKING, Any

from grokmodels.explorables.charts import CONFIG
from grokmodels.explorables.tables import to_rows
from grokmodels.explorables.words import fill
from grokmodels.palette import css

if TYPE_CHECKING:
    from grokmodels.explorables.explorable import Explorable, Rows


def render(explorable: Explorable) -> str:
    """The explorable in its present state as HTML."""
    try:
        rows, note = explorable.rows(explorable.state), ""
    except ValueError as undefined:
        rows, note = {}, str(undefined)
    words = explorable.words(explorable.state, rows)
    anchor = f"explorable-{escape(explorable.name)}"
    areas = " ".join(f"'{row}'" for row in explorable.layout_areas)
    figures = "".join(_figure(explorable, name, rows, words) for name in explorable.charts)
    return (
        f'<div class="grok-explorable" id="{anchor}" data-name="{escape(explorable.name)}"'
        f' role="group" aria-labelledby="{anchor}-title">'
        f'<p class="grok-title" id="{anchor}-title">{escape(explorable.title)}</p>'
        f'<p class="grok-question">{escape(explorable.question)}</p>'
        '<div class="grok-chips"></div>'
        f'<div class="grok-controls">{_settings(explorable)}</div>'
        '<div class="grok-prompt" role="status"></div>'
        f'<div class="grok-readout" role="status">{_readout(explorable, rows, words)}</div>'
        f'<p class="grok-note" role="status">{escape(note)}</p>'
        f'<div class="grok-charts" style="grid-template-areas: {areas}">{figures}</div>'
        f'<p class="grok-foot"><a class="grok-link" href="#{anchor}">Link to this state</a></p>'
        f'<script type="application/json" class="grok-payload">{_payload(explorable)}</script>'
        "</div>"
    )


def _settings(explorable: Explorable) -> str:
    """The state in words, until the glue puts controls in its place."""
    return "".join(
        f"<p>{escape(control.label)}: <strong>{escape(control.text(explorable.state[trait]))}</strong></p>"
        for trait, control in explorable.controls.items()
    )


def _readout(explorable: Explorable, rows: Rows, words: dict[str, Any]) -> str:
    """The readout in words; ``mount.js`` writes the same markup."""
    told = [readout.told(words) for readout in explorable.readout] if "readout" in rows else []
    return " ".join(
        f'<span style="--grok-color: {css(color)}">{escape(label)} <strong>{escape(value)}</strong></span>'
        for label, value, color in told
    )


def _figure(explorable: Explorable, name: str, rows: Rows, words: dict[str, Any]) -> str:
    chart = explorable.charts[name]
    # As wide as on a page of the book, where text then has the size it has in the living chart.
    places = next(row.split() for row in explorable.layout_areas if name in row.split())
    width = 720 * places.count(name) // len(places)
    recorded = {key: to_rows(explorable.data[key]) for key in chart.reads() if key in explorable.data}
    datasets = {key: [] for key in chart.reads()} | recorded | {k: v for k, v in rows.items() if k in chart.reads()}
    return (
        f'<figure class="grok-chart" data-chart="{escape(name)}" style="grid-area: {escape(name)}">'
        f"<figcaption>{escape(fill(chart.caption, words))}</figcaption>"
        f'<img class="dark-light" alt="{escape(fill(chart.alt, words))}"'
        f' src="{chart.picture(explorable.state, datasets, width)}">'
        "</figure>"
    )


def _payload(explorable: Explorable) -> str:
    state = explorable.state
    payload = {
        "controls": {trait: control.payload() for trait, control in explorable.controls.items()},
        "state": state,
        "presets": explorable.presets,
        "guess": explorable.guess and asdict(explorable.guess),
        "charts": {name: chart.payload(state) for name, chart in explorable.charts.items()},
        "readout": [asdict(readout) for readout in explorable.readout],
        "config": CONFIG,
        "data": explorable.data,
        "kernel": explorable.kernel and explorable.kernel.text,
        "process": explorable.process and explorable.process.text,
    }
    text = json.dumps(payload, separators=(",", ":"), ensure_ascii=False, allow_nan=False)
    # Inside a script element only "<" could end it.
    return text.replace("<", "\\u003c")
