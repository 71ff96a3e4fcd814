"""Many skills in one network: when each turns, and how sharp the whole is (study "skills")."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict, tally
from grokmodels.recipes import Skills
from grokmodels.studies import Record

FloatArray = NDArray[np.float64]
# The accuracies between which a step is measured.
STEP = (0.1, 0.9)
# What the study foretells, by mechanism, and what each says of many skills.
MECHANISMS = {
    "independent": "a skill's own data decide, as if it were alone",
    "together": "the network turns as one",
    "help": "a shared structure makes all of them earlier",
    "dilution": "more skills, later turns",
    "frequency": "the wait goes as one over the share",
    "smoothing": "more skills, a wider step",
}
# The numbers that say whether the step of the whole is smoother, as verdicts name them.
SMOOTHS = ("width of many over one", "width unequal over equal")


def judge_diversity(declared: pd.DataFrame) -> Verdict:
    """Claim 14 from the verdicts of ``skills`` on all of its runs.

    Diversity alone smooths if the step of the mean of many equal skills is at least twice as wide as that of one, and
    diversity with unequal shares if that of unequal skills is at least twice as wide as that of equal ones. The claim
    holds where both are so, with limits where one is, and fails where neither is.
    """
    rows = declared[declared["quantity"].isin(SMOOTHS) & (declared["comparison"] == "above")]
    if len(rows) < len(SMOOTHS) or not {*rows["verdict"]} <= {"true", "false"}:
        return "open"
    smooth = int((rows["verdict"] == "true").sum())
    return "holds" if smooth == len(SMOOTHS) else "holds with limits" if smooth else "fails"


def turns(record: Record, block: str) -> pd.DataFrame:
    """Accumulated decay at which each skill turns: one row a run, one column a skill; infinite where it has not."""
    runs = record.only(block)
    skills = range(1, _task(runs).skills + 1)
    quantities = [f"decay_time at t_gen.{skill}" for skill in skills]
    table = runs.measured(*quantities)
    each = {skill: table[q].where(~table[f"{q}_censored"], np.inf) for skill, q in zip(skills, quantities, strict=True)}
    return pd.DataFrame(each)


def shares(record: Record, block: str) -> FloatArray:
    """The fraction of its pairs that each skill is trained on, (skills,)."""
    runs = record.only(block)
    return np.asarray(_task(runs).sizes(runs.points[0].experiment.fraction) / _task(runs).p ** 2)


def _task(record: Record) -> Skills:
    task = record.points[0].experiment.task
    assert isinstance(task, Skills)
    return task


def single_skills(record: Record) -> pd.Series:
    """The median wait of one skill alone, by its fraction; infinite where half of the runs have not turned."""
    alone = {block: turns(record, block)[1].median() for block in blocks(record, "one skill")}
    return pd.Series(alone).rename(lambda block: float(block.partition(", ")[2])).sort_index()


def foretold(record: Record, fractions: FloatArray) -> FloatArray:
    """The wait that the curve of single skills has at some fractions: logarithms, joined by straight lines.

    NaN outside of the fractions at which single skills turn.
    """
    curve = single_skills(record)
    curve = curve[np.isfinite(curve)]
    waits = np.interp(np.log(fractions), np.log(curve.index), np.log(curve), left=np.nan, right=np.nan)
    return np.exp(waits)


def spread_of_equal_unrelated(record: Record) -> float:
    """The last turn over the first among eight equal unrelated skills: the median of runs."""
    waits = turns(record, "8 unrelated")
    return float((waits.max(axis=1) / waits.min(axis=1)).median())


def spread_within_over_between(record: Record) -> float:
    """Standard deviation of the ln waits of eight equal skills in a run over that of one skill between runs."""
    many, one = np.log(turns(record, "8 unrelated")), np.log(turns(record, "one skill, 0.5")[1])
    return float(np.sqrt(many.var(axis=1).mean()) / one.std())


def last_over_first_unrelated(record: Record) -> float:
    """The wait of the rarest of eight unequal unrelated skills over that of the most frequent: the median of runs."""
    return _last_over_first(turns(record, "8 unrelated, power 0.6"))


def last_over_first_shared(record: Record) -> float:
    """The same of skills with a shared structure."""
    return _last_over_first(turns(record, "8 shared, power 0.6"))


def _last_over_first(waits: pd.DataFrame) -> float:
    return float((waits.iloc[:, -1] / waits.iloc[:, 0]).median())


def error_of_single_skills(record: Record) -> float:
    """How far unequal unrelated skills turn from where single ones of their shares do: the median of |ln ratio|."""
    errors = [
        np.abs(np.log(turns(record, block).to_numpy() / foretold(record, shares(record, block)))).ravel()
        for block in _unequal(record)
    ]
    known = np.concatenate(errors)
    known = known[~np.isnan(known)]
    return float(np.median(known)) if len(known) else np.nan


def power_of_the_share(record: Record) -> float:
    """Slope of a skill's ln wait against the ln of its share, within runs of unequal unrelated skills."""
    x, y = [], []
    for block in _unequal(record):
        ln_share = np.log(shares(record, block))
        for wait in turns(record, block).to_numpy():
            ended = np.isfinite(wait)
            if not ended.any():
                continue
            x.append(ln_share[ended] - ln_share[ended].mean())
            y.append(np.log(wait[ended]) - np.log(wait[ended]).mean())
    if not x:
        return np.nan
    xs, ys = np.concatenate(x), np.concatenate(y)
    return float(xs @ ys / (xs @ xs))


def courses(record: Record, block: str, part: str = "test") -> list[pd.DataFrame]:
    """Of every run of a block the accuracy of each skill on a ``part``: rows by accumulated decay, columns by skill."""
    runs = record.only(block)
    columns = {f"{part}_accuracy.{skill}": skill for skill in range(1, _task(runs).skills + 1)}
    histories = (run.set_index("decay_time") for _, run in runs.histories.groupby("run"))
    return [history[[*columns]].rename(columns=columns) for history in histories]


def width(record: Record, block: str) -> FloatArray:
    """How wide the step of the mean accuracy over skills is, in ln accumulated decay from 10 to 90 %, (runs,).

    The skills' test accuracies count alike; infinite where the mean does not come to 90 %.
    """
    return np.array([step_width(course.mean(axis=1)) for course in courses(record, block)])


def widths_of_each(record: Record, block: str) -> FloatArray:
    """The same of the step of every skill by itself, (runs, skills)."""
    return np.array([[step_width(course[skill]) for skill in course] for course in courses(record, block)])


def step_width(course: pd.Series) -> float:
    """The same of an accuracy by accumulated decay."""
    if course.max() < STEP[1]:
        return np.inf
    first, last = (int(np.argmax(course >= level)) for level in STEP)
    # A step between two evaluations is as narrow as they are near.
    return float(np.log(course.index[max(last, first + 1)] / course.index[first]))


def width_unequal_over_equal(record: Record) -> float:
    """The width with sixteen unequal unrelated skills over that with equal ones: medians of runs."""
    return float(np.median(width(record, "16 unrelated, power 0.4")) / np.median(width(record, "16 unrelated")))


def width_of_many_over_one(record: Record) -> float:
    """The width with 32 equal shared skills over that with one: medians of runs."""
    return float(np.median(width(record, "32 shared")) / np.median(width(record, "one skill, 0.5")))


def blocks(record: Record, begins: str) -> list[str]:
    """The blocks of a record whose names begin so."""
    return [block for block in record.runs["block"].unique() if block.startswith(begins)]


def _unequal(record: Record) -> list[str]:
    return [block for block in record.runs["block"].unique() if "unrelated, power" in block]


@cache
def declared() -> pd.DataFrame:
    """What became of the study's predictions, by cohort of seeds."""
    # A ratio of two waits without an end is not known.
    with np.errstate(invalid="ignore"):
        return studies.verdicts("skills")


def judged() -> pd.DataFrame:
    """The same on all runs."""
    return declared()[declared()["cohort"] == "all"]


def said(number: str, words: Mapping[str, str]) -> str:
    """The words of the comparison by which a prediction on a ``number`` came true, or those for ``else``.

    Those for ``open`` where none was decided.
    """
    rows = judged()[judged()["quantity"] == number]
    true = rows.loc[rows["verdict"] == "true", "comparison"]
    decided = rows["verdict"].isin(["true", "false"]).any()
    return next((words[comparison] for comparison in true if comparison in words), words["else" if decided else "open"])


def mechanisms() -> pd.DataFrame:
    """For each mechanism how many of its predictions came ``true`` and ``false``; else they are open."""
    each = judged().explode("mechanism")
    counts = pd.crosstab(each["mechanism"], each["verdict"])
    return counts.reindex(index=[*MECHANISMS], columns=["true", "false"], fill_value=0)


def rows() -> list[Row]:
    """Row 14 of the ledger."""
    values = judged().drop_duplicates("quantity").set_index("quantity")["value"]
    many, unequal = (values[number] for number in SMOOTHS)
    return [
        Row(
            number=14,
            claim="The diversity of many skills smooths the sharp boundary away.",
            source="the memo, as an open question",
            experiment="skills",
            **tally(studies.record("skills").runs),
            effect=f"The step of the mean accuracy of 32 equal skills is {many:.2f} times as wide, in ln Λ, as that of "
            f"one; that of sixteen unequal skills {unequal:.2f} times as that of sixteen equal ones. The rarest of "
            f"eight skills of power 0.6 turns at {values['last over first unrelated']:.2f} times the Λ of the most "
            f"frequent one where they are unrelated, at {values['last over first shared']:.2f} times where they share "
            "a structure.",
            verdict=judge_diversity(judged()),
            reason="One width, one modulus, at most 32 skills of the same kind, and data that repeat: a mean over many "
            "kinds of skills, on data that are seen once, is not tested.",
            figure="skills-aggregate",
        )
    ]
