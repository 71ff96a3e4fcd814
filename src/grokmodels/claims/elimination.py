"""Which of five mechanisms an outcome excludes: the rules of the chapter on phase transitions.

A rule (``judge_...``) takes numbers and returns the mechanisms that they exclude, or the verdict on what is left.
Elimination has no calibrated error rate: that of :mod:`grokmodels.claims.motion` has.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from grokmodels.claims.row import Verdict
from grokmodels.statistics import Interval

MECHANISMS = ("first order", "continuous", "saddle", "crossover", "smooth curve")
TRANSITIONS = frozenset({"first order", "continuous"})
SMOOTH = frozenset({"crossover", "smooth curve"})
NOTHING: frozenset[str] = frozenset()

# Rules of this chapter, written while look seeds of `size` ran; no study declared them. Of a stretch: more than a
# crossover of known systems shows, half of what mean field has (`statistics.sharpness.kind`).
STEEPENS, HALF_OF_MEAN_FIELD = 0.1, 0.25
# Fluctuations that grow by less average out; by this or more they do not, as between two phases.
GROWS, AS_TWO_PHASES = 0.1, 0.9
# Two peaks: the level of the dip test.
PEAKS = 0.05
# A law with an edge is better than a power of f from this difference of AIC on; one whose best edge is at zero is that
# power, and loses 2 for its idle parameter, rounding aside.
BETTER, NO_EDGE = 2.0, -1.99
# Nearly all runs, or hardly any.
NEARLY_ALL, HARDLY_ANY = 0.9, 0.1


def judge_step(stretch: Interval) -> frozenset[str]:
    """Does the step steepen with size? That of a transition does, that of a saddle or a smooth curve does not."""
    if stretch.low > STEEPENS:
        return SMOOTH | {"saddle"}
    return TRANSITIONS if stretch.high < HALF_OF_MEAN_FIELD else NOTHING


def judge_growth(growth: Interval) -> frozenset[str]:
    """Do fluctuations grow with size? Growth above 1 follows no law and excludes no transition.

    A saddle's seeds may or may not agree in the limit: it says nothing.
    """
    if growth.low > GROWS:
        return SMOOTH | ({"first order"} if growth.high < AS_TWO_PHASES else NOTHING)
    return TRANSITIONS if growth.high < GROWS else NOTHING


def judge_peaks(dip: float) -> frozenset[str]:
    """Two peaks at the critical fraction? A saddle may have them; a single one excludes nothing."""
    return SMOOTH | {"continuous"} if dip < PEAKS else NOTHING


def judge_steepening(exponent: Interval) -> frozenset[str]:
    """Does the step steepen as Λ grows? The saddle's does by 0.5 or so, that of the null model by less than 0."""
    if exponent.low > STEEPENS:
        return SMOOTH
    return frozenset({"saddle"}) if exponent.high < STEEPENS else NOTHING


def judge_divergence(gains: Sequence[float]) -> frozenset[str]:
    """Does the delay diverge at a critical fraction, or is no edge best? By the gain in AIC, at every size alike."""
    if gains and min(gains) > BETTER:
        return SMOOTH | {"first order"}
    return frozenset({"continuous", "saddle"}) if gains and max(gains) < NO_EDGE else NOTHING


def judge_plateau(small: float) -> frozenset[str]:
    """Is the rule there when the data are fitted, as in the null model? By the share of runs whose m̂ is small then."""
    if small > NEARLY_ALL:
        return frozenset({"smooth curve"})
    return frozenset(MECHANISMS) - {"smooth curve"} if small < HARDLY_ANY else NOTHING


def judge_waits(verdicts: Sequence[str], of: str, others: frozenset[str]) -> frozenset[str]:
    """A sentence declared of several cells, what becomes of it in each: decides only where all cells agree.

    True everywhere, it excludes the ``others``; false everywhere, the mechanism ``of`` which it was declared.
    """
    if set(verdicts) == {"true"}:
        return others
    return frozenset({of}) if set(verdicts) == {"false"} else NOTHING


def judge_exponent(exponent: Interval) -> frozenset[str]:
    """Does stronger decay shorten the wait where it is weak, far from any collapse?"""
    if exponent.high < 0:
        return frozenset({"first order"})
    return frozenset({"smooth curve"}) if exponent.low > 0 else NOTHING


def judge_loops(lost: str, shrinks: str, stays: str) -> frozenset[str]:
    """Does the loop of a data sweep stay? By what becomes of three sentences of `sweeps`.

    A rule that is not lost leaves no loop: how soon a saddle loses it depends on how small the other circuit was.
    """
    match lost, shrinks, stays:
        case "true", "true", "false":
            return frozenset({"first order"})
        case "true", "false", "true":
            return frozenset(MECHANISMS) - {"first order"}
    return NOTHING


def judge_transition(left: set[str]) -> Verdict:
    """Row 5, by the mechanisms that no test excludes: holds if only transitions are left, fails if none of the three.

    With limits if only the saddle is: it has a threshold in the data, and a smooth turn in time.
    """
    if left and left <= TRANSITIONS:
        return "holds"
    if left == {"saddle"}:
        return "holds with limits"
    return "fails" if left and left <= SMOOTH else "open"


def judge_basins(left: set[str], against: int) -> Verdict:
    """Row 4: two basins are what a first-order transition has. Fails where two tests or more are ``against`` it."""
    if left == {"first order"}:
        return "holds"
    return "fails" if left and "first order" not in left and against >= 2 else "open"


class Finding(NamedTuple):
    """One test: its ``question``, what was ``measured``, the mechanisms it ``excludes``, how many ``runs`` it used."""

    question: str
    measured: str
    excludes: frozenset[str]
    runs: int


def replicated(by_cohort: Mapping[Any, Sequence[Finding]]) -> list[Finding]:
    """The findings on all runs, where each excludes only what it excludes on look seeds and on test seeds, too.

    So chance, at 5 % a test, excludes a true mechanism in a test at 0.25 %, and in any of eleven at less than 3 %.
    """
    look, test = ({one.question: one.excludes for one in by_cohort[name]} for name in ("look", "test"))
    return [
        one._replace(excludes=look.get(one.question, NOTHING) & test.get(one.question, NOTHING))
        for one in by_cohort["all"]
    ]


def surviving(found: Sequence[Finding]) -> list[str]:
    """The mechanisms that no test excludes."""
    return [name for name in MECHANISMS if not any(name in finding.excludes for finding in found)]
