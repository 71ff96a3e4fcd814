"""Execute chapters in place and clean them, ready to be compared and committed.

    make notebooks [NB="chapter.ipynb …"]

executes chapters, on all cores, or every one. A chapter that raises, or writes to standard error, is left as it was.
The build that follows shows the outputs without executing again.
"""

import argparse
import sys
from pathlib import Path

import nbformat
from execution import ChapterError, execute_all

from tools.clean_notebooks import clean

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Execute the notebooks named on the command line."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("notebooks", nargs="*", type=Path)
    paths = parser.parse_args().notebooks or sorted((ROOT / "book").rglob("*.ipynb"))
    notebooks = {path.resolve(): nbformat.read(path, as_version=4) for path in paths}
    for notebook in notebooks.values():
        clean(notebook)

    def report(path: Path, outcome: float | ChapterError) -> None:
        name = path.relative_to(ROOT)
        if isinstance(outcome, ChapterError):
            print(f"{name}: {outcome}", file=sys.stderr, flush=True)
            return
        clean(notebooks[path])
        path.write_text(nbformat.writes(notebooks[path]) + "\n", encoding="utf-8")
        print(f"{name}: {outcome:.0f} s", flush=True)

    return int(bool(execute_all(ROOT, notebooks, report)))


if __name__ == "__main__":
    sys.exit(main())
