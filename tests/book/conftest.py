"""The built site, and windows to look at it with."""

import shutil
import subprocess
import sys
from collections.abc import Callable, Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread

import pytest
from playwright.sync_api import Browser

from tests.book.site import HTML, ROOT, SCREENSHOTS, Look, Visit


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
