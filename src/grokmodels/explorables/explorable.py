"""An explorable: controls → kernel → charts, alive with a Python kernel and without one.

In a notebook it is an ipywidget. In the built book it is HTML that carries its own data and kernel. Both are the same
markup, mounted by the same ``explorable.js``; without JavaScript a picture with alt text remains.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, ClassVar

import anywidget
import numpy as np
import pandas as pd

from grokmodels.explorables.assets import GLUE, STYLE, WIDGET, vega_bundle
from grokmodels.explorables.charts import Chart
from grokmodels.explorables.controls import Control
from grokmodels.explorables.page import Columns, render

State = Mapping[str, Any]
Rows = dict[str, list[dict[str, Any]]]


class Explorable(anywidget.AnyWidget):
    """The framework; subclasses declare one :class:`Controlled` trait for every control, a kernel and its twin.

    ``name`` identifies the explorable on its page (the prose sets it by this name); ``question`` is what the reader is
    asked. ``controls`` maps trait → control, ``charts`` name → chart in reading order, ``layout`` places the charts
    (rows of names, as in CSS ``grid-template-areas``; narrow screens show one column). ``data`` maps name → columns of
    equal length and never moves; charts draw it by name and the kernel reads it.

    ``kernel`` is the JavaScript source of a pure function ``(state, data) => ({name: rows})``, and :meth:`rows` is its
    twin in Python. Where a state has no answer the kernel throws a RangeError and the twin raises a ValueError, with a
    message that the chart shows. The dataset ``readout`` is written out in words: rows of ``label``, ``value``,
    ``format`` (fixed formats that d3 and Python share, such as ``.1%``) and ``color`` (a name of the palette).
    A value of None is written as a dash, or as the row's ``none``.
    """

    _esm = WIDGET
    kernel: ClassVar[str]

    def __init__(
        self,
        *,
        name: str,
        title: str,
        question: str,
        controls: Mapping[str, Control],
        charts: Mapping[str, Chart],
        layout: Sequence[str],
        data: Mapping[str, Columns],
        **state: Any,
    ) -> None:
        # Plain attributes, not traits: they never move, so they have no place in the synced or saved widget state.
        self.name, self.title, self.question = name, title, question
        self.controls, self.charts, self.layout_areas = controls, charts, tuple(layout)
        self.data = data
        super().__init__(**state)
        self.on_msg(self._answer)

    @property
    def state(self) -> dict[str, Any]:
        """The value of every control, by trait."""
        return {trait: getattr(self, trait) for trait in self.controls}

    def rows(self, state: State) -> Rows:
        """What the kernel computes, in Python: dataset name → rows. ValueError where the state has no answer."""
        raise NotImplementedError

    def html(self) -> str:
        """Self-contained markup: question, picture of the present state, and the payload that brings it to life."""
        return render(self)

    def __repr__(self) -> str:
        # Short, and without an object's address: chapters are compared with what was committed.
        state = ", ".join(f"{trait}={value!r}" for trait, value in self.state.items())
        return f"{type(self).__name__}({state})"

    def _repr_mimebundle_(self, **kwargs: Any) -> tuple[dict[str, Any], dict[str, Any]]:
        widget: Any = super()._repr_mimebundle_(**kwargs)
        bundle, metadata = widget
        return {**bundle, "text/html": self.html()}, metadata

    def _answer(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Answer the front end, which asks for what is too large to be synced and saved with the widget."""
        if message["ask"] == "page":
            self.send({"what": "page", "style": STYLE, "scripts": [vega_bundle(), GLUE]})
        else:
            self.send({"what": "html", "html": self.html(), "traits": list(self.controls)})


def require_columns(name: str, table: pd.DataFrame, needed: Iterable[str]) -> None:
    """ValueError that names the table and the columns that it lacks."""
    if missing := set(needed) - set(table):
        raise ValueError(f"{name}: lacks the columns {sorted(missing)}")


def columns(frame: pd.DataFrame, digits: int = 4) -> Columns:
    """A table as compact columns: numbers to ``digits`` significant digits, missing and infinite ones as None."""
    return {str(name): compact(frame[name].tolist(), digits) for name in frame}


def compact(values: Any, digits: int = 4) -> Any:
    """Nested lists of numbers rounded to ``digits`` significant digits; whole numbers stay whole."""
    if isinstance(values, (list, tuple)):
        return [compact(value, digits) for value in values]
    if isinstance(values, np.ndarray):
        return compact(values.tolist(), digits)
    if values is None or isinstance(values, (str, bool, int)):
        return values
    rounded = float(f"{values:.{digits}g}")
    if not np.isfinite(rounded):
        return None
    return int(rounded) if rounded.is_integer() else rounded
