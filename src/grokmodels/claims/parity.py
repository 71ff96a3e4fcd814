"""The parity of ten bits: with and without decay, below chance, and without positions. Rows 6 and 7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.stats import fisher_exact

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict, sentence, tally
from grokmodels.recipes.tasks import Parity
from grokmodels.studies import Record

DECAY = "optimizer.weight_decay"
FATES = ("grokked", "at once", "not within budget", "did not memorize")
# Generalizing this many times later than memorizing is called grokking: the study's "at least twice later".
DELAYED = 2
# Set on the page, after the runs had been seen: a test accuracy below this is called near chance, which is one half.
NEAR_CHANCE = 0.6
# The accuracy of guessing a bit.
COIN = 0.5
# So many standard errors of the held-out set below one half, a run is worse than a coin.
ERRORS = 2
# The level of the test in row 6, fixed with its rule when seeds 0 to 4 at 30 % had been seen.
LEVEL = 0.05

# The keys of VALID_OPERATORS in grok/data.py of openai/grok, read at commits
# ec9bc7a5346fff47a921492c211091011aa05763 and 434a230c25790d0a0e808ec2fcf26ac016f88480 (a subset of the first).
PUBLIC_TASKS = (
    "+", "-", "*", "/", "**2+", "**3+", "x**2+y**2_mod_97", "x**2+y**2+x*y_mod_97", "x**2+y**2+x*y+x_mod_97",
    "x**3+x*y_mod_97", "x**3+x*y**2+y_mod_97", "(x._value//y)if(y._value%2==1)else(x-y)_mod_97", "s5", "s5conj",
    "s5aba", "+*", "+-", "sort", "reverse", "copy",
)  # fmt: skip


def waits(record: Record) -> pd.DataFrame:
    """The runs of a record of ten bits with their ``delay_ratio``, ``fate``, and how each looked while it waited.

    ``test_accuracy at t_mem``; ``lowest``: the lowest test accuracy from t_mem on, until t_gen or the end, in medians
    of three evaluations; ``below``: whether that is below one half by more than two standard errors; ``m_hat``: the
    lowest m̂, likewise; ``dip``: the lowest training accuracy of that span; ``last``: the median test accuracy of the
    last three evaluations. NaN where a run did not wait. The book's plateau ends where the test accuracy is twice that
    of guessing, which for two classes is the end of everything: here a wait ends at t_gen.
    """
    runs = record.measured("delay_ratio", "test_accuracy at t_mem")
    rows = runs.to_dict("records")
    seen = [_waiting(history, row) for row, (_, history) in zip(rows, record.histories.groupby("run"), strict=True)]
    return runs.assign(fate=[fate(row) for row in rows]).join(pd.DataFrame(seen, index=runs.index))


def _waiting(history: pd.DataFrame, run: Mapping[Any, Any]) -> dict[str, Any]:
    end = np.inf if run["t_gen_censored"] else run["t_gen"]
    wait = history[(history["step"] >= run["t_mem"]) & (history["step"] < end)]
    smooth = wait[["test_accuracy", "m_hat"]].rolling(3).median().min()
    task = Parity()
    error = np.sqrt(0.25 / (task.n_inputs - task.n_train(run["fraction"])))
    return {
        "lowest": smooth["test_accuracy"],
        "below": bool(smooth["test_accuracy"] < COIN - ERRORS * error),
        "m_hat": smooth["m_hat"],
        "dip": wait["train_accuracy"].min(),
        "last": history["test_accuracy"].tail(3).median(),
    }


def fate(run: Mapping[Any, Any]) -> str:
    """What became of a run: one of ``FATES``.

    A run stops when it has generalized, which can be an evaluation before its training accuracy has lasted. It has
    learned at once.
    """
    if run["t_mem_censored"]:
        return "did not memorize" if run["t_gen_censored"] else "at once"
    if run["t_gen_censored"]:
        return "not within budget"
    return "grokked" if run["delay_ratio"] >= DELAYED else "at once"


def waited(table: pd.DataFrame) -> pd.DataFrame:
    """Those of :func:`waits` that grokked, or did not generalize within their budget."""
    return table[table["fate"].isin(["grokked", "not within budget"])]


def seeds_below_half(record: Record) -> float:
    """How many seeds have a run whose test accuracy is below one half while it waits, in medians of three."""
    table = waited(waits(record))
    return float(table.loc[table["lowest"] < COIN, "seed"].nunique())


def outcomes(table: pd.DataFrame) -> pd.DataFrame:
    """How many of :func:`waits` there are of each fraction and decay: ``n``, ``generalized``, ``grokked``."""
    counted = table.assign(n=1, generalized=~table["t_gen_censored"].astype(bool), grokked=table["fate"] == "grokked")
    return counted.groupby(["fraction", DECAY])[["n", "generalized", "grokked"]].sum()


def p_value(counts: pd.DataFrame) -> float:
    """One-sided p of :func:`outcomes` if decay made no difference to generalizing (Fisher's exact test)."""
    ended, n = (counts[name].groupby(counts.index.get_level_values(DECAY) > 0).sum() for name in ("generalized", "n"))
    table = [[ended[decay], n[decay] - ended[decay]] for decay in (True, False)]
    return float(fisher_exact(table, alternative="greater").pvalue)


def judge_decay(counts: pd.DataFrame) -> Verdict:
    """Row 6, from :func:`outcomes`: open unless there are two fractions, each with runs with decay and without."""
    decays = counts.index.get_level_values(DECAY)
    decayed, free = counts[decays > 0].droplevel(DECAY), counts[decays == 0].droplevel(DECAY)
    if len(decayed) < 2 or not decayed.index.equals(free.index):
        return "open"
    clean = (decayed["grokked"] == decayed["n"]) & (free["generalized"] == 0)
    if clean.all():
        return "holds"
    return "holds with limits" if clean.any() or p_value(counts) < LEVEL else "fails"


def reason(counts: pd.DataFrame) -> str:
    """:func:`outcomes` in words."""
    if judge_decay(counts) == "open":
        return "not all conditions have stored runs"
    grokked, free = counts["grokked"].unstack().iloc[:, -1], counts["generalized"].unstack().iloc[:, 0]
    n = counts["n"].unstack()
    parts = [
        f"with {fraction:.0%} of the strings {grokked[fraction]} of {n.loc[fraction].iloc[-1]} runs grok with decay, "
        f"and {free[fraction]} of {n.loc[fraction].iloc[0]} generalize without"
        for fraction in n.index
    ]
    return f"{'; '.join(parts)} (Fisher's exact test, one-sided: p = {p_value(counts):.2g})"


def rows() -> list[Row]:
    """Rows 6 and 7."""
    table = waits(studies.record("parity").only("decay"))
    counts = outcomes(table)
    parts = studies.by_cohort(table)
    alone = f"{judge_decay(outcomes(parts['test']))}: {reason(outcomes(parts['test']))}" if "test" in parts else "none"
    slow, grokked = waited(table), table[table["fate"] == "grokked"]
    near = (grokked["test_accuracy at t_mem"] < NEAR_CHANCE).sum()
    ratios = [grokked.loc[grokked[DECAY] > 0, "delay_ratio"], grokked.loc[grokked[DECAY] == 0, "delay_ratio"]]
    decayed, free = (f"{part.min():.1f} to {part.max():.1f}" for part in ratios)
    parity = [name for name in PUBLIC_TASKS if "parity" in name or "xor" in name or "^" in name]
    return [
        Row(
            number=6,
            claim="The parity of ten bits groks with weight decay and not without.",
            source="the memo",
            experiment="parity: decay",
            **tally(table),
            effect=f"{slow['below'].sum()} of {len(slow)} runs that wait have a test accuracy below chance by "
            f"{ERRORS} standard errors. In those that grok, t_gen/t_mem is {decayed} with decay and {free} without; "
            f"{near} of these {len(grokked)} were near chance at t_mem. The verdict on the test seeds alone: {alone}.",
            verdict=judge_decay(counts),
            reason=sentence(reason(counts)),
            figure="parity-fates",
            short=sentence(reason(counts).partition(" (")[0]).removesuffix("."),
        ),
        Row(
            number=7,
            claim="The study that discovered grokking used the parity of bits.",
            source="the memo",
            experiment="its public code, and the list of operations in its appendix A.1.1",
            runs=0,
            seeds=0,
            censored=0,
            effect=f"{len(parity)} of the {len(PUBLIC_TASKS)} tasks of its code are a parity of bits.",
            verdict="holds" if parity else "fails",
            reason="Two versions of its code were read; there may be others.",
            figure="parity-source",
        ),
    ]
