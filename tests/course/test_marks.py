"""What is handed in gets the marks that it earned, and no others, by the way that teachers go."""

import csv
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

import nbformat
import pytest
from nbformat import NotebookNode
from nbgrader.api import Gradebook
from traitlets.config import Config

from tools import course

# Libraries below nbgrader say of themselves that they will change.
pytestmark = [pytest.mark.slow, pytest.mark.filterwarnings("default")]

WEEKS = ("week-1", "week-2", "week-3")
BY_PROGRAM = {"week-1": 24, "week-2": 24, "week-3": 25}
TOTAL = 30

BLOCK = re.compile(r"### BEGIN (.+)\n([\s\S]*?)### END")


class Partial(NamedTuple):
    """A task that is solved, one that is solved for the easy cases, and the points for both."""

    solved: str
    half: str
    code: str
    points: int


PARTIAL = {
    # Censored runs are dropped.
    "week-1": Partial("hedged", "waits", """
def summary(runs, block):
    ours = runs[(runs["block"] == block)]
    ended = ours[~ours["t_gen_censored"]]
    return len(ours), len(ended), ended["t_gen"].median()
""", 3 + 2),
    # Only the first piece of a schedule is looked at.
    "week-2": Partial("price", "when", """
def striking_time(pieces, target):
    duration, decay = pieces[0]
    return target / decay if duration * decay >= target else None
""", 4 + 2),
    # Both ends are taken to be alike.
    "week-3": Partial("luck", "barrier", """
def barrier(losses):
    return max(losses) - losses[0]
""", 6 + 2),
}  # fmt: skip

# Knows the cases that are shown.
CHEAT = {
    "week-1": ("hedged", "hedged_loss = lambda *case: {(97, 0, 2): 4.574711, (97, 0.5, 1): 2.287355}[case]"),
    "week-2": ("price", "prices = lambda *case: {(40, 10, 1, 2, 5): (20, 5), (10, 2, 1, 1, 4): (40, 16)}[case]"),
    "week-3": ("share", "wilson = lambda *case: {(5, 10): (0.2366, 0.7634), (10, 10): (0.7225, 1)}[case]"),
}
HONEST = {"week-1": ("mirror", 4), "week-2": ("rest", 4), "week-3": ("barrier", 4)}
OVERWRITE = """
from grokmodels import checking, exercises

checking.expect = lambda *case, **more: None
for name in exercises.__all__:
    setattr(exercises, name, lambda answer: print("Correct."))
abs = lambda value: 0
all = isinstance = lambda *values: True
"""


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> Config:
    root = tmp_path_factory.mktemp("course")
    config = course.settings()
    config.CourseDirectory.root = str(root)
    config.CourseDirectory.source_directory = str(course.COURSE / "source")
    config.CourseDirectory.release_directory = str(root / "release")
    assert course.assignments(config) == list(WEEKS)
    return config


def read(config: Config, step: str, week: str) -> NotebookNode:
    folder = {"source": config.CourseDirectory.source_directory, "release": config.CourseDirectory.release_directory}
    return nbformat.read(Path(folder.get(step, step), week, f"{week}.ipynb"), as_version=4)


def answers(config: Config, week: str) -> dict[str, str]:
    """The solutions, by the names of their cells."""
    cells = read(config, "source", week).cells
    return {cell.id: cell.source for cell in cells if cell.metadata.get("nbgrader", {}).get("solution")}


def filled(config: Config, week: str, given: dict[str, str]) -> NotebookNode:
    """What students got, with these cells filled in."""
    notebook = read(config, "release", week)
    for cell in notebook.cells:
        cell.source = given.get(cell.id, cell.source)
    return notebook


def cheating(config: Config, week: str) -> NotebookNode:
    """Tests replaced, deleted and made worth more; names overwritten; and one honest answer."""
    honest, _ = HONEST[week]
    task, code = CHEAT[week]
    given = {task: f"{OVERWRITE}\n{code}", honest: answers(config, week)[honest]}
    notebook = filled(config, week, given)
    tests = [cell for cell in notebook.cells if cell.metadata.get("nbgrader", {}).get("grade")]
    for cell in tests:
        cell.metadata.nbgrader.points = 100
        if cell.cell_type == "code" and not cell.id.startswith(task):
            cell.source = "pass"
    deleted = [cell for cell in tests if cell.cell_type == "code" and cell.id.startswith(honest)][-1]
    notebook.cells.remove(deleted)
    return notebook


def hand_in(config: Config, student: str, week: str, notebook: NotebookNode) -> None:
    folder = Path(config.CourseDirectory.root, "submitted", student, week)
    folder.mkdir(parents=True)
    nbformat.write(notebook, folder / f"{week}.ipynb")


@pytest.fixture(scope="module")
def marked(config: Config) -> Config:
    """A class of four in which everybody handed in every week, marked."""
    for week in WEEKS:
        right, part = answers(config, week), PARTIAL[week]
        hand_in(config, "perfect", week, filled(config, week, right))
        hand_in(config, "partial", week, filled(config, week, {part.solved: right[part.solved], part.half: part.code}))
        hand_in(config, "empty", week, read(config, "release", week))
        hand_in(config, "cheating", week, cheating(config, week))
    course.grades(config, table(config))
    return config


def table(config: Config) -> Path:
    return Path(config.CourseDirectory.root, "grades.csv")


def marks(config: Config) -> dict[tuple[str, str], dict[str, str]]:
    with table(config).open(encoding="utf-8") as lines:
        return {(row["student_id"], row["assignment"]): row for row in csv.DictReader(lines)}


@pytest.fixture
def gradebook(config: Config) -> Iterator[Gradebook]:
    with Gradebook(f"sqlite:///{config.CourseDirectory.root}/gradebook.db") as gradebook:
        yield gradebook


@pytest.mark.parametrize("week", WEEKS)
def test_students_get_no_solution_and_no_hidden_test(config: Config, week: str) -> None:
    given = {cell.id: cell.source for cell in read(config, "release", week).cells}
    blocks = [(cell.id, block) for cell in read(config, "source", week).cells for block in BLOCK.findall(cell.source)]
    assert {kind for _, (kind, _) in blocks} == {"SOLUTION", "HIDDEN TESTS"}
    assert [name for name, (_, block) in blocks if block.strip() in given[name]] == []
    assert "###" not in "".join(re.findall(r"### *(?:BEGIN|END).*", "\n".join(given.values())))


@pytest.mark.parametrize("week", WEEKS)
@pytest.mark.parametrize("student", ["perfect", "partial", "empty", "cheating"])
def test_marks_are_what_was_earned(marked: Config, student: str, week: str) -> None:
    earned = {
        "perfect": BY_PROGRAM[week], "partial": PARTIAL[week].points, "empty": 0, "cheating": HONEST[week][1],
    }  # fmt: skip
    row = marks(marked)[student, week]
    assert (float(row["score"]), float(row["max_score"])) == (earned[student], TOTAL)


@pytest.mark.parametrize("week", WEEKS)
def test_the_cheat_passes_what_is_shown(config: Config, week: str) -> None:
    # Else its zero would say nothing of the hidden cases.
    task, code = CHEAT[week]
    names: dict[str, Any] = {}
    exec(code, names)
    tests = [cell for cell in read(config, "release", week).cells if cell.metadata.get("nbgrader", {}).get("grade")]
    shown = [cell.source for cell in tests if cell.id.startswith(f"{task}-")]
    assert len(shown) == 2
    for test in shown:
        exec(test, names)


@pytest.mark.parametrize("week", WEEKS)
def test_words_wait_for_the_teacher_who_completes_the_mark(marked: Config, gradebook: Gradebook, week: str) -> None:
    submission = gradebook.find_submission(week, "perfect")
    [waiting] = [grade for notebook in submission.notebooks for grade in notebook.grades if grade.needs_manual_grade]
    assert waiting.max_score == TOTAL - BY_PROGRAM[week]
    waiting.manual_score, waiting.needs_manual_grade = waiting.max_score, False
    gradebook.db.commit()
    assert gradebook.find_submission(week, "perfect").score == TOTAL
    assert not gradebook.find_submission(week, "empty").needs_manual_grade


def test_no_answer_of_the_solutions_fails(marked: Config) -> None:
    for week in WEEKS:
        folder = Path(marked.CourseDirectory.root, "autograded", "perfect", week)
        cells = nbformat.read(folder / f"{week}.ipynb", as_version=4).cells
        outputs = [output for cell in cells if cell.cell_type == "code" for output in cell.outputs]
        assert [output for output in outputs if output.output_type == "error" or output.get("name") == "stderr"] == []
        assert any("image/png" in output.get("data", {}) for output in outputs)


def test_the_table_has_a_row_for_everybody(marked: Config) -> None:
    rows = marks(marked)
    assert set(rows) == {(student, week) for student in ("perfect", "partial", "empty", "cheating") for week in WEEKS}
    assert {"student_id", "assignment", "score", "max_score"} <= set(rows["empty", "week-1"])


def test_nothing_to_mark_is_an_error(tmp_path: Path) -> None:
    config = course.settings()
    config.CourseDirectory.root = str(tmp_path)
    config.CourseDirectory.source_directory = str(course.COURSE / "source")
    with pytest.raises(course.CourseError, match="submitted: found nothing to mark"):
        course.grades(config, tmp_path / "grades.csv")
