"""A page shows again what another page shows: an explorable, a figure, a table, an exercise, a numbered list.

It is copied when the page is written, from what was read of the other page. So no chapter is executed twice, and a copy
never differs from what it copies.
"""

import json
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from docutils import nodes
from sphinx.addnodes import pending_xref
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.transforms.post_transforms import SphinxPostTransform
from sphinx.util import docname_join, logging
from sphinx.util.typing import ExtensionMetadata
from sphinx_exercise.nodes import exercise_title, is_exercise_node  # type: ignore[import-untyped]


class shown_elsewhere(nodes.General, nodes.Element):  # noqa: N801 (docutils names nodes so)
    """Stands for what ``what`` names, ``page#name``, until the page is written."""


class CopyShown(SphinxPostTransform):
    """Put the copies in their places."""

    # Before one form of each output is chosen and references are resolved, which the copies need as well.
    default_priority = 1

    def run(self, **kwargs: Any) -> None:
        """Copy, and warn of what is not there."""
        for place in list(self.document.findall(shown_elsewhere)):
            copies: list[nodes.Node] = []
            try:
                copies = copy_shown(self.env, place["what"])
            except LookupError as missing:
                logging.getLogger(__name__).warning(missing.args[0], location=place)
            place.replace_self(copies)


def copy_shown(env: BuildEnvironment, what: str) -> list[nodes.Node]:
    """Copies of what ``what`` names, for the page that is being written.

    LookupError where there is no such page, or nothing of that name on it.
    """
    page, _, name = what.partition("#")
    if page not in env.all_docs:
        raise LookupError(f"shown elsewhere: got page {page!r} of {what!r}; must be a page of the book")
    source = Path(env.doc2path(page))
    found = find(env.get_doctree(page), cell_ids(source), name)
    if not found:
        raise LookupError(
            f"shown elsewhere: got {name!r} of {what!r}; must be a label, an explorable or a cell with output on that page"
        )
    for node in found:
        _refer_from(node, page, env.docname)
    return found


def cell_ids(source: Path) -> list[str]:
    """The ids of a notebook's cells, in order; none for a page that is no notebook."""
    if source.suffix != ".ipynb":
        return []
    return [cell["id"] for cell in json.loads(source.read_text(encoding="utf-8"))["cells"]]


def find(page: nodes.document, cells: list[str], name: str) -> list[nodes.Node]:
    """What a page shows under a name; empty if nothing.

    A figure comes with its caption, an explorable or a cell's output as a whole, an exercise without its title, and of
    a section the first numbered list or table.
    """
    outputs = [node for node in page.findall(nodes.container) if node.get("nb_element") == "cell_code_output"]
    for output in outputs:
        index = output.parent["cell_index"]
        if (index < len(cells) and cells[index] == name) or _has(output, name):
            return [output]
    named = next((node for node in page.findall(nodes.Element) if name in node["ids"]), None)
    if named is None:
        return []
    if is_exercise_node(named):
        return [node for child in named.children if not isinstance(child, exercise_title) for node in child.children]
    if isinstance(named, nodes.section):
        return list(named.findall(lambda node: isinstance(node, nodes.enumerated_list | nodes.table)))[:1]
    return [named]


def _has(output: nodes.Element, name: str) -> bool:
    """Whether a cell's output is what a label or an explorable's address names."""
    written = output.findall(nodes.raw)
    return any(name in node["ids"] for node in output.findall(nodes.Element)) or any(
        f'id="{name}"' in node.astext() for node in written
    )


def _refer_from(node: nodes.Node, page: str, here: str) -> None:
    """Let the references in a copy lead from this page to where they led from its own."""
    references: Iterable[pending_xref] = node.findall(pending_xref)
    for reference in references:
        if reference["reftype"] == "doc":
            reference["reftarget"] = "/" + docname_join(page, reference["reftarget"])
        reference["refdoc"] = here


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.add_node(shown_elsewhere)
    app.add_post_transform(CopyShown)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
