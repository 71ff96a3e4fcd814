"""How chapters are run and compared, and how the build comes by what they computed.

pytest executes every chapter with nbval and compares its text outputs with the committed ones. The
outputs of a chapter that passed from its first cell to its last, figures included, go into the execution cache, so that
the build that follows does not execute the chapter again.
"""

import fcntl
import os
from collections import defaultdict
from copy import deepcopy
from pathlib import Path

import nbformat
import pytest
from execution_cache import ENVIRONMENT, store
from nbval.plugin import IPyNbCell, IPyNbFile

# Rich outputs are not committed (tools/clean_notebooks.py); the built pages show and test them.
RICH = ("application/vnd.jupyter.widget-view+json", "image/png", "image/svg+xml", "text/html", "text/latex")
NOT_COMPARED = {*RICH, *(f"application/papermill.record/{mime}" for mime in RICH)}

passed: dict[IPyNbFile, list[tuple[IPyNbCell, float]]] = defaultdict(list)


def pytest_configure() -> None:
    """Run chapters as the build does."""
    os.environ.update(ENVIRONMENT)


def pytest_itemcollected(item: pytest.Item) -> None:
    """Compare what every machine computes alike."""
    if isinstance(item, IPyNbCell):
        item.parent.skip_compare = NOT_COMPARED.union(item.parent.skip_compare)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
    """Cache a chapter when the last of its cells has passed."""
    report = yield
    if isinstance(item, IPyNbCell) and report.when == "call" and report.passed:
        cells = passed[item.parent]
        cells.append((item, call.duration))
        if len(cells) == sum(cell.cell_type == "code" for cell in item.parent.nb.cells):
            _cache(item.parent.path, item.config.rootpath, cells)
    return report


def _cache(chapter: Path, root: Path, cells: list[tuple[IPyNbCell, float]]) -> None:
    notebook = nbformat.read(chapter, as_version=4)
    sources = [cell for cell in notebook.cells if cell.cell_type == "code"]
    for count, (source, (item, _)) in enumerate(zip(sources, cells, strict=True), start=1):
        source.execution_count = count
        source.outputs = deepcopy(item.test_outputs)
    # Two workers run chapters, and the cache is one database.
    (root / "_build").mkdir(exist_ok=True)
    with (root / "_build" / "cache.lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        store(root, chapter, notebook, sum(duration for _, duration in cells))
