"""How the skills of one network turn: each and all by their number, as if alone, and with which kick."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike

from grokmodels.claims.skills import (
    FloatArray,
    blocks,
    courses,
    foretold,
    shares,
    single_skills,
    step_width,
    turns,
    width,
    widths_of_each,
)
from grokmodels.statistics import Interval, intraclass, jackknife
from grokmodels.studies import Record

# A skill has begun to turn when it answers so much of what is held out: seen of every run that comes so far, while
# t_gen of the last skills of a run may not be, since the run ends when all inputs together are answered.
HALF = 0.5
# A kick is a dip of the training accuracy below the second, once it has been at the first: batches alone keep networks
# of many skills between them. What comes within so many evaluations after its begin is said to follow it.
FITTED, DIP, AFTER = 0.97, 0.9, 2
# The share of its pairs that every skill of the equal ones has.
FRACTION = 0.5

# Accumulated decays from before any skill turns to after all that do.
SPAN = (0.1, 100)


def halves(record: Record, block: str) -> FloatArray:
    """Accumulated decay at which each skill first answers half of its held-out pairs, (runs, skills); else infinite."""
    return np.array([[_passes(course[skill]) for skill in course] for course in courses(record, block)])


def _passes(course: pd.Series) -> float:
    return float(min(course.index[course >= HALF], default=np.inf))


def by_number(record: Record, structure: str) -> pd.DataFrame:
    """Networks of equal skills by their number ``skills``, one row each: medians over runs, and over skills in them.

    ``wait``: Λ at half of a skill's answers; ``step of each`` and ``step of all``: widths of the steps of single skills
    and of their mean.
    """
    blocks = {1: f"one skill, {FRACTION:g}"}
    blocks |= {n: f"{n} {structure}" for n in (2, 4, 8, 16, 32)}
    rows = [
        (n, np.median(halves(record, block)), np.median(widths_of_each(record, block)), np.median(width(record, block)))
        for n, block in blocks.items()
    ]
    return pd.DataFrame(rows, columns=["skills", "wait", "step of each", "step of all"])


def single_step(record: Record) -> pd.Series:
    """How a single skill's accuracy rises: the median over all that turn alone, by the part of their wait that is over.

    At a hundred parts from 0 to 1; a skill is at 99 % then.
    """
    part, made = np.linspace(0, 1, 101), []
    for block in blocks(record, "one skill"):
        for wait, course in zip(turns(record, block)[1], courses(record, block), strict=True):
            if np.isfinite(wait):
                made.append(np.interp(part, course.index / wait, course[1]))
    return pd.Series(np.median(made, axis=0), index=part)


def alone(record: Record, block: str, decay_time: ArrayLike) -> FloatArray:
    """The mean accuracy of a block's skills if each turned as a single one with its fraction does.

    Where single skills were not tried, more data count as the most that were, and less as never turning.
    """
    step, curve, fractions = single_step(record), single_skills(record), shares(record, block)
    waits = foretold(record, np.minimum(fractions, curve.index[-1]))
    part = np.asarray(decay_time, float)[..., None] / np.nan_to_num(waits, nan=np.inf)
    return np.asarray(np.interp(part, step.index, step).mean(axis=-1))


def width_alone(record: Record, block: str) -> float:
    """How wide the step of the mean is if each skill of a block turned as a single one does, in ln Λ."""
    decay_time = np.geomspace(*SPAN, 700)
    return step_width(pd.Series(alone(record, block, decay_time), index=decay_time))


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

    ``with_others``: the largest share of a run's skills that turn between the same two kicks, median over runs;
    ``after``: the share of all turns that follow a kick; ``time``: the share of evaluations that do; ``common``: the
    correlation of the training accuracies of two skills of a run since it fits, mean over pairs and runs.
    """

    with_others: float
    after: float
    time: float
    common: float


def kicked(record: Record, block: str) -> Kicked:
    """Whether skills turn together, with which kick, and whether a kick is one of all skills."""
    same, after, time, common = [], [], [], []
    parts = zip(halves(record, block), kicks(record, block), courses(record, block, "train"), strict=True)
    for waits, evaluations, train in parts:
        at = evaluations.reindex(waits[np.isfinite(waits)]).dropna()
        same.append(at["kick"].value_counts().max() / len(waits) if len(at) else 0.0)
        after += at["after"].tolist()
        time += evaluations["after"].tolist()
        pairs = train.loc[evaluations.index].corr().to_numpy()
        common += pairs[np.triu_indices(len(pairs), 1)].tolist()
    known = [one for one in common if np.isfinite(one)]
    return Kicked(float(np.median(same)), *(float(np.mean(x)) if x else np.nan for x in (after, time, known)))


def luck_in_common(record: Record, block: str) -> Interval | None:
    """The share of the variance of ln Λ, at half of the answers, that skills of one run have in common.

    Of skills that came so far in every run; None where they are fewer than two. The interval is over runs.
    """
    waits = halves(record, block)
    came = np.isfinite(waits).all(axis=0)
    table = pd.DataFrame(np.log(waits[:, came])).assign(run=np.arange(len(waits)))
    return jackknife(table, lambda kept: intraclass(kept.drop(columns="run")), by="run") if came.sum() > 1 else None


# What the explorable shows, by the words of its choice: the blocks of both structures.
NETWORKS = {
    "2 equal": "2 {}",
    "8 equal": "8 {}",
    "32 equal": "32 {}",
    "8, power 0.3": "8 {}, power 0.3",
    "8, power 0.6": "8 {}, power 0.6",
}


def lamps(record: Record) -> tuple[pd.DataFrame, pd.DataFrame]:
    """The tables of :class:`grokmodels.explorables.Lamps`: the first run of each network, and its skills as if alone.

    At the evaluations of the longest of these runs; one that ended before keeps its last accuracies.
    """
    chosen = {(words, kind): name.format(kind) for words, name in NETWORKS.items() for kind in ("unrelated", "shared")}
    first = {key: courses(record, block)[0] for key, block in chosen.items()}
    moments = max((course.index.to_numpy() for course in first.values()), key=len)
    skills, means = [], []
    for (network, structure), course in first.items():
        block = chosen[network, structure]
        place = {"network": network, "structure": structure, "decay_time": moments.round(2)}
        for skill, fraction in enumerate(shares(record, block), start=1):
            accuracy = np.interp(moments, course.index, course[skill])
            skills.append(pd.DataFrame(place | {"skill": skill, "fraction": fraction, "accuracy": accuracy}))
        means.append(pd.DataFrame(place | {"alone": alone(record, block, moments)}))
    return pd.concat(skills, ignore_index=True), pd.concat(means, ignore_index=True)
