"""The built site, as the tests of it see it: pages, looks and a browser's view of one page."""

from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

from playwright.sync_api import Page
from sphinx_external_toc.parsing import parse_toc_yaml

ROOT = Path(__file__).parents[2]
HTML = ROOT / "_build" / "html"
SCREENSHOTS = ROOT / "_build" / "screenshots"

# What Sphinx adds to the pages of the table of contents.
GENERATED = ("genindex", "search")


def chapters() -> list[str]:
    """Return the pages of the book in reading order, without suffix."""
    return list(parse_toc_yaml(ROOT / "_toc.yml"))


def pages() -> list[str]:
    """Return every page of the site."""
    return [*chapters(), *GENERATED]


@dataclass(frozen=True)
class Look:
    """A reader's screen and theme, and where the page comes from."""

    width: int
    theme: str
    origin: str

    def __str__(self) -> str:
        return f"{self.origin}-{self.width}-{self.theme}"


LOOKS = (Look(1440, "light", "http"), Look(390, "light", "http"), Look(1440, "light", "file"))


@dataclass
class Visit:
    """One page in a browser, with everything it asked for and complained about."""

    page: Page
    origin: str
    requests: list[str] = field(default_factory=list)
    complaints: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("request", lambda request: self.requests.append(request.url))
        self.page.on("requestfailed", lambda request: self.complaints.append(f"failed: {request.url}"))
        self.page.on("pageerror", lambda error: self.complaints.append(f"error: {error}"))
        self.page.on("response", self._check)
        self.page.on("console", self._hear)

    def _check(self, response) -> None:
        if response.status >= 400:
            self.complaints.append(f"{response.status}: {response.url}")

    def _hear(self, message) -> None:
        if message.type in ("error", "warning"):
            self.complaints.append(f"{message.type}: {message.text}")

    def open(self, name: str) -> None:
        """Load a page and wait until its mathematics is set."""
        self.page.goto(f"{self.origin}/{name}")
        self.page.wait_for_load_state("networkidle")
        self.page.evaluate("() => window.MathJax?.startup?.promise")

    def foreign_requests(self) -> list[str]:
        """Return the requests that left the site."""
        inline = ("data", "blob", "about")
        return [
            url for url in self.requests if not url.startswith(f"{self.origin}/") and urlsplit(url).scheme not in inline
        ]
