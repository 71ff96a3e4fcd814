"""Inside the circuit: which frequencies carry the solution, and whether they come suddenly or gradually. Row 12.

A ``table`` has one row per checkpoint, with the columns of :func:`grokmodels.measures.progress.follow`. Steps are read
between checkpoints, by straight lines.
"""

from __future__ import annotations

from functools import lru_cache
from itertools import combinations
from typing import NamedTuple

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict
from grokmodels.measures import first_lasting, progress
from grokmodels.statistics import Interval, bootstrap

STUDY = "circuits"
# What shows the circuit, and whether it rises (1) or falls (-1) on the way to the rule.
CIRCUIT = {"key_energy": 1, "excluded_loss": 1, "restricted_heldout": -1, "rule_share": 1}
# Over all pairs memorization alone lowers the restricted loss: it is reported, and takes no part in the verdict.
MEASURES = CIRCUIT | {"restricted_loss": -1, "test_loss": -1, "test_accuracy": 1}
# A crossing lasts if two of the three checkpoints from it on are beyond the mark; its end is a median of so many.
LASTS, END = 3, 5
# Test accuracy at which the study's prediction looks at the embedding.
SEEN = 0.1
# And at the end of a run that has generalized.
ARRIVED = 0.9


class Inside(NamedTuple):
    """One run: its modulus, seed, t_mem in steps, key frequencies (strongest first), table; was it run as a test."""

    p: int
    seed: int
    t_mem: int
    key: tuple[int, ...]
    table: pd.DataFrame
    test: bool

    @property
    def chance_energy(self) -> float:
        """The share of energy that as many frequencies have in an embedding that favors none."""
        return len(self.key) / (self.p // 2)


@lru_cache
def runs(share: float = progress.KEY_SHARE) -> tuple[Inside, ...]:
    """Every stored run of the study, followed through its checkpoints."""
    found = []
    for point, run in studies.runs(*studies.shipped(STUDY), checkpoints=True):
        _, last = next(progress.logits_of(run, [max(run.checkpoints)]))
        key = progress.key_frequencies(last, share)
        t_mem = run.milestones.t_mem.step
        p = last.shape[1]
        found.append(Inside(p, run.experiment.seed, t_mem, key, progress.follow(run, share), point.test))
    return tuple(found)


def way(run: Inside, measure: str) -> pd.Series:
    """How much of its way a measure has gone, by step from t_mem on: 0 at its far extreme, 1 at its end.

    The end is the median of the last five checkpoints, since large steps make single ones dip.
    """
    values = run.table.set_index("step")[measure].loc[run.t_mem :] * MEASURES[measure]
    return (values - values.min()) / (values.iloc[-END:].median() - values.min())


def crossing(run: Inside, measure: str, mark: float = 0.5) -> float:
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


def leads(found: tuple[Inside, ...]) -> pd.DataFrame:
    """One row per run: steps by which each measure passes its half-way mark before test accuracy passes its own."""
    return pd.DataFrame(
        {"p": run.p, "seed": run.seed}
        | {m: crossing(run, "test_accuracy") - crossing(run, m) for m in MEASURES if m != "test_accuracy"}
        for run in found
    )


def widths(found: tuple[Inside, ...]) -> pd.DataFrame:
    """One row per run: steps from 10 to 90 % of its way, for each measure."""
    return pd.DataFrame(
        {"p": run.p, "seed": run.seed} | {m: crossing(run, m, 0.9) - crossing(run, m, 0.1) for m in MEASURES}
        for run in found
    )


def predicted(found: tuple[Inside, ...]) -> pd.DataFrame:
    """One row per run, what the study's prediction speaks of.

    ``at_mem`` and ``at_seen``: energy in the key frequencies at t_mem and where test accuracy passes 10 %, NaN if it
    never does; ``keys``; ``restricted_first``: restricted loss passes its half-way mark before test loss does;
    ``heldout_first``: so over held-out pairs; ``excluded_first``: excluded loss has gone a tenth of its way before test
    accuracy passes 10 %.
    """
    rows = []
    for run in found:
        energy = run.table.set_index("step")["key_energy"]
        accuracy = run.table.set_index("step")["test_accuracy"].loc[run.t_mem :]
        seen = first_lasting(accuracy.index, accuracy, SEEN, LASTS)
        rows.append(
            {
                "p": run.p,
                "seed": run.seed,
                "keys": len(run.key),
                "at_mem": np.interp(run.t_mem, energy.index, energy),
                "at_seen": float("nan") if seen.censored else energy.loc[seen.step],
                "restricted_first": crossing(run, "restricted_loss") < crossing(run, "test_loss"),
                "heldout_first": crossing(run, "restricted_heldout") < crossing(run, "test_loss"),
                "excluded_first": crossing(run, "excluded_loss", 0.1) < seen.step,
            }
        )
    return pd.DataFrame(rows)


def came_true(found: tuple[Inside, ...]) -> dict[str, tuple[int, int]]:
    """The parts of the study's prediction: in how many of how many cases each came true."""
    table = predicted(found)
    n = len(table)
    pairs = [set(one.key) != set(other.key) for one, other in combinations(found, 2) if one.p == other.p]
    return {
        "key energy above one half at 10 % test accuracy": (int((table["at_seen"] > 0.5).sum()), n),
        "key energy below one half at t_mem": (int((table["at_mem"] < 0.5).sum()), n),
        "restricted loss falls before test loss": (int(table["restricted_first"].sum()), n),
        "the same over held-out pairs": (int(table["heldout_first"].sum()), n),
        "excluded loss rises below 10 % test accuracy": (int(table["excluded_first"].sum()), n),
        "3 to 8 key frequencies": (int(table["keys"].between(3, 8).sum()), n),
        "other frequencies in another seed (pairs)": (sum(pairs), len(pairs)),
    }


def mean_lead(found: tuple[Inside, ...], measure: str) -> Interval:
    """Mean lead over runs with its interval over runs; those that had not generalized are left out."""
    table = leads(found).dropna(subset=[measure])
    table["run"] = range(len(table))
    return bootstrap(table, lambda drawn: float(drawn[measure].mean()), by="run")


def early_winners(run: Inside, step: int) -> tuple[int, float]:
    """How many of the n key frequencies are among the n strongest of the embedding at a step, and by chance: n²/K."""
    energy = run.table.set_index("step").filter(like="energy_").loc[step].to_numpy()
    n = len(run.key)
    strongest = set(np.argsort(-energy)[:n] + 1)
    return len(strongest & set(run.key)), n * n / (run.p // 2)


def competition(found: tuple[Inside, ...]) -> pd.DataFrame:
    """One row per run: what becomes of its frequencies, which a toy with one shared push would leave as they were.

    ``early``, ``late``: strongest over weakest key frequency in the squared logits at step 400 and at the end.
    ``kept``: share of the key frequencies among the strongest of the embedding at step 100; ``chance``: that of random
    ones. ``lost``: frequencies that carried 1 % by step 1000 and are no keys at the end. All but this are NaN in a run
    without key frequencies.
    """
    rows = []
    for run in found:
        waves = run.table.set_index("step").filter(like="wave_")
        keys = [f"wave_{k}" for k in run.key]
        spread = waves[keys].max(axis=1) / waves[keys].min(axis=1)
        winners, expected = early_winners(run, 100)
        n = len(keys) or float("nan")
        rows.append(
            {
                "p": run.p,
                "seed": run.seed,
                "early": spread.loc[400],
                "late": spread.iloc[-3:].median(),
                "kept": winners / n,
                "chance": expected / n,
                "lost": int((waves.drop(columns=keys).loc[:1000].max() > 0.01).sum()),
            }
        )
    return pd.DataFrame(rows)


def verdict(intervals: list[Interval], everywhere: bool) -> Verdict:
    """Holds: every measure leads, with its interval above zero, and leads and takes longer in every single run.

    With limits: some lead and none lags, by their intervals. Fails: none leads, or one lags. Open: no runs.
    """
    if not intervals:
        return "open"
    lead, lag = [i.low > 0 for i in intervals], [i.high < 0 for i in intervals]
    if all(lead) and everywhere:
        return "holds"
    return "holds with limits" if any(lead) and not any(lag) else "fails"


def rows() -> list[Row]:
    """Row 12 of the ledger, from the inside."""
    found = runs()
    intervals = {m: mean_lead(found, m) for m in CIRCUIT}
    lead, width = leads(found), widths(found)
    ahead = {m: int((lead[m] > 0).sum()) for m in CIRCUIT}
    longer = {m: int((width[m] > width["test_accuracy"]).sum()) for m in CIRCUIT}
    n = len(found)
    seen = came_true(found)["key energy above one half at 10 % test accuracy"] if found else (0, 0)
    names = {m: m.replace("_heldout", " loss (held out)").replace("_", " ") for m in CIRCUIT}
    return [
        Row(
            number=12,
            claim="The circuit of the rule grows gradually, before test accuracy shows it (left open by the memo)",
            source="memo; Nanda et al. 2023",
            experiment=f"{STUDY}: p = {', '.join(str(p) for p in sorted({run.p for run in found}))}",
            runs=n,
            seeds=len({run.seed for run in found}),
            censored=int(lead[list(CIRCUIT)].isna().any(axis=1).sum()),
            effect="steps ahead of test accuracy at the half-way mark: "
            + "; ".join(f"{names[m]} {i.estimate:.0f} [{i.low:.0f}, {i.high:.0f}]" for m, i in intervals.items()),
            verdict=verdict(list(intervals.values()), everywhere=min(*ahead.values(), *longer.values()) == n),
            reason=f"predicted key energy above one half at 10 % accuracy in every run: {seen[0]} of {seen[1]}; "
            "runs in which it is ahead, and in which it takes longer from 10 to 90 % than test accuracy: "
            + ", ".join(f"{names[m]} {ahead[m]} and {longer[m]} of {n}" for m in CIRCUIT)
            + "; key frequencies are known only from the end; one small recipe",
            figure="inside-progress",
        )
    ]
