"""What the teaching guide says of an exercise is what the exercise says of itself."""

import re

import nbformat
import pytest

from tests.book.site import ROOT
from tools.student_notebooks import chapters, solutions, stub

NOTEBOOKS = [nbformat.read(path, as_version=4) for path in chapters()]
EXERCISE = re.compile(
    r"^```\{exercise\} (.*)\n:label: (\S+)\n\n\{bdg-secondary\}`(.*?)` \{bdg-secondary\}`(.*?)`", re.M
)
TITLES, FACTS = {}, {}
for cell in (cell for notebook in NOTEBOOKS for cell in notebook.cells):
    for title, label, difficulty, time in EXERCISE.findall(cell.source):
        TITLES[label], FACTS[label] = title, (difficulty, time)
HEADINGS = {
    path.relative_to(ROOT / "book").with_suffix("").as_posix(): re.findall(
        r"^#+ (.*)$", "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown"), re.M
    )
    for path, notebook in zip(chapters(), NOTEBOOKS, strict=True)
}
CHECKED = {label for notebook in NOTEBOOKS for label, code in solutions(notebook).items() if stub(code)}

GUIDE = (ROOT / "book" / "teaching.md").read_text(encoding="utf-8")
LINKS = re.findall(r"\{ref\}`([^`]*) <(ex-[\w-]+)>`", GUIDE)
ROWS = re.findall(r"^\| \{ref\}`.* <(ex-.*)>` \| (.*) \| (.*) \| (.*) \|$", GUIDE, re.M)


@pytest.mark.parametrize(("label", "difficulty", "time", "needs"), ROWS)
def test_the_table_of_exercises_is_right(label: str, difficulty: str, time: str, needs: str) -> None:
    assert FACTS[label] == (difficulty, time)
    assert ("checker" in needs) == (label in CHECKED)


def test_every_timed_exercise_of_a_plan_is_in_the_table() -> None:
    used = {label for _, label in LINKS if FACTS[label][1] != "open"}
    assert used == {row[0] for row in ROWS}


def test_exercises_are_called_by_their_titles() -> None:
    assert [text for text, label in LINKS if FACTS[label][1] != "open" and text != TITLES[label]] == []


def test_sections_are_called_by_what_their_headings_begin_with() -> None:
    quoted = re.findall(r'\{doc\}`([\w/]+)`, (?:in )?"([^"]*)"', GUIDE)
    assert len(quoted) > 4
    heads = {page: [head.replace('"', "'") for head in HEADINGS[page]] for page, _ in quoted}
    assert [(page, name) for page, name in quoted if not any(head.startswith(name) for head in heads[page])] == []


def test_no_exercise_and_no_link_is_overlooked() -> None:
    """Counted in another way, since a pattern that no longer matches finds nothing wrong."""
    sources = [cell.source for notebook in NOTEBOOKS for cell in notebook.cells if cell.cell_type == "markdown"]
    directives = re.findall(r"^[`:]{3,} *\{exercise", "\n".join(sources), re.M)
    assert len(FACTS) == len(directives) > 50
    assert len(LINKS) == GUIDE.count("<ex-") > len(ROWS)
    table = [line for line in GUIDE.splitlines() if re.match(r"\| .*<ex-.*●", line)]
    assert len(ROWS) == len(table) > 5
    assert CHECKED & {row[0] for row in ROWS}
