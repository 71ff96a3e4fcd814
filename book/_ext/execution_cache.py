"""The outputs of executed chapters, kept for as long as nothing that they came from has changed.

An output hangs on the code of its chapter, on the pinned versions, and on every file of the book that the kernel read:
modules of the library, studies, results. The kernel notes these (``kernel/sitecustomize.py``), and the cache keeps what
each amounted to. So an edited prediction executes the chapters that read its study, and a comment in the library those
that show the function it stands in.
"""

import ast
import fcntl
import hashlib
import time
from collections.abc import Iterator
from contextlib import contextmanager
from copy import deepcopy
from functools import cache
from importlib.util import source_from_cache
from pathlib import Path
from typing import Any

from jupyter_cache import get_cache
from jupyter_cache.base import CacheBundleIn, JupyterCacheAbstract
from nbformat import NotebookNode

# Where outputs may come from. Every chapter is computed with the pinned versions.
ORIGINS = ("src", "studies", "results")
PINNED = "requirements.txt"

# Scripts and styles of pages: kernels read them for widgets, and no output has them.
PAGE_ONLY = ("explorables/glue/", "explorables/widget.js", "explorables/explorable.css")

Digests = dict[str, str]


def digests(root: Path, log: Path) -> Digests:
    """What everything amounts to, now, that a kernel noted in its log; keys are ``kind path``."""
    lines = log.read_text(encoding="utf-8").splitlines() if log.exists() else []
    reads = {tuple(line.split("\t", 1)) for line in lines}
    keys = {f"bytes {PINNED}"} | {key for kind, path in reads if (key := _key(root, kind, Path(path)))}
    return {key: _digest(root, key) for key in sorted(keys)}


def _key(root: Path, kind: str, path: Path) -> str:
    if path.suffix == ".pyc":
        path = Path(source_from_cache(str(path)))
    if not path.is_relative_to(root):
        return ""
    name = path.relative_to(root).as_posix()
    counts = name.split("/")[0] in ORIGINS and not any(part in name for part in PAGE_ONLY)
    # The import system lists the folders of modules.
    return f"{kind} {name}" if counts and not (kind == "names" and name.startswith("src")) else ""


def _digest(root: Path, key: str) -> str:
    kind, _, name = key.partition(" ")
    path = root / name
    if not path.exists():
        return "gone"
    if kind == "names":
        content = "\n".join(sorted(entry.name for entry in path.iterdir())).encode()
    elif kind == "code":
        content = _code_of(path.read_bytes())
    elif name.startswith("results/"):
        # Weights are read by a library whose reads no Python sees: they go with the runs of their study.
        content = b"".join(file.read_bytes() for file in sorted(path.parent.glob(f"{path.stem}.*")))
    else:
        content = path.read_bytes()
    return hashlib.sha256(content).hexdigest()


@cache
def _code_of(source: bytes) -> bytes:
    """What a module says, without its comments."""
    return ast.dump(ast.parse(source)).encode()


def find(root: Path, notebook: NotebookNode) -> int | None:
    """When the outputs of this chapter were stored, in nanoseconds, if they still hold.

    They hold under other captions, tags and alternative texts, too.
    """
    code = _code(notebook)
    with _opened(root) as cache:
        records = [record for record in cache.list_cache_records() if record.data["code"] == code]
        for record in sorted(records, key=lambda record: record.data["stored"], reverse=True):
            if any(_digest(root, key) != digest for key, digest in record.data["digests"].items()):
                continue
            if cache.create_hashed_notebook(notebook)[1] != record.hashkey:
                _store(cache, _with_outputs(notebook, cache.get_cache_bundle(record.pk).nb), record.uri, record.data)
            return int(record.data["stored"])
    return None


def store(root: Path, chapter: Path, executed: NotebookNode, seconds: float, reads: Digests) -> None:
    """Keep the outputs of a chapter, figures included."""
    data = {"execution_seconds": seconds, "code": _code(executed), "digests": reads, "stored": time.time_ns()}
    with _opened(root) as cache:
        _store(cache, executed, str(chapter), data)


def _store(cache: JupyterCacheAbstract, notebook: NotebookNode, uri: str, data: dict[str, Any]) -> None:
    cache.cache_notebook_bundle(CacheBundleIn(notebook, uri, data=data), overwrite=True)


def _with_outputs(notebook: NotebookNode, executed: NotebookNode) -> NotebookNode:
    filled = deepcopy(notebook)
    for cell, run in zip(code_cells(filled), code_cells(executed), strict=True):
        cell.outputs, cell.execution_count = run.outputs, run.execution_count
    return filled


def code_cells(notebook: NotebookNode) -> list[NotebookNode]:
    """The cells of a notebook that are executed."""
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def _code(notebook: NotebookNode) -> str:
    return hashlib.sha256("\0".join(cell.source for cell in code_cells(notebook)).encode()).hexdigest()


@contextmanager
def _opened(root: Path) -> Iterator[JupyterCacheAbstract]:
    """The cache, which is one database: one process at a time."""
    folder = root / "_build"
    folder.mkdir(exist_ok=True)
    with (folder / "cache.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        # Where Jupyter Book looks for it.
        yield get_cache(folder / ".jupyter_cache")
