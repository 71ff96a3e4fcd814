"""Many skills in one network: when each turns, and how sharp the whole is (study "skills")."""

from __future__ import annotations

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels.claims.row import Verdict
from grokmodels.recipes import Skills
from grokmodels.studies import Record

FloatArray = NDArray[np.float64]
# The accuracies between which a step is measured.
STEP = (0.1, 0.9)
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
    alone = {block: turns(record, block)[1].median() for block in _blocks(record, "one skill")}
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
    return float(np.median(known[~np.isnan(known)]))


def power_of_the_share(record: Record) -> float:
    """Slope of a skill's ln wait against the ln of its share, within runs of unequal unrelated skills."""
    x, y = [], []
    for block in _unequal(record):
        ln_share = np.log(shares(record, block))
        for wait in turns(record, block).to_numpy():
            ended = np.isfinite(wait)
            x.append(ln_share[ended] - ln_share[ended].mean())
            y.append(np.log(wait[ended]) - np.log(wait[ended]).mean())
    xs, ys = np.concatenate(x), np.concatenate(y)
    return float(xs @ ys / (xs @ xs))


def width(record: Record, block: str) -> FloatArray:
    """How wide the step of the mean accuracy over skills is, in ln accumulated decay from 10 to 90 %, (runs,).

    The skills' test accuracies count alike; infinite where the mean does not come to 90 %.
    """
    runs = record.only(block)
    columns = [f"test_accuracy.{skill}" for skill in range(1, _task(runs).skills + 1)]
    return np.array([_width(run["decay_time"], run[columns].mean(axis=1)) for _, run in runs.histories.groupby("run")])


def _width(decay: pd.Series, mean: pd.Series) -> float:
    first, last = (int(np.argmax(mean >= level)) for level in STEP)
    if mean.max() < STEP[1]:
        return np.inf
    # A step between two evaluations is as narrow as they are near.
    return float(np.log(decay.iloc[max(last, first + 1)] / decay.iloc[first]))


def width_unequal_over_equal(record: Record) -> float:
    """The width with sixteen unequal unrelated skills over that with equal ones: medians of runs."""
    return float(np.median(width(record, "16 unrelated, power 0.4")) / np.median(width(record, "16 unrelated")))


def width_of_many_over_one(record: Record) -> float:
    """The width with 32 equal shared skills over that with one: medians of runs."""
    return float(np.median(width(record, "32 shared")) / np.median(width(record, "one skill, 0.5")))


def _blocks(record: Record, begins: str) -> list[str]:
    return [block for block in record.runs["block"].unique() if block.startswith(begins)]


def _unequal(record: Record) -> list[str]:
    return [block for block in record.runs["block"].unique() if "unrelated, power" in block]
