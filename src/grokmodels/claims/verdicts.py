"""The ledger as its last chapter reads it: the memo's claims in the memo's order, and what would change our mind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

import pandas as pd

from grokmodels.claims.row import Row, Verdict
from grokmodels.display import Table

Entries = Sequence[tuple[str, Row]]
# Where the memo says what, by the numbers of the claims. What is in none of these is not the memo's.
MEMO = {
    "setting": (1, 6, 7, 9),
    "mechanism": (2, 3, 8),
    "transition": (4, 5),
    "limits": (10, 11),
    "directions": (12, 13, 14, 15),
}
OTHERS = "others"
GROUPS = (*MEMO, OTHERS)
# The verdicts from the best to the worst, each with a color of the palette.
COLORS: dict[Verdict, str] = {
    "holds": "generalizing", "holds with limits": "limited", "fails": "bad", "open": "muted",
}  # fmt: skip


class Claim(NamedTuple):
    """A claim's ``name`` in a word or two, and a ``run`` that would change its verdict, whatever that is now."""

    name: str
    run: str


CLAIMS = {
    1: Claim(
        "late jump",
        "Seeds of this recipe whose accuracy climbs as slowly as m̂, or that do not generalize in ten times the budget.",
    ),
    2: Claim(
        "stuck, no decay",
        "A network with LayerNorm and no decay that turns in ten times the budget, in float64 too; or one whose decay "
        "is taken away when it has memorized, and that turns all the same.",
    ),
    3: Claim("lower norm", "Memorizers of random labels, matched in age and decay, of no larger norm than the rule."),
    4: Claim(
        "two basins",
        "Waits that grow exponentially with one over the noise, or a barrier that every bent path has to climb.",
    ),
    5: Claim(
        "phase transition",
        "A step in m̂ at a fixed Λ that sharpens with size; or networks far below the edge that turn after all.",
    ),
    6: Claim(
        "parity",
        "Parity of more bits, where fewer strings have trained neighbors: all runs with decay wait at chance and turn, "
        "and none without does.",
    ),
    7: Claim("parity, source", "No run can: a version of the original code that has a parity task would."),
    8: Claim(
        "pruning, tickets",
        "At a second size and sparsity, a ticket that generalizes sooner than the whole network, or a memorizer that "
        "bears pruning as a rule does.",
    ),
    9: Claim("random labels", "Random labels that the network cannot fit in its budget, at another size or task."),
    10: Claim(
        "decay or L2",
        "Adam with L2 beside AdamW over a decade of decay, all runs to their end: delays that follow ηλ alike in both.",
    ),
    11: Claim(
        "amount of data",
        "A task with a rule whose wait stays the same while its data shrink to a third of what we used.",
    ),
    12: Claim(
        "slow circuits",
        "A larger network whose rule share and circuit stay with those of the controls until the accuracy moves.",
    ),
    13: Claim(
        "language",
        "Two-hop questions, or sums planted in text: held-out answers that come along with the trained ones, or never.",
    ),
    14: Claim(
        "many skills",
        "The same comparisons with skills of many kinds, or at a width that grows with their number, that come out the "
        "other way.",
    ),
    15: Claim(
        "late surprise",
        "Memorizers on fixed data, followed for long: none that turns; or a forecast from training data alone that is "
        "never surprised.",
    ),
    16: Claim(
        "one clock Λ",
        "Recipes at many rates and noises that turn at one Λ; or schedules of one seed as far apart in Λ as in steps.",
    ),
    17: Claim("delay as 1/ηλ", "Other ways to split one ηλ into rate and decay, with one delay for all of them."),
    18: Claim("shrinking norm", "A setting in which the contraction of the norm takes at least half of the delay."),
    19: Claim("without decay", "A network that memorizes, waits and turns with a decay of 0 from first to last step."),
    20: Claim(
        "logit scale",
        "Networks of one norm at several temperatures, with a last LayerNorm and without: delays that differ as if the "
        "norm did.",
    ),
}
# Where a claim has two rows, what is different about them.
PARTS = {
    "2a": "stuck, no decay", "2b": "decay needed", "11a": "amount of data", "11b": "other settings",
    "4a": "walls: waits", "4b": "walls: paths", "12a": "slow: answers", "12b": "slow: circuits",
}  # fmt: skip


def group(entries: Entries, name: str) -> list[tuple[str, Row]]:
    """The rows of one of :data:`GROUPS`, in the order of their numbers."""
    memos = {number: part for part, numbers in MEMO.items() for number in numbers}
    return [(page, row) for page, row in entries if memos.get(row.number, OTHERS) == name]


def title(row: Row) -> str:
    """A row's number and its claim in a word or two."""
    known = CLAIMS.get(row.number, Claim(row.claim, ""))
    return f"{row.name} {PARTS.get(row.name, known.name)}"


def by_verdict(entries: Entries) -> dict[str, tuple[str, list[str]]]:
    """The titles of all rows by verdict, with its color, as :func:`grokmodels.figures.stacked_words` takes them."""
    rows = [row for _, row in entries]
    return {word: (color, [title(row) for row in rows if row.verdict == word]) for word, color in COLORS.items()}


def table(entries: Entries, caption: str = "", up: str = "../") -> Table:
    """Claim, verdict, the number that decides and the page that shows it, a line a row.

    ``up`` is the way from the page with this table to the folder of all pages.
    """
    rows = [
        (f"{row.name} {row.claim}", row.verdict, row.brief, page.rpartition("/")[2].replace("_", " ") or None)
        for page, row in entries
    ]
    frame = pd.DataFrame(rows, columns=["claim", "verdict", "measured", "where"])
    links = [f"{up}{page}.html#{row.figure}" if page else "" for page, row in entries]
    return Table(frame, caption, links={"where": links})


def changes(entries: Entries, caption: str = "") -> Table:
    """For each claim a run that would change our mind, and its verdict now (those of its rows)."""
    verdicts: dict[int, list[str]] = {}
    for _, row in entries:
        verdicts.setdefault(row.number, []).append(row.verdict)
    rows = [
        ("{} {}: {}".format(number, *CLAIMS[number]), ", ".join(dict.fromkeys(words)))
        for number, words in verdicts.items()
    ]
    return Table(pd.DataFrame(rows, columns=["a run that would change our mind", "now"]), caption)
