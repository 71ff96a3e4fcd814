"""A book of two chapters, built and printed."""

import subprocess
import sys
from pathlib import Path
from shutil import copytree

import pytest
from playwright.sync_api import Browser
from pypdf import PdfReader
from sphinx_external_toc.parsing import parse_toc_yaml

from tests.explorable_samples import Power
from tools.print_book import ROOT, print_book
from tools.printable_page import Printable

pytestmark = [pytest.mark.browser, pytest.mark.slow]

CONFIG = f"""
title: A small book
author: Its authors
only_build_toc_files: true
html:
  baseurl: https://example.org/
sphinx:
  local_extensions:
    offline_scripts: {ROOT / "book" / "_ext"}
  config:
    extensions: [myst_nb, jupyter_book, sphinx_external_toc, sphinx_design, sphinx_book_theme, sphinx_exercise,
      sphinx_togglebutton, sphinx_comments, offline_scripts]
    html_static_path: [book/_static]
    html_css_files: [custom.css, print.css]
    mathjax_path: mathjax/tex-chtml.js
    myst_enable_extensions: [amsmath, dollarmath]
"""
TOC = """
format: jb-book
root: book/index
parts:
  - caption: The only part
    chapters:
      - file: book/first
      - file: book/second
"""
WIDE = " + ".join(rf"\frac{{a_{{{n}}}}}{{b_{{{n}}}}}" for n in range(60))
FIRST = f"""# The first chapter

## A task

```{{exercise}} Count
:label: ex-count

How many apples are there?
```

```{{solution}} ex-count
:class: dropdown

There are seven apples.
```

## A formula

$$ {WIDE} $$

A sentence of [the second chapter](second.md).

| {" | ".join(f"column{n}" for n in range(40))} |
| {" | ".join("---" for n in range(40))} |
| {" | ".join(f"value{n}" for n in range(40))} |
"""
SECOND = f"""# The second chapter

```{{raw}} html
{Power().html()}
```

````{{dropdown}} Aside
A sentence in a fold.
````

The last sentence of the chapters.
"""


def build(root: Path) -> Path:
    copytree(ROOT / "book" / "_static", root / "book" / "_static")
    texts = {
        "_config.yml": CONFIG,
        "_toc.yml": TOC,
        "book/index.md": "# A small book\n\nA preface.",
        "book/first.md": FIRST,
        "book/second.md": SECOND,
    }
    for name, text in texts.items():
        root.joinpath(name).write_text(text, encoding="utf-8")
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", "-W", "--keep-going", str(root)]
    built = subprocess.run(command, capture_output=True, text=True, check=False)
    assert built.returncode == 0, built.stdout + built.stderr
    return root


@pytest.fixture(scope="module")
def book(browser: Browser, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return print_book(build(tmp_path_factory.mktemp("book")), browser)


@pytest.fixture(scope="module")
def sheets(book: Path) -> list[str]:
    return [" ".join(page.extract_text().split()) for page in PdfReader(book).pages]


def where(sheets: list[str], sentence: str) -> int:
    """The number of the only sheet that says so."""
    (number,) = (number for number, text in enumerate(sheets, start=1) if sentence in text)
    return number


def test_solutions_come_after_all_chapters_and_their_pages_are_named(sheets: list[str]) -> None:
    asked, answered = where(sheets, "How many apples are there?"), where(sheets, "There are seven apples.")
    assert asked < where(sheets, "The last sentence of the chapters.") < answered
    assert f"Solution on page {answered}" in sheets[asked - 1]
    assert f"(Count), page {asked}" in sheets[answered - 1]


def test_contents_name_the_pages_of_chapters_and_sections(sheets: list[str]) -> None:
    contents = sheets[1]
    for heading, sentence in {
        "A formula": "A sentence of",
        "The second chapter": "The last sentence of the chapters.",
        "Solutions": "There are seven apples.",
    }.items():
        assert f"{heading} {where(sheets, sentence)}" in contents


def test_bookmarks_are_the_headings(book: Path) -> None:
    first, sections = PdfReader(book).outline[1:3]
    assert first.title == "The first chapter"
    assert [section.title for section in sections] == ["A task", "A formula"]


def test_explorables_have_their_question_and_address(sheets: list[str]) -> None:
    assert "https://example.org/book/second.html" in sheets[where(sheets, "Where does it bend?") - 1]


def test_explorables_without_an_address_name_their_page(book: Path) -> None:
    root = book.parents[2]
    page = root / "_build" / "html" / "book" / "second.html"
    page.write_text(page.read_text(encoding="utf-8").replace('rel="canonical"', ""), encoding="utf-8")
    printed = Printable(page.parents[1], parse_toc_yaml(root / "_toc.yml"), "A small book", "Its authors").html()
    assert "example.org" not in printed
    assert "“The second chapter”, book/second.html of the built book" in printed


def test_folds_are_open(sheets: list[str]) -> None:
    where(sheets, "A sentence in a fold.")


def test_links_stay_in_the_book(book: Path) -> None:
    links = [note.get_object() for page in PdfReader(book).pages for note in page.get("/Annots", [])]
    assert links
    assert [link for link in links if "/Dest" not in link] == []


def test_wide_formulas_and_tables_are_whole(sheets: list[str]) -> None:
    text = sheets[where(sheets, "A sentence of") - 1]
    assert "value39" in text
    assert "b59" in text


def test_nothing_comes_from_elsewhere(book: Path, browser: Browser) -> None:
    tab = browser.new_page(viewport={"width": 800, "height": 1100})
    requests: list[str] = []
    tab.on("request", lambda request: requests.append(request.url))
    tab.goto(book.with_suffix(".html").as_uri())
    tab.evaluate("() => window.MathJax.startup.promise")
    tab.close()
    assert requests
    assert [url for url in requests if not url.startswith(("file:", "data:", "blob:"))] == []
