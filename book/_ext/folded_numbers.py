"""The printed numbers of a cell that shows a figure, a table or an explorable stand below it, folded.

They are there for strict comparison, and for a reader who wants digits; the picture comes first.
"""

from docutils import nodes
from sphinx.application import Sphinx
from sphinx.transforms import SphinxTransform
from sphinx.util.typing import ExtensionMetadata

# What a page does not show as it is: plain text that stands in for something richer.
PLAIN = "text/plain"


class FoldNumbers(SphinxTransform):
    """Move what a cell printed below what it showed, into a fold."""

    default_priority = 400

    def apply(self) -> None:
        """Fold in every cell that shows something richer than text."""
        outputs = [
            node for node in self.document.findall(nodes.container) if node.get("nb_element") == "cell_code_output"
        ]
        for output in outputs:
            printed = [child for child in output.children if isinstance(child, nodes.literal_block)]
            if not printed or not any(_is_rich(child) for child in output.children):
                continue
            for block in printed:
                output.remove(block)
            start, end = '<details class="grok-numbers"><summary>Numbers</summary>', "</details>"
            output.parent += [nodes.raw("", start, format="html"), *printed, nodes.raw("", end, format="html")]


def _is_rich(node: nodes.Node) -> bool:
    bundles = node.findall(nodes.container)
    return any(bundle.get("mime_type", PLAIN) != PLAIN for bundle in bundles)


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_transform(FoldNumbers)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
