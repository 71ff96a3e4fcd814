"""Chapters whose outputs no longer hold are executed before the build, on all cores, and the build finds them cached.

A chapter that raises or writes to standard error is not cached: the build ends, and names it and what it said.
"""

import asyncio
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter

import execution_cache
import nbformat
from nbclient import NotebookClient
from nbclient.exceptions import CellExecutionError
from nbformat import NotebookNode
from sphinx.application import Sphinx
from sphinx.environment import BuildEnvironment
from sphinx.errors import ExtensionError
from sphinx.util import logging
from sphinx.util.typing import ExtensionMetadata
from sphinx_external_toc.parsing import parse_toc_yaml

TIMEOUT = 1800

# Where Sphinx keeps, between builds, which outputs each page was made from.
OUTPUTS = "grok_outputs"


class ChapterError(Exception):
    """What a chapter raised, or wrote to standard error."""


def environment(root: Path) -> dict[str, str]:
    """What kernels of the book at ``root`` find in their environment, and what starts them.

    Progress bars would end up in the chapters; a fixed hash seed makes two runs alike; on matrices this small a second
    thread costs more than it gives, so that there is one unless more are asked for. Fonts, connection files and the
    like are kept in the book's own folder, as a home need not be writable.
    """
    own = root / "_build" / ".kernels"
    return {
        "TQDM_DISABLE": "1",
        "PYTHONHASHSEED": "0",
        "OMP_NUM_THREADS": os.environ.get("OMP_NUM_THREADS") or "1",
        "MPLCONFIGDIR": str(own / "matplotlib"),
        "XDG_CACHE_HOME": str(own / "cache"),
        "IPYTHONDIR": str(own / "ipython"),
        "JUPYTER_RUNTIME_DIR": str(own / "runtime"),
    }


def prepare(root: Path) -> None:
    """Set that environment, for this process and what it starts."""
    os.environ.update(environment(root))
    fonts = Path(os.environ["MPLCONFIGDIR"])
    if not any(fonts.glob("fontlist-*.json")):
        fonts.mkdir(parents=True, exist_ok=True)
        # Matplotlib announces on standard error that it builds its font cache, once: here, not in a chapter.
        command = [sys.executable, "-W", "ignore", "-c", "import matplotlib.font_manager"]
        subprocess.run(command, stderr=subprocess.DEVNULL, check=True)


def noting_reads(log: Path) -> dict[str, str]:
    """The environment of a kernel that notes in a log what it reads."""
    folder = str(Path(__file__).parent / "kernel")
    paths = [folder, *filter(None, [os.environ.get("PYTHONPATH")])]
    return {"PYTHONPATH": os.pathsep.join(paths), "GROK_READS": str(log)}


def execute_all(
    root: Path, chapters: dict[Path, NotebookNode], report: Callable[[Path, float | ChapterError], None]
) -> dict[Path, ChapterError]:
    """Execute chapters in place, as many at a time as there are cores, and cache their outputs.

    As each ends, ``report`` is told its seconds or what went wrong; the chapters that went wrong are returned.
    """
    prepare(root)
    return asyncio.run(_execute_all(root, chapters, report))


async def _execute_all(
    root: Path, chapters: dict[Path, NotebookNode], report: Callable[[Path, float | ChapterError], None]
) -> dict[Path, ChapterError]:
    cores = asyncio.Semaphore(os.cpu_count() or 1)
    failed = {}

    async def one(chapter: Path) -> None:
        async with cores:
            try:
                outcome: float | ChapterError = await _execute(root, chapter, chapters[chapter])
            except ChapterError as error:
                failed[chapter] = outcome = error
            report(chapter, outcome)

    # Longest first: code that is long takes long, more or less.
    await asyncio.gather(*map(one, sorted(chapters, key=lambda chapter: -len(chapters[chapter].cells))))
    return failed


async def _execute(root: Path, chapter: Path, notebook: NotebookNode) -> float:
    start = perf_counter()
    with TemporaryDirectory() as folder:
        log = Path(folder) / "reads"
        client = NotebookClient(
            notebook,
            timeout=TIMEOUT,
            coalesce_streams=True,
            record_timing=False,
            # Pages show what a widget looks like as HTML; its state, scripts included, would only add weight.
            store_widget_state=False,
            resources={"metadata": {"path": chapter.parent}},
            # Each kernel warns on the build's standard error that its connection, which is local, is not encrypted.
            extra_arguments=["--IPKernelApp.log_level=ERROR"],
        )
        try:
            await client.async_execute(env=os.environ | noting_reads(log))
        except CellExecutionError as error:
            raise ChapterError(str(error)) from None
        reads = execution_cache.digests(root, log)
    outputs = [output for cell in execution_cache.code_cells(notebook) for output in cell.outputs]
    if complaints := [output.text for output in outputs if output.get("name") == "stderr"]:
        raise ChapterError(f"it wrote to standard error:\n{''.join(complaints)}")
    seconds = perf_counter() - start
    execution_cache.store(root, chapter, notebook, seconds, reads)
    return seconds


def _execute_stale(app: Sphinx) -> None:
    if app.config.nb_execution_mode == "off":
        return
    root = Path(app.srcdir)
    read = {chapter: _read(chapter) for chapter in _chapters(root)}
    stale = {chapter: notebook for chapter, notebook in read.items() if not execution_cache.find(root, notebook)}

    def report(chapter: Path, outcome: float | ChapterError) -> None:
        said = "failed" if isinstance(outcome, ChapterError) else f"executed in {outcome:.0f} s"
        logging.getLogger(__name__).info(f"{chapter.relative_to(root)}: {said}")

    if failed := execute_all(root, stale, report):
        raise ExtensionError("\n\n".join(f"{chapter.relative_to(root)}: {error}" for chapter, error in failed.items()))


def _chapters(root: Path) -> list[Path]:
    pages = (root / f"{page}.ipynb" for page in parse_toc_yaml(root / "_toc.yml"))
    return [page for page in pages if page.exists()]


def _read(chapter: Path) -> NotebookNode:
    return nbformat.read(chapter, as_version=4)


def _outdated(app: Sphinx, env: BuildEnvironment, *_: set[str]) -> list[str]:
    """The pages whose outputs are not those that they were made from."""
    root = Path(app.srcdir)
    now = {
        chapter.relative_to(root).with_suffix("").as_posix(): execution_cache.find(root, _read(chapter))
        for chapter in _chapters(root)
    }
    before = getattr(env, OUTPUTS, {})
    setattr(env, OUTPUTS, now)
    return [page for page, stored in now.items() if before.get(page) != stored]


def setup(app: Sphinx) -> ExtensionMetadata:
    """Register the extension."""
    app.connect("builder-inited", _execute_stale)
    app.connect("env-get-outdated", _outdated)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
