"""How much data: the edge and its pairs, the delay, critical fractions, the diagram over decay, ungrokking. Row 11.

The edge is that of the law of the wait (:mod:`grokmodels.claims.edge`), a critical fraction what a budget makes of it.

Functions of a record are the estimates of predictions; the others take tables of runs (:class:`Record`'s ``runs``).
"""

from __future__ import annotations

from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest

from grokmodels import measures, studies
from grokmodels.claims import edge as long_waits
from grokmodels.claims.row import Row, Verdict, tally
from grokmodels.statistics import (
    Crossing,
    Interval,
    Law,
    LinearFit,
    fit_critical_law,
    fit_law,
    fit_linear,
    half_crossing,
    median_wait,
)
from grokmodels.studies import Record

FloatArray = NDArray[np.floating[Any]]
PHASES = ("memorization", "grokking", "comprehension", "collapse")
P, WIDTH, DECAY = "task.p", "architecture.width", "optimizer.weight_decay"
# m̂ is 0 for a table and 1 for the rule: a run has turned where the rule has half of it (the chapter's own choice).
TURNED = 0.5
# Of the test pairs, right when the training pairs are: no grokking is left to come (theory.phases, the toy's border).
AT_ONCE = 0.5
# Points through which a law of two numbers can be missed.
FEWEST = 3
# A law that true points would miss as far as this less often than once in 20 is not quoted in the ledger (convention).
REJECTED = 0.05


def fraction_runs(record: Record) -> pd.DataFrame:
    """The runs of ``data-fraction`` and, for the fraction 0.4, of ``weight-decay`` at decay 1: one recipe, p = 97."""
    other = studies.record("weight-decay").only(cohort=record.cohort).runs
    parts = [record.runs, other[other[DECAY] == 1.0]]
    return pd.concat([part for part in parts if len(part)], ignore_index=True)


class Laws(NamedTuple):
    """The two laws of the delay against the fraction: a pure power, and a power of the distance to ``edge``.

    ``better_by``: by how much Akaike's criterion prefers the one with the edge.
    """

    power: Law
    edge: Interval
    critical: Law
    better_by: float


def candidates(runs: pd.DataFrame, count: int = 10) -> FloatArray:
    """The edges that are tried: from none at all to just below the first run that ended, ever more closely."""
    return float(runs.loc[~runs["delay_censored"], "fraction"].min()) * (1 - np.geomspace(1, 0.02, count))


def laws(runs: pd.DataFrame, count: int = 10) -> Laws:
    """Both laws of the ``delay``. ValueError where delays ended at fewer than three fractions."""
    waits = runs[runs["delay"].notna()]
    ended = waits.loc[~waits["delay_censored"], "fraction"]
    if ended.nunique() < FEWEST:
        raise ValueError(f"runs: got delays that ended at {ended.nunique()} fractions; a law needs at least 3")
    fraction, delay, censored = (waits[name] for name in ("fraction", "delay", "delay_censored"))
    power = fit_law(delay, censored, ln_fraction=np.log(fraction))
    edge, critical = fit_critical_law(fraction, delay, censored, candidates(waits, count).tolist())
    return Laws(power, edge, critical, power.aic - critical.aic)


def resolved(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs at fractions whose median delay is two evaluations or more."""
    return runs[runs.groupby("fraction")["delay"].transform("median") >= 2 * runs["evaluate_every"]]


def power_of_fraction(record: Record) -> Interval:
    """The power of the fraction that the delay follows."""
    return laws(fraction_runs(record)).power.slopes["ln_fraction"]


def gain_of_edge(record: Record) -> float:
    """AIC of the pure power minus that of the law with an edge; never below -2, as the second holds the first."""
    return laws(fraction_runs(record)).better_by


def exponent_at_edge(record: Record) -> float:
    """The g of the law with an edge, delay ∝ (f - f_c)^-g."""
    return -laws(fraction_runs(record)).critical.slopes["ln_distance"].estimate


def generalized_below_edge(record: Record) -> float:
    """The share of the runs at or below the fitted edge that generalized; NaN where none is there."""
    runs = fraction_runs(record)
    below = runs[runs["fraction"] <= laws(runs).edge.estimate]
    return float((~below["t_gen_censored"]).mean()) if len(below) else np.nan


def ratio_of_delays(record: Record) -> float:
    """Median delay at the fraction 0.75 over that at 0.4; NaN where either has no runs."""
    runs = fraction_runs(record)
    much, little = (runs[(runs["fraction"] == at) & runs["delay"].notna()] for at in (0.75, 0.4))
    if much.empty or little.empty:
        return np.nan
    return median_wait(much["delay"], much["delay_censored"]) / median_wait(little["delay"], little["delay_censored"])


def shares(runs: pd.DataFrame) -> pd.DataFrame:
    """For each fraction: runs ``n``, generalized ones ``done``, their ``share`` and its 95 % interval (Wilson)."""
    grouped = (~runs["t_gen_censored"]).groupby(runs["fraction"])
    result = pd.DataFrame({"n": grouped.size(), "done": grouped.sum()}).astype(int)
    bounds = [binomtest(k, n).proportion_ci(method="wilson") for n, k in result.itertuples(index=False)]
    return result.assign(share=result["done"] / result["n"], low=[b.low for b in bounds], high=[b.high for b in bounds])


def critical(runs: pd.DataFrame, draws: int = 500) -> Crossing:
    """The fraction at which half of the runs have generalized within their budget."""
    return half_crossing(runs.assign(done=~runs["t_gen_censored"]), "fraction", "done", draws=draws)


def critical_fraction(record: Record) -> Interval:
    """The fraction at which half of the runs generalize within the budget; −∞ or ∞ where that lies outside."""
    return critical(record.runs).interval


def by_modulus(runs: pd.DataFrame) -> pd.DataFrame:
    """The critical fraction of every p that has one: p, seeds, f_c, low, high, per_token (f_c p)."""
    rows = []
    for p, part in runs.groupby(P):
        found = critical(part).interval
        rows.append({"p": p, "seeds": part["seed"].nunique()} | dict(zip(("f_c", "low", "high"), found, strict=True)))
    table = pd.DataFrame(rows, columns=["p", "seeds", "f_c", "low", "high"])
    table = table[np.isfinite(table["f_c"])].reset_index(drop=True)
    return table.assign(per_token=table["f_c"] * table["p"])


def rise_with_modulus(record: Record) -> float:
    """The largest step of the critical fraction from one p to the next; NaN where fewer than two have one."""
    return float(by_modulus(record.runs)["f_c"].diff().max())


def laws_of_modulus(table: pd.DataFrame) -> dict[str, LinearFit]:
    """Three laws through the critical fractions of :func:`by_modulus`, weighted by their intervals.

    ``power``: ln f_c = ln c + power · ln p. Thought of after the runs: ``inverse``, f_c = a + b/p, and ``logarithm``,
    f_c = (a ln p + b)/p.
    """
    p, f = table["p"].to_numpy(float), table["f_c"].to_numpy(float)
    errors, one = (table["high"] - table["low"]).to_numpy(float) / 3.92, np.ones(len(table))
    return {
        "power": fit_linear(np.log(f), errors / f, np.column_stack([one, np.log(p)])),
        "inverse": fit_linear(f, errors, np.column_stack([one, 1 / p])),
        "logarithm": fit_linear(f, errors, np.column_stack([np.log(p), one]) / p[:, None]),
    }


def edges_by_modulus() -> pd.DataFrame:
    """The edges of the law of the wait, with time taken out, as a table like that of :func:`by_modulus`."""
    found = long_waits.sizes()
    return pd.DataFrame(found["edge"].tolist(), columns=["f_c", "low", "high"]).assign(p=found["p"])


def power_of_pairs() -> Interval:
    """The power of p that the pairs at the edge follow, two more than that of the fraction."""
    return Interval(*(2 + x for x in laws_of_modulus(edges_by_modulus())["power"].at([0, 1])))


def seen_at(decay_time: float) -> pd.Series:
    """By p, the fraction at which the law's median wait is a decay time: what a budget of that length sees."""
    law = long_waits.law()
    power = 1 / law.exponent.estimate
    return pd.Series(
        {p: of.edge.estimate * (1 + (of.amplitude / decay_time) ** power) for p, of in law.systems.items()}
    )


def by_width(record: Record, decay_time: float = 10) -> pd.DataFrame:
    """Where half of the runs of ``size-width`` have turned at a Λ: p, width, runs, middle, low, high."""
    quantity, rows = f"m_hat at {decay_time:g}", []
    runs = record.measured(quantity)
    for (p, width), part in runs.assign(turned=runs[quantity] > TURNED).groupby([P, WIDTH]):
        found = half_crossing(part, "fraction", "turned").interval
        rows.append((p, width, len(part), *found))
    return pd.DataFrame(rows, columns=["p", "width", "runs", "middle", "low", "high"])


def phases(runs: pd.DataFrame) -> pd.Series:
    """The phase of every run, named as in the toy, from a table with ``test_accuracy at t_mem``.

    Comprehension: generalized, and at t_mem half of the test pairs are right already; grokking: generalized later;
    memorization: memorized and not generalized within the budget; collapse: neither.
    """
    at_once = runs["t_mem_censored"] | (runs["test_accuracy at t_mem"] >= AT_ONCE)
    late = np.where(runs["t_mem_censored"], "collapse", "memorization")
    return pd.Series(np.where(runs["t_gen_censored"], late, np.where(at_once, "comprehension", "grokking")), runs.index)


def by_decay(runs: pd.DataFrame) -> pd.Series:
    """The critical fraction at each decay, without an interval: three seeds have none."""
    return pd.Series({decay: critical(part, draws=0).estimate for decay, part in runs.groupby(DECAY)})


def movement_of_edge(record: Record) -> float:
    """How far apart the critical fractions of the decays from 0.4 to 1.2 are; NaN where one lies outside."""
    edges = by_decay(record.runs[record.runs[DECAY].between(0.4, 1.2)])
    return float(np.ptp(edges)) if len(edges) and np.isfinite(edges).all() else np.nan


def losses_of_rule(record: Record) -> pd.DataFrame:
    """One row per run whose training set is cut once: what became of the rule.

    ``left``: the fraction trained on after the cut; ``after``, ``share_after``: test accuracy and rule share at the end
    (median of five evaluations); ``loss``: decay time from the cut until test accuracy has fallen below one half for
    good, or until the end of the record where it has not (``loss_censored``).
    """
    rows = []
    histories = record.histories
    for number, run in record.runs.iterrows():
        history = histories[histories["run"] == number]
        step, share = run["data_schedule.knots"][-1]
        after = history[history["step"] > step]
        # Accuracy that is gone is the mirror image of a milestone.
        gone = measures.first_lasting(after["step"], 1 - after["test_accuracy"], level=0.5)
        since, at = (history.loc[history["step"] == when, "decay_time"].iloc[0] for when in (step, gone.step))
        end = after[["test_accuracy", "rule_share"]].tail(5).median()
        rows.append((run["fraction"] * share, run["seed"], run["cohort"], *end, at - since, gone.censored))
    columns = ["left", "seed", "cohort", "after", "share_after", "loss", "loss_censored"]
    return pd.DataFrame(rows, columns=columns)


def judge_data(declared: pd.DataFrame, ends: pd.DataFrame) -> Verdict:
    """Claim 11, data, from the verdicts of what ``data-fraction`` and ``size`` declared, and from :func:`edge.ends`.

    *When* a network generalizes depends on the data if fewer pairs lengthen the delay. *Whether* it does, if below the
    edge the median network that had the rule ends without it. (That one from a table does is no test: the fit puts the
    edge below every run that turned.) The claim holds where both are so and all that was declared came true, with
    limits where one is.
    """
    if not len(declared) or "no runs" in {*declared["verdict"]}:
        return "open"
    came, had = declared["verdict"] == "true", ends[ends["of_rule"] & (ends["distance"] < 1)]
    when = came[declared["quantity"] == "power of fraction"].all()
    whether = len(had) > 0 and (had["end"] < TURNED).all()
    if when and whether and came.all():
        return "holds"
    return "holds with limits" if when or whether else "fails"


def said_of_law(name: str, law: LinearFit) -> str:
    """A law of the critical fractions in words; its numbers only where the points do not reject it."""
    known = law.p_value >= REJECTED
    numbers = ", ".join(str(law.at(row)) for row in np.eye(2))
    outcome = f"is not excluded, with the numbers {numbers}" if known else "is rejected"
    return f"{name} {outcome}: {law}"


def rows() -> list[Row]:
    """Row 11, the part on the amount of data."""
    return [data_row(studies.verdicts("data-fraction"), studies.verdicts("size"))]


def runs_of(name: str) -> str:
    """A study with how many of its runs are stored, where some are missing."""
    there, all_of_it = len(studies.record(name)), len([*studies.shipped(name)[0].points()])
    return name if there == all_of_it else f"{name} ({there:,} of {all_of_it:,} runs)"


def said_of_waits() -> list[str]:
    """What row 11 says of the law of the wait."""
    law, edges, worse = long_waits.law(), edges_by_modulus(), long_waits.rivals()["one spread"]
    first, last = (
        f"{Interval(one['f_c'], one['low'], one['high'])} at p = {one['p']:.0f}"
        for one in edges.iloc[[0, -1]].to_dict("records")
    )
    pairs = laws_of_modulus(edges)["power"]
    return [
        f"At {len(edges)} sizes, widths about p and batches of an eighth of the pairs, the wait goes as "
        f"(f/f_c - 1)^-γ with one γ = {law.exponent}; the edge f_c is {first} and {last}",
        f"The pairs at the edge go as p to the power {power_of_pairs()}, which is not excluded: {pairs}"
        if pairs.p_value >= REJECTED
        else f"The pairs at the edge are no power of p: {pairs}",
        f"Laws without an edge are worse in AIC by {', '.join(f'{of:.0f} ({name})' for name, of in worse.items())}",
    ]


def data_row(declared: pd.DataFrame, size: pd.DataFrame) -> Row:
    """Row 11 from the verdicts of ``data-fraction`` and ``size``."""
    size = size[size["sentence"].str.startswith("(a) p =")]
    declared, size = declared[declared["cohort"] == "all"], size[size["cohort"] == "all"]
    fractions, ends = fraction_runs(studies.record("data-fraction")), long_waits.ends()
    sizes = studies.record("size").runs
    grown = {name: studies.record(name) for name in long_waits.STUDIES}
    both, moduli = laws(fractions), by_modulus(sizes)
    below = ends[ends["distance"] < 1]
    without = below.loc[below["end"] < TURNED, "of_rule"].value_counts()
    entered = " and ".join(map(str, below.loc[below["of_rule"], "p"].unique()))
    effect = [
        *said_of_waits(),
        f"Below the edge the median network ends without the rule in {without.get(False, 0)} of "
        f"{(~below['of_rule']).sum()} cells if it had a table (where the fit puts the edge below every run that "
        f"turned), and in {without.get(True, 0)} of {below['of_rule'].sum()} if it had the rule",
        f"With two layers at p = 97, from the fraction {fractions['fraction'].min()} up, the delay goes as its power "
        f"{both.power.slopes['ln_fraction']}, and a law with an edge is "
        f"{'better' if both.better_by > 0 else 'no better'} (difference of AIC {both.better_by:+.1f})",
        *(
            f"At p = {one['p']}, width 32 and Λ = 10, half of the seeds generalize at a fraction of "
            f"{Interval(one['f_c'], one['low'], one['high'])}"
            for one in moduli.iloc[[0, -1]].to_dict("records")
        ),
        said_of_law("As a law of these critical fractions, a power of p", laws_of_modulus(moduli)["power"]),
        *(
            f"At p = 97, width {one['width']}, small batches and Λ = 10, half have turned at a fraction of "
            f"{Interval(one['middle'], one['low'], one['high'])}"
            for one in by_width(grown["size-width"]).query("p == 97").to_dict("records")
        ),
    ]
    return Row(
        number=11,
        part="a",
        claim="Whether and when a network generalizes is sensitive to the amount of data.",
        source="the memo",
        experiment="; ".join(["data-fraction; weight-decay at decay 1; size", *map(runs_of, grown)]),
        **tally(pd.concat([fractions, sizes, *(record.runs for record in grown.values())])),
        effect=". ".join(effect) + ".",
        verdict=judge_data(pd.concat([declared, size]), ends),
        reason=f"Of the predictions of the study data-fraction {(declared['verdict'] == 'true').sum()} of "
        f"{len(declared)} came true, of those of size on a rise at each p {(size['verdict'] == 'true').sum()} of "
        f"{len(size)}. Networks that had the rule went below the edge at p = {entered} only. There is one task, "
        "modular addition.",
        figure="fig-data-edges",
        short=f"The edge needs pairs as p to the power {power_of_pairs()}; toward it the wait diverges, with "
        f"γ = {long_waits.law().exponent}",
    )
