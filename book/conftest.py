"""How chapters are run and compared, and how the build comes by what they computed.

pytest executes every chapter with nbval and compares its text outputs with the committed ones. The
outputs of a chapter that passed from its first cell to its last, figures included, go into the execution cache, so that
the build that follows does not execute the chapter again.
"""

from collections import defaultdict
from copy import deepcopy
from pathlib import Path
from tempfile import TemporaryDirectory

import execution_cache
import nbformat
import pytest
from execution import noting_reads, prepare
from nbval.plugin import IPyNbCell, IPyNbFile

ROOT = Path(__file__).parents[1]

# Rich outputs are not committed (tools/clean_notebooks.py); the built pages show and test them.
RICH = (
    "application/vnd.jupyter.widget-view+json",
    "image/png",
    "image/svg+xml",
    "text/html",
    "text/latex",
    "text/markdown",
)
NOT_COMPARED = {*RICH, *(f"application/papermill.record/{mime}" for mime in RICH)}

# Where the kernel of each chapter notes what it reads.
reads = TemporaryDirectory()
passed: dict[IPyNbFile, list[tuple[IPyNbCell, float]]] = defaultdict(list)


def pytest_configure(config: pytest.Config) -> None:
    """Run chapters as the build does, from whatever folder."""
    prepare(ROOT)
    config.option.nbval_sanitize_with = str(ROOT / "tests" / "nbval_sanitize.cfg")


def pytest_itemcollected(item: pytest.Item) -> None:
    """Compare what every machine computes alike."""
    if isinstance(item, IPyNbCell):
        item.parent.skip_compare = NOT_COMPARED.union(item.parent.skip_compare)


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_setup(item: pytest.Item) -> None:
    """Start the kernel of a chapter, before its first cell, as one that notes what it reads."""
    if not isinstance(item, IPyNbCell):
        return (yield)
    with pytest.MonkeyPatch.context() as patch:
        for name, value in noting_reads(_log(item.parent.path)).items():
            patch.setenv(name, value)
        return (yield)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item, call: pytest.CallInfo[None]) -> pytest.TestReport:
    """Cache a chapter when the last of its cells has passed."""
    report = yield
    if isinstance(item, IPyNbCell) and report.when == "call" and report.passed:
        cells = passed[item.parent]
        cells.append((item, call.duration))
        if len(cells) == len(execution_cache.code_cells(item.parent.nb)):
            _cache(item.parent.path, cells)
    return report


def _cache(chapter: Path, cells: list[tuple[IPyNbCell, float]]) -> None:
    notebook = nbformat.read(chapter, as_version=4)
    sources = execution_cache.code_cells(notebook)
    for count, (source, (item, _)) in enumerate(zip(sources, cells, strict=True), start=1):
        source.execution_count = count
        source.outputs = deepcopy(item.test_outputs)
    seconds = sum(duration for _, duration in cells)
    execution_cache.store(
        ROOT,
        chapter,
        notebook,
        seconds,
        execution_cache.digests(ROOT, _log(chapter)),
    )


def _log(chapter: Path) -> Path:
    return Path(reads.name) / chapter.stem
