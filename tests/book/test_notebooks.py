"""Chapters as they are committed: executed, clean, and with words for every picture."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tests.book.site import ROOT
from tools.clean_notebooks import clean

NOTEBOOKS = sorted((ROOT / "book").rglob("*.ipynb"))


@pytest.fixture(params=NOTEBOOKS, ids=lambda path: path.relative_to(ROOT / "book").as_posix())
def notebook(request: pytest.FixtureRequest) -> NotebookNode:
    return nbformat.read(Path(request.param), as_version=4)


def code(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.cell_type == "code"]


def test_every_cell_was_executed_in_order(notebook: NotebookNode) -> None:
    # A cell that was not executed passes the comparison with what it prints, whatever that is.
    counts = [cell.execution_count for cell in code(notebook)]
    assert counts == list(range(1, len(counts) + 1))


def test_no_cell_failed(notebook: NotebookNode) -> None:
    expected = [cell for cell in code(notebook) if "raises-exception" not in cell.metadata.get("tags", [])]
    assert [cell.source for cell in expected if any(out.output_type == "error" for out in cell.outputs)] == []


def test_no_cell_writes_to_stderr(notebook: NotebookNode) -> None:
    outputs = [output for cell in code(notebook) for output in cell.outputs]
    assert [output.text for output in outputs if output.get("name") == "stderr"] == []


def test_numbers_are_shown_as_numbers(notebook: NotebookNode) -> None:
    # A number that numpy counted is glued into a sentence as np.int64(25).
    shown = [str(output.get("data", {}).get("application/papermill.record/text/plain")) for cell in code(notebook)
             for output in cell.outputs]  # fmt: skip
    assert [value for value in shown if re.match(r"np\.\w+\(", value)] == []


def test_it_is_clean(notebook: NotebookNode) -> None:
    before = nbformat.writes(notebook)
    clean(notebook)
    assert nbformat.writes(notebook) == before, "clean it with: python -m tools.clean_notebooks"


def test_figures_have_words(notebook: NotebookNode) -> None:
    for cell in code(notebook):
        if any("<Figure" in output.get("data", {}).get("text/plain", "") for output in cell.outputs):
            alt = cell.metadata.get("mystnb", {}).get("image", {}).get("alt", "")
            assert len(alt.split()) >= 8, (
                f"say what the figure shows, in the cell's metadata mystnb.image.alt:\n{cell.source}"
            )
            assert not re.search(r"\.(png|svg)$", alt)


def test_figures_have_captions_and_code_that_draws_is_folded(notebook: NotebookNode) -> None:
    drawn = [cell for cell in code(notebook) if "<Figure" in str(cell.outputs)]
    figures = [cell.metadata.get("mystnb", {}).get("figure", {}) for cell in drawn]
    assert [cell.source for cell, figure in zip(drawn, figures, strict=True) if not figure.get("name")] == []
    assert [figure for figure in figures if len(figure["caption"].split()) < 5] == []
    # Each of a cell's outputs would get the caption.
    assert [cell.source for cell in drawn if sum("data" in output for output in cell.outputs) > 1] == []
    assert [cell.source for cell in drawn if "hide-input" not in cell.metadata.get("tags", [])] == []


def test_figures_are_recognized() -> None:
    texts = [path.read_text(encoding="utf-8") for path in NOTEBOOKS]
    assert sum("<Figure size" in text for text in texts) > len(texts) / 2


def test_cells_are_short(notebook: NotebookNode) -> None:
    assert [cell.source for cell in code(notebook) if len(cell.source.splitlines()) > 16] == []


EXERCISE = re.compile(r"^(`{3,}|:{3,})\{exercise\}.*\n:label: *(\S+)\n[\s\S]*?^\1$\n", re.MULTILINE)
HINTS = re.compile(r"(?:\n:::\{admonition\} Hint \d\n:class: dropdown tip grok-hint\n(?:(?!:::).+\n)+:::\n){2}")


def test_every_exercise_has_two_hints_before_its_solution(notebook: NotebookNode) -> None:
    text = "\n".join(f"{cell.source}\n" for cell in notebook.cells if cell.cell_type == "markdown")
    found = [*EXERCISE.finditer(text)]
    assert len(found) == text.count("{exercise}"), "the pattern overlooks an exercise"
    hints = {one[2]: HINTS.match(text, one.end()) for one in found}
    numbered = {label: re.findall(r"Hint (\d)", match[0]) for label, match in hints.items() if match}
    assert [label for label in hints if numbered.get(label) != ["1", "2"]] == []
    assert text.count("Hint ") == 2 * len(found), "a hint stands elsewhere"


def test_no_cell_shows_an_address(notebook: NotebookNode) -> None:
    texts = [output.get("data", {}).get("text/plain", "") for cell in code(notebook) for output in cell.outputs]
    assert [text for text in texts if " at 0x" in text] == []
