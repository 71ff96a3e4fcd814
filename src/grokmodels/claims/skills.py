"""Many skills in one network: what mechanisms predict, and whether the whole is smoother (study "skills")."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict, tally
from grokmodels.claims.turns import (
    FloatArray,
    halves,
    luck_in_common,
    shares,
    step_alone,
    waits_alone,
    width,
    widths_of_each,
)
from grokmodels.statistics import Interval
from grokmodels.studies import Record

# The networks that carry the answer: many skills with equal shares beside one, and eight with unequal ones beside
# eight with equal ones.
ONE, MANY = "one skill, 0.5", "32 shared"
EQUAL, UNEQUAL, STEEPEST = "8 shared", "8 shared, power 0.6", "8 shared, power 1"
MANY_UNEQUAL, UNLIKE = "32 shared, power 0.4", "2 unrelated, power 0.5"
# What the study predicts, by mechanism, and what each says of many skills.
MECHANISMS = {
    "independent": "a skill's own data decide, as if it were alone",
    "together": "the network turns as one",
    "help": "a shared structure makes all of them earlier",
    "dilution": "more skills, later turns",
    "frequency": "the wait goes as one over the share",
    "smoothing": "more skills, a wider step",
}
# The numbers that say whether the step of the whole is smoother, as verdicts name them: by the number of skills, and
# by the spread of their turns.
SMOOTHS = ("width of many over one as early", "width of all over each unequal")


def judge_diversity(declared: pd.DataFrame) -> Verdict:
    """Claim 14 from the verdicts of ``skills`` on all of its runs.

    The number of skills smooths if the step of the mean of 32 equal ones is at least twice as wide as that of one skill
    that turns as early. Unequal shares smooth if the spread of the turns makes at least half of the variance of the
    mean's step: if this is at least √2 times as wide as that of each skill. The claim holds where both are so, with
    limits where one is, and fails where neither is.
    """
    rows = declared[declared["quantity"].isin(SMOOTHS) & (declared["comparison"] == "above")]
    if len(rows) < len(SMOOTHS) or not {*rows["verdict"]} <= {"true", "false"}:
        return "open"
    smooth = int((rows["verdict"] == "true").sum())
    return "holds" if smooth == len(SMOOTHS) else "holds with limits" if smooth else "fails"


def wait_of_many_over_few(record: Record) -> float:
    """The Λ at which sixteen equal shared skills turn over that of two: medians of skills and runs."""
    return _wait(record, "16 shared") / _wait(record, "2 shared")


def wait_of_eight_over_one(record: Record) -> float:
    """The same of eight over one, each trained on two fifths of its pairs."""
    return _wait(record, "8 shared, 0.4") / _wait(record, "one skill, 0.4")


def wait_of_two_unrelated(record: Record) -> float:
    """The same of two unrelated skills over one, each trained on seven tenths of its pairs."""
    return _wait(record, "2 unrelated") / _wait(record, "one skill, 0.7")


def wait_of_four_unrelated(record: Record) -> float:
    """The same of four unrelated skills over two."""
    return _wait(record, "4 unrelated") / _wait(record, "2 unrelated")


def wait_of_nested_over_own(record: Record) -> float:
    """The Λ at which the rarest skill turns where data are nested, over that where skills have pairs of their own."""
    nested, own = (np.median(halves(record, block)[:, -1]) for block in (f"{UNEQUAL}, nested", UNEQUAL))
    return float(nested / own)


def _wait(record: Record, block: str) -> float:
    return float(np.median(halves(record, block)))


def slope_on_single_skills(record: Record) -> float:
    """Slope of a skill's ln wait against that of one alone with its fraction, within runs of unequal skills.

    1 where each turns by its own data, 0 where the network turns as one.
    """
    return _slope(record, lambda fractions: np.log(waits_alone(record, fractions)))


def power_of_the_share(record: Record) -> float:
    """The same against the ln of a skill's share: the power by which its wait goes."""
    return _slope(record, np.log)


def _slope(record: Record, of: Callable[[FloatArray], FloatArray]) -> float:
    x, y = [], []
    for block in ("8 shared, power 0.3", UNEQUAL):
        known = of(shares(record, block))
        for wait in halves(record, block):
            kept = np.isfinite(wait) & np.isfinite(known)
            if kept.any():
                x.append(known[kept] - known[kept].mean())
                y.append(np.log(wait[kept]) - np.log(wait[kept]).mean())
    xs, ys = (np.concatenate([[0.0], *one]) for one in (x, y))
    return float(xs @ ys / (xs @ xs)) if xs.any() else np.nan


def rarest_that_turn(record: Record) -> float:
    """The share of runs with shares of power 1 in which the rarest skill turns, with too few pairs to turn alone."""
    return float(np.isfinite(halves(record, STEEPEST)[:, -1]).mean())


def last_over_first(record: Record, block: str) -> float:
    """The Λ at which the rarest skill of a block turns over that of the most frequent: the median of runs."""
    waits = halves(record, block)
    return float(np.median(waits[:, -1] / waits[:, 0]))


def last_over_first_unrelated(record: Record) -> float:
    """The same of two unrelated skills with shares of power 0.5."""
    return last_over_first(record, UNLIKE)


def luck_of_a_run(record: Record) -> Interval | float:
    """What part of the variance of ln Λ, at the turn, eight equal skills of one run have in common."""
    luck = luck_in_common(record, EQUAL)
    return np.nan if luck is None else luck


def width_of_many_over_one(record: Record) -> float:
    """The width of the mean's step with 32 equal shared skills over that of one skill: medians of runs."""
    return _width(record, MANY) / _width(record, ONE)


def width_of_many_over_one_as_early(record: Record) -> float:
    """The same over one skill that turns at the same Λ, by more data."""
    return _width(record, MANY) / step_alone(record, _wait(record, MANY))


def width_of_all_over_each(record: Record, block: str) -> float:
    """The width of the mean's step in a block over that of each skill: medians of runs and skills."""
    return _width(record, block) / float(np.median(widths_of_each(record, block)))


def width_of_all_over_each_equal(record: Record) -> float:
    """The same with 32 equal skills."""
    return width_of_all_over_each(record, MANY)


def width_of_all_over_each_unequal(record: Record) -> float:
    """The same with eight skills of power 0.6."""
    return width_of_all_over_each(record, UNEQUAL)


def width_of_all_over_each_of_32(record: Record) -> float:
    """The same with 32 skills of power 0.4."""
    return width_of_all_over_each(record, MANY_UNEQUAL)


def width_unequal_over_equal(record: Record) -> float:
    """The width of the mean's step with eight skills of power 0.6 over that with eight equal ones: medians of runs."""
    return _width(record, UNEQUAL) / _width(record, EQUAL)


def _width(record: Record, block: str) -> float:
    return float(np.median(width(record, block)))


@cache
def declared() -> pd.DataFrame:
    """What became of the study's predictions, by cohort of seeds."""
    # A ratio of two waits without an end is not known.
    with np.errstate(invalid="ignore"):
        return studies.verdicts("skills")


def judged() -> pd.DataFrame:
    """The same on all runs."""
    return declared()[declared()["cohort"] == "all"]


def mechanisms() -> pd.DataFrame:
    """For each mechanism how many of its predictions came ``true`` and ``false``; else they are open."""
    each = judged().explode("mechanism")
    counts = pd.crosstab(each["mechanism"], each["verdict"])
    return counts.reindex(index=[*MECHANISMS], columns=["true", "false"], fill_value=0)


def rows() -> list[Row]:
    """Row 14 of the ledger."""
    values = judged().drop_duplicates("quantity").set_index("quantity")["value"]
    as_early, spread = (values[number] for number in SMOOTHS)
    record = studies.record("skills")
    return [
        Row(
            number=14,
            claim="The diversity of many skills smooths the sharp boundary away.",
            source="the memo, as an open question",
            experiment="skills",
            **tally(record.runs),
            effect=f"The step of the mean accuracy of 32 equal skills is {as_early:.2f} times as wide, in ln Λ, as "
            f"that of one skill that turns as early, and {values['width of many over one']:.2f} times as that of one "
            f"with as many pairs; it is {values['width of all over each equal']:.2f} times as wide as the step of "
            f"each of them. That of eight skills of power 0.6 is {spread:.2f} times as wide as the step of each, and "
            f"{values['width unequal over equal']:.2f} times as that of eight equal ones. Against the waits of single "
            f"skills theirs have the slope {values['slope on single skills']:.2f}: 1 if each turned by its own data, 0 "
            "if all turned together. Two skills that share nothing and have unequal data do make a wider mean: "
            f"{width_of_all_over_each(record, UNLIKE):.2f} times as wide as the step of each (not predicted).",
            verdict=judge_diversity(judged()),
            reason="Networks of 16 and 32 skills do not memorize first, so their step is none from memorizing to the "
            "rule. One width, one modulus, skills of one kind, and data that repeat: a mean over many kinds of skills, "
            "on data that are seen once, is not tested.",
            short=f"The step of the mean of 32 equal skills is {as_early:.2f} times as wide as that of one, that of "
            f"eight unequal ones {spread:.2f} times as the step of each",
            figure="skills-aggregate",
        )
    ]
