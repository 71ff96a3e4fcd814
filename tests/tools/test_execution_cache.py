"""A chapter is executed again when something that it read has changed, and only then. A real kernel reads here."""

import shutil
from collections.abc import Callable
from pathlib import Path

import execution
import execution_cache
import pytest
from nbformat import NotebookNode
from nbformat.v4 import new_code_cell, new_notebook

LIBRARY = '''"""A module."""

# A comment.
def share(x):
    """The share."""
    return x / 2
'''
CODE = """
import inspect, json, subprocess, sys
from pathlib import Path

sys.path.insert(0, "src")
import told, used
print(Path("studies/seen.toml").read_text())
print(sorted(path.name for path in Path("results").glob("*")))
print(Path("results/seen.parquet").read_bytes())
print(inspect.getsource(told.share))
print(Path("src/explorables/explorable.css").read_text())
child = "from pathlib import Path; print(Path('studies/child.toml').read_text())"
print(subprocess.run([sys.executable, "-c", child], capture_output=True, text=True).stdout)
"""


def chapter(code: str = CODE) -> NotebookNode:
    notebook = new_notebook(cells=[new_code_cell(code, id="one")])
    notebook.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    return notebook


@pytest.fixture(scope="module")
def executed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    root = tmp_path_factory.mktemp("book")
    files = {
        "src/told.py": LIBRARY,
        "src/used.py": LIBRARY,
        "src/idle.py": LIBRARY,
        "src/explorables/explorable.css": "a {}",
        "studies/seen.toml": "bounds = 3",
        "studies/child.toml": "bounds = 3",
        "studies/unseen.toml": "bounds = 3",
        "results/seen.parquet": "runs",
        "results/seen.safetensors": "weights",
        "requirements.txt": "numpy==2.4.6",
    }
    for name, text in files.items():
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_text(text, encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in execution.environment(root):
            patch.setenv(name, "")
        assert execution.execute_all(root, {root / "chapter.ipynb": chapter()}, lambda *_: None) == {}
    return root


@pytest.fixture
def book(executed: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(executed, tmp_path / "book"))


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("studies/seen.toml", "bounds = 4"),
        ("studies/child.toml", "bounds = 4"),
        ("results/seen.safetensors", "other weights"),
        ("results/new.parquet", "runs"),
        ("requirements.txt", "numpy==2.4.7"),
        ("src/used.py", LIBRARY.replace("/ 2", "/ 3")),
        ("src/told.py", LIBRARY.replace("# A comment", "# Another")),
    ],
)
def test_what_it_read_counts(book: Path, file: str, text: str) -> None:
    (book / file).write_text(text, encoding="utf-8")
    assert execution_cache.find(book, chapter()) is None


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("studies/unseen.toml", "bounds = 4"),
        ("studies/new.toml", "bounds = 4"),
        ("src/used.py", LIBRARY.replace("# A comment", "# Another")),
        ("src/idle.py", "share = 2"),
        ("src/new.py", "share = 2"),
        ("src/explorables/explorable.css", "a { color: red }"),
        ("README.md", "Read me."),
    ],
)
def test_what_cannot_change_it_does_not_count(book: Path, file: str, text: str) -> None:
    (book / file).write_text(text, encoding="utf-8")
    assert execution_cache.find(book, chapter())


def test_the_first_state_is_remembered(book: Path) -> None:
    study = book / "studies" / "seen.toml"
    study.write_text("bounds = 4", encoding="utf-8")
    study.write_text("bounds = 3", encoding="utf-8")
    assert execution_cache.find(book, chapter())


def test_code_counts(book: Path) -> None:
    assert execution_cache.find(book, chapter(CODE + "\n1 + 1")) is None


@pytest.fixture
def retagged() -> Callable[[], NotebookNode]:
    def make() -> NotebookNode:
        notebook = chapter()
        notebook.cells[0].metadata["tags"] = ["hide-input"]
        return notebook

    return make


def test_tags_and_captions_do_not(book: Path, retagged: Callable[[], NotebookNode]) -> None:
    stored = execution_cache.find(book, chapter())
    assert execution_cache.find(book, retagged()) == stored
    # What the build asks for.
    cache = execution_cache.get_cache(book / "_build" / ".jupyter_cache")
    _, filled = cache.merge_match_into_notebook(retagged())
    assert "bounds = 3" in filled.cells[0].outputs[0].text
    assert filled.cells[0].metadata["tags"] == ["hide-input"]
