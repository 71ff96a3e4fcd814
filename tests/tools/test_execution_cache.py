"""The folder of cached outputs follows everything that chapters compute with."""

from pathlib import Path

import pytest
from execution_cache import cache_path


@pytest.fixture
def book(tmp_path: Path) -> Path:
    (tmp_path / "src" / "grokmodels" / "__pycache__").mkdir(parents=True)
    (tmp_path / "results").mkdir()
    (tmp_path / "requirements.txt").write_text("numpy==2.4.6", encoding="utf-8")
    (tmp_path / "src" / "grokmodels" / "tasks.py").write_text("p = 97", encoding="utf-8")
    return tmp_path


@pytest.mark.parametrize(
    "changed", ["src/grokmodels/tasks.py", "src/grokmodels/new.js", "results/a.parquet", "requirements.txt"]
)
def test_it_moves_with(changed: str, book: Path) -> None:
    before = cache_path(book)
    (book / changed).write_text("other", encoding="utf-8")
    assert cache_path(book) != before


@pytest.mark.parametrize("changed", ["src/grokmodels/__pycache__/tasks.pyc", "README.md"])
def test_it_stays_with(changed: str, book: Path) -> None:
    before = cache_path(book)
    (book / changed).write_text("other", encoding="utf-8")
    assert cache_path(book) == before
