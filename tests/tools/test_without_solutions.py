"""The site for a graded class has no word of a solution, and no reference that leads nowhere."""

import json
import os
import subprocess
import sys
import zlib
from pathlib import Path

from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook

from tools.clean_notebooks import NOTEBOOK_METADATA

ROOT = Path(__file__).parents[2]

CONF = """
extensions = ["myst_nb", "sphinx_exercise", "repository_links", "without_solutions"]
html_theme = "sphinx_book_theme"
html_theme_options = {"repository_url": "https://github.com/example/book", "use_download_button": True}
nb_execution_mode = "off"
"""
CHAPTER = """# Chapter

```{exercise} Think
:label: ex-think

Why?
```

````{solution} ex-think
:label: sol-think
:class: dropdown

Thereforish.

```{math}
:label: eq-inner
x = 1
```

```python
answer = "becausely"
```
````

After it.
"""
PAGE = """# Page

To {ref}`the exercise <ex-think>`, to {ref}`its outcome <sol-think>`, to [a link](#sol-think) and to {ref}`sol-think`.
"""
SECRETS = ("Thereforish", "becausely", "sol-think", "eq-inner")


def build(folder: Path, without: bool, page: str = PAGE) -> subprocess.CompletedProcess[str]:
    (folder / "conf.py").write_text(CONF, encoding="utf-8")
    (folder / "index.md").write_text(f"{page}\n```{{toctree}}\nchapter\n```\n", encoding="utf-8")
    notebook = new_notebook(cells=[new_markdown_cell(CHAPTER), new_code_cell("1 + 1")], metadata=NOTEBOOK_METADATA)
    (folder / "chapter.ipynb").write_text(json.dumps(notebook), encoding="utf-8")
    paths = [str(ROOT / "book" / "_ext"), str(ROOT / "src")]
    return subprocess.run(
        [sys.executable, "-m", "sphinx", "-W", "-n", "--keep-going", "-b", "html", str(folder), str(folder / "html")],
        env=os.environ
        | {"BOOK_WITHOUT_SOLUTIONS": "1" if without else "", "PYTHONPATH": os.pathsep.join(paths)},
        capture_output=True,
        text=True,
        check=False,
    )  # fmt: skip


def left(folder: Path) -> set[str]:
    """The secrets that some file of the site has, the search index and list of targets included."""
    files = [file for file in (folder / "html").rglob("*") if file.is_file() and ".doctrees" not in file.parts]
    texts = [file.read_bytes() for file in files]
    # A list of targets is packed.
    inventory = (folder / "html" / "objects.inv").read_bytes().split(b"zlib.\n", 1)[1]
    texts.append(zlib.decompress(inventory))
    return {secret for secret in SECRETS if any(secret.lower().encode() in text.lower() for text in texts)}


def test_nothing_of_a_solution_is_left(tmp_path: Path) -> None:
    done = build(tmp_path, without=True)
    assert done.returncode == 0, done.stderr
    assert left(tmp_path) == set()
    page = (tmp_path / "html" / "index.html").read_text(encoding="utf-8")
    assert "its outcome" in page
    assert 'href="chapter.html#ex-think"' in page
    chapter = (tmp_path / "html" / "chapter.html").read_text(encoding="utf-8")
    assert "After it." in chapter
    # What has the solutions is not offered.
    assert not (tmp_path / "html" / "_sources").exists()
    assert not any(word in chapter for word in ("_sources/", ".ipynb", "github.com"))


def test_the_book_itself_has_them(tmp_path: Path) -> None:
    # Else the test above would pass with a book that has none.
    done = build(tmp_path, without=False)
    assert done.returncode == 0, done.stderr
    assert left(tmp_path) == set(SECRETS)


def test_a_solution_that_cannot_be_left_out_is_refused(tmp_path: Path) -> None:
    text = "# Page\n\n```{solution-start} ex-think\n```\n\nHidden.\n\n```{solution-end}\n```\n"
    done = build(tmp_path, without=True, page=text)
    assert done.returncode != 0
    assert "cannot be left out" in done.stderr
