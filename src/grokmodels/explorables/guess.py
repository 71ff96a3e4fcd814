"""Guess first: what a reader is asked before the chart answers."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Literal

import altair as alt

from grokmodels.palette import css

REVEALED = "revealed"


@dataclass(frozen=True)
class Guess:
    """A question about ``state`` that a chart answers once the reader has marked a place on its x axis, or drawn.

    The chart's layers that give the answer are filtered by :data:`REVEALED`, and it has the layer :func:`guessed`. Its
    axes have domains of their own, since the data that would give them are hidden.
    ``answer`` is a template (:func:`grokmodels.explorables.words.fill`) told when the guess is revealed; ``format`` is
    that of the reader's mark. A guess about a process ``awaits`` a value of the readout: the process starts once the
    reader has marked, and the answer is told when the value is there.
    """

    chart: str
    kind: Literal["mark", "draw"]
    prompt: str
    state: Mapping[str, Any]
    answer: str = ""
    format: str = ",.0f"
    awaits: str = ""


def guessed(kind: Literal["mark", "draw"], x: alt.X, y: alt.Y | None = None) -> alt.Chart:
    """The reader's guess: a dotted rule at x, or a dotted curve, on the axes of the chart that it is laid over."""
    base = alt.Chart(alt.NamedData("guess")).encode(x=_over(x, "x:Q"))
    style: dict[str, Any] = {"color": css("ink"), "strokeDash": [2, 4], "strokeWidth": 3}
    if kind == "mark":
        return base.mark_rule(**style)
    return base.mark_line(**style).encode(y=_over(y, "y:Q"), order=alt.Order("x:Q"))


def _over(channel: Any, field: str) -> Any:
    own = channel.copy(deep=False)
    own["shorthand"] = field
    return own
