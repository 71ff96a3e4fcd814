"""Student notebooks have every exercise and no solution; their stubs fail the checkers that the solutions pass."""

import re
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools import student_notebooks
from tools.student_notebooks import ROOT, chapters, main, solutions, stub, student

CHAPTERS = {path.relative_to(ROOT / "book").as_posix(): nbformat.read(path, as_version=4) for path in chapters()}
CODE = {label: code for notebook in CHAPTERS.values() for label, code in solutions(notebook).items()}
CHECKED = {label: code for label, code in CODE.items() if stub(code)}

# Read here in another way than in the tool: fences by line, not by one pattern.
SOLUTION_LINE = re.compile(r"(`{3,}|:{3,})\{solution\}")


@pytest.fixture(params=CHAPTERS)
def chapter(request: pytest.FixtureRequest) -> NotebookNode:
    return CHAPTERS[request.param]


def texts(notebook: NotebookNode) -> list[str]:
    return [line.strip() for cell in notebook.cells for line in cell.source.splitlines()]


def split_lines(notebook: NotebookNode) -> tuple[set[str], set[str]]:
    """The lines inside and outside of solutions."""
    inside: set[str] = set()
    outside: set[str] = set()
    fence = ""
    for line in texts(notebook):
        if not fence and (start := SOLUTION_LINE.match(line)):
            fence = start[1]
        (inside if fence else outside).add(line)
        if line == fence:
            fence = ""
    return inside, outside


def test_solutions_are_out(chapter: NotebookNode) -> None:
    inside, outside = split_lines(chapter)
    kept = [line for line in texts(student(chapter)) if line in inside - outside]
    # A stub shares its imports, the head of its function with its documentation, and the call of its checker.
    shared = re.compile(r'from |import |def |"""|(\w+\.)*check_')
    assert [line for line in kept if not shared.match(line)] == []
    assert not any("{solution" in line for line in texts(student(chapter)))


def test_exercises_are_kept(chapter: NotebookNode) -> None:
    cells = student(chapter).cells
    source = "\n".join(cell.source for cell in chapter.cells)
    titles = re.findall(r"^[`:]{3,}\{exercise\} *(.*?) *$", source, re.MULTILINE)
    assert len(titles) == source.count("{exercise}"), "the pattern overlooks an exercise"
    found = {cell.source.splitlines()[0]: after for cell, after in pairwise(cells) if cell.source}
    for title in titles:
        assert found[f"### Exercise: {title}"].cell_type == "code", "an exercise has a cell to answer in"


def test_nothing_else_changes(chapter: NotebookNode) -> None:
    written = {cell.id: cell for cell in student(chapter).cells}
    for cell in chapter.cells:
        if not re.search(r"^[`:]{3,}\{(exercise|solution)\}", cell.source, re.MULTILINE):
            kept = written[cell.id]
            assert (kept.cell_type, kept.source, kept.metadata) == (cell.cell_type, cell.source, cell.metadata)
    order = [cell.id for cell in chapter.cells]
    assert [name for name in written if name in order] == order


def test_it_is_a_valid_notebook_without_outputs(chapter: NotebookNode) -> None:
    written = student(chapter)
    nbformat.validate(written)
    code = [cell for cell in written.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count] == []


def test_the_chapter_is_left_as_it_was(chapter: NotebookNode) -> None:
    before = nbformat.writes(chapter)
    student(chapter)
    assert nbformat.writes(chapter) == before


def test_every_exercise_that_names_a_checker_has_a_solution_that_calls_it(chapter: NotebookNode) -> None:
    source = "\n".join(cell.source for cell in chapter.cells if cell.cell_type == "markdown")
    exercise = re.compile(r"^([`:]{3,})\{exercise\}.*\n:label: *(\S+)\n([\s\S]*?)^\1$", re.MULTILINE)
    exercises = exercise.findall(source)
    assert len(exercises) == source.count("{exercise}"), "the pattern overlooks an exercise"
    for _, label, text in exercises:
        for checker in re.findall(r"\bcheck_\w+", text):
            assert f"{checker}(" in stub(CODE.get(label, "")), f"the solution of {label} must call {checker}"


def test_some_exercises_are_checked() -> None:
    assert {"ex-clock-write", "ex-mind-lasting", "ex-mind-guess"} <= set(CHECKED)


@pytest.mark.parametrize("label", CHECKED)
def test_the_solution_passes_its_checker(label: str, capsys: pytest.CaptureFixture[str]) -> None:
    exec(CODE[label], {})
    assert "Correct." in capsys.readouterr().out


@pytest.mark.parametrize("label", CHECKED)
def test_the_stub_fails_its_checker(label: str, capsys: pytest.CaptureFixture[str]) -> None:
    # Not any error: a name that the stub forgot to import would fail, too.
    with pytest.raises((NotImplementedError, TypeError, AssertionError)):
        exec(stub(CODE[label]), {})
    assert "Correct." not in capsys.readouterr().out


EXERCISE = """Before.

```{exercise} Think
:label: ex-think

{bdg-secondary}`●○○` {bdg-secondary}`5 min` Why?
```

:::{solution} ex-think
:class: dropdown

Because.
:::

```{exercise} Jump
:label: ex-jump

Write `late`.
```

````{solution} ex-jump
:class: dropdown

```python
import math
import numpy as np
from grokmodels.exercises import check_guessing_loss, check_late_jump

def helper(x):
    return math.log(x)

def late(loss, decay=np.pi, *, tolerance: float = 0.5) -> float:
    return helper(loss)

check_late_jump(late)
check_guessing_loss(value=math.log(97))
```

A hint.
````

After."""

STUB = '''import numpy as np
from grokmodels.exercises import check_guessing_loss, check_late_jump


def late(loss, decay=np.pi, *, tolerance: float=0.5) -> float:
    """The time at which half of the answers of the null model are right.

    Its test loss is ``loss`` · e^(−2 decay t), half the mean square of a Gaussian error; an answer is right where the
    error is within ``tolerance``.
    """
    raise NotImplementedError


check_late_jump(late)


check_guessing_loss(value=...)  # your answer in place of the dots'''


def test_a_cell_of_exercises_is_cut_up() -> None:
    cell = new_markdown_cell(EXERCISE, id="abc")
    answer = new_code_cell("1 + 1", execution_count=1, outputs=[new_output("stream", text="2")])
    written = student(new_notebook(cells=[cell, answer]))
    assert [(cell.id, cell.cell_type, cell.source) for cell in written.cells[:-1]] == [
        ("abc", "markdown", "Before."),
        ("abc-1", "markdown", "### Exercise: Think\n\n*●○○* *5 min* Why?"),
        ("abc-2", "code", ""),
        ("abc-3", "markdown", "### Exercise: Jump\n\nWrite `late`."),
        ("abc-4", "code", STUB),
        ("abc-5", "markdown", "After."),
    ]
    assert written.cells[-1].outputs == []


def test_a_documented_solution_documents_its_stub() -> None:
    code = 'def late(loss):\n    """Mine."""\n    return 1\n\ngrokmodels.exercises.check_late_jump(late)'
    assert '    """Mine."""\n    raise NotImplementedError' in stub(code)


def test_a_solution_that_cannot_be_taken_out_is_refused() -> None:
    with pytest.raises(ValueError, match="a solution is left"):
        student(new_notebook(cells=[new_markdown_cell("```{solution-start} ex-a\n```\nBecause.")]))


def test_it_writes_every_chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(student_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(student_notebooks, "FOLDER", tmp_path / "_build" / "student")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: book/part/one\n", encoding="utf-8"
    )
    (tmp_path / "book" / "part").mkdir(parents=True)
    nbformat.write(new_notebook(cells=[new_markdown_cell(EXERCISE)]), tmp_path / "book" / "part" / "one.ipynb")
    main()
    written = nbformat.read(tmp_path / "_build" / "student" / "part" / "one.ipynb", as_version=4)
    assert "Because." not in "\n".join(cell.source for cell in written.cells)
