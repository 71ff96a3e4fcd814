"""An explorable: controls → kernel → charts, alive with a Python kernel and without one.

In a notebook it is an ipywidget. In the built book it is HTML that carries its own data and program. Both are the same
markup, mounted by the same scripts; without JavaScript a picture with alt text remains.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from typing import Any, ClassVar

import anywidget

from grokmodels.explorables.assets import GLUE, STYLE, WIDGET, vega_bundle
from grokmodels.explorables.charts import Chart
from grokmodels.explorables.controls import Control
from grokmodels.explorables.guess import Guess
from grokmodels.explorables.page import render
from grokmodels.explorables.program import Program
from grokmodels.explorables.raster import Raster
from grokmodels.explorables.tables import to_rows
from grokmodels.explorables.words import Readout, Shown, State

Rows = dict[str, Any]


class Explorable(anywidget.AnyWidget):
    """The framework; subclasses declare one :class:`Controlled` trait for every control.

    ``name`` identifies the explorable on its page (the prose sets it by this name); ``question`` is what the reader is
    asked. ``controls`` maps trait → control, ``charts`` name → chart in reading order, ``layout`` places the charts
    (rows of names, as in CSS ``grid-template-areas``; narrow screens show one column). ``presets`` maps the words of a
    chip to the traits that it sets, the others going back to where they began. ``data`` maps name → table (columns of
    equal length, drawn by name) or constant, and never moves.

    What only picks recorded rows needs no program: charts filter their data by the traits, which are Vega's parameters
    (``transform_filter("datum.step <= step")``), and ``data["readout"]`` has one row for every state, found by those of
    its columns that are traits. What computes has a ``kernel``, a pure function ``(state, data) => ({name: rows,
    readout: {name: value}})`` in JavaScript; where a state has no answer it throws a RangeError with a message that the
    reader sees. What runs on and on, on the page only, is a ``process``: a function ``(data, hooks)`` that gives rows
    as a kernel does, anew whenever it says so, and buttons (``glue/process.js``).
    """

    _esm = WIDGET
    kernel: ClassVar[Program | None] = None
    process: ClassVar[Program | None] = None

    def __init__(
        self,
        *,
        name: str,
        title: str,
        question: str,
        controls: Mapping[str, Control],
        charts: Mapping[str, Chart | Raster],
        layout: Sequence[str],
        data: Mapping[str, Any],
        readout: Sequence[Readout] = (),
        presets: Mapping[str, State] | None = None,
        guess: Guess | None = None,
        **state: Any,
    ) -> None:
        # Plain attributes, not traits: they never move, so they have no place in the synced or saved widget state.
        self.name, self.title, self.question = name, title, question
        self.controls, self.charts, self.layout_areas = controls, charts, tuple(layout)
        self.data, self.readout, self.guess = data, readout, guess
        super().__init__(**state)
        self.presets = {words: self.state | self._checked(changes) for words, changes in (presets or {}).items()}
        if guess:
            self._checked(guess.state)
        self.on_msg(self._answer)

    @property
    def state(self) -> dict[str, Any]:
        """The value of every control, by trait."""
        return {trait: getattr(self, trait) for trait in self.controls}

    def rows(self, state: State) -> Rows:
        """What the page computes at a state: dataset → rows, and ``readout``: name → value.

        ValueError where the state has no answer.
        """
        rows: Rows = {} if self._run is None else self._run(state)
        if "readout" in self.data:
            traits = [key for key in self.data["readout"] if key in state]
            found = [row for row in to_rows(self.data["readout"]) if all(row[key] == state[key] for key in traits)]
            if not found:
                raise ValueError("Nothing was recorded here.")
            rows = {"readout": found[0]} | rows
        return rows

    def words(self, state: State, rows: Rows) -> dict[str, Any]:
        """The values of templates at a state: what its controls show, and what its readout tells."""
        shown = {trait: Shown(state[trait], control.text(state[trait])) for trait, control in self.controls.items()}
        return rows.get("readout", {}) | shown

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

    @cached_property
    def _run(self) -> Any:
        return self.kernel and self.kernel.start(self.data)

    def _checked(self, changes: State) -> dict[str, Any]:
        """The changes as their controls take them; ValueError for what they do not take."""
        if unknown := set(changes) - set(self.controls):
            raise ValueError(f"{self.name}: got {sorted(unknown)}; must be among {list(self.controls)}")
        return {trait: self.controls[trait].nearest(value) for trait, value in changes.items()}

    def _answer(self, _widget: Any, message: Any, _buffers: Any) -> None:
        """Answer the front end, which asks for what is too large to be synced and saved with the widget."""
        if message["ask"] == "page":
            self.send({"what": "page", "style": STYLE, "scripts": [vega_bundle(), GLUE]})
        else:
            self.send({"what": "html", "html": self.html(), "traits": list(self.controls)})
