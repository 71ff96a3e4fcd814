"""One claim, its test and what came out; and the kinds of seeds that it rests on."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import pandas as pd

Verdict = Literal["holds", "holds with limits", "fails", "open"]


@dataclass(frozen=True)
class Row:
    """A row of the claims ledger, computed from stored runs.

    ``number``: its number in the ledger; ``claim``: what was claimed, in our words; ``source``: who claims it;
    ``experiment``: the studies and blocks it was tested on; ``runs``, ``seeds``, ``censored``: how many; ``effect``:
    the measured numbers with their intervals; ``verdict`` and ``reason``: the judgment and what limits it;
    ``figure``: label of the figure or section that shows it.
    """

    number: int
    claim: str
    source: str
    experiment: str
    runs: int
    seeds: int
    censored: int
    effect: str
    verdict: Verdict
    reason: str
    figure: str


def by_seeds(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The runs of the seeds that were looked at while an analysis was made, of the test seeds, and of all.

    Keys ``look``, ``test``, ``all``; those without runs are left out.
    """
    test = table["test"].astype(bool)
    parts = {"look": table[~test], "test": table[test], "all": table}
    return {name: part for name, part in parts.items() if len(part)}
