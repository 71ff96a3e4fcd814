"""Three marks of a phase transition that need no mechanism: two states change places, the wait diverges, it sharpens.

Of networks that grow with the modulus and do not stop early (:mod:`grokmodels.claims.edge`).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from functools import cache
from typing import NamedTuple

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims import edge, plane
from grokmodels.statistics import Interval, scaling

# A law is better than another from this difference of AIC on (convention).
BETTER = 2.0
# Of f/f_c: where the rule should be lost, and where it should be found. Of m̂: what is left of a rule that is lost, and
# half of one. Rules of this chapter, made when the ends at p = 43 and 59 were known, and those at p = 97 were not.
BELOW, ABOVE, LOST, HALF = 0.7, 1.2, 0.1, 0.5
# The slope of a step grows as a power of the size. A crossover of known systems shows at most the first; at transitions
# the estimator gives 1 (first order) and, for mean field, whose step is no logistic one, no less than the second
# (tests/library/statistics/test_scaling.py).
NONE, LEAST = 0.1, 0.2
# Decay time at which the step is read: the fractions of size-width lie around its middle there.
MOMENT = 10
# Sizes whose fractions reach down to the distance from the edge at which the smallest has its step.
REACHING = 3


class Mark(NamedTuple):
    """One mark of a transition: the ``question``, what was ``measured``, and the ``answer``, None where it is open."""

    question: str
    measured: str
    answer: bool | None


def sides(ends: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """The median ends of networks that had the rule, below :data:`BELOW`, and of those that had none, above."""
    of_rule, away, end = (ends[name] for name in ("of_rule", "distance", "end"))
    return end[of_rule & (away < BELOW)], end[~of_rule & (away > ABOVE)]


def judge_exchange(ends: pd.DataFrame) -> bool | None:
    """Is the rule lost below the edge by networks that have it, and found above by networks that do not?

    By the medians of every cell of :func:`grokmodels.claims.edge.ends`; None where a side has none.
    """
    had, found = sides(ends)
    return bool((had < LOST).all() and (found > HALF).all()) if len(had) and len(found) else None


def judge_divergence(worse: Iterable[float]) -> bool | None:
    """Does the wait grow without bound at an edge? By how much worse in AIC the laws without an edge are."""
    least = min(worse)
    return True if least > BETTER else False if least < -BETTER else None


def judge_sharpening(stretches: Sequence[Interval]) -> bool | None:
    """Does the step in the data steepen with size, however it is compared?"""
    if all(one.high < LEAST for one in stretches):
        return False
    return True if all(one.low > NONE for one in stretches) else None


def with_size(runs: pd.DataFrame) -> pd.DataFrame:
    """Runs with their ``size``, the number of pairs p², and ``x``, ln f."""
    return runs.assign(size=runs["task.p"].astype(float) ** 2, x=np.log(runs["fraction"].astype(float)))


@cache
def step_by_size(at_one_distance: bool = False) -> list[scaling.OrderCurve]:
    """m̂ at Λ = 10 along ln f, of size-width at widths that grow with p; a size is its number of pairs, p².

    At one Λ the step of a larger size lies farther from its edge. ``at_one_distance`` reads each size at a Λ in
    proportion to its amplitude A, which leaves out p = 139, whose fractions lie too far.
    """
    record, amplitude = studies.record("size-width"), {p: one.amplitude for p, one in edge.law().systems.items()}
    parts = []
    for p in sorted(record.runs["task.p"].unique())[: REACHING if at_one_distance else None]:
        quantity = f"m_hat at {MOMENT * amplitude[p] / min(amplitude.values()) if at_one_distance else MOMENT:g}"
        table = record.measured(quantity)
        parts.append(plane.grown(table[table["task.p"] == p]).assign(m=table[quantity]))
    return scaling.curves(with_size(pd.concat(parts)), "m")


@cache
def stretch_of_step(at_one_distance: bool = False) -> Interval:
    """The power of the number of pairs that the slope of the step goes as."""
    return scaling.stretch(step_by_size(at_one_distance), draws=60)


@cache
def measured() -> tuple[Mark, ...]:
    """The marks of the stored runs, in the order of the chapter."""
    worse, stretches = edge.rivals()["one spread"], [stretch_of_step(), stretch_of_step(at_one_distance=True)]
    ends = edge.ends()
    had, found = sides(ends)
    return (
        Mark(
            "do table and rule change places?",
            f"the largest median m̂ of networks that had the rule, below {BELOW:g} f_c, is "
            f"{had.max():.2f}; the least of networks that had none, above {ABOVE:g} f_c, {found.min():.2f}",
            judge_exchange(ends),
        ),
        Mark(
            "does the wait grow without bound there?",
            f"exponent {edge.law().exponent}; laws without an edge are worse by {worse.min():.0f} to "
            f"{worse.max():.0f} in AIC, the nearest is {worse.idxmin()}",
            judge_divergence(worse),
        ),
        Mark(
            "does the step at a fixed Λ sharpen with size?",
            f"its slope goes as the number of pairs to the power {stretches[0]} at Λ = {MOMENT}, and {stretches[1]} at "
            f"one distance from the edge (mean field: at least {LEAST:g})",
            judge_sharpening(stretches),
        ),
    )
