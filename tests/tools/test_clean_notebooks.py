"""The cleaner keeps what is compared and reviewed, and nothing else."""

import sys
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.clean_notebooks import main
from tools.setup_cell import ID, METADATA

FIGURE = new_output(
    "display_data",
    data={"text/plain": "<Figure size 640x480 with 1 Axes>", "image/svg+xml": "<svg/>", "image/png": "AAAA"},
    metadata={"needs_background": "light"},
)
WIDGET = new_output(
    "display_data", data={"application/vnd.jupyter.widget-view+json": {"model_id": "1"}, "text/html": "<div/>"}
)
RESULT = new_output("execute_result", data={"text/plain": "42", "text/html": "<b>42</b>"}, execution_count=2)
GLUED = new_output(
    "display_data",
    data={"application/papermill.record/text/plain": "'12'", "application/papermill.record/text/html": "12"},
    metadata={"scrapbook": {"name": "seeds", "mime_prefix": "application/papermill.record/"}},
)
PRINTED = new_output("stream", name="stdout", text="memorized first: yes\n")


@pytest.fixture
def notebook(tmp_path: Path) -> Path:
    cell = new_code_cell("run()", execution_count=2, outputs=[FIGURE, WIDGET, RESULT, GLUED, PRINTED])
    cell.metadata = {
        "mystnb": {"image": {"alt": "a curve"}},
        "tags": ["hide-input"],
        "execution": {"iopub.status.busy": "2026-01-01"},
        "collapsed": False,
    }
    state = {"application/vnd.jupyter.widget-state+json": {"state": {"1": {}}}}
    book = new_notebook(
        cells=[new_markdown_cell("# Title"), cell],
        metadata={"widgets": state, "language_info": {"name": "python", "version": "3.12.1"}},
    )
    path = tmp_path / "chapter.ipynb"
    nbformat.write(book, path)
    return path


def run(monkeypatch: pytest.MonkeyPatch, path: Path) -> int:
    monkeypatch.setattr(sys, "argv", ["clean_notebooks", str(path)])
    return main()


def test_it_keeps_text_and_counts_only(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run(monkeypatch, notebook) == 1
    book = nbformat.read(notebook, as_version=4)
    title, setup, cell = book.cells
    assert (title.source, setup.id, setup.execution_count) == ("# Title", ID, None)
    assert cell.execution_count == 2
    assert [output.get("data", output.get("text")) for output in cell.outputs] == [
        {"text/plain": "<Figure size 640x480 with 1 Axes>"},
        {"text/plain": "42"},
        {"application/papermill.record/text/plain": "'12'"},
        "memorized first: yes\n",
    ]
    assert cell.metadata == {"mystnb": {"image": {"alt": "a curve"}}, "tags": ["hide-input"]}
    assert setup.metadata == METADATA
    assert "widgets" not in book.metadata
    assert "version" not in book.metadata.language_info


def test_a_clean_notebook_is_left_alone(notebook: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(monkeypatch, notebook)
    before = notebook.stat().st_mtime_ns
    assert run(monkeypatch, notebook) == 0
    assert notebook.stat().st_mtime_ns == before
