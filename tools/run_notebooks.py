"""Execute chapters in place and clean them, ready to be compared and committed.

    make notebooks [NB=chapter.ipynb]

executes one chapter, or every one. A chapter that raises is left as it was.
"""

import argparse
import os
from pathlib import Path
from time import perf_counter

import nbformat
from execution_cache import ENVIRONMENT
from nbclient import NotebookClient

from tools.clean_notebooks import clean

BOOK = Path(__file__).parents[1] / "book"


def main() -> None:
    """Execute the notebooks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    paths = parser.parse_args().notebooks or sorted(BOOK.rglob("*.ipynb"))
    os.environ.update(ENVIRONMENT)
    for path in paths:
        start = perf_counter()
        notebook = nbformat.read(path, as_version=4)
        NotebookClient(
            notebook, timeout=600, coalesce_streams=True, resources={"metadata": {"path": path.parent}}
        ).execute()
        clean(notebook)
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        print(f"{path}: {perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
