"""Execute chapters in place and clean them, ready to be compared and committed.

    make notebooks [NB=chapter.ipynb]

executes one chapter, or every one. A chapter that raises is left as it was. The build that follows shows the outputs
without executing again.
"""

import argparse
import os
from pathlib import Path
from time import perf_counter

import nbformat
from execution_cache import ENVIRONMENT, store
from nbclient import NotebookClient

from tools.clean_notebooks import clean

ROOT = Path(__file__).parents[1]


def main() -> None:
    """Execute the notebooks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    paths = parser.parse_args().notebooks or sorted((ROOT / "book").rglob("*.ipynb"))
    os.environ.update(ENVIRONMENT)
    for path in paths:
        notebook = nbformat.read(path, as_version=4)
        # The cache knows a chapter by its sources and their metadata, so these have to be clean before it runs.
        clean(notebook)
        start = perf_counter()
        client = NotebookClient(
            notebook,
            timeout=1800,
            coalesce_streams=True,
            record_timing=False,
            resources={"metadata": {"path": path.parent}},
        )
        client.execute()
        seconds = perf_counter() - start
        store(ROOT, path, notebook, seconds)
        clean(notebook)
        path.write_text(nbformat.writes(notebook) + "\n", encoding="utf-8")
        print(f"{path}: {seconds:.0f} s", flush=True)


if __name__ == "__main__":
    main()
