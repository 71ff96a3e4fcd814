"""The built site and the browser that the tests look at it with."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser, sync_playwright

from tests.book.site import HTML, ROOT, SCREENSHOTS, Look, Visit

CHROMIUM = next(filter(None, map(shutil.which, ("chromium", "chromium-browser", "google-chrome"))), None)
NO_CHROMIUM = "Chromium was not found, so the built pages were not opened. To get it: sudo apt install chromium"
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


@pytest.fixture(scope="session")
def build_log() -> str:
    """Build the site as readers do; return what the build said."""
    # A page that is no longer in the book must not be left over from an earlier build.
    shutil.rmtree(HTML, ignore_errors=True)
    command = [str(Path(sys.executable).parent / "jupyter-book"), "build", "-W", "-n", "--keep-going", str(ROOT)]
    build = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    log = build.stdout + build.stderr
    if build.returncode:
        pytest.fail(f"The book does not build:\n{log}", pytrace=False)
    return log


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    """Start Chromium. Without it tests are skipped on a reader's machine, and fail in continuous integration."""
    if CHROMIUM is None:
        (pytest.fail if os.environ.get("CI") else pytest.skip)(NO_CHROMIUM)
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS)
        yield browser
        browser.close()


class _QuietHandler(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing: the tests say what matters."""


@pytest.fixture(scope="session")
def origins(build_log: str) -> Iterator[dict[str, str]]:
    """Return where the site is served over HTTP, and where it lies on disk."""
    server = ThreadingHTTPServer(("127.0.0.1", 0), partial(_QuietHandler, directory=str(HTML)))
    Thread(target=server.serve_forever, daemon=True).start()
    yield {"http": f"http://127.0.0.1:{server.server_port}", "file": HTML.as_uri()}
    server.shutdown()
    server.server_close()


@pytest.fixture
def visit(browser: Browser, origins: dict[str, str]) -> Iterator[Callable[[Look], Visit]]:
    """Return a function that opens a fresh window with a given look."""
    contexts = []

    def start(look: Look) -> Visit:
        context = browser.new_context(
            viewport={"width": look.width, "height": 900 if look.width > 600 else 844}, color_scheme=look.theme
        )
        contexts.append(context)
        return Visit(context.new_page(), origins[look.origin])

    yield start
    for context in contexts:
        context.close()


@pytest.fixture(scope="session", autouse=True)
def fresh_screenshots() -> None:
    """Keep only the screenshots of this run."""
    shutil.rmtree(SCREENSHOTS, ignore_errors=True)
    SCREENSHOTS.mkdir(parents=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """Say loudly what was not tested."""
    if CHROMIUM is None:
        terminalreporter.write_line(NO_CHROMIUM, red=True, bold=True)
