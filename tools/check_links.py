"""Check that every reference of the book leads somewhere: to a page, a section, a figure, a term, an entry.

    make quick

does it, after the quick tests. The pages are read with the outputs that are committed, so no chapter is executed and no
page is written.
"""

import sys
from pathlib import Path

from jupyter_book.sphinx import build_sphinx

ROOT = Path(__file__).parents[1]


def main() -> int:
    """Read the whole book; 1 where something is amiss, after Sphinx has said what."""
    outcome = build_sphinx(
        ROOT,
        ROOT / "_build" / "links",
        noconfig=True,
        path_config=ROOT / "_config.yml",
        # Jupyter Book asks for the first of these, as its own command gives it.
        confoverrides={"latex_individualpages": False, "nb_execution_mode": "off", "nitpicky": True},
        builder="dummy",
        warningiserror=True,
        keep_going=True,
        quiet=True,
    )
    return int(outcome != 0)


if __name__ == "__main__":
    sys.exit(main())
