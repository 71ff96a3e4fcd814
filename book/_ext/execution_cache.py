"""Chapters are executed again when what they compute with changes, not only when their text does.

The cache of executed notebooks sees their code cells alone. Keeping it in a folder named after the
library, the shipped results and the pinned versions makes an edit to any of those a fresh start:
Sphinx reads every page again when the folder's name changes, and finds nothing cached there.
"""

import hashlib
import os
from pathlib import Path

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn
from nbclient import NotebookClient
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.config import Config
from sphinx.util.typing import ExtensionMetadata

COMPUTED_WITH = ("src", "results", "requirements.txt")

# Kernels inherit these: progress bars would end up in the chapters, a fixed hash seed makes two runs alike, and on
# matrices this small a second thread costs more than it gives, so that there is one unless more are asked for.
ENVIRONMENT = {
    "TQDM_DISABLE": "1",
    "PYTHONHASHSEED": "0",
    "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS", "1"),
}


def cache_path(root: Path) -> Path:
    """Return the folder that holds the outputs of the chapters of the book at `root`."""
    digest = hashlib.sha256()
    for file in sorted(_files(root)):
        digest.update(file.relative_to(root).as_posix().encode())
        digest.update(hashlib.sha256(file.read_bytes()).digest())
    return root / "_build" / ".jupyter_cache" / digest.hexdigest()[:16]


def store(root: Path, chapter: Path, executed: NotebookNode, seconds: float) -> None:
    """Keep the outputs of a chapter, figures included, so that the build does not execute it again."""
    bundle = CacheBundleIn(executed, str(chapter), data={"execution_seconds": seconds})
    get_cache(cache_path(root)).cache_notebook_bundle(bundle, overwrite=True)


def _files(root: Path) -> list[Path]:
    found = []
    for name in COMPUTED_WITH:
        top = root / name
        found += [top] if top.is_file() else [path for path in top.rglob("*") if path.is_file()]
    return [path for path in found if not _is_made(path)]


def _is_made(path: Path) -> bool:
    """Tell whether Python's tools made this file, rather than an author."""
    return any(part == "__pycache__" or part.endswith(".egg-info") for part in path.parts)


def _set_cache_path(app: Sphinx, config: Config) -> None:
    config["nb_execution_cache_path"] = str(cache_path(Path(app.srcdir)))


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    os.environ.update(ENVIRONMENT)
    # Pages show what a widget looks like as HTML; its state, scripts included, would only add weight.
    NotebookClient.store_widget_state.default_value = False
    app.connect("config-inited", _set_cache_path)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
