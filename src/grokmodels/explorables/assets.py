"""What every page needs once: the Vega bundle, the glue and the style. None of it comes from another host."""

from __future__ import annotations

from functools import cache
from importlib import resources
from pathlib import Path

import vl_convert

from grokmodels.palette import stylesheet


def _text(name: str) -> str:
    return resources.files(__package__).joinpath(name).read_text(encoding="utf-8")


# In the order in which they build on each other; in a function their names stay out of the page's.
_GLUE = ("elements", "controls", "pointer", "guess", "raster", "process", "mount", "page")
GLUE = "(() => {{\n{}}})();\n".format("\n".join(_text(f"glue/{name}.js") for name in _GLUE))
WIDGET = _text("widget.js")
STYLE = stylesheet() + _text("explorable.css")


@cache
def vega_bundle() -> str:
    """Vega, Vega-Lite and Vega-Embed as one classic script (0.9 MB) that defines ``window.vegaEmbed``."""
    # The bundle declares hundreds of short names at its top level; in a function they stay out of the page's.
    bundle = vl_convert.javascript_bundle("window.vegaEmbed = vegaEmbed;")
    return f"(() => {{{bundle}}})();\n"


def write_assets(folder: str | Path) -> list[Path]:
    """Write ``vega.js``, ``explorable.js`` and ``explorable.css`` into a folder; returns their paths.

    A page loads the style, then the two scripts in this order (deferred or at its end).
    """
    folder = Path(folder)
    files = {"vega.js": vega_bundle(), "explorable.js": GLUE, "explorable.css": STYLE}
    for name, text in files.items():
        folder.joinpath(name).write_text(text, encoding="utf-8")
    return [folder / name for name in files]
