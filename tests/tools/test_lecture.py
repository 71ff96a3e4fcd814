"""Lecture mode on a small book: what a plan shows is what the chapter shows, also when that has changed."""

from pathlib import Path

import nbformat
import pytest
from bs4 import BeautifulSoup
from lecture import Lecture
from nbformat import v4
from sphinx.application import Sphinx
from sphinx.util.docutils import docutils_namespace, patch_docutils

CHAPTER = """# Chapter

(rules)=
## Rules

See {doc}`../other`.

1. The first, as in {doc}`../other`.
2. The second.

```{exercise} Try it
:label: ex-try

What is {math}`1 + 1`?
```
"""
PLAN = """
[step.toy]
title = "A toy"
show = ["part/chapter#explorable-toy"]
ask = ["What *is* it?"]
notes = "Wait."
moves = [{ words = "two", explorable = "toy", state = { size = 2 } }]

[step.all]
title = "All else"
show = ["part/chapter#table", "part/chapter#fig-dot", "part/chapter#ex-try", "part/chapter#rules"]
text = "Look."

[[plan.short]]
minutes = "0–5"
steps = ["toy"]

[[plan.short]]
minutes = "5–9"
steps = ["all", "toy"]
"""
PYTHON = {"language_info": {"name": "python", "pygments_lexer": "ipython3"}}
DOT = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=="


def cell(name: str, kind: str, data: str, **metadata: object) -> nbformat.NotebookNode:
    output = v4.new_output("display_data", {kind: data, "text/plain": "plain"})
    return v4.new_code_cell("show()", id=name, outputs=[output], execution_count=1, metadata=metadata)


def write(root: Path, toy: str = "drawn", plan: str = PLAN) -> None:
    named = {"mystnb": {"figure": {"name": "fig-dot", "caption": "A dot."}}}
    cells = [
        v4.new_markdown_cell(CHAPTER, id="words"),
        cell("first", "text/html", f'<div class="grok-explorable" id="explorable-toy">{toy}</div>'),
        cell("table", "text/html", "<table><tr><td>7</td></tr></table>"),
        cell("dot", "image/png", DOT, **named),
    ]
    pages = {
        "conf.py": "extensions = ['myst_nb', 'sphinx_exercise', 'lecture']\nnb_execution_mode = 'off'\n",
        "index.md": "# Book\n\n```{toctree}\npart/chapter\nother\nlecture\n```\n\n{ref}`lecture-short-step-2`\n",
        "other.md": "# Other\n",
        "lecture.md": "# Lecture\n\n```{lecture} short\n```\n",
        "lecture.toml": plan,
        "part/chapter.ipynb": nbformat.writes(v4.new_notebook(cells=cells, metadata=PYTHON)),
    }
    (root / "part").mkdir(exist_ok=True)
    for name, text in pages.items():
        # Sphinx looks at times: what is the same stays untouched.
        if not (root / name).exists() or (root / name).read_text(encoding="utf-8") != text:
            (root / name).write_text(text, encoding="utf-8")


def build(root: Path) -> tuple[BeautifulSoup, str]:
    """The lecture's page, and what the build warned of."""
    warnings = root / "warnings"
    with warnings.open("w", encoding="utf-8") as stream, patch_docutils(), docutils_namespace():
        Sphinx(root, root, root / "html", root / "trees", "html", status=None, warning=stream).build()
    page = (root / "html" / "lecture.html").read_text(encoding="utf-8")
    return BeautifulSoup(page, "html.parser"), warnings.read_text(encoding="utf-8")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("book")


@pytest.fixture(scope="module")
def page(book: Path) -> BeautifulSoup:
    write(book)
    page, warned = build(book)
    assert warned == ""
    return page


def test_steps_stand_in_the_order_of_the_plan(page: BeautifulSoup) -> None:
    steps = page.select("section.grok-step")
    assert [step["id"] for step in steps] == ["step-1", "step-2", "step-3"]
    assert [step.h2.contents[0] for step in steps] == ["A toy", "All else", "A toy"]
    assert [step.select_one(".grok-minutes").text for step in steps] == ["Minutes 0–5", "Minutes 5–9", "Minutes 5–9"]
    assert steps[0].select_one(".grok-ask em").text == "is"
    assert steps[0].select_one(".grok-notes").text.strip() == "Wait."
    assert steps[1].select_one(".grok-notes") is None


def test_a_step_shows_what_the_chapter_shows_and_no_code(page: BeautifulSoup) -> None:
    first, second, _ = page.select("section.grok-step")
    assert first.select_one(".grok-main #explorable-toy").text == "drawn"
    table, figure, exercise, rules = second.select(".grok-shown")
    assert table.td.text == "7"
    assert figure.img
    assert "A dot." in figure.figcaption.text
    assert "What is" in exercise.text
    assert "Try it" not in exercise.text
    assert len(rules.select("ol > li")) == 2
    assert "show()" not in page.text


def test_references_lead_from_the_new_place(page: BeautifulSoup) -> None:
    assert page.select_one(".grok-shown ol a")["href"] == "other.html"


def test_a_move_sets_an_explorable(page: BeautifulSoup) -> None:
    link = page.select_one(".grok-moves a")
    assert (link["href"], link["data-explorable"], link["data-state"]) == ("#explorable-toy", "toy", '{"size": 2}')


def test_other_pages_link_to_a_step(book: Path, page: BeautifulSoup) -> None:
    index = BeautifulSoup((book / "html" / "index.html").read_text(encoding="utf-8"), "html.parser")
    assert index.select_one('a[href="lecture.html#step-2"]').text == "All else"


def test_the_page_follows_its_chapter_and_its_plan(book: Path, page: BeautifulSoup) -> None:
    write(book, toy="drawn anew", plan=PLAN.replace("A toy", "The toy"))
    followed, _ = build(book)
    assert followed.select_one("#explorable-toy").text == "drawn anew"
    assert followed.select_one("#step-1 h2").contents[0] == "The toy"


@pytest.mark.parametrize(
    ("right", "wrong", "told"),
    [
        ("#explorable-toy", "#explorable-top", "got 'explorable-top'"),
        ("part/chapter#table", "part/chaptre#table", "got page 'part/chaptre'"),
        ('["all", "toy"]', '["all", "tow"]', "got step 'tow'; must be one of toy, all"),
        ("[[plan.short]]", "[[plan.long]]", "got plan 'short'; must be one of long"),
        ("notes =", "note =", "step.toy.note"),
    ],
)
def test_what_is_wrong_is_named(tmp_path: Path, right: str, wrong: str, told: str) -> None:
    write(tmp_path, plan=PLAN.replace(right, wrong))
    assert told in build(tmp_path)[1]


def test_screens_are_those_of_the_rows() -> None:
    step = {"title": "One"}
    plans = Lecture.model_validate({"step": {"a": step}, "plan": {"p": [{"minutes": "0–5", "steps": ["a", "a"]}]}})
    assert [(minutes, step.title) for minutes, step in plans.screens("p")] == [("0–5", "One")] * 2
