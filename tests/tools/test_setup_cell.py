"""Chapters that are opened alone, as on Colab, get the library, and with it the studies and results."""

import importlib.util
import json
import os
import shutil
import site
import subprocess
import sys
import sysconfig
from itertools import takewhile
from pathlib import Path

import nbformat
import pytest
from IPython.core.inputtransformer2 import TransformerManager
from nbclient import NotebookClient
from nbformat.v4 import new_code_cell, new_markdown_cell

from tools import setup_cell
from tools.clean_notebooks import clean
from tools.setup_cell import ROOT, with_setup

CHAPTERS = sorted((ROOT / "book").rglob("*.ipynb"))
VARIABLE = "BOOK_REPOSITORY_URL"


@pytest.mark.parametrize("chapter", CHAPTERS, ids=lambda path: path.stem)
def test_every_chapter_begins_with_it(chapter: Path) -> None:
    cells = nbformat.read(chapter, as_version=4).cells
    assert with_setup(cells) == cells, "put it in with: python -m tools.clean_notebooks"


def test_it_stands_before_the_first_code_once() -> None:
    once = with_setup([new_markdown_cell("# Title"), new_code_cell("1 + 1"), new_code_cell("2 + 2")])
    assert [cell.source for cell in (once[0], *once[2:])] == ["# Title", "1 + 1", "2 + 2"]
    assert (once[1].id, once[1].metadata) == (setup_cell.ID, setup_cell.METADATA)
    executed = new_code_cell("moved and changed", id=setup_cell.ID, execution_count=3)
    again = with_setup([once[0], *once[2:], executed])
    assert [cell.source for cell in again] == [cell.source for cell in once]
    assert again[1].execution_count == 3


def test_a_notebook_without_code_needs_none() -> None:
    assert [cell.source for cell in with_setup([new_markdown_cell("# Title")])] == ["# Title"]


def run(source: str, magics: list[str]) -> None:
    class Shell:
        def run_line_magic(self, name: str, line: str) -> None:
            magics.append(f"{name} {line.format(**namespace)}")

    namespace = {"get_ipython": Shell}
    exec(TransformerManager().transform_cell(source), namespace)


@pytest.fixture
def missing(monkeypatch: pytest.MonkeyPatch) -> None:
    """The library is not found, and nothing is installed."""
    monkeypatch.setattr(importlib.util, "find_spec", lambda name: None)
    monkeypatch.setattr(site, "main", lambda: None)
    monkeypatch.delenv(VARIABLE, raising=False)


def test_where_the_library_is_found_it_does_nothing(capfd: pytest.CaptureFixture[str]) -> None:
    magics: list[str] = []
    run(setup_cell.source("https://example.org/book"), magics)
    assert (magics, *capfd.readouterr()) == ([], "", "")


@pytest.mark.usefixtures("missing")
def test_without_an_address_it_asks_for_one() -> None:
    with pytest.raises(AssertionError, match="put the repository's address above, or set BOOK_REPOSITORY_URL"):
        run(setup_cell.source(""), [])


@pytest.mark.usefixtures("missing")
@pytest.mark.parametrize(
    ("written", "variable", "used"),
    [("https://example.org/a", "", "https://example.org/a"), ("https://example.org/a", "file:///b", "file:///b")],
)
def test_the_variable_wins_over_the_written_address(
    written: str, variable: str, used: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(VARIABLE, variable)
    magics: list[str] = []
    run(setup_cell.source(written), magics)
    assert [magic.split()[-1] for magic in magics] == [f'"git+{used}#egg=grokmodels"']


def test_its_lines_are_as_short_as_those_of_chapters() -> None:
    lines = setup_cell.source("https://github.com/an-organization/grokking-as-a-phase-transition").splitlines()
    assert len(lines) <= 12
    assert max(map(len, lines)) <= 84


FOUND = """\
import json

import grokmodels
from grokmodels import studies

print(json.dumps([grokmodels.__file__, len(studies.record("canonical").runs)]))"""


@pytest.fixture
def bare_python(tmp_path: Path) -> Path:
    """A Python of its own with the packages of this one, the library left out."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", tmp_path / "env"], check=True)
    packages = tmp_path / "packages"
    packages.mkdir()
    for folder in {sysconfig.get_path("purelib"), sysconfig.get_path("platlib")}:
        for entry in Path(folder).iterdir():
            if "grokmodels" not in entry.name:
                (packages / entry.name).symlink_to(entry)
    (own,) = (tmp_path / "env" / "lib").glob("python*/site-packages")
    (own / "packages.pth").write_text(str(packages), encoding="utf-8")
    return tmp_path / "env" / "bin" / "python"


@pytest.mark.slow
@pytest.mark.skipif(not (shutil.which("git") and (ROOT / ".git").exists()), reason="needs git, and a clone of the book")
def test_a_chapter_opened_alone_finds_library_and_results(
    tmp_path: Path, bare_python: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    repository, alone = tmp_path / "repository", tmp_path / "alone"
    subprocess.run(["git", "clone", "--quiet", ROOT, repository], check=True)
    alone.mkdir()
    chapter = nbformat.read(repository / "book" / "phenomenon" / "mind.ipynb", as_version=4)
    clean(chapter)
    # The first cells, up to the one that trains.
    code = [cell for cell in chapter.cells if cell.cell_type == "code"]
    chapter.cells = [*takewhile(lambda cell: "train(" not in cell.source, code), new_code_cell(FOUND)]
    assert [cell.id for cell in chapter.cells[:2]] == [setup_cell.ID, code[1].id]

    offline = {"PIP_NO_INDEX": "1", "PIP_NO_BUILD_ISOLATION": "0", "PIP_DISABLE_PIP_VERSION_CHECK": "1"}
    kernel = {
        "argv": [str(bare_python), "-m", "ipykernel_launcher", "-f", "{connection_file}"],
        "env": {VARIABLE: repository.as_uri(), "GROKMODELS_ROOT": "", "PYTHONPATH": "", **offline},
        "display_name": "bare",
        "language": "python",
    }
    (tmp_path / "kernels" / "bare").mkdir(parents=True)
    (tmp_path / "kernels" / "bare" / "kernel.json").write_text(json.dumps(kernel), encoding="utf-8")
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path))
    client = NotebookClient(chapter, kernel_name="bare", timeout=300, resources={"metadata": {"path": alone}})
    client.execute()
    file, runs = json.loads(chapter.cells[-1].outputs[0].text)
    assert Path(file).is_relative_to(tmp_path / "env" / "src" / "grokmodels")
    assert runs > 0


@pytest.mark.slow
def test_binder_can_install_what_it_is_told() -> None:
    install = [sys.executable, "-m", "pip", "install", "--dry-run", "--no-index", "--quiet"]
    subprocess.run([*install, "--requirement", "binder/requirements.txt"], cwd=ROOT, check=True)
    assert os.access(ROOT / "binder" / "postBuild", os.X_OK)
