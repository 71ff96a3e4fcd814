"""The built site as one page for paper: every page in the book's order, then the solutions of its exercises.

What serves a screen goes: folded code, folded digits, links to headings. Other folds are opened. An explorable is its
picture, with its question and with where it moves. What pages refer to lies in the same page, with the number of its
sheet where a reader of paper needs it, as soon as that is known: elements of class ``print-sheet`` link to it.
"""

import posixpath
from collections.abc import Iterable, Mapping
from copy import copy
from pathlib import Path
from urllib.parse import unquote, urlsplit

from bs4 import BeautifulSoup, Tag
from sphinx_external_toc.api import SiteMap

# What only a screen needs. Among folds, what a cell prints for strict comparison and the code that draws.
SCREEN_ONLY = (
    "script",
    "a.headerlink",
    ".grok-dark-figure",
    ".grok-numbers",
    ".sd-summary-state-marker",
    "details.chapter-facts",
    "details.hide > summary",
    "details.hide .cell_input",
    "details.hide .highlight-python",
    ".grok-explorable :is(.grok-chips, .grok-prompt)",
)
# As wide as a number of three digits, which takes its place.
UNKNOWN = "000"


class Printable:
    """The page of a book whose site is built, for a file in a folder beside the site's."""

    def __init__(self, site: Path, toc: SiteMap, title: str, author: str) -> None:
        self.site, self.title, self.author = site, title, author
        self.names = list(toc)
        # Its folds stay closed: what is in them is said by a chapter.
        self.front = toc.root.docname
        self.soup = BeautifulSoup("", "html.parser")
        self.styles: dict[str, None] = {}
        self.mathjax: list[str] = []
        self.parts = {str(item): tree.caption for tree in toc.root.subtrees for item in tree.items[:1]}

    def html(self) -> str:
        """The whole page."""
        articles = {name: self._article(name) for name in self.names}
        chapters = [*articles.items(), ("solutions", self._solutions(articles))]
        return "\n".join(
            [
                '<!doctype html><html lang="en" data-theme="light" data-mode="light"><head><meta charset="utf-8">',
                f"<title>{_escaped(self.title)}</title>",
                *self.styles,
                f"<style>@page {{ size: A4 }} {' '.join(_running_head(*chapter) for chapter in chapters)}</style>",
                *self.mathjax,
                '</head><body class="print-book"><main class="bd-main"><div class="bd-content">',
                '<div class="bd-article-container">',
                f'<header class="print-cover"><p>{_escaped(self.title)}</p><p>{_escaped(self.author)}</p></header>',
                self._contents(chapters),
                *(str(article) for _, article in chapters),
                "</div></div></main></body></html>",
            ]
        )

    def _article(self, name: str) -> Tag:
        """A page's text, made ready; its styles and scripts of mathematics are noted."""
        page = BeautifulSoup((self.site / f"{name}.html").read_text(encoding="utf-8"), "html.parser")
        article = _one(page, "article.bd-article")
        for link in page.select('head link[rel="stylesheet"]'):
            link["href"] = self._file(name, str(link["href"]))
            self.styles[str(link)] = None
        if not self.mathjax:
            for script in page.select("head script"):
                if "src" in script.attrs and "mathjax" in str(script["src"]):
                    script["src"] = self._file(name, str(script["src"]))
                    self.mathjax.append(str(script))
                elif "window.MathJax" in script.text:
                    self.mathjax.append(str(script))
        _unfold(article)
        address = page.select_one('link[rel="canonical"]')
        where = str(address["href"]) if address else f"“{_heading(article)}”, {name}.html of the built book"
        for foot in article.select(".grok-explorable .grok-foot"):
            foot.string = f"To move it: {where}"
        self._localize(article, name)
        if name != self.front:
            for fold in article.select("details"):
                fold["open"] = ""
        if part := self.parts.get(name):
            article.insert(0, self._tag("p", str(part), {"class": "print-part"}))
        return article

    def _localize(self, article: Tag, name: str) -> None:
        """Make the page's identifiers its own, and references those of the one page."""
        article["id"] = _anchor(name)
        for element in article.select("[id]"):
            element["id"] = _anchor(name, str(element["id"]))
        for element in article.select("[aria-labelledby]"):
            element["aria-labelledby"] = _anchor(name, str(element["aria-labelledby"]))
        for image in article.select("img"):
            image["src"] = self._file(name, str(image["src"]))
        for link in article.select("a[href]"):
            address = urlsplit(str(link["href"]))
            if address.scheme or address.netloc:
                continue
            path = posixpath.normpath(posixpath.join(posixpath.dirname(name), unquote(address.path)))
            target = path.removesuffix(".html") if address.path else name
            if target in self.names:
                link["href"] = "#" + _anchor(target, unquote(address.fragment))
            else:
                link.unwrap()

    def _file(self, name: str, address: str) -> str:
        """The address of a file that a page refers to."""
        if urlsplit(address).scheme:
            return address
        return posixpath.normpath(posixpath.join("..", self.site.name, posixpath.dirname(name), address))

    def _take_solutions(self, article: Tag) -> list[Tag]:
        """The solutions of a page, taken out of it; their exercises say where they are."""
        taken = []
        for solution in article.select("div.solution"):
            back = _one(solution, ".admonition-title a")
            exercise = article.find(id=str(back["href"])[1:])
            if isinstance(exercise, Tag):
                note = self._tag("p", "Solution on page ", {"class": "print-see"})
                note.append(self._sheet(str(solution["id"])))
                exercise.append(note)
                back.insert_after(", page ", self._sheet(str(exercise["id"])))
            taken.append(solution.extract())
        return taken

    def _solutions(self, articles: Mapping[str, Tag]) -> Tag:
        """The chapter of solutions, which are taken out of the others."""
        article = self._tag("article", "", {"class": "bd-article", "id": "solutions"})
        article.append(self._tag("h1", "Solutions"))
        for name, chapter in articles.items():
            if solutions := self._take_solutions(chapter):
                section = self._tag("section", "", {"id": _anchor("solutions", _anchor(name))})
                section.extend([self._tag("h2", _heading(chapter)), *solutions])
                article.append(section)
        return article

    def _contents(self, chapters: Iterable[tuple[str, Tag]]) -> str:
        listed = self._tag("nav", "", {"class": "print-contents bd-article"})
        listed.append(self._tag("p", "Contents", {"class": "print-contents-title"}))
        for name, article in chapters:
            if part := self.parts.get(name):
                listed.append(self._tag("p", str(part), {"class": "print-part"}))
            listed.append(self._entry(_one(article, "h1"), str(article["id"]), "chapter"))
            for section in article.select("section:has(> h2)"):
                listed.append(self._entry(_one(section, "h2"), str(section["id"]), "section"))
        return str(listed)

    def _entry(self, heading: Tag, target: str, level: str) -> Tag:
        name = copy(heading)
        name.name, name.attrs = "a", {"href": f"#{target}"}
        entry = self._tag("p", "", {"class": f"print-entry print-{level}"})
        entry.extend([name, self._sheet(target)])
        return entry

    def _sheet(self, target: str) -> Tag:
        return self._tag("a", UNKNOWN, {"href": f"#{target}", "class": "print-sheet"})

    def _tag(self, name: str, text: str, attributes: dict[str, str] | None = None) -> Tag:
        tag = self.soup.new_tag(name, attrs=attributes or {})
        tag.string = text
        return tag


def _anchor(name: str, fragment: str = "") -> str:
    return "--".join(filter(None, [name.replace("/", "-"), fragment]))


def _one(element: Tag, selector: str) -> Tag:
    found = element.select_one(selector)
    if found is None:
        raise ValueError(f"got no {selector} in a page of the site; must be one")
    return found


def _heading(article: Tag) -> str:
    return _one(article, "h1").text.strip()


def _unfold(article: Tag) -> None:
    """Leave out what only a screen needs, and take the rest of cells out of its folds."""
    for element in article.select(", ".join(SCREEN_ONLY)):
        element.decompose()
    for fold in article.select("details.hide"):
        fold.unwrap()
    # Of some cells all was folded code.
    for cell in article.select("div.cell"):
        if not cell.text.strip() and not cell.find("img"):
            cell.decompose()


def _running_head(name: str, article: Tag) -> str:
    text = _heading(article).replace("\\", "\\\\").replace('"', '\\"')
    sheet = _anchor(name)
    return f'@page {sheet} {{ @top-right {{ content: "{text}" }} }} #{sheet} {{ page: {sheet} }}'


def _escaped(text: str) -> str:
    return text.replace("&", "&amp;").replace("<", "&lt;")
