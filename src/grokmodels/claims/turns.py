"""The skills of one network: when each turns, how wide its step is, what single skills predict, and with which kick."""

from __future__ import annotations

import re
from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from grokmodels.recipes import Skills
from grokmodels.statistics import Interval, intraclass, jackknife
from grokmodels.studies import Record

FloatArray = NDArray[np.float64]
# A skill turns when it first answers so much of what is held out. A stricter moment, as t_gen, is one that rare skills
# do not come to in any budget.
HALF = 0.5
# The accuracies between which a step is measured.
STEP = (0.1, 0.9)
# A kick is a dip of the training accuracy below the second, once it has been at the first: batches alone keep networks
# of many skills between them. What comes within so many evaluations after its begin is said to follow it.
FITTED, DIP, AFTER = 0.97, 0.9, 2
# How far the step of a single skill is followed, in its own wait.
FOLLOWED = 4


def courses(record: Record, block: str, part: str = "test") -> list[pd.DataFrame]:
    """Of every run of a block the accuracy of each skill on a ``part``: rows by accumulated decay, columns by skill."""
    runs = record.only(block)
    columns = {f"{part}_accuracy.{skill}": skill for skill in range(1, _task(runs).skills + 1)}
    histories = (run.set_index("decay_time") for _, run in runs.histories.groupby("run"))
    return [history[[*columns]].rename(columns=columns) for history in histories]


def shares(record: Record, block: str) -> FloatArray:
    """The fraction of its pairs that each skill is trained on, (skills,)."""
    runs = record.only(block)
    return np.asarray(_task(runs).sizes(runs.points[0].experiment.fraction) / _task(runs).p ** 2)


def _task(record: Record) -> Skills:
    task = record.points[0].experiment.task
    assert isinstance(task, Skills)
    return task


def halves(record: Record, block: str) -> FloatArray:
    """Accumulated decay at which each skill first answers half of its held-out pairs, (runs, skills); else infinite."""
    return np.array([[_passes(course[skill], HALF) for skill in course] for course in courses(record, block)])


def fits(record: Record, block: str) -> FloatArray:
    """Accumulated decay at which a network first has 90 % of its training inputs right, (runs,); else infinite.

    The skills' training accuracies count alike.
    """
    return np.array([_passes(course.mean(axis=1), STEP[1]) for course in courses(record, block, "train")])


def _passes(course: pd.Series, level: float) -> float:
    return float(min(course.index[course >= level], default=np.inf))


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


def single_skills(record: Record) -> pd.DataFrame:
    """Networks of one skill by its ``fraction``: its ``wait`` and the width of its ``step``, medians over runs.

    Infinite where half of the runs do not come so far.
    """
    rows = [(shares(record, b)[0], np.median(halves(record, b)), np.median(width(record, b))) for b in _singles(record)]
    return pd.DataFrame(rows, columns=["fraction", "wait", "step"]).set_index("fraction").sort_index()


def _singles(record: Record) -> list[str]:
    return [block for block in record.runs["block"].unique() if block.startswith("one skill, ")]


def waits_alone(record: Record, fractions: ArrayLike) -> FloatArray:
    """The wait that the curve of single skills has at some fractions: logarithms, joined by straight lines.

    More data than were tried count as the most that were. NaN below the fractions at which single skills turn.
    """
    wait = single_skills(record)["wait"]
    wait = wait[np.isfinite(wait)]
    return np.asarray(np.exp(np.interp(np.log(fractions), np.log(wait.index), np.log(wait), left=np.nan)))


def step_alone(record: Record, wait: float) -> float:
    """How wide the step of a single skill is that turns at ``wait``: straight lines in ln Λ between those that do.

    That of the earliest where none turns as early, and of the latest where none turns as late.
    """
    table = single_skills(record).sort_values("wait")
    table = table[np.isfinite(table["step"])]
    return float(np.interp(np.log(wait), np.log(table["wait"]), table["step"])) if len(table) else np.nan


def by_number(record: Record, structure: str) -> pd.DataFrame:
    """Networks of equal skills by their number ``skills``, one row each: medians over runs, and over skills in them.

    ``wait``: Λ at half of a skill's answers; ``step of each`` and ``step of all``: widths of the steps of single skills
    and of their mean.
    """
    equal = {int(b.split()[0]): b for b in record.runs["block"].unique() if re.fullmatch(rf"\d+ {structure}", b)}
    equal |= {1: f"one skill, {shares(record, equal[min(equal)])[0]:.1f}"}
    rows = [
        (n, np.median(halves(record, block)), np.median(widths_of_each(record, block)), np.median(width(record, block)))
        for n, block in sorted(equal.items())
    ]
    return pd.DataFrame(rows, columns=["skills", "wait", "step of each", "step of all"])


def single_step(record: Record) -> pd.Series:
    """How a single skill's accuracy rises: the median over all that turn alone, by Λ over that of its turn."""
    part, made = np.linspace(0, FOLLOWED, 401), []
    for block in _singles(record):
        for wait, course in zip(halves(record, block)[:, 0], courses(record, block), strict=True):
            if np.isfinite(wait):
                made.append(np.interp(part, course.index / wait, course[1]))
    return pd.Series(np.median(made, axis=0), index=part)


def alone(record: Record, block: str, decay_time: ArrayLike) -> FloatArray:
    """The mean accuracy of a block's skills if each turned as a single one with its fraction does, or never."""
    step, waits = single_step(record), waits_alone(record, shares(record, block))
    part = np.asarray(decay_time, float)[..., None] / np.nan_to_num(waits, nan=np.inf)
    return np.asarray(np.interp(part, step.index, step).mean(axis=-1))


def kicks(record: Record, block: str) -> list[pd.DataFrame]:
    """The evaluations of every run of a block since it fits its training data, by accumulated decay.

    ``kick``: how many kicks have begun by then; ``after``: whether the last one began at most two evaluations ago.
    """
    made = []
    for _, run in record.only(block).histories.groupby("run"):
        history = run[(run["train_accuracy"] >= FITTED).cummax()]
        low = history["train_accuracy"] < DIP
        begun = low & ~low.shift(fill_value=False)
        after = begun.rolling(AFTER + 1, min_periods=1).max().astype(bool)
        made.append(pd.DataFrame({"kick": begun.cumsum(), "after": after}).set_index(history["decay_time"]))
    return made


class Kicked(NamedTuple):
    """How the turns of a block's skills lie to the kicks of their network (a turn: the first half of the answers).

    ``before``: the share of all turns that come before the first kick; ``after``: the share that follow a kick;
    ``time``: the share of evaluations that do; ``common``: the correlation of the training accuracies of two skills of
    a run since it fits, mean over pairs and runs.
    """

    before: float
    after: float
    time: float
    common: float


def kicked(record: Record, block: str) -> Kicked:
    """Whether skills turn before a kick or after one, and whether a kick is one of all skills."""
    before, after, time, common = [], [], [], []
    parts = zip(halves(record, block), kicks(record, block), courses(record, block, "train"), strict=True)
    for waits, evaluations, train in parts:
        came, kicking = waits[np.isfinite(waits)], evaluations.index[evaluations["kick"] > 0]
        before += (came < min(kicking, default=np.inf)).tolist()
        after += evaluations.reindex(came).dropna()["after"].tolist()
        time += evaluations["after"].tolist()
        pairs = train.loc[evaluations.index].corr().to_numpy()
        common += pairs[np.triu_indices(len(pairs), 1)].tolist()
    known = [one for one in common if np.isfinite(one)]
    return Kicked(*(float(np.mean(x)) if x else np.nan for x in (before, after, time, known)))


def luck_in_common(record: Record, block: str) -> Interval | None:
    """The share of the variance of ln Λ, at half of the answers, that skills of one run have in common.

    Of skills that came so far in every run; None where they are fewer than two. The interval is over runs, and
    ends at 1 at the latest.
    """
    waits = halves(record, block)
    came = np.isfinite(waits).all(axis=0)
    table = pd.DataFrame(np.log(waits[:, came])).assign(run=np.arange(len(waits)))
    if came.sum() < 2:
        return None
    luck = jackknife(table, lambda kept: intraclass(kept.drop(columns="run")), by="run")
    return luck._replace(high=min(luck.high, 1.0))


# What the explorable shows.
NETWORKS: tuple[str, ...] = ("2 unrelated", "3 unrelated", "2 shared", "8 shared", "32 shared")
NETWORKS += ("8 shared, power 0.3", "8 shared, power 0.6", "8 shared, power 1")


def lamps(record: Record) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of :class:`grokmodels.explorables.Lamps`: the first run of each network, and its skills as if alone.

    At the evaluations of the longest of these runs; one that ended before keeps its last accuracies.
    """
    first = {block: courses(record, block)[0] for block in NETWORKS}
    moments = max((course.index.to_numpy() for course in first.values()), key=len)
    skills, means = [], []
    for block, course in first.items():
        place = {"network": block, "decay_time": moments.round(2)}
        for skill, fraction in enumerate(shares(record, block), start=1):
            accuracy = np.interp(moments, course.index, course[skill])
            skills.append(pd.DataFrame(place | {"skill": skill, "fraction": fraction, "accuracy": accuracy}))
        means.append(pd.DataFrame(place | {"alone": alone(record, block, moments)}))
    return pd.concat(skills, ignore_index=True), pd.concat(means, ignore_index=True)
