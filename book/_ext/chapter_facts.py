"""Each chapter says under its title how long it takes to read and to run; both are measured at every build."""

from math import ceil

from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata

WORDS_PER_MINUTE = 200


def _add_facts(app: Sphinx, page: nodes.document, name: str) -> None:
    run = NbMetadataCollector.get_doc_data(app.env)[name].get("exec_data")
    title = next(page.findall(nodes.title), None)
    if run is None or title is None or name == app.config.root_doc:
        return
    words = sum(len(text.astext().split()) for text in page.findall(nodes.paragraph))
    facts = f"{_count(words / WORDS_PER_MINUTE, 'minute')} to read · {_count(run['runtime'], 'second')} to run"
    title.parent.insert(title.parent.index(title) + 1, nodes.paragraph("", facts, classes=["chapter-facts"]))


def _count(amount: float, unit: str) -> str:
    return f"{ceil(amount)} {unit}{'' if amount <= 1 else 's'}"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("doctree-resolved", _add_facts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
