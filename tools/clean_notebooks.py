"""Leave in notebooks what a reader of the diff needs: sources, text outputs and execution counts.

Pages render figures afresh, so images, other rich outputs and widget state are stripped, as are
metadata that change from one machine to the next. The set-up cell is put in, or put right.

    python -m tools.clean_notebooks chapter.ipynb …

rewrites the notebooks that are not clean, names them, and then exits with 1, as a pre-commit hook.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from nbformat import NotebookNode

from tools.setup_cell import with_setup

# What a cell prints or returns, and the numbers that it glues into the prose.
OUTPUT_MIMES = {"text/plain", "application/papermill.record/text/plain"}
OUTPUT_METADATA = {"scrapbook"}
CELL_METADATA = {"mystnb", "nbgrader", "tags", "slideshow"}
NOTEBOOK_METADATA = {
    "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
    "language_info": {"name": "python"},
}


def clean(notebook: NotebookNode) -> None:
    """Strip a notebook in place, and see that it has the set-up cell."""
    notebook.metadata = nbformat.from_dict(NOTEBOOK_METADATA)
    for cell in notebook.cells:
        cell.metadata = _only(CELL_METADATA, cell.metadata)
        if cell.cell_type == "code":
            cell.outputs = [output for output in map(_clean_output, cell.outputs) if output]
    notebook.cells = with_setup(notebook.cells)


def _clean_output(output: NotebookNode) -> NotebookNode | None:
    if "data" in output:
        output.data = _only(OUTPUT_MIMES, output.data)
        output.metadata = _only(OUTPUT_METADATA, output.metadata)
        return output if output.data else None
    return output


def _only(kept: set[str], entries: NotebookNode) -> NotebookNode:
    return NotebookNode({key: value for key, value in entries.items() if key in kept})


def main() -> int:
    """Clean the notebooks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    changed = False
    for path in parser.parse_args().notebooks:
        before = path.read_text(encoding="utf-8")
        notebook = nbformat.reads(before, as_version=4)
        clean(notebook)
        after = nbformat.writes(notebook) + "\n"
        if after != before:
            path.write_text(after, encoding="utf-8")
            print(f"cleaned {path}")
            changed = True
    return int(changed)


if __name__ == "__main__":
    sys.exit(main())
