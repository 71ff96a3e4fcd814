"""The assignments as teachers keep them and as students get them."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode

from tools.clean_notebooks import clean

COURSE = Path(__file__).parents[2] / "course"
SOURCES = sorted((COURSE / "source").glob("*/*.ipynb"))


@pytest.fixture(params=SOURCES, ids=lambda path: path.stem)
def source(request: pytest.FixtureRequest) -> NotebookNode:
    return nbformat.read(request.param, as_version=4)


def graded(notebook: NotebookNode) -> list[NotebookNode]:
    return [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]


def test_there_is_one_for_each_of_three_weeks() -> None:
    assert [path.stem for path in SOURCES] == ["week-1", "week-2", "week-3"]


def test_points_are_as_the_text_says(source: NotebookNode) -> None:
    said: dict[str, int] = {}
    found: dict[str, int] = {}
    task = ""
    for cell in source.cells:
        if title := re.match(r"## (.+)", cell.source):
            task = title[1]
            said[task] = int(re.search(r"\bmin, (\d+) points", cell.source)[1])
            found[task] = 0
        elif cell in graded(source):
            found[task] += cell.metadata.nbgrader.points
    assert found == said
    assert 5 <= len(said) <= 7
    total, by_program, by_hand = map(int, re.findall(r"\b(\d+)(?: points| for)", source.cells[0].source))
    assert total == by_program + by_hand == sum(said.values())
    assert by_hand == sum(cell.metadata.nbgrader.points for cell in graded(source) if cell.cell_type == "markdown")


def test_every_test_has_cases_that_are_not_shown(source: NotebookNode) -> None:
    for cell in graded(source):
        if cell.cell_type == "code":
            shown, hidden = re.split(r"### BEGIN HIDDEN TESTS\n", cell.source)
            assert "assert" in shown
            assert "assert" in hidden


def test_tests_compare_by_operators_only(source: NotebookNode) -> None:
    # What a student can define anew, as abs or a checker of the library, must not decide.
    tests = "\n".join(cell.source for cell in graded(source) if cell.cell_type == "code")
    assert re.findall(r"\b(?:abs|all|any|isclose|allclose|float|round|expect|check_\w+|testing)\b *[.(]", tests) == []


def test_it_is_clean_and_without_outputs(source: NotebookNode) -> None:
    before = nbformat.writes(source)
    clean(source)
    assert nbformat.writes(source) == before, "clean it with: python -m tools.clean_notebooks"
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in source.cells)
