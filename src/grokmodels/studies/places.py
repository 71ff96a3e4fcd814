"""Where studies are: in a folder with ``studies/``, beside which ``results/`` keeps their runs."""

from __future__ import annotations

import os
from pathlib import Path

# Of an editable install, the repository: studies and results ship with it, beside src/.
ROOT = Path(__file__).parents[3]
VARIABLE = "GROKMODELS_ROOT"


def find_root(root: Path | str | None = None) -> Path:
    """The folder whose ``studies/`` has studies: ``root``, else the one that the variable GROKMODELS_ROOT names.

    Without either it is the first such folder from the working directory upward, and then the repository of an editable
    install. ValueError, saying where it looked, where there is none.
    """
    for name, chosen in (("root", root), (VARIABLE, os.environ.get(VARIABLE))):
        if chosen:
            if not studies_in(chosen):
                raise ValueError(f"{name}: got {str(chosen)!r}; must be a folder with studies/*.toml")
            return Path(chosen)
    here = Path.cwd()
    for folder in (here, *here.parents, ROOT):
        if studies_in(folder):
            return folder
    raise ValueError(
        f"studies: found no studies/*.toml in {here} or above it; go to a clone of the book, or name one "
        f"with --root or {VARIABLE}"
    )


def studies_in(root: Path | str) -> list[str]:
    """The names of the studies below a folder, sorted."""
    return sorted(path.stem for path in (Path(root) / "studies").glob("*.toml"))


def open_studies(root: Path | str) -> list[str]:
    """The names of the studies that are declared for whoever wants to begin one, as ``open/remnant``, sorted."""
    return sorted(f"open/{path.stem}" for path in (Path(root) / "studies" / "open").glob("*.toml"))
