"""The one palette: the same color for the same thing in matplotlib, Altair and CSS.

Every color comes as a pair, for light and for dark pages. Charts in the browser name a color by its CSS variable
(``var(--grok-train)``), so that one chart follows the theme of the page without being drawn again.
"""

from __future__ import annotations

import re
from typing import NamedTuple


class Color(NamedTuple):
    """One thing's color on a light and on a dark page, as hex strings."""

    light: str
    dark: str


PALETTE = {
    "train": Color("#0072B2", "#56B4E9"),
    "test": Color("#D55E00", "#F0883E"),
    "memorizing": Color("#B5508F", "#E08CC1"),
    "generalizing": Color("#00805E", "#2FBF8F"),
    "ink": Color("#24292f", "#e3e6ea"),
    "muted": Color("#626a73", "#9aa3ad"),
    "grid": Color("#e4e7eb", "#333b44"),
    "track": Color("#b9c0c8", "#566270"),
    "limited": Color("#8f5f00", "#e0a73e"),
    "bad": Color("#c4252f", "#ff7d74"),
    "surface": Color("#fbfbfc", "#1a2027"),
}

# For positions on a circle (tokens mod p): hues of about equal lightness, the last one back at the first.
CYCLE = (
    "#c9504f",
    "#b9702a",
    "#928a17",
    "#4f9b4b",
    "#0f9d8a",
    "#2b90b8",
    "#6a7bcb",
    "#a265b8",
    "#c4528c",
    "#c9504f",
)


def css(name: str) -> str:
    """The CSS variable of a palette color, as Altair and Vega take it."""
    if name not in PALETTE:
        raise ValueError(f"color: got {name!r}; must be one of {sorted(PALETTE)}")
    return f"var(--grok-{name})"


def stylesheet() -> str:
    """The palette as CSS variables, for the themes of the book and of JupyterLab."""
    light = "".join(f"--grok-{name}: {color.light}; " for name, color in PALETTE.items())
    dark = "".join(f"--grok-{name}: {color.dark}; " for name, color in PALETTE.items())
    return f':root {{ {light}}}\nhtml[data-theme="dark"], body[data-jp-theme-light="false"] {{ {dark}}}\n'


def without_variables(text: str) -> str:
    """``text`` with every CSS variable of the palette replaced by its light color: for pictures outside a page."""
    return re.sub(r"var\(--grok-(\w+)\)", lambda match: PALETTE[match[1]].light, text)
