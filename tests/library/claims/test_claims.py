"""The whole ledger: every claim has a row, every verdict a run or the word open."""

from typing import get_args

import pytest
from bs4 import BeautifulSoup

from grokmodels import claims, studies
from grokmodels.claims.row import Row, Verdict


@pytest.fixture(scope="module")
def entries():
    return claims.computed()


@pytest.fixture(scope="module")
def rows(entries):
    return [row for _, row in entries]


@pytest.mark.slow
def test_every_claim_has_a_row(rows):
    assert {row.number for row in rows} == set(range(1, 21))
    assert [row.number for row in rows] == sorted(row.number for row in rows)


def test_the_stored_ledger_is_what_the_runs_say(entries):
    assert claims.rows() == entries, "make ledger"


def test_a_verdict_rests_on_runs_or_is_open(rows):
    for row in rows:
        assert row.verdict in get_args(Verdict)
        assert row.runs >= row.censored >= 0
        assert row.runs >= row.seeds >= 0
        assert row.claim
        assert row.reason
        if row.verdict in ("holds", "fails", "holds with limits") and row.number != 7:
            assert row.runs > 0, row
            assert any(character.isdigit() for character in row.effect), row


def test_experiments_are_studies_of_this_book(rows):
    names = {path.stem for path in (studies.ROOT / "studies").glob("*.toml")}
    for row in rows:
        if row.runs:
            assert any(name in row.experiment for name in names), row.experiment


def test_rows_point_to_a_place_in_the_book(entries):
    for page, row in entries:
        assert bool(page) == bool(row.figure)
        if page:
            assert f"({row.figure})=" in (studies.ROOT / "book" / f"{page}.ipynb").read_text(encoding="utf-8"), (
                row.figure
            )


def test_the_list_shows_every_row_and_escapes_what_it_quotes():
    row = Row(3, "Is a < b?", "memo", "none", 1, 1, 0, "1 of 1 & more.", "open", "Few.", "here")
    page = BeautifulSoup(claims.Ledger([("on_trial/norms", row)] * 2)._repr_html_(), "html.parser")
    assert len(page.find_all("details")) == 2
    assert page.summary.get_text(" ", strip=True) == "3 Is a < b? open"
    assert "1 of 1 & more." in page.get_text()
    assert page.a["href"] == "on_trial/norms.html#here"
    assert page.span.find_next_sibling("span")["data-verdict"] == "undecided"


def test_rows_alone_are_shown_without_a_link_and_told_in_words():
    row = Row(3, "It holds.", "memo", "none", 1234, 1, 0, "1 of 1.", "holds with limits", "Few.", "here")
    ledger = claims.Ledger([row])
    assert "<a " not in ledger._repr_html_()
    assert repr(ledger).split("\n    ") == [
        " 3 It holds. HOLDS WITH LIMITS",
        "1 of 1.",
        "Few.",
        "Source: memo. 1,234 runs, one seed, 0 censored. Studies: none.",
    ]
