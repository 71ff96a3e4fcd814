"""Tables and code as chapters show them."""

import math

import numpy as np
import pandas as pd
import pytest
from bs4 import BeautifulSoup, Tag
from hypothesis import given
from hypothesis import strategies as st

from grokmodels.display import VERDICTS, Table, marked, source

FRAME = pd.DataFrame(
    {"name": ["a < b", "open"], "steps": [1200.0, math.nan], "done": [True, np.False_], "said": ["true · 0.3", None]}
)


def html(table: Table) -> BeautifulSoup:
    return BeautifulSoup(table._repr_html_(), "html.parser")


@pytest.fixture
def cells() -> list[list[Tag]]:
    page = html(Table(FRAME, "Two <rows>", {"steps": "{:,.0f}"}))
    assert page.figcaption.text == "Two <rows>"
    assert [head.text for head in page.find_all("th")] == [*FRAME]
    assert {head["scope"] for head in page.find_all("th")} == {"col"}
    return [row.find_all("td") for row in page.tbody.find_all("tr")]


def test_values_are_formatted_and_what_is_missing_is_a_dash(cells: list[list[Tag]]) -> None:
    assert [[cell.text for cell in row] for row in cells] == [
        ["a < b", "1,200", "yes", "true 0.3"],
        ["open", "–", "no", "–"],
    ]


def test_verdicts_are_colored_by_what_they_mean(cells: list[list[Tag]]) -> None:
    chips = [[cell.find(class_="grok-verdict") for cell in row] for row in cells]
    colored = [[chip and chip["data-verdict"] for chip in row] for row in chips]
    assert colored == [[None, None, "good", "good"], ["undecided", None, "bad", None]]


def test_numbers_are_aligned_and_words_are_not(cells: list[list[Tag]]) -> None:
    assert [cell["class"] for cell in cells[0]] == [["grok-short"], ["grok-numeric"], ["grok-numeric"], ["grok-judged"]]
    [[told]] = (html(Table(pd.DataFrame({"told": ["A sentence that goes on for more than a line."]}))).find_all("td"),)
    assert told["class"] == ["grok-long"]


def test_a_judged_number_and_its_interval_may_stand_in_two_lines() -> None:
    whole = BeautifulSoup(marked("true · at least 0.3 [0.2, 0.4]"), "html.parser").find_all("span", class_=None)
    assert [part.text for part in whole] == ["true at least 0.3", "[0.2, 0.4]"]


@pytest.mark.parametrize(("first", "values"), [("A sentence that goes on for more than a line.", 2), ("short", None)])
def test_sentences_stand_above_their_values_on_a_phone(first: str, values: int | None) -> None:
    table = html(Table(pd.DataFrame({"told": [first], "look": [1.0], "test": [2.0]}))).table
    assert table.get("style") == (f"--values: {values}" if values else None)


def test_plain_text_has_the_same_words() -> None:
    said = repr(Table(FRAME, "Two rows", {"steps": "{:,.0f}"}))
    assert said.splitlines()[0] == "Two rows"
    assert said.splitlines()[2].split() == ["a", "<", "b", "1,200", "yes", "true", "·", "0.3"]


def test_a_format_of_no_column_is_refused() -> None:
    with pytest.raises(ValueError, match=r"formats: got \['step'\]; must be among the columns \['name', "):
        Table(FRAME, formats={"step": "{}"})


def test_a_cell_with_an_address_is_a_link() -> None:
    page = html(Table(FRAME[["name"]], links={"name": ["there.html?a=1&b", ""]}))
    assert [(link.text, link["href"]) for link in page.find_all("a")] == [("a < b", "there.html?a=1&b")]
    with pytest.raises(ValueError, match="links: got"):
        Table(FRAME, links={"step": []})


@given(st.text())
def test_whatever_a_cell_says_is_text(text: str) -> None:
    assert BeautifulSoup(f"<p>{marked(text)}</p>", "html.parser").p.find("script") is None
    words = {word for words in VERDICTS.values() for word in words}
    expected = text.replace(" · ", " ", 1) if text.partition(" · ")[0] in words else text
    # Parsers read a carriage return as a new line, as browsers do.
    assert BeautifulSoup(f"<p>{marked(text)}</p>", "html.parser").p.text == expected


def test_code_is_shown_as_it_is_without_the_indent_of_its_class() -> None:
    shown = source(Table.__repr__, marked).data
    assert shown.startswith("```python\ndef __repr__(self) -> str:\n    text = ")
    assert "\n\n\ndef marked(text: str) -> str:\n" in shown or "\n\ndef marked(text: str) -> str:\n" in shown
    assert shown.endswith("\n```")
