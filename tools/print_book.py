"""Print the built book into one PDF: contents with page numbers, bookmarks, solutions at its end.

    make pdf

builds the site, then does it. Chromium sets the page that ``printable_page`` makes of the site twice: what is on which
sheet is known after the first time only.
"""

import sys
from pathlib import Path

import yaml
from playwright.sync_api import Browser, Page, sync_playwright
from pypdf import PdfReader
from sphinx_external_toc.parsing import parse_toc_yaml

from tools.chromium import ARGUMENTS, CHROMIUM
from tools.printable_page import Printable

ROOT = Path(__file__).parents[1]
# Pixels of CSS between the margins of a sheet, at the size that print.css gives to the text.
ROOM = 800

# Formulas and tables that are wider than the sheet become smaller.
FIT = """() => {
  const boxes = [...document.querySelectorAll('mjx-container[display="true"], .bd-article table')];
  // All are measured before any changes, which would have the book laid out again.
  const shares = boxes.map((box) => box.parentElement.clientWidth / box.scrollWidth);
  boxes.forEach((box, number) => { if (shares[number] < 1) box.style.zoom = shares[number]; });
}"""
NUMBER = """(sheets) => {
  for (const link of document.querySelectorAll('a.print-sheet')) {
    link.textContent = sheets[decodeURIComponent(link.hash.slice(1))] ?? "";
  }
}"""


def print_book(root: Path, browser: Browser) -> Path:
    """Print the site that was built of the book at ``root``; returns the PDF, beside which stays the page printed."""
    config = yaml.safe_load((root / "_config.yml").read_text(encoding="utf-8"))
    page = Printable(root / "_build" / "html", parse_toc_yaml(root / "_toc.yml"), config["title"], config["author"])
    pdf = root / "_build" / "pdf" / "grokking.pdf"
    pdf.parent.mkdir(parents=True, exist_ok=True)
    html = pdf.with_suffix(".html")
    html.write_text(page.html(), encoding="utf-8")
    tab = browser.new_page(viewport={"width": ROOM, "height": 1100})
    tab.set_default_timeout(0)
    tab.emulate_media(media="print")
    tab.goto(html.as_uri())
    tab.evaluate("() => window.MathJax?.startup?.promise")
    tab.evaluate(FIT)
    _print(tab, pdf)
    tab.evaluate(NUMBER, sheets(pdf))
    _print(tab, pdf)
    tab.close()
    return pdf


def sheets(pdf: Path) -> dict[str, int]:
    """The number of the sheet of every place that something refers to, by the place's identifier."""
    reader = PdfReader(pdf)
    numbers = {name: reader.get_destination_page_number(place) for name, place in reader.named_destinations.items()}
    return {name.removeprefix("/"): number + 1 for name, number in numbers.items() if number is not None}


def _print(tab: Page, pdf: Path) -> None:
    tab.pdf(path=pdf, prefer_css_page_size=True, print_background=True, outline=True, tagged=True)


def main() -> None:
    """Print the book."""
    if CHROMIUM is None:
        sys.exit("Chromium prints the book, and was not found. To get it: sudo apt install chromium")
    with sync_playwright() as playwright:
        pdf = print_book(ROOT, playwright.chromium.launch(executable_path=CHROMIUM, args=ARGUMENTS))
    print(f"The book is at {pdf.relative_to(ROOT)}: {pdf.stat().st_size / 1e6:.0f} MB")


if __name__ == "__main__":
    main()
