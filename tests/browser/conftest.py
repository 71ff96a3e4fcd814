"""A page with a module's explorables, as the book's are, opened from disk."""

from contextlib import contextmanager

import pytest

from grokmodels.explorables import write_assets
from tests.explorable_samples import page

MOUNTED = """(count) => {
    const roots = [...document.querySelectorAll('.grok-explorable')];
    return roots.length === count && roots.every((root) => root.explorable);
}"""


def wrong(message):
    """An error, or Vega's warning of a chart that contradicts itself; it also warns of axes without data, rightly."""
    return message.type == "error" or "Conflicting" in message.text


def watch(tab, problems):
    """Note what goes wrong in a page and its workers, and what they ask of a network."""
    tab.on("pageerror", lambda error: problems.append(str(error)))
    tab.on("console", lambda message: problems.append(message.text) if wrong(message) else None)
    tab.on("request", lambda request: problems.append(request.url) if request.url.startswith("http") else None)


@pytest.fixture(scope="module")
def windows(request, browser, tmp_path_factory):
    """Opens a context in which ``visit(width)`` opens the page with the module's ``EXPLORABLES`` in a fresh window.

    At its end nothing may have gone wrong or been asked of a network.
    """
    explorables = request.module.EXPLORABLES.values()
    folder = tmp_path_factory.mktemp("page")
    write_assets(folder)
    (folder / "index.html").write_text(page(*explorables), encoding="utf-8")

    @contextmanager
    def opened():
        contexts, problems = [], []

        def visit(width=1000, **options):
            contexts.append(browser.new_context(viewport={"width": width, "height": 900}, **options))
            tab = contexts[-1].new_page()
            watch(tab, problems)
            tab.goto((folder / "index.html").as_uri())
            if options.get("java_script_enabled", True):
                tab.wait_for_function(MOUNTED, arg=len(explorables))
            return tab

        yield visit
        for context in contexts:
            context.close()
        assert problems == []

    return opened


@pytest.fixture
def visit(windows):
    """A function that opens the page in a fresh window."""
    with windows() as visit:
        yield visit


@pytest.fixture
def tab(visit):
    """The page in a fresh window."""
    return visit()


@pytest.fixture
def problems():
    """What went wrong in `firefox`, or was asked of a network."""
    return []


@pytest.fixture
def firefox(firefox_browser, problems):
    """An empty page in Firefox. At its end there may be no problems."""
    context = firefox_browser.new_context(viewport={"width": 1000, "height": 900})
    tab = context.new_page()
    watch(tab, problems)
    yield tab
    context.close()
    assert problems == []
