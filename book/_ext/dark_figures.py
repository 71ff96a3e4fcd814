"""Every figure has a twin in the colors of dark pages, and the theme shows the one that fits.

A vector figure names its colors, so the twin is the same file with each color of the palette replaced by its dark
partner; black and white, the defaults of what the palette leaves alone, follow the page.
"""

import re
from pathlib import Path

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.typing import ExtensionMetadata

from grokmodels.palette import PALETTE

PARTNERS = {color.light.lower(): color.dark for color in PALETTE.values()} | {
    "#000000": PALETTE["ink"].dark,
    "#ffffff": "#121212",
}


def darkened(svg: str) -> str:
    """Return a figure in the colors of dark pages."""
    # Shapes without a color are black by the rules of SVG, as Matplotlib knows: it leaves that color out.
    svg = svg.replace("<svg ", f'<svg fill="{PALETTE["ink"].dark}" ', 1)
    return re.sub(r"#[0-9a-fA-F]{6}\b", lambda found: PARTNERS.get(found[0].lower(), found[0]), svg)


class AddDarkTwins(SphinxTransform):
    """Put a twin after each vector figure that a cell drew."""

    # Before the images of a page are collected.
    default_priority = 400

    def apply(self) -> None:
        """Write the twins beside the figures."""
        for image in list(self.document.findall(nodes.image)):
            source = Path(self.app.srcdir, image["uri"].lstrip("/"))
            if source.suffix != ".svg" or source.parent.name != "jupyter_execute":
                continue
            twin = source.with_suffix(".dark.svg")
            dark = darkened(source.read_text(encoding="utf-8"))
            # Left alone when unchanged: a newer file would make Sphinx read its pages again.
            if not twin.exists() or twin.read_text(encoding="utf-8") != dark:
                twin.write_text(dark, encoding="utf-8")
            partner = image.deepcopy()
            partner["uri"] = image["uri"].removesuffix(".svg") + ".dark.svg"
            image["classes"] = [*image["classes"], "dark-light", "grok-light-figure"]
            partner["classes"] = [*partner["classes"], "dark-light", "grok-dark-figure"]
            image.parent.insert(image.parent.index(image) + 1, partner)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_transform(AddDarkTwins)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
