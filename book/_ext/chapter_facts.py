"""Each chapter says under its title how long it takes to read and to run, both measured at every build, and how to
cite it.
"""

import re
from math import ceil
from pathlib import Path
from typing import Any

import yaml
from docutils import nodes
from myst_nb.sphinx_ import NbMetadataCollector
from sphinx.application import Sphinx
from sphinx.util.typing import ExtensionMetadata
from sphinx_external_toc.api import SiteMap

WORDS_PER_MINUTE = 200


def _add_facts(app: Sphinx, page: nodes.document, name: str) -> None:
    run = NbMetadataCollector.get_doc_data(app.env)[name].get("exec_data")
    title = next(page.findall(nodes.title), None)
    if run is None or title is None or name == app.config.root_doc:
        return
    words = sum(len(text.astext().split()) for text in page.findall(nodes.paragraph))
    facts = f"{_count(words / WORDS_PER_MINUTE, 'minute')} to read · {_count(run['runtime'], 'second')} to run"
    shown: list[nodes.Node] = [nodes.paragraph("", facts, classes=["chapter-facts"])]
    if app.builder.format == "html":
        book = yaml.safe_load(Path(app.srcdir, "CITATION.cff").read_text(encoding="utf-8"))
        year = app.config.copyright.split(",")[0]
        entry = citation(book, name, title.astext(), part_of(name, app.config.external_site_map), year)
        start = '<details class="chapter-facts"><summary>Cite this chapter</summary>'
        block = nodes.literal_block(entry, entry, language="bibtex")
        shown += [nodes.raw("", start, format="html"), block, nodes.raw("", "</details>", format="html")]
    at = title.parent.index(title) + 1
    title.parent[at:at] = shown


def part_of(page: str, toc: SiteMap) -> str:
    """The caption of the part of the book that a page belongs to, as in ``_toc.yml``."""
    return next((part.caption for part in toc.root.subtrees if page in part.items), None) or ""


def citation(book: dict[str, Any], page: str, title: str, part: str, year: str) -> str:
    """A BibTeX entry for a page of the ``book``, which is what CITATION.cff says of it: its ``doi`` once it has one."""
    names = (author.get("name") or f"{author['family-names']}, {author['given-names']}" for author in book["authors"])
    fields = {
        # In braces of its own, what has no comma is one name and not first and last names.
        "author": " and ".join(name if ", " in name else f"{{{name}}}" for name in names),
        "title": _in_bibtex(title),
        "booktitle": _in_bibtex(book["title"]),
        "note": _in_bibtex(", ".join(filter(None, [part, f"version {book['version']}"]))),
        "year": year,
        "doi": book.get("doi"),
    }
    lines = [f"  {field} = {{{value}}},\n" for field, value in fields.items() if value]
    return f"@incollection{{grokking-{page.rsplit('/', 1)[-1]},\n{''.join(lines)}}}"


def _in_bibtex(text: str) -> str:
    return re.sub(r"([&%#_])", r"\\\1", text)


def _count(amount: float, unit: str) -> str:
    return f"{ceil(amount)} {unit}{'' if amount <= 1 else 's'}"


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("doctree-resolved", _add_facts)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
