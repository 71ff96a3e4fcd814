"""The claims ledger: every claim of the book as a row that is computed from stored runs.

Each module holds the rows of one chapter and the analysis behind them, which the chapter uses, too. :func:`rows` is the
whole ledger, as ``make ledger`` stores it for the pages that show all of it.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict
from html import escape
from importlib import import_module

from grokmodels.claims.row import Row
from grokmodels.display import marked
from grokmodels.studies import ROOT

STORED = ROOT / "results" / "ledger.json"

# The page of each module's rows.
PAGES = {
    "parity": "phenomenon/parity",
    "order_parameter": "on_trial/order_parameter",
    "delay": "on_trial/delay",
    "data": "on_trial/data",
    "transition": "on_trial/transition",
    "norms": "on_trial/norms",
    "inside": "on_trial/inside",
    "comparisons": "on_trial/optimizers",
    "sensitivity": "on_trial/sensitivity",
    "language": "beyond/language",
    "skills": "beyond/skills",
    "forecast": "beyond/forecast",
}


def rows() -> list[tuple[str, Row]]:
    """All rows in the order of their numbers, each with the page that shows it (empty where none does)."""
    return [(entry.pop("page"), Row(**entry)) for entry in json.loads(STORED.read_text(encoding="utf-8"))]


def store() -> None:
    """Write :func:`computed` where :func:`rows` reads it."""
    entries = [{"page": page} | asdict(row) for page, row in computed()]
    STORED.write_text(json.dumps(entries, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def computed() -> list[tuple[str, Row]]:
    """The rows from all stored runs, which takes minutes."""
    every = [(page, row) for name, page in PAGES.items() for row in import_module(f"{__name__}.{name}").rows()]
    return sorted(every, key=lambda entry: entry[1].number)


class Ledger:
    """Rows as a list that opens, on pages: claim and verdict first, the measured numbers behind them; else as text.

    ``entries`` are rows with the page that shows each, as :func:`rows` returns them, or rows alone.
    """

    def __init__(self, entries: Sequence[tuple[str, Row]] | Sequence[Row]) -> None:
        self.entries = [entry if isinstance(entry, tuple) else ("", entry) for entry in entries]

    def __repr__(self) -> str:
        return "\n".join(_told(row) for _, row in self.entries)

    def _repr_html_(self) -> str:
        return '<div class="grok-ledger">' + "".join(_entry(page, row) for page, row in self.entries) + "</div>"


def _told(row: Row) -> str:
    lines = (row.effect, row.reason, f"Source: {row.source}. {_counts(row)}")
    return "\n    ".join((f"{row.name:>2} {row.claim} {row.verdict.upper()}", *lines))


def _entry(page: str, row: Row) -> str:
    link = f' <a href="{page}.html#{row.figure}">Where it is shown</a>' if page else ""
    return (
        f'<details><summary><span class="grok-number">{row.name}</span> {escape(row.claim)} '
        f"{marked(row.verdict)}</summary>"
        f"<p>{escape(row.effect)}</p><p>{escape(row.reason)}</p>"
        f"<p>Source: {escape(row.source)}. {escape(_counts(row))}{link}</p></details>"
    )


def _counts(row: Row) -> str:
    seeds = "one seed" if row.seeds == 1 else f"{row.seeds} seeds"
    counts = f"{row.runs:,} runs, {seeds}, {row.censored} censored. " if row.runs else ""
    return f"{counts}Studies: {row.experiment}."
