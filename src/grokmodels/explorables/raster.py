"""A table of cells as a picture: one color for each thing that can be said of a cell."""

from __future__ import annotations

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from io import BytesIO
from typing import Any

import numpy as np

from grokmodels.explorables.words import State
from grokmodels.palette import PALETTE


@dataclass(frozen=True)
class Kind:
    """What a cell can be: its color in the palette, how strong it is from 0 to 1, and its words in the legend.

    A cell that is not of the ``legend`` is told of where a reader points, and nowhere else.
    """

    color: str
    strength: float
    words: str
    legend: bool = True


@dataclass(frozen=True)
class Raster:
    """Tables side by side, drawn from a dataset ``source`` with one row a table.

    A row has the ``label`` above the table, the number of its ``columns`` and its ``cells``, row after row, each the
    number of one of the ``kinds``. On a page it may have ``name``, a function of (row, column) that says what a cell
    is; ``mark``, the number of a cell that is framed and told of; and ``pick``, a function of (row, column) that gives
    the traits which a click on the cell sets. ``caption`` and ``alt`` are templates, as those of a
    :class:`~grokmodels.explorables.charts.Chart`; ``hint`` stands where nothing else is told.
    """

    source: str
    kinds: Sequence[Kind]
    caption: str
    alt: str
    hint: str

    def reads(self) -> list[str]:
        """Names of the data that it draws."""
        return [self.source]

    def payload(self, _state: State) -> dict[str, Any]:
        """What the glue needs, as JSON types."""
        kinds = [vars(kind) for kind in self.kinds]
        return {
            "raster": {"source": self.source, "kinds": kinds, "hint": self.hint},
            "reads": self.reads(),
            "follows": [],
            "drag": {},
            "caption": self.caption,
            "alt": self.alt,
        }

    def picture(self, _state: State, datasets: Mapping[str, Sequence[Mapping[str, Any]]], _width: int) -> str:
        """The first table in light colors, a pixel a cell, as a data URI."""
        # Drawn for a page only: to import the explorables nobody waits for it.
        from matplotlib.colors import to_rgba
        from matplotlib.image import imsave

        table, file = datasets[self.source][0], BytesIO()
        colors = np.array([to_rgba(PALETTE[kind.color].light, kind.strength) for kind in self.kinds])
        imsave(file, colors[np.reshape(table["cells"], (-1, table["columns"]))], format="png")
        return f"data:image/png;base64,{b64encode(file.getvalue()).decode()}"
