"""The page of the verdicts: every claim of the memo has its place, and every row of the ledger stands there once."""

import re

import nbformat
import pytest
from bs4 import BeautifulSoup

from grokmodels import studies
from grokmodels.claims import verdicts
from grokmodels.claims.row import Row

BOOK = studies.ROOT / "book"


def row(number: int, part: str = "", verdict: str = "open", **more: str) -> Row:
    return Row(
        number, "It is so.", "the memo", "none", 0, 0, 0, "1 of 2. And more.", verdict, "Few.", "here", part, **more
    )


def cells(name: str) -> list[nbformat.NotebookNode]:
    return nbformat.read(BOOK / f"{name}.ipynb", as_version=4).cells


def printed(name: str) -> str:
    outputs = [output for cell in cells(name) if cell.cell_type == "code" for output in cell.outputs]
    return "\n".join(output.get("data", {}).get("text/plain", "") for output in outputs)


def test_groups_take_every_row_once() -> None:
    entries = [("", row(number, part)) for number in range(1, 25) for part in ("a", "b")]
    grouped = [one for name in verdicts.GROUPS for one in verdicts.group(entries, name)]
    assert sorted(one.name for _, one in grouped) == sorted(one.name for _, one in entries)


def test_the_memos_groups_are_the_rows_that_the_ledger_gives_to_its_sentences() -> None:
    text = next(cell.source for cell in cells("ledger") if "(the-memo)=" in cell.source)
    told = {int(number) for rows in re.findall(r"\(rows? (.*?)\)", text) for number in re.findall(r"\d+", rows)}
    assert told == {number for numbers in verdicts.MEMO.values() for number in numbers}


def test_every_claim_has_a_run_that_would_change_our_mind() -> None:
    assert [*verdicts.CLAIMS] == list(range(1, len(verdicts.CLAIMS) + 1))
    assert len({claim.name for claim in verdicts.CLAIMS.values()}) == len(verdicts.CLAIMS)
    # The boxes of the figure have room for so many letters.
    assert all(len(f"{number} {claim.name}") <= 19 for number, claim in verdicts.CLAIMS.items())
    assert all(len(f"{name} {word}") <= 19 for name, word in verdicts.PARTS.items())


def test_every_row_of_the_ledger_is_on_the_page_once() -> None:
    page = cells("beyond/verdicts")
    shown = re.findall(r'verdicts\.group\(entries, "(\w+)"\)', "\n".join(cell.source for cell in page))
    assert shown == [*verdicts.GROUPS]
    listed = re.findall(r"^ *(\d+[a-z]?) [A-Z].*(?:HOLDS|HOLDS WITH LIMITS|FAILS|OPEN)$", printed("ledger"), re.M)
    told = re.findall(
        r"^ *(\d+[a-z]?) [A-Z].* (?:holds|holds with limits|fails|open) ", printed("beyond/verdicts"), re.M
    )
    assert len(listed) > 20
    assert sorted(told) == sorted(listed)


def test_a_line_has_the_number_that_decides_and_the_way_to_it() -> None:
    entries = [("on_trial/norms", row(3, short="0.9 of it")), ("", row(13))]
    page = BeautifulSoup(verdicts.table(entries)._repr_html_(), "html.parser")
    lines = [[cell.text for cell in line.find_all("td")] for line in page.tbody.find_all("tr")]
    assert lines == [["3 It is so.", "open", "0.9 of it", "norms"], ["13 It is so.", "open", "1 of 2", "–"]]
    assert [link["href"] for link in page.find_all("a")] == ["../on_trial/norms.html#here"]


def test_rows_are_sorted_by_verdict_under_names_of_their_own() -> None:
    entries = [("", row(4, "a", "fails")), ("", row(4, "b")), ("", row(9, verdict="holds")), ("", row(30))]
    sorted_rows = {word: titles for word, (_, titles) in verdicts.by_verdict(entries).items()}
    assert sorted_rows == {
        "holds": ["9 random labels"],
        "holds with limits": [],
        "fails": ["4a walls: waits"],
        "open": ["4b walls: paths", "30 It is so."],
    }


@pytest.mark.parametrize(
    ("effect", "brief"),
    [("1.5 of 2. And more.", "1.5 of 2"), ("By 1.70 or more; at one rate less.", "By 1.70 or more"), ("All.", "All")],
)
def test_without_a_number_of_its_own_a_row_is_told_by_what_its_effect_begins_with(effect: str, brief: str) -> None:
    assert Row(1, "", "", "", 0, 0, 0, effect, "open", "", "").brief == brief


def test_what_would_change_our_mind_is_told_once_a_claim() -> None:
    text = repr(verdicts.changes([("", row(4, "a", "fails")), ("", row(4, "b")), ("", row(5))]))
    assert text.count("4 two basins:") == 1
    assert "fails, open" in text
