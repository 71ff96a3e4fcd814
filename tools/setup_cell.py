"""The first code cell of every chapter: where a notebook is opened alone, it gets the library, studies and results.

It is folded in JupyterLab and Colab, and pages leave it out. The address that it installs the book from stands in
``_config.yml``; the environment variable BOOK_REPOSITORY_URL wins where it is set.
"""

from pathlib import Path

import yaml
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell

ROOT = Path(__file__).parents[1]

ID = "setup"
METADATA = {"cellView": "form", "jupyter": {"source_hidden": True}, "tags": ["remove-cell"]}


def source(address: str) -> str:
    """What the cell does: nothing where the library is found, else it installs the book, editable, from its address.

    An editable install leaves a clone, beside whose library are studies and results.
    """
    return f'''\
# @title Set up: get the book's library, studies and results where they are missing
import importlib.util
import os
import site

if importlib.util.find_spec("grokmodels") is None:
    address = "{address}"
    address = os.environ.get("BOOK_REPOSITORY_URL") or address
    assert address, "put the repository's address above, or set BOOK_REPOSITORY_URL"
    %pip install --quiet myst-nb --editable "git+{{address}}#egg=grokmodels"
    importlib.invalidate_caches()
    site.main()  # what was installed can be imported without a new start'''


def with_setup(cells: list[NotebookNode]) -> list[NotebookNode]:
    """The cells of a notebook, before whose first code the set-up stands, once."""
    others = [cell for cell in cells if cell.get("id") != ID]
    first = next((place for place, cell in enumerate(others) if cell.cell_type == "code"), None)
    if first is None:
        return others
    address = yaml.safe_load((ROOT / "_config.yml").read_text(encoding="utf-8"))["repository"]["url"]
    counts = [cell.execution_count for cell in cells if cell.get("id") == ID]
    setup = new_code_cell(source(address), id=ID, metadata=METADATA, execution_count=counts[0] if counts else None)
    return [*others[:first], setup, *others[first:]]
