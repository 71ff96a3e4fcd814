"""Is it a phase transition? Eleven tests of five mechanisms on stored runs; their rules are in ``elimination``.

Sizes are numbers of pairs, p²; the control parameter is ln f, f the share of the pairs in training.
"""

from __future__ import annotations

from functools import cache
from typing import Any

import numpy as np
import pandas as pd

from grokmodels import statistics, studies
from grokmodels.claims import elimination as rules
from grokmodels.claims.data import Laws, laws
from grokmodels.claims.elimination import MECHANISMS, NOTHING, SMOOTH, Finding
from grokmodels.claims.row import Row, tally
from grokmodels.statistics import Interval, collapse, scaling
from grokmodels.statistics.sharpness import sharpness, steepening
from grokmodels.studies import Cohort, Record
from grokmodels.studies.record import COHORTS
from grokmodels.theory.sizes import MOMENTS

# Fewer runs that ended than this make no law and no cell.
FEWEST = 8
# m̂ is small below one half; a plateau is a t_gen of more than twice t_mem. Rules of this chapter.
SMALL, PLATEAU = 0.5, 2.0


def with_size(table: pd.DataFrame) -> pd.DataFrame:
    """The runs of `size` with columns ``size``, ``x`` and ``generalized`` (0 or 1)."""
    fraction = np.log(table["fraction"].astype(float))
    done = 1.0 - table["t_gen_censored"].astype(float)
    return table.assign(size=table["task.p"].astype(float) ** 2, x=fraction, generalized=done)


ORDER_PARAMETER = (
    "does the step in m̂ steepen with size?",
    "do fluctuations of m̂ grow with size?",
    "two peaks at the critical fraction?",
    "does the step in m̂ steepen as Λ grows?",
)


def on_order_parameter(table: pd.DataFrame) -> list[Finding]:
    """The four tests that read ``m_hat at Λ``; they exclude nothing unless it is known of every run.

    A run that stopped because it had generalized leaves the m̂ of the accuracy at which it stopped, not that at Λ.
    """
    columns, n = [f"m_hat at {moment:g}" for moment in MOMENTS], len(table)
    if stopped := int(table[columns[-1]].isna().sum()):
        words = f"not known, as {stopped} of {n} runs had stopped before Λ = {MOMENTS[-1]:g}"
        return [Finding(question, words, NOTHING, n) for question in ORDER_PARAMETER]
    curves = {moment: scaling.curves(table, column) for moment, column in zip(MOMENTS, columns, strict=True)}
    found, steep = sharpness(curves[MOMENTS[-1]]), steepening(curves)
    measured = [
        (f"stretch {found.stretch}", rules.judge_step(found.stretch)),
        (f"growth {found.growth}", rules.judge_growth(found.growth)),
        (f"dip test p = {found.dip:.2f}", rules.judge_peaks(found.dip)),
        (f"exponent {steep}", rules.judge_steepening(steep)),
    ]
    return [Finding(question, *one, n) for question, one in zip(ORDER_PARAMETER, measured, strict=True)]


def divergence(table: pd.DataFrame) -> dict[float, Laws]:
    """:func:`grokmodels.claims.data.laws` of the delay, per size; those with few runs that ended are left out."""
    made = {}
    for size, runs in table.groupby("size"):
        ended = runs.loc[~runs["delay_censored"].astype(bool), "fraction"]
        if len(ended) >= FEWEST and ended.nunique() > 2:
            made[float(str(size))] = laws(runs)
    return made


def on_delays(table: pd.DataFrame) -> Finding:
    """The test of divergence at a critical fraction."""
    found = divergence(table).values()
    gains = [one.better_by for one in found]
    exponents = ", ".join(f"{-one.critical.slopes['ln_distance'].estimate:.1f}" for one in found)
    better = sum(gain > rules.BETTER for gain in gains)
    words = f"a law with an edge is better than a power of f at {better} of {len(gains)} sizes; exponents {exponents}"
    return Finding("does the delay diverge at a critical fraction?", words, rules.judge_divergence(gains), len(table))


def on_plateau(table: pd.DataFrame) -> Finding:
    """The test of m̂ at the fit; only of runs with a plateau that ended, elsewhere there is no rule to be there."""
    ended = table[~table["t_gen_censored"] & (table["t_gen"] > PLATEAU * table["t_mem"])]
    small = ended["m_hat at t_mem"] < SMALL
    words = f"m̂ below one half at the fit in {int(small.sum())} of {len(ended)} runs"
    excludes = rules.judge_plateau(float(small.mean())) if len(ended) else NOTHING
    return Finding("does the signal grow after the fit?", words, excludes, len(ended))


# The sentences of `waiting-times` by their first words, what each is declared of, and what it excludes where true.
WAITS = {
    "are waits narrow?": ("Narrow", "saddle", frozenset({"first order"})),
    "does twice the decay lengthen the wait?": (
        "Lengthens",
        "first order",
        frozenset(MECHANISMS) - {"first order", "saddle"},
    ),
    "does batch noise shorten it several times?": ("Noise", "first order", frozenset({"saddle", *SMOOTH})),
}
STUDIES = ("size", "waiting-times", "sweeps", "weight-decay")
WEAK_DECAY, LOOP = "does weak decay set the wait?", "does the loop of a data sweep stay?"


def on_waits(judged: pd.DataFrame, runs: int) -> list[Finding]:
    """Three tests, by the verdicts of a cohort on the sentences of `waiting-times`."""
    made = []
    for question, (first, of, others) in WAITS.items():
        rows = judged[judged["sentence"].str.startswith(first)]
        values = ", ".join(f"{value:.2f}" for value in rows["value"])
        words = f"{int((rows['verdict'] == 'true').sum())} of {len(rows)} predictions true, with the values {values}"
        excludes = rules.judge_waits(rows["verdict"].tolist(), of, others)
        made.append(Finding(question, words, excludes, runs))
    return made


def decay_exponent(runs: pd.DataFrame) -> Interval:
    """The exponent of the delay against the decay from 0.1 to 1, over seeds, in runs of `weight-decay`."""
    weak = runs[runs["optimizer.weight_decay"].between(0.1, 1)]

    def slope(kept: pd.DataFrame) -> float:
        decay = np.log(kept["optimizer.weight_decay"].astype(float))
        law = statistics.fit_law(kept["delay"], kept["delay_censored"], ln_decay=decay)
        return law.slopes["ln_decay"].estimate

    return statistics.jackknife(weak, slope)


def on_decay(runs: pd.DataFrame) -> Finding:
    """The test of weak decay."""
    exponent = decay_exponent(runs)
    words = f"the delay goes as the decay to the power {exponent} from decay 0.1 to 1, at p = 97"
    return Finding(WEAK_DECAY, words, rules.judge_exponent(exponent), len(runs))


def on_loops(judged: pd.DataFrame, runs: int) -> Finding:
    """The test of the loop, by the verdicts of a cohort on the sentences of `sweeps`."""
    verdict, value = (dict(zip(judged["quantity"], judged[name], strict=True)) for name in ("verdict", "value"))
    words = (
        f"the rule is lost in {value['share lost']:.0%} of the slowest; the area of the slowest is "
        f"{value['area ratio']:.2f} times that of the fastest"
    )
    excludes = rules.judge_loops(verdict["share lost"], verdict["area ratio"], verdict["remaining area"])
    return Finding(LOOP, words, excludes, runs)


@cache
def sentences() -> dict[str, pd.DataFrame]:
    """What became of the sentences that two studies declared; each has a test in this chapter."""
    return {name: studies.verdicts(name) for name in ("waiting-times", "sweeps")}


@cache
def measured_sizes() -> pd.DataFrame:
    """The runs of `size` with the order parameter at every moment and at the fit."""
    quantities = (*(f"m_hat at {moment:g}" for moment in MOMENTS), "m_hat at t_mem")
    return with_size(studies.record("size").measured(*quantities))


@cache
def tests(cohort: Cohort) -> tuple[Finding, ...]:
    """All tests on the runs of one cohort; those of a study that has none there are left out."""
    tables = {"size": measured_sizes()} | {name: studies.record(name).runs for name in STUDIES[1:]}
    runs = {name: studies.by_cohort(table).get(cohort, table[:0]) for name, table in tables.items()}
    declared = {name: judged[judged["cohort"] == cohort] for name, judged in sentences().items()}
    return (
        *on_order_parameter(runs["size"]),
        on_delays(runs["size"]),
        on_plateau(runs["size"]),
        *on_waits(declared["waiting-times"], len(runs["waiting-times"])),
        *([on_decay(runs["weight-decay"])] if len(runs["weight-decay"]) else []),
        on_loops(declared["sweeps"], len(runs["sweeps"])),
    )


def findings() -> list[Finding]:
    """All tests, in the order of the chapter."""
    return rules.replicated({name: tests(name) for name in COHORTS})


def stretch_of_generalized(record: Record) -> Interval:
    """The stretch of the share of runs that generalize, as `size` declared it: a thresholded outcome."""
    return scaling.stretch(scaling.curves(with_size(record.runs), "generalized"), draws=40)


def collapse_residual(record: Record) -> float:
    """How far these shares are from one curve, each about its own f_c, at the stretch that fits them best."""
    made = scaling.curves(with_size(record.runs), "generalized")
    fit = scaling.fit_steps(made)
    about = [curve._replace(x=curve.x - critical) for curve, critical in zip(made, fit.critical, strict=True)]
    return collapse.collapse_residual(scaling.moments(about), 0.0, fit.stretch)


def largest_variation(record: Record) -> float:
    """The largest coefficient of variation of the delay in a cell of `size`, censored runs as such.

    Of cells in which at least eight runs ended; that of the likeliest log-normal.
    """
    cells = (cell for _, cell in record.runs.groupby(["task.p", "fraction"]))
    known = [cell for cell in cells if (~cell["delay_censored"].astype(bool)).sum() >= FEWEST]
    return max((statistics.variation(cell["delay"], cell["delay_censored"]) for cell in known), default=float("nan"))


def split_over_largest_other(record: Record) -> float:
    """The split's component of the variance of ln t_gen over the largest other; NaN but for one balanced cross."""
    runs = record.runs
    if runs["block"].nunique() != 1 or runs["t_gen_censored"].any():
        return float("nan")
    of = statistics.components(runs.assign(value=np.log(runs["t_gen"])), "split_seed", "init_seed", "value")
    return float(of["split_seed"] / of.drop("split_seed").max())


def _answers(found: list[Finding]) -> str:
    return " ".join(f"{one.question[0].upper()}{one.question[1:]} Answer: {one.measured}." for one in found)


def rows() -> list[Row]:
    """Rows 4 and 5 of the ledger."""
    found = findings()
    left, against = set(rules.surviving(found)), sum("first order" in finding.excludes for finding in found)
    runs = pd.concat([studies.record(name).runs for name in STUDIES], ignore_index=True)
    of_basins = [one for one in found if one.question in (*WAITS, WEAK_DECAY, LOOP)]
    others = [one for one in found if one.question not in ORDER_PARAMETER[1:] and one not in of_basins]
    names = ", ".join(name for name in MECHANISMS if name in left)
    shared: dict[str, Any] = {
        **tally(runs),
        "source": "the memo",
        "experiment": ", ".join(STUDIES),
        "reason": f"These mechanisms are not excluded on look seeds and test seeds alike: {names}. A verdict with a "
        "known error rate is in the chapter on what keeps the weights moving.",
        "figure": "sec-transition-verdict",
    }
    return [
        Row(
            number=4,
            claim="The transition is a move between two basins.",
            effect=_answers(of_basins),
            part="a",
            verdict=rules.judge_basins(left, against),
            **shared,
        ),
        Row(
            number=5,
            claim="Grokking is a phase transition.",
            effect=_answers(others),
            verdict=rules.judge_transition(left),
            **shared,
        ),
    ]
