"""Pages in plain Markdown: no MyST is left, links lead to notebooks, and equations keep their numbers."""

import re
from pathlib import Path

import nbformat
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from tools.plain_markdown import Book, Page, glued, read_book
from tools.student_notebooks import ROOT, chapters, student

TOC = """\
format: jb-book
root: book/index
parts:
  - numbered: 2
    chapters:
      - file: book/one/first
      - file: book/two/second
  - chapters:
      - file: book/glossary
"""
FIRST = """\
# The first chapter

(first-start)=
## A start

$$ a = b $$

$$
\\begin{aligned} a \\end{aligned}
$$ (law)

```{math}
:label: other
c = d
```

```{exercise} Think
:label: ex-think

Why?
```
"""
WORKS = """\
@misc{one, author = {Kram{\\'a}r, J{\\'a}nos}, year = {2001}}
@misc{two, author = {von Neumann, John and Ulam, Stanislaw}, year = {2002}}
@misc{three, author = {Power, A. and Burda, Y. and Misra, V.}, year = {2003}}
"""
VALUES = {"few": "3", "many": "'5,645'", "share": "0.98765"}


@pytest.fixture
def book(tmp_path: Path) -> Book:
    for folder in ("one", "two"):
        (tmp_path / "book" / folder).mkdir(parents=True)
    (tmp_path / "_toc.yml").write_text(TOC, encoding="utf-8")
    (tmp_path / "book" / "references.bib").write_text(WORKS, encoding="utf-8")
    (tmp_path / "book" / "glossary.md").write_text("# Glossary\n", encoding="utf-8")
    figures = [{"name": f"fig-{name}", "caption": f"A {name}."} for name in ("curve", "map")]
    drawn = [new_code_cell("draw()", metadata={"mystnb": {"figure": figure}}) for figure in figures]
    texts = {"index": "# Front page", "one/first": FIRST, "two/second": "# The second\n\n$$ x $$ (far)"}
    for name, text in texts.items():
        cells = [new_markdown_cell(text), *(drawn if name == "one/first" else [])]
        nbformat.write(new_notebook(cells=cells), tmp_path / "book" / f"{name}.ipynb")
    return read_book(tmp_path)


@pytest.fixture
def page(book: Book) -> Page:
    return Page(book, "book/two/second", VALUES)


@pytest.mark.parametrize(
    ("myst", "plain"),
    [
        ("{glue:text}`few` of {glue:text}`many`", "3 of 5,645"),
        ("{glue:text}`share:.2f`", "0.99"),
        ("{cite:t}`one` said", "Kramár (2001) said"),
        ("{cite:t}`two`", "von Neumann and Ulam (2002)"),
        ("seen {cite:p}`three`", "seen (Power et al., 2003)"),
        ("seen {cite:p}`one, three`", "seen (Kramár, 2001; Power et al., 2003)"),
        ("{doc}`../one/first`", "[The first chapter](../one/first.ipynb)"),
        ("{doc}`front <../index>`", "[front](../index.ipynb)"),
        ("{doc}`../glossary`", "Glossary"),
        ("{doc}`the words <../glossary>`", "the words"),
        ("{doc}`second`", "The second"),
        ("{term}`rule share`, {term}`censored <censoring>`", "rule share, censored"),
        ("{ref}`first-start`", "[A start](../one/first.ipynb)"),
        ("{ref}`there\nand then <first-start>`", "[there\nand then](../one/first.ipynb)"),
        ("{ref}`ex-think`", "[Think](../one/first.ipynb)"),
        ("[below](first-start)", "[below](../one/first.ipynb)"),
        ("[elsewhere](https://example.org)", "[elsewhere](https://example.org)"),
        ("{numref}`fig-map`", "[Fig. 1.2](../one/first.ipynb)"),
        ("{numref}`Figure %s <fig-curve>`", "[Figure 1.1](../one/first.ipynb)"),
        ("{ref}`fig-map`", "[A map.](../one/first.ipynb)"),
        ("by {eq}`law` and {eq}`other`", "by (1.1) and (1.2)"),
        ("{bdg-secondary}`●○○` Why?", "*●○○* Why?"),
        ("a [training]{.grok-train} pair", "a training pair"),
        ('a <span class="grok-test">test</span> pair', "a test pair"),
        ("""<a class="grok-set" href="#x" data-state='{"step": 0}'>step 0</a>""", "step 0"),
        ("(here)=\n## A title", "## A title"),
        ("$$ x $$ (far)", "$$ x \\tag{2.1} $$"),
        ("$$\ny\n$$", "$$\ny\n$$"),
        ("```{math}\ny\n```", "$$\ny\n$$"),
        ("```{math}\n:label: other\nc = d\n```", "$$\nc = d \\tag{1.2}\n$$"),
        ("`x{...}` and `{doc}` and ``{doc}`no` ``", "`x{...}` and `{doc}` and ``{doc}`no` ``"),
        ("```python\n{doc}`no`\n```", "```python\n{doc}`no`\n```"),
        (":::{note}\nMind *this*.\n:::", "> **Note**\n>\n> Mind *this*."),
        (":::{admonition} You can\n:class: tip\n- a;\n- b.\n:::\n\nText", "> **You can**\n>\n> - a;\n> - b.\n\nText"),
        (
            ":::{admonition} Hint 1\n:class: dropdown tip\nBy {eq}`law`.\n:::",
            "<details>\n<summary>Hint 1</summary>\n\nBy (1.1).\n\n</details>",
        ),
        ("````{prf:theorem} Law\n:label: t\n\nIt is {eq}`law`.\n````", "> **Theorem: Law**\n>\n> It is (1.1)."),
        ("```{prf:proof}\n$$\nx\n$$\n```", "**Proof**\n\n$$\nx\n$$"),
        (
            "::::{grid} 1 3\n:gutter: 2\n\n:::{grid-item-card} An hour\n{doc}`../index`\n:::\n::::",
            "> **An hour**\n>\n> [Front page](../index.ipynb)",
        ),
    ],
)
def test_it_is_said_in_plain_markdown(page: Page, myst: str, plain: str) -> None:
    assert page.plain(myst) == plain


@pytest.mark.parametrize(
    ("myst", "words"), [("{glue:text}`none`", "second.*`none`; execute"), ("{unheard}`of`", "unheard.*no translation")]
)
def test_what_cannot_be_said_is_refused(page: Page, myst: str, words: str) -> None:
    with pytest.raises(ValueError, match=words):
        page.plain(myst)


def test_glued_values_are_found_in_the_outputs() -> None:
    hidden = {"name": "many", "mime_prefix": "application/papermill.record/"}
    shown = {"name": "few", "mime_prefix": ""}
    outputs = [
        new_output("stream", text="2"),
        new_output(
            "display_data", data={f"{hidden['mime_prefix']}text/plain": "'5,645'"}, metadata={"scrapbook": hidden}
        ),
        new_output("display_data", data={"text/plain": "3"}, metadata={"scrapbook": shown}),
    ]
    cells = [new_markdown_cell("Text"), new_code_cell("run()", outputs=outputs)]
    assert glued(new_notebook(cells=cells)) == {"many": "'5,645'", "few": "3"}


# Any role, fence, target or attribute, read here more widely than in the tool.
MYST = re.compile(
    r"\{[a-z][\w:.+-]*\}`|^[ >]*(:{3,}|`{3,} *\{)|^[ >]*\(\S+\)=\s*$|\]\{|class=.grok|^[ >]*:[a-z]+: ", re.MULTILINE
)


@pytest.fixture(scope="module")
def whole_book() -> Book:
    return read_book(ROOT)


@pytest.mark.parametrize("path", chapters(), ids=lambda path: path.stem)
def test_no_chapter_keeps_myst_or_loses_a_link(path: Path, whole_book: Book) -> None:
    name = path.relative_to(ROOT).with_suffix("").as_posix()
    cells = student(nbformat.read(path, as_version=4), name, whole_book).cells
    text = "\n\n".join(cell.source for cell in cells if cell.cell_type == "markdown")
    assert [text[found.start() : found.end() + 40] for found in MYST.finditer(text)] == []
    links = [link for link in re.findall(r"\]\(([^)\s]*)\)", text) if not link.startswith("https:")]
    assert [link for link in links if (path.parent / link).resolve() not in chapters()] == []


def test_chapters_have_something_to_say_plainly() -> None:
    texts = [cell.source for path in chapters() for cell in nbformat.read(path, as_version=4).cells]
    assert len(MYST.findall("\n\n".join(texts))) > 500
