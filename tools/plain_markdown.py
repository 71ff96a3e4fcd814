"""Say in plain Markdown, which JupyterLab and Colab show, what a page of the book says in MyST.

Numbers that a chapter glued stand as they are stored in it. Links lead to the notebooks of other chapters; of a page
that is no notebook, and of a section, the title is named. Equations and figures have the numbers of the pages.
"""

import posixpath
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import NamedTuple

import nbformat
from myst_nb.core.variables import format_plain_text
from nbformat import NotebookNode
from pybtex.database import Entry, Person, parse_file
from sphinx_external_toc.api import SiteMap
from sphinx_external_toc.parsing import parse_toc_yaml


def _fenced(name: str) -> re.Pattern[str]:
    return re.compile(
        rf"^(?P<fence>`{{3,}}|:{{3,}}){name}[ \t]*(?P<argument>.*)\n"
        r"(?P<options>(?::[\w-]+:.*\n)*)(?P<body>[\s\S]*?)^(?P=fence)[ \t]*$",
        re.MULTILINE,
    )


# A block is a directive where it has a name in braces, else code.
BLOCK = _fenced(r"(?:\{(?P<name>[\w:-]+)\})?")
MATH = _fenced(r"\{math\}")
LABEL = re.compile(r"^:label: *(\S+)", re.MULTILINE)
DROPDOWN = re.compile(r"^:class:.*\bdropdown\b", re.MULTILINE)
TITLE = re.compile(r"^# +(.+)$", re.MULTILINE)
TARGET = re.compile(r"^\((?P<label>[\w-]+)\)=[ \t]*\n+(?=(?:#+ +(?P<title>.+))?)", re.MULTILINE)
EQUATION = re.compile(r"\$\$(?P<formula>[\s\S]+?)\$\$(?:[ \t]*\((?P<label>[\w-]+)\))?")
# A role, or code, in which nothing is a role.
ROLE = re.compile(r"\{(?P<role>[a-z][\w:-]*)\}`(?P<content>[^`]+)`|(?P<ticks>`+)[\s\S]+?(?<!`)(?P=ticks)(?!`)")
LINK = re.compile(r"\[(?P<text>[^\]]+)\]\((?P<label>[\w-]+)\)")
# Colors of words, and links that move a slider: pages have the style and the script for them.
STYLED = re.compile(r"\[(?P<words>[^\]]*)\]\{\.[^}]*\}|<(?P<tag>a|span) class=\"grok-[^>]*>(?P<inside>.*?)</(?P=tag)>")


class Section(NamedTuple):
    """Where a label leads: a page, and what the place is called there."""

    page: str
    title: str


@dataclass(frozen=True)
class Book:
    """What its pages, named as in ``_toc.yml``, say of each other, and whom they cite."""

    notebooks: set[str]
    titles: Mapping[str, str]
    sections: Mapping[str, Section]
    numbers: Mapping[str, str]
    works: Mapping[str, Entry]


def read_book(root: Path) -> Book:
    """The book at ``root``."""
    toc = parse_toc_yaml(root / "_toc.yml")
    notebooks = {name: nbformat.read(path, 4) for name in toc if (path := root / f"{name}.ipynb").exists()}
    texts = {name: prose(notebooks[name]) if name in notebooks else _read(root / f"{name}.md") for name in toc}
    sections: dict[str, Section] = {}
    numbers: dict[str, str] = {}
    for name, prefix in _prefixes(toc).items():
        figures = _figures(notebooks[name]) if name in notebooks else {}
        sections |= {label: Section(name, title) for label, title in (_titles(texts[name]) | figures).items()}
        for labels in (_equations(texts[name]), figures):
            numbers |= {label: f"{prefix}{count}" for count, label in enumerate(labels, start=1)}
    return Book(
        notebooks=set(notebooks),
        titles={name: title[1] for name, text in texts.items() if (title := TITLE.search(text))},
        sections=sections,
        numbers=numbers,
        works=parse_file(root / "book" / "references.bib").entries,
    )


def _read(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def prose(notebook: NotebookNode) -> str:
    """All that a notebook says between its code."""
    return "\n\n".join(cell.source for cell in notebook.cells if cell.cell_type == "markdown")


def _prefixes(toc: SiteMap) -> dict[str, str]:
    """What Sphinx sets before the numbers of equations and figures: in a numbered chapter its own number and a dot."""
    numbered = [str(name) for part in toc.root.subtrees if part.numbered for name in part.items]
    return dict.fromkeys(toc, "") | {name: f"{number}." for number, name in enumerate(numbered, start=1)}


def _titles(text: str) -> dict[str, str]:
    """The titles of sections and directives that have a label."""
    blocks = ((LABEL.search(block["options"]), block["argument"]) for block in BLOCK.finditer(text))
    return {target["label"]: target["title"] or "" for target in TARGET.finditer(text)} | {
        label[1]: title for label, title in blocks if label
    }


def _equations(text: str) -> list[str]:
    """The labels of equations, in their order. Others have no number."""
    equations = EQUATION.finditer(MATH.sub(_in_dollars, text))
    return [equation["label"] for equation in equations if equation["label"]]


def _figures(notebook: NotebookNode) -> dict[str, str]:
    """The captions of figures, in their order, by label."""
    figures = (cell.metadata.get("mystnb", {}).get("figure") for cell in notebook.cells)
    return {figure["name"]: figure["caption"] for figure in figures if figure}


def _in_dollars(math: re.Match[str]) -> str:
    label = LABEL.search(math["options"])
    return f"$$\n{math['body'].strip()}\n$$" + (f" ({label[1]})" if label else "")


def glued(notebook: NotebookNode) -> dict[str, str]:
    """What the cells of an executed notebook gave names to, as Python writes it."""
    outputs = [output for cell in notebook.cells for output in cell.get("outputs", [])]
    stored = (
        (output.metadata.scrapbook, output.data) for output in outputs if "scrapbook" in output.get("metadata", {})
    )
    return {scrap.name: data[f"{scrap.mime_prefix}text/plain"] for scrap, data in stored}


@dataclass(frozen=True)
class Page:
    """A page of a book, with the values that its cells glued."""

    book: Book
    name: str
    glued: Mapping[str, str]

    def plain(self, text: str) -> str:
        """The same in plain Markdown."""
        text = MATH.sub(_in_dollars, text)
        pieces, start = [], 0
        for block in BLOCK.finditer(text):
            pieces += [self._prose(text[start : block.start()]), self._block(block)]
            start = block.end()
        return "".join([*pieces, self._prose(text[start:])])

    def _block(self, block: re.Match[str]) -> str:
        name, argument = block["name"], block["argument"].strip()
        if name is None:
            return block[0]
        body = self.plain(block["body"].strip())
        if name == "grid":
            return body
        kind = name.removeprefix("prf:")
        title = ": ".join(filter(None, [kind.capitalize(), argument])) if kind != name or not argument else argument
        if DROPDOWN.search(block["options"]):
            return f"<details>\n<summary>{self._prose(title)}</summary>\n\n{body}\n\n</details>"
        text = f"**{self._prose(title)}**\n\n{body}"
        # The marks of a quotation would become a part of its displayed equations.
        return text if "$$" in text else "\n".join(f"> {line}".rstrip() for line in text.splitlines())

    def _prose(self, text: str) -> str:
        text = TARGET.sub("", text)
        text = STYLED.sub(lambda found: found["words"] or found["inside"], text)
        text = EQUATION.sub(self._equation, text)
        text = LINK.sub(self._link, text)
        return ROLE.sub(lambda found: self._role(found["role"], found["content"]) if found["role"] else found[0], text)

    def _equation(self, equation: re.Match[str]) -> str:
        if not equation["label"]:
            return equation[0]
        formula = equation["formula"].rstrip()
        rest = equation["formula"][len(formula) :]
        return rf"$${formula} \tag{{{self.book.numbers[equation['label']]}}}{rest}$$"

    def _link(self, link: re.Match[str]) -> str:
        section = self.book.sections.get(link["label"])
        return self._to(section.page, link["text"]) if section else link[0]

    def _role(self, role: str, content: str) -> str:
        titled = re.fullmatch(r"(?P<text>[\s\S]*?)\s*<(?P<target>.+)>", content)
        text, target = (titled["text"], titled["target"]) if titled else ("", content)
        match role:
            case "glue:text":
                return self._value(content)
            case "cite:t":
                return ", ".join(f"{authors} ({year})" for authors, year in self._works(content))
            case "cite:p":
                return f"({'; '.join(f'{authors}, {year}' for authors, year in self._works(content))})"
            case "doc":
                page = posixpath.normpath(posixpath.join(posixpath.dirname(self.name), target))
                return self._to(page, text or self.book.titles[page])
            case "ref" | "prf:ref":
                section = self.book.sections[target]
                return self._to(section.page, text or section.title)
            case "numref":
                numbered = (text or "Fig. %s").replace("%s", self.book.numbers[target])
                return self._to(self.book.sections[target].page, numbered)
            case "eq":
                return f"({self.book.numbers[target]})"
            case "term":
                return text or target
            case _ if role.startswith("bdg-"):
                return f"*{content}*"
        raise ValueError(f"{self.name}: {{{role}}}`{content}` has no translation in {__name__}")

    def _value(self, content: str) -> str:
        name, _, form = content.partition(":")
        if name not in self.glued:
            raise ValueError(f"{self.name}: no output has a value for {{glue:text}}`{content}`; execute the chapter")
        return format_plain_text(self.glued[name], form or "s")

    def _works(self, keys: str) -> Iterator[tuple[str, str]]:
        for key in keys.split(","):
            work = self.book.works[key.strip()]
            names = [_family(person) for person in work.persons["author"]]
            yield f"{names[0]} et al." if len(names) > 2 else " and ".join(names), work.fields["year"]

    def _to(self, page: str, text: str) -> str:
        """A link to another notebook; a page that is no notebook is named alone, as is the page itself."""
        if page == self.name or page not in self.book.notebooks:
            return text
        return f"[{text}]({posixpath.relpath(page, posixpath.dirname(self.name))}.ipynb)"


def _family(person: Person) -> str:
    return " ".join(map(str, person.rich_prelast_names + person.rich_last_names))
