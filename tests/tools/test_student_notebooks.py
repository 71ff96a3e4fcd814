"""Student notebooks have every exercise and no solution; their stubs fail the checkers that the solutions pass."""

import inspect
import re
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import nbformat
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from grokmodels import exercises
from tools import setup_cell, student_notebooks
from tools.plain_markdown import Section, read_book
from tools.student_notebooks import ROOT, chapters, main, solutions, stub

BOOK = read_book(ROOT)
CHAPTERS = {path.relative_to(ROOT).with_suffix("").as_posix(): nbformat.read(path, as_version=4) for path in chapters()}
CODE = {label: code for notebook in CHAPTERS.values() for label, code in solutions(notebook).items()}
CHECKED = {label: code for label, code in CODE.items() if stub(code)}

# Read here in another way than in the tool: fences by line, not by one pattern.
SOLUTION_LINE = re.compile(r"(`{3,}|:{3,})\{solution\}")


@pytest.fixture(params=CHAPTERS)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture
def chapter(name: str) -> NotebookNode:
    return CHAPTERS[name]


@pytest.fixture
def written(name: str) -> NotebookNode:
    return student_notebooks.student(CHAPTERS[name], name, BOOK)


def student(notebook: NotebookNode) -> NotebookNode:
    return student_notebooks.student(notebook, "book/index", BOOK)


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


def test_solutions_are_out(chapter: NotebookNode, written: NotebookNode) -> None:
    inside, outside = split_lines(chapter)
    kept = [line for line in texts(written) if line in inside - outside]
    # A stub shares its imports, the head of its function with its documentation, and the call of its checker.
    shared = re.compile(r'from |import |def |"""|(\w+\.)*check_')
    assert [line for line in kept if not shared.match(line)] == []
    assert not any("{solution" in line for line in texts(written))


def test_exercises_are_kept(chapter: NotebookNode, written: NotebookNode) -> None:
    source = "\n".join(cell.source for cell in chapter.cells)
    titles = re.findall(r"^[`:]{3,}\{exercise\} *(.*?) *$", source, re.MULTILINE)
    assert len(titles) == source.count("{exercise}"), "the pattern overlooks an exercise"
    found = {cell.source.splitlines()[0]: after for cell, after in pairwise(written.cells) if cell.source}
    for title in titles:
        assert found[f"### Exercise: {title}"].cell_type == "code", "an exercise has a cell to answer in"


def test_nothing_else_changes(chapter: NotebookNode, written: NotebookNode) -> None:
    kept = {cell.id: cell for cell in written.cells}
    # What may be MyST is said in plain Markdown, which tests/tools/test_plain_markdown.py is about.
    for cell in chapter.cells:
        if cell.cell_type == "code" or not re.search(r"[{<]|\]\(|\)=$", cell.source, re.MULTILINE):
            same = kept[cell.id]
            assert (same.cell_type, same.source, same.metadata) == (cell.cell_type, cell.source, cell.metadata)
    order = [cell.id for cell in chapter.cells]
    assert [name for name in kept if name in order] == order


def test_figures_have_their_captions() -> None:
    figure = {"name": "fig-here", "caption": "A *curve* of {glue:text}`n` runs."}
    scrapbook = {"name": "n", "mime_prefix": ""}
    glued = new_output("display_data", data={"text/plain": "10"}, metadata={"scrapbook": scrapbook})
    cell = new_code_cell("draw()", id="abc", metadata={"mystnb": {"figure": figure}}, outputs=[glued])
    book = replace(BOOK, sections={"fig-here": Section("book/index", "")}, numbers={"fig-here": "1.1"})
    written = student_notebooks.student(new_notebook(cells=[cell]), "book/index", book)
    assert [cell.source for cell in written.cells[1:]] == ["draw()", "**Fig. 1.1** A *curve* of 10 runs."]


def test_the_first_code_is_the_set_up(written: NotebookNode) -> None:
    assert next(cell.id for cell in written.cells if cell.cell_type == "code") == setup_cell.ID


def test_it_is_a_valid_notebook_without_outputs(written: NotebookNode) -> None:
    nbformat.validate(written)
    code = [cell for cell in written.cells if cell.cell_type == "code"]
    assert [cell.source for cell in code if cell.outputs or cell.execution_count] == []


def test_the_chapter_is_left_as_it_was(chapter: NotebookNode, name: str) -> None:
    before = nbformat.writes(chapter)
    student_notebooks.student(chapter, name, BOOK)
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
    with pytest.raises((NotImplementedError, AssertionError)) as caught:
        exec(stub(CODE[label]), {})
    missing = r"write the body of \w+|\w+: .*in place of the dots"
    assert re.match(missing, str(caught.value)), "it says what to write"
    assert "Correct." not in capsys.readouterr().out


@pytest.mark.parametrize("name", [name for name in dir(exercises) if name.startswith("check_")])
def test_every_checker_says_which_answer_is_missing(name: str) -> None:
    checker = getattr(exercises, name)
    for argument in inspect.signature(checker).parameters:
        answers = dict.fromkeys(inspect.signature(checker).parameters) | {argument: ...}
        with pytest.raises(AssertionError, match=f"^{argument}: .*in place of the dots"):
            checker(**answers)


def test_some_stubs_have_dots() -> None:
    assert any("in place of the dots" in stub(code) for code in CHECKED.values())


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

:::{admonition} Hint 1
:class: dropdown tip

Where is {bdg-secondary}`half`?
:::

:::{admonition} Hint 2
:class: dropdown tip

$$ x = 1 $$
:::

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

HINTS = """<details>
<summary>Hint 1</summary>

Where is *half*?

</details>

<details>
<summary>Hint 2</summary>

$$ x = 1 $$

</details>"""

STUB = '''import numpy as np
from grokmodels.exercises import check_guessing_loss, check_late_jump


def late(loss, decay=np.pi, *, tolerance: float=0.5) -> float:
    """The time at which half of the answers of the null model are right.

    Its test loss is ``loss`` · e^(−2 decay t), half the mean square of a Gaussian error; an answer is right where the
    error is within ``tolerance``.
    """
    raise NotImplementedError("write the body of late")


check_late_jump(late)


check_guessing_loss(value=...)  # your answer in place of the dots'''


def test_a_cell_of_exercises_is_cut_up() -> None:
    cell = new_markdown_cell(EXERCISE, id="abc")
    answer = new_code_cell("1 + 1", execution_count=1, outputs=[new_output("stream", text="2")])
    written = student(new_notebook(cells=[cell, answer]))
    assert written.cells[2].id == setup_cell.ID
    assert [(cell.id, cell.cell_type, cell.source) for cell in (*written.cells[:2], *written.cells[3:-1])] == [
        ("abc", "markdown", "Before."),
        ("abc-1", "markdown", "### Exercise: Think\n\n*●○○* *5 min* Why?"),
        ("abc-2", "code", ""),
        ("abc-3", "markdown", f"### Exercise: Jump\n\nWrite `late`.\n\n{HINTS}"),
        ("abc-4", "code", STUB),
        ("abc-5", "markdown", "After."),
    ]
    assert written.cells[-1].outputs == []


def test_a_documented_solution_documents_its_stub() -> None:
    code = 'def late(loss):\n    """Mine."""\n    return 1\n\ngrokmodels.exercises.check_late_jump(late)'
    assert '    """Mine."""\n    raise NotImplementedError("write the body of late")' in stub(code)


def test_a_solution_that_cannot_be_taken_out_is_refused() -> None:
    with pytest.raises(ValueError, match="a solution is left"):
        student(new_notebook(cells=[new_markdown_cell("```{solution-start} ex-a\n```\nBecause.")]))


@pytest.mark.parametrize("text", [f"{EXERCISE.split(':::')[0]}Then:\n\n", "Text.\n\n"])
def test_a_hint_that_follows_no_exercise_is_refused(text: str) -> None:
    hint = "```{admonition} Hint 1\n:class: dropdown tip\nLook.\n```"
    with pytest.raises(ValueError, match="a hint must follow its exercise"):
        student(new_notebook(cells=[new_markdown_cell(text + hint)]))


def test_it_writes_every_chapter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(student_notebooks, "ROOT", tmp_path)
    monkeypatch.setattr(student_notebooks, "FOLDER", tmp_path / "_build" / "student")
    (tmp_path / "_toc.yml").write_text(
        "format: jb-book\nroot: book/index\nchapters:\n- file: book/part/one\n", encoding="utf-8"
    )
    (tmp_path / "book" / "part").mkdir(parents=True)
    (tmp_path / "book" / "index.md").write_text("# Front page", encoding="utf-8")
    (tmp_path / "book" / "references.bib").touch()
    nbformat.write(new_notebook(cells=[new_markdown_cell(EXERCISE)]), tmp_path / "book" / "part" / "one.ipynb")
    main()
    written = nbformat.read(tmp_path / "_build" / "student" / "part" / "one.ipynb", as_version=4)
    assert "Because." not in "\n".join(cell.source for cell in written.cells)
