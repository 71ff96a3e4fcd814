"""A chapter is cited in BibTeX that a reader of BibTeX reads, with an identifier only where there is one."""

import yaml
from chapter_facts import citation, part_of
from pybtex.database import Entry, parse_string
from sphinx_external_toc.parsing import parse_toc_yaml

from tools.student_notebooks import ROOT, chapters

BOOK = yaml.safe_load((ROOT / "CITATION.cff").read_text(encoding="utf-8"))
TOC = parse_toc_yaml(ROOT / "_toc.yml")


def read(text: str) -> tuple[str, Entry]:
    ((key, entry),) = parse_string(text, "bibtex").entries.items()
    return key, entry


def test_a_chapter_is_cited_by_title_part_and_version() -> None:
    page = "book/phenomenon/mind"
    key, entry = read(citation(BOOK, page, "A network", part_of(page, TOC), "2026"))
    assert key == "grokking-mind"
    assert dict(entry.fields) == {
        "title": "A network",
        "booktitle": BOOK["title"],
        "note": f"The phenomenon, version {BOOK['version']}",
        "year": "2026",
    }
    (author,) = entry.persons["author"]
    assert str(author) == f"{{{BOOK['authors'][0]['name']}}}", "one name, whatever words it has"


def test_an_identifier_and_people_are_shown_where_they_are_set() -> None:
    people = [{"family-names": "Noether", "given-names": "Emmy"}, {"name": "The others"}]
    _, entry = read(citation(BOOK | {"doi": "10.1/x", "authors": people}, "book/ledger", "50 % & more", "", "2026"))
    assert [str(person) for person in entry.persons["author"]] == ["Noether, Emmy", "{The others}"]
    assert entry.fields["doi"] == "10.1/x"
    assert entry.fields["title"] == r"50 \% \& more"
    assert entry.fields["note"] == f"version {BOOK['version']}"


def test_every_chapter_has_a_key_of_its_own() -> None:
    pages = [path.relative_to(ROOT).with_suffix("").as_posix() for path in chapters()]
    keys = [read(citation(BOOK, page, "A", part_of(page, TOC), "2026"))[0] for page in pages]
    assert len(set(keys)) == len(keys) > 20
