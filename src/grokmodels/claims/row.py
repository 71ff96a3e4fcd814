"""One claim, its test and what came out."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal, TypedDict

import pandas as pd

Verdict = Literal["holds", "holds with limits", "fails", "open"]


@dataclass(frozen=True)
class Row:
    """A row of the claims ledger, computed from stored runs.

    ``number``: its number in the ledger; ``claim``: what was claimed, in our words; ``source``: who claims it;
    ``experiment``: the studies and blocks it was tested on; ``runs``, ``seeds``, ``censored``: how many; ``effect``:
    the measured numbers with their intervals; ``verdict`` and ``reason``: the judgment and what limits it;
    ``figure``: label of the figure or section that shows it; ``part``: a letter where a claim has more rows than one;
    ``short``: the number that decides, where the first sentence of the effect is not it.
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
    part: str = ""
    short: str = ""

    @property
    def name(self) -> str:
        """What the row is called: its number, with its part."""
        return f"{self.number}{self.part}"

    @property
    def brief(self) -> str:
        """The number that decides, in a line: ``short``, or what the effect begins with."""
        return self.short or re.split(r"[.;] ", self.effect, maxsplit=1)[0].removesuffix(".")


def sentence(words: str) -> str:
    """A clause as a sentence."""
    return f"{words[0].upper()}{words[1:]}."


class Tally(TypedDict):
    """What :func:`tally` counts."""

    runs: int
    seeds: int
    censored: int


def tally(runs: pd.DataFrame) -> Tally:
    """How many runs and seeds a :class:`Row` rests on, and how many of the runs had not generalized."""
    return {"runs": len(runs), "seeds": runs["seed"].nunique(), "censored": int(runs["t_gen_censored"].sum())}
