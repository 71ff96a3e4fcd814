"""How tests are shared out, and the browser that they look at pages with."""

import os
import shutil
from collections.abc import Iterator

import pytest
from hypothesis import settings
from playwright.sync_api import Browser, sync_playwright
from xdist.scheduler import LoadScopeScheduling

# The book's matrices are small: a second thread gains little alone, and loses much where two workers share the cores.
os.environ.setdefault("OMP_NUM_THREADS", "1")

# How long an example takes on a shared machine says nothing about the code.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM = "Chromium was not found, so no page was opened. To get it: sudo apt install chromium"
# No sandbox, as containers have none; no traffic of the browser's own.
ARGUMENTS = (
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
)


class Scheduler(LoadScopeScheduling):
    """What one worker does together: the site and its pages, built once; else a chapter, or the tests of a file."""

    def _split_scope(self, nodeid: str) -> str:
        return "site" if nodeid.startswith(("tests/book", "tests/browser")) else nodeid.split("::")[0]


def pytest_xdist_make_scheduler(config: pytest.Config, log: object) -> Scheduler:
    """The site is built from what its chapters left in the execution cache, so the order stays that of `testpaths`."""
    config.option.loadscopereorder = False
    return Scheduler(config, log)


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium. Without it tests are skipped on a reader's machine, and fail in continuous integration."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested."""
    if CHROMIUM is None:
        terminalreporter.write_line(NO_CHROMIUM, red=True, bold=True)
