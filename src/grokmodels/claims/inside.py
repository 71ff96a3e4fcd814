"""Inside the circuit: which frequencies carry the solution, and whether they come suddenly or gradually. Row 12.

A ``table`` has one row per checkpoint, with the columns of :func:`grokmodels.measures.progress.follow`. Steps are read
between checkpoints, by straight lines.
"""

from __future__ import annotations

from collections.abc import Collection
from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict
from grokmodels.measures import first_lasting, progress
from grokmodels.statistics import jackknife
from grokmodels.studies import Record

STUDY = "circuits"
# What shows the circuit, and whether it rises (1) or falls (-1) on the way to the rule.
CIRCUIT = {"key_energy": 1, "excluded_loss": 1, "restricted_heldout": -1, "rule_share": 1}
# Over all pairs memorization alone lowers the restricted loss: it is reported, and takes no part in the verdict.
MEASURES = CIRCUIT | {"restricted_loss": -1, "test_loss": -1, "test_accuracy": 1}
# A crossing lasts if two of the three checkpoints from it on are beyond the mark; its end is a median of so many.
LASTS, END = 3, 5
# Test accuracy at which the study's prediction looks inside; and part of its way at which excluded loss has risen.
SEEN, RISEN = 0.1, 0.1
# Test accuracy at the end of a run that has generalized.
ARRIVED = 0.9
# The page's own: a frequency that carries so much of the logits by this step was in the race.
CARRIES, EARLY = 0.01, 1000


class Followed(NamedTuple):
    """A run with its progress: modulus, seed, t_mem in steps, key frequencies (strongest first), table, key."""

    p: int
    seed: int
    t_mem: float
    frequencies: tuple[int, ...]
    table: pd.DataFrame
    key: str = ""


@lru_cache
def runs() -> tuple[Followed, ...]:
    """Every stored run of the study, followed through its checkpoints."""
    t_mem = studies.record(STUDY).runs.set_index("key")["t_mem"]
    followed = []
    for _, run in studies.with_weights(STUDY):
        recipe, (_, last) = run.experiment, next(progress.logits_of(run, [max(run.checkpoints)]))
        frequencies = progress.key_frequencies(last)
        table = progress.follow(run)
        followed.append(Followed(last.shape[1], recipe.seed, t_mem[recipe.key], frequencies, table, recipe.key))
    return tuple(followed)


def way(run: Followed, measure: str) -> pd.Series:
    """How much of its way a measure has gone, by step from t_mem on: 0 at its far extreme, 1 at its end.

    The end is the median of the last five checkpoints, since large steps make single ones dip.
    """
    values = run.table.set_index("step")[measure].loc[run.t_mem :] * MEASURES[measure]
    return (values - values.min()) / (values.iloc[-END:].median() - values.min())


def crossing(run: Followed, measure: str, mark: float = 0.5) -> float:
    """The step at which a measure has gone ``mark`` of its way and stays beyond, looked for from its far extreme on.

    NaN in a run that had not generalized when its record ended, where it is not known where the way ends, and where the
    record ends before the crossing has lasted.
    """
    if run.table["test_accuracy"].iloc[-END:].median() < ARRIVED:
        return float("nan")
    gone = way(run, measure)
    gone = gone.loc[gone.idxmin() :]
    passed = first_lasting(gone.index, gone, mark, LASTS)
    before = gone.loc[: passed.step].iloc[-2:]
    return float("nan") if passed.censored else float(np.interp(mark, before, before.index))


def leads(followed: Collection[Followed]) -> pd.DataFrame:
    """One row per run: steps by which each measure passes its half-way mark before test accuracy passes its own."""
    half = pd.DataFrame({measure: crossing(run, measure) for measure in MEASURES} for run in followed)
    return half.rsub(half.pop("test_accuracy"), axis=0)


def widths(followed: Collection[Followed]) -> pd.DataFrame:
    """One row per run: steps from 10 to 90 % of its way, for each measure."""
    return pd.DataFrame({m: crossing(run, m, 0.9) - crossing(run, m, 0.1) for m in MEASURES} for run in followed)


def summary(followed: Collection[Followed], measures: Collection[str] = tuple(CIRCUIT)) -> pd.DataFrame:
    """One row per measure: its mean lead with the interval over runs, and in how many it is ahead, and takes longer.

    ``lead``, ``low``, ``high`` in steps, of the runs that had generalized (:func:`grokmodels.statistics.jackknife`);
    ``ahead`` of test accuracy at the half-way mark, ``longer`` than it from 10 to 90 %, of ``runs``.
    """
    if not followed:
        return pd.DataFrame(columns=["lead", "low", "high", "ahead", "longer", "runs"])
    lead, width = leads(followed), widths(followed)
    rows = {}
    for measure in measures:
        known = lead[measure].dropna().rename("lead").rename_axis("run").reset_index()
        mean = jackknife(known, lambda part: float(part["lead"].mean()), by="run")
        ahead, longer = (lead[measure] > 0).sum(), (width[measure] > width["test_accuracy"]).sum()
        rows[measure] = {"lead": mean.estimate, "low": mean.low, "high": mean.high, "ahead": ahead, "longer": longer}
    return pd.DataFrame.from_dict(rows, orient="index").assign(runs=len(followed))


def judge_gradual(means: pd.DataFrame) -> Verdict:
    """Row 12, from :func:`summary`: all lead in every run, or some lead on average."""
    if means.empty:
        return "open"
    leading, lagging = means["low"] > 0, means["high"] < 0
    everywhere = means[["ahead", "longer"]].eq(means["runs"], axis=0).all(axis=None)
    if leading.all() and everywhere:
        return "holds"
    return "holds with limits" if leading.any() and not lagging.any() else "fails"


def of(record: Record) -> tuple[Followed, ...]:
    """The followed runs of a record."""
    return tuple(run for run in runs() if run.key in set(record.runs["key"]))


def seen(run: Followed) -> float:
    """The step at which test accuracy has come to 10 %; NaN if it never does."""
    accuracy = run.table.set_index("step")["test_accuracy"].loc[run.t_mem :]
    passed = first_lasting(accuracy.index, accuracy, SEEN, LASTS)
    return float("nan") if passed.censored else float(passed.step)


def key_energy(run: Followed, step: float) -> float:
    """The share of the embedding's Fourier energy in the key frequencies at a step; NaN at none."""
    return float(np.interp(step, run.table["step"], run.table["key_energy"]))


def least_energy_when_seen(record: Record) -> float:
    """The least energy in the key frequencies at 10 % test accuracy, over runs."""
    return float(np.min([key_energy(run, seen(run)) for run in of(record)]))


def largest_energy_at_t_mem(record: Record) -> float:
    """The largest energy in the key frequencies at t_mem, over runs."""
    return float(np.max([key_energy(run, run.t_mem) for run in of(record)]))


def least_lead_of_restricted_loss(record: Record) -> float:
    """Steps by which restricted loss passes its half-way mark before test loss does, the least over runs."""
    return float(np.min([crossing(run, "test_loss") - crossing(run, "restricted_loss") for run in of(record)]))


def least_lead_of_excluded_loss(record: Record) -> float:
    """Steps by which excluded loss has gone a tenth of its way before test accuracy is 10 %, the least over runs."""
    return float(np.min([seen(run) - crossing(run, "excluded_loss", RISEN) for run in of(record)]))


def fewest_frequencies(record: Record) -> float:
    """The fewest key frequencies of a run."""
    return float(min(len(run.frequencies) for run in of(record)))


def most_frequencies(record: Record) -> float:
    """The most key frequencies of a run."""
    return float(max(len(run.frequencies) for run in of(record)))


def share_of_different_pairs(record: Record) -> float:
    """Of the pairs of runs of one size, the share whose key frequencies are not the same."""
    pairs = [(one, other) for one, other in combinations(of(record), 2) if one.p == other.p]
    return float(np.mean([set(one.frequencies) != set(other.frequencies) for one, other in pairs]))


def competition(followed: Collection[Followed]) -> pd.DataFrame:
    """One row per run: what becomes of its frequencies, which a toy with one shared push would leave as they were.

    ``early``, ``late``: strongest over weakest key frequency in the squared logits at step 400 and at the end.
    ``kept``: share of the key frequencies among as many strongest of the embedding at step 100; ``chance``: that of
    random ones. ``lost``: frequencies that carried 1 % by step 1000 and are no keys at the end.
    """
    rows = []
    for run in followed:
        table, n = run.table.set_index("step"), len(run.frequencies)
        waves, energy = table.filter(like="wave_"), table.filter(like="energy_").loc[100].to_numpy()
        keys = [f"wave_{k}" for k in run.frequencies]
        spread = waves[keys].max(axis=1) / waves[keys].min(axis=1)
        kept = set(np.argsort(-energy)[:n] + 1) & set(run.frequencies)
        lost = (waves.drop(columns=keys).loc[:EARLY].max() > CARRIES).sum()
        ends = {"early": spread.loc[400], "late": spread.iloc[-3:].median()}
        rows.append(ends | {"kept": len(kept) / n, "chance": n / (run.p // 2), "lost": lost})
    return pd.DataFrame(rows)


def rows() -> list[Row]:
    """Row 12 of the ledger, from the inside."""
    followed = runs()
    means, n = summary(followed), len(followed)
    judged = studies.verdicts(STUDY).query("cohort == 'all'")["verdict"]
    names = {m: m.replace("_heldout", " loss (held out)").replace("_", " ") for m in CIRCUIT}
    steps = [f"{names[str(m)]} {one.lead:.0f} [{one.low:.0f}, {one.high:.0f}]" for m, one in means.iterrows()]
    counts = [f"{names[str(m)]} {one.ahead:.0f} and {one.longer:.0f} of {n}" for m, one in means.iterrows()]
    return [
        Row(
            number=12,
            claim="Circuits appear slowly, before the test accuracy shows them: the progress of the rule's circuit.",
            source="the memo, as an open question; Nanda et al. 2023",
            experiment=f"{STUDY}: p = {', '.join(str(p) for p in sorted({run.p for run in followed}))}",
            runs=n,
            seeds=len({run.seed for run in followed}),
            censored=int(leads(followed)[list(CIRCUIT)].isna().any(axis=1).sum()),
            effect="These measures of the circuit pass their half-way mark so many steps before the test accuracy "
            f"passes its own: {', '.join(steps)}.",
            verdict=judge_gradual(means),
            reason=f"{(judged == 'true').sum()} of {len(judged)} sentences of the prediction came true. The runs in "
            "which a measure is ahead of the test accuracy, and those in which it takes longer than that from 10 to "
            f"90 % of its way, are: {', '.join(counts)}. Key frequencies are known only from the end, and there is one "
            "small recipe.",
            figure="inside-progress",
            part="b",
        )
    ]
