"""How tests are shared out, and the browsers that they look at pages with."""

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, Playwright, sync_playwright
from xdist.scheduler import LoadScopeScheduling

from tools.chromium import ARGUMENTS, CHROMIUM

# The book's matrices are small: a second thread gains little alone, and loses much where two workers share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes on a shared machine says nothing about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

NO_CHROMIUM = "Chromium was not found, so no page was opened. To get it: sudo apt install chromium"
FIREFOX = next(filter(None, map(shutil.which, ("firefox-esr", "firefox"))), None)
NO_FIREFOX = "Firefox was not found, so no page was opened in it. To get it: sudo apt install firefox-esr"
# Scrollbars as in Chromium without a window, which take no room.
PREFERENCES = {"widget.gtk.overlay-scrollbars.enabled": True, "ui.useOverlayScrollbars": 1}
FIREFOX_ESR = Path(__file__).with_name("firefox_esr.js")


class Scheduler(LoadScopeScheduling):
    """What one worker does together: the site and its pages, built once; else a chapter, or the tests of a file."""

    def _split_scope(self, nodeid: str) -> str:
        return "site" if nodeid.startswith(("tests/book", "tests/browser")) else nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduler:
    """The site is built from what its chapters left in the execution cache, so the order stays that of `testpaths`."""
    config.option.loadscopereorder = False
    return Scheduler(config, log)


@pytest.fixture(scope="session")
def playwright() -> Iterator[Playwright]:
    """What drives both browsers: one for all tests, as a thread can have no second."""
    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("NODE_OPTIONS", f'--require "{FIREFOX_ESR}"', prepend=" ")
        playwright = sync_playwright().start()
    yield playwright
    playwright.stop()


@pytest.fixture(scope="session")
def browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Start Chromium. Without it tests are skipped on a reader's machine, and fail in continuous integration."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_CHROMIUM)
    playwright: Playwright = request.getfixturevalue("playwright")
    browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
    yield browser
    browser.close()


@pytest.fixture(scope="session")
def firefox_browser(request: pytest.FixtureRequest) -> Iterator[Browser]:
    """Start the Firefox that is installed, driven over WebDriver BiDi. Without it tests are skipped."""
    if FIREFOX is None:
        pytest.skip(NO_FIREFOX)
    playwright: Playwright = request.getfixturevalue("playwright")
    browser = playwright.firefox.launch(channel="moz-firefox", executable_path=FIREFOX, firefox_user_prefs=PREFERENCES)
    yield browser
    browser.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested."""
    for found, notice in ((CHROMIUM, NO_CHROMIUM), (FIREFOX, NO_FIREFOX)):
        if found is None:
            terminalreporter.write_line(notice, red=True, bold=True)
