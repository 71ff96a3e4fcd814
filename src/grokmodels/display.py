"""What chapters show beside figures and explorables: tables, with verdicts in color, and code of the library."""

from __future__ import annotations

import inspect
import textwrap
from collections.abc import Callable, Mapping, Sequence
from html import escape
from numbers import Number
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from IPython.core.display import Markdown

# Words that a page colors where a cell begins with one, by what they mean for the claim.
VERDICTS = {
    "good": ("holds", "true", "yes", "stands", "agrees"),
    "limited": ("holds with limits", "partly"),
    "bad": ("fails", "false", "no", "excluded", "differs"),
    "undecided": ("open", "no runs", "not run", "not stated"),
}
# Letters up to which a cell is not wrapped: a verdict with its number and interval.
SHORT = 32
_MEANINGS = {word: meaning for meaning, words in VERDICTS.items() for word in words}


def source(*functions: Callable[..., Any]) -> Markdown:
    """The code of functions of the library, as it is there, in colors."""
    from IPython.core.display import Markdown

    code = "\n\n".join(textwrap.dedent(inspect.getsource(function)).rstrip() for function in functions)
    return Markdown(f"```python\n{code}\n```")


class Table:
    """The rows of a ``frame``, under a ``caption`` that says what they are, in which units and of how many runs.

    ``formats`` has format strings by column, as ``{"t_gen": "{:,.0f}"}``. Missing values are dashes, truth values yes
    or no. ``links`` has addresses by column, one for each row, empty for none. The index is not shown: ``reset_index``
    makes a column of it.

    >>> Table(pd.DataFrame({"decay": [0.1, 1], "steps": [7000.0, None]}), formats={"steps": "{:,.0f}"})
     decay steps
       0.1 7,000
       1.0     –
    """

    def __init__(
        self,
        frame: pd.DataFrame,
        caption: str = "",
        formats: Mapping[str, str] | None = None,
        links: Mapping[str, Sequence[str]] | None = None,
    ) -> None:
        formats, self._links = formats or {}, links or {}
        for what, given in {"formats": formats, "links": self._links}.items():
            if unknown := set(given) - set(frame):
                raise ValueError(f"{what}: got {sorted(unknown)}; must be among the columns {list(frame)}")
        self.caption = caption
        self.words = pd.DataFrame(
            {name: [_worded(value, formats.get(str(name), "{}")) for value in frame[name]] for name in frame}
        )
        self._kinds = {name: _kind(frame[name], self.words[name]) for name in frame}

    def __repr__(self) -> str:
        text = self.words.to_string(index=False)
        return f"{self.caption}\n{text}" if self.caption else text

    def _repr_html_(self) -> str:
        # Beside the table, not in it: on a phone a wide table scrolls under its caption.
        caption = f"<figcaption>{escape(self.caption)}</figcaption>" if self.caption else ""
        head = "".join(self._cell("th", name, escape(str(name))) for name in self.words)
        rows = (
            "".join(self._cell("td", name, self._linked(number, name, word)) for name, word in row.items())
            for number, row in enumerate(self.words.to_dict("records"))
        )
        body = "".join(f"<tr>{row}</tr>" for row in rows)
        return (
            f'<figure class="grok-table"><div><table{self._stacked()}><thead><tr>{head}</tr></thead>'
            f"<tbody>{body}</tbody></table></div>{caption}</figure>"
        )

    def _linked(self, row: int, column: Any, word: str) -> str:
        address = self._links[column][row] if column in self._links else ""
        return f'<a href="{escape(address)}">{marked(word)}</a>' if address else marked(word)

    def _stacked(self) -> str:
        """On a phone a sentence gets a line of its own, with its values below it."""
        first, *values = self._kinds.values()
        return f' class="grok-stacked" style="--values: {len(values)}"' if first == "long" and len(values) > 1 else ""

    def _cell(self, tag: str, column: Any, content: str) -> str:
        scope = ' scope="col"' if tag == "th" else ""
        return f'<{tag}{scope} class="grok-{self._kinds[column]}">{content}</{tag}>'


def _kind(values: pd.Series, words: pd.Series) -> str:
    """How a column is set: numbers to the right, what is short in one line, sentences and judged numbers wrapped."""
    if all(isinstance(value, Number) for value in values):
        return "numeric"
    if words.str.contains(" · ").any():
        return "judged"
    return "short" if words.str.len().max() <= SHORT else "long"


def marked(text: str) -> str:
    """A text as HTML. Its verdict is colored: all of it, or what stands before the first dot of ``true · 0.3``.

    An interval behind the number, in brackets, may stand in a line of its own.
    """
    verdict, dot, rest = text.partition(" · ")
    if verdict not in _MEANINGS:
        return escape(text)
    chip = f'<span class="grok-verdict" data-verdict="{_MEANINGS[verdict]}">{verdict}</span>'
    if not dot:
        return chip
    number, bracket, interval = rest.partition(" [")
    interval = f" <span>[{escape(interval)}</span>" if bracket else ""
    return f"<span>{chip} {escape(number)}</span>{interval}"


def _worded(value: Any, form: str) -> str:
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return "–" if value is None or value != value else form.format(value)
