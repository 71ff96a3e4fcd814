"""Chapters that go wrong are named, never cached, and cost the others nothing."""

from pathlib import Path

import execution
import execution_cache
import pytest
from nbformat import NotebookNode

from tests.tools.test_execution_cache import chapter

CHAPTERS = {
    "good": "print(1)",
    "raises": "raise ValueError('no such decay')",
    "warns": "import warnings\nwarnings.warn('beware')",
}


@pytest.fixture(scope="module")
def outcomes(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, float | execution.ChapterError]]:
    root = tmp_path_factory.mktemp("book")
    (root / "requirements.txt").write_text("numpy==2.4.6", encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        for name in execution.environment(root):
            patch.setenv(name, "")
        # Nothing of a reader's own folder is needed.
        patch.setenv("HOME", "/proc/none")
        found: dict[str, float | execution.ChapterError] = {}
        execution.execute_all(
            root,
            {root / name: chapter(code) for name, code in CHAPTERS.items()},
            lambda path, outcome: found.update({path.name: outcome}),
        )
    return root, found


def cached(root: Path, notebook: NotebookNode) -> bool:
    return execution_cache.find(root, notebook) is not None


def test_a_good_one_is_cached(outcomes) -> None:
    root, found = outcomes
    assert found["good"] > 0
    assert cached(root, chapter(CHAPTERS["good"]))


@pytest.mark.parametrize(("name", "said"), [("raises", "no such decay"), ("warns", "beware")])
def test_a_bad_one_says_why_and_is_not(outcomes, name: str, said: str) -> None:
    root, found = outcomes
    assert isinstance(found[name], execution.ChapterError)
    assert said in str(found[name])
    assert not cached(root, chapter(CHAPTERS[name]))
