"""The parity of ten bits: with and without decay, below chance, and without positions. Rows 6 and 7."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.stats import binomtest, fisher_exact

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict
from grokmodels.recipes.tasks import Parity, Split
from grokmodels.statistics import median_wait

FATES = ("grokked", "at once", "not within budget", "did not memorize")
# Generalizing this many times later than memorizing is called grokking.
DELAYED = 2
# A test accuracy below this is called near chance, which is one half.
NEAR_CHANCE = 0.6

# The keys of VALID_OPERATORS in grok/data.py of openai/grok, read at commits
# ec9bc7a5346fff47a921492c211091011aa05763 and 434a230c25790d0a0e808ec2fcf26ac016f88480 (a subset of the first).
PUBLIC_TASKS = (
    "+",
    "-",
    "*",
    "/",
    "**2+",
    "**3+",
    "x**2+y**2_mod_97",
    "x**2+y**2+x*y_mod_97",
    "x**2+y**2+x*y+x_mod_97",
    "x**3+x*y_mod_97",
    "x**3+x*y**2+y_mod_97",
    "(x._value//y)if(y._value%2==1)else(x-y)_mod_97",
    "s5",
    "s5conj",
    "s5aba",
    "+*",
    "+-",
    "sort",
    "reverse",
    "copy",
)


def runs() -> pd.DataFrame:
    """One row per stored run of ``parity``: condition, seed, ``fate``, ``ratio`` t_gen/t_mem, and how it waited.

    ``at_mem``: the test accuracy at t_mem; ``lowest``: the lowest from t_mem on, median of three evaluations, until
    t_gen or the end; ``below``: whether this is below one half by more than two standard errors of the held-out set;
    ``m_hat``: the lowest m̂ in the same way; ``dip``: the lowest training accuracy in that span; ``last``: the median
    test accuracy of the last three evaluations; ``test``: whether the seed was run after this analysis.
    """
    study, folder = studies.shipped("parity")
    table = studies.table(study, folder).rename(columns={"optimizer.weight_decay": "decay"})
    if table.empty:
        return table
    task = Parity()
    histories = studies.histories(study, folder).groupby(["block", "fraction", "optimizer.weight_decay", "seed"])
    rows = []
    for row in table.to_dict("records"):
        history = histories.get_group((row["block"], row["fraction"], row["decay"], row["seed"]))
        held_out = task.n_inputs - task.n_train(row["fraction"])
        rows.append(row | waiting(history, row, held_out) | {"fate": fate(row), "ratio": row["t_gen"] / row["t_mem"]})
    return pd.DataFrame(rows).assign(test=lambda t: t["seed"].isin(study.test_seeds))


def fate(row: Mapping[Any, Any]) -> str:
    """What became of a run: one of ``FATES``.

    A run stops when it has generalized, which can be an evaluation before its training accuracy has lasted. It has
    learned at once.
    """
    if row["t_mem_censored"]:
        return "did not memorize" if row["t_gen_censored"] else "at once"
    if row["t_gen_censored"]:
        return "not within budget"
    return "grokked" if row["t_gen"] >= DELAYED * row["t_mem"] else "at once"


def waiting(history: pd.DataFrame, row: Mapping[Any, Any], held_out: int) -> dict[str, Any]:
    """How a run looks between memorizing and generalizing; NaN where it does not wait."""
    end = row["t_gen"] if not row["t_gen_censored"] else history["step"].max() + 1
    plateau = history[(history["step"] >= row["t_mem"]) & (history["step"] < end)]
    smooth = plateau[["test_accuracy", "m_hat"]].rolling(3).median()
    lowest = float(smooth["test_accuracy"].min())
    below = lowest < 0.5 - 2 * np.sqrt(0.25 / held_out)
    last = float(history["test_accuracy"].tail(3).median())
    at_mem = float(history.loc[history["step"] == row["t_mem"], "test_accuracy"].iloc[0])
    return {
        "at_mem": at_mem,
        "lowest": lowest,
        "below": bool(below),
        "m_hat": float(smooth["m_hat"].min()),
        "dip": float(plateau["train_accuracy"].min()),
        "last": last,
    }


def counts(table: pd.DataFrame) -> pd.DataFrame:
    """How many runs of each condition met each fate, and ``n``."""
    by = table.groupby(["block", "fraction", "decay"])["fate"].value_counts().unstack(fill_value=0)
    return by.reindex(columns=list(FATES), fill_value=0).assign(n=by.sum(axis=1))


def by_seeds(table: pd.DataFrame) -> dict[str, pd.DataFrame]:
    """The runs looked at while this was made, those that ran afterwards, and all."""
    return {"looked at": table[~table["test"]], "afterwards": table[table["test"]], "all": table}


def predictions(table: pd.DataFrame) -> pd.DataFrame:
    """How many runs do what each sentence of the study's prediction says, by seeds; with a 95 % interval (Wilson)."""
    main, unplaced = table["block"] == "decay", table["block"] == "no positions"
    strong, scarce, ended = table["decay"] > 0, table["fraction"] < 0.4, ~table["t_gen_censored"]
    waited = table["fate"].isin(["grokked", "not within budget"])
    sentences = {
        "decay, 30 %: memorized by step 600": (main & strong & scarce, table["t_mem"] <= 600),
        "decay, 30 %: grokked": (main & strong & scarce, table["fate"] == "grokked"),
        "no decay, 30 %: not within budget": (main & ~strong & scarce, ~ended),
        "no decay, 50 %: not within budget": (main & ~strong & ~scarce, ~ended),
        "decay, 50 %: ratio below 3": (main & strong & ~scarce, ended & (table["ratio"] < 3)),
        "while it waits: below chance": (main & waited, table["below"]),
        "no positions: by step 500": (unplaced, ended & (table["t_gen"] <= 500)),
        "no positions: at once": (unplaced, table["fate"] == "at once"),
    }
    rows = {}
    for sentence, (where, true) in sentences.items():
        parts = {group: true[part.index[where[part.index]]] for group, part in by_seeds(table).items()}
        rows[sentence] = {group: f"{part.sum()} of {len(part)}" if len(part) else "-" for group, part in parts.items()}
        k, n = int(parts["all"].sum()), len(parts["all"])
        low, high = binomtest(k, n).proportion_ci(method="wilson") if n else (0, 1)
        rows[sentence]["interval"] = f"{low:.0%} to {high:.0%}"
    return pd.DataFrame(rows).T


def summary(table: pd.DataFrame) -> pd.DataFrame:
    """One row per decay and kind of seeds, for reading. Medians count censored runs as later than their budget.

    ``at_mem``, ``last``: medians as in :func:`runs`; ``below``: how many waited with a test accuracy below chance.
    """
    rows = {}
    for decay, part in table.groupby("decay"):
        for group, some in by_seeds(part).items():
            if not len(some):
                continue
            rows[f"decay {decay:g}", group] = {
                "n": len(some),
                "memorized": int((~some["t_mem_censored"]).sum()),
                "generalized": int((~some["t_gen_censored"]).sum()),
                "t_mem": _median(some, "t_mem"),
                "t_gen": _median(some, "t_gen"),
                "at_mem": f"{some['at_mem'].median():.0%}",
                "below": int(some["below"].sum()),
                "last": f"{some['last'].median():.0%}",
            }
    return pd.DataFrame(rows).T


def seed_by_seed(table: pd.DataFrame) -> pd.DataFrame:
    """The columns of :func:`runs` that tell how a run waited, one row per decay and seed, for reading."""
    shown = table.assign(
        seeds=table["test"].map({False: "looked at", True: "afterwards"}),
        t_gen=table["t_gen"].map("{:,}".format) + table["t_gen_censored"].map({True: "+", False: ""}),
        m_hat=table["m_hat"].map("{:.2f}".format),
        **{name: table[name].map("{:.0%}".format) for name in ("at_mem", "lowest", "last")},
    ).sort_values(["decay", "seed"])
    columns = ["decay", "seeds", "seed", "t_mem", "t_gen", "at_mem", "lowest", "m_hat", "last"]
    return shown[columns].replace(["nan%", "nan"], "-").reset_index(drop=True)


def kernel_vote(task: Parity, split: Split, similarity: float) -> NDArray[np.floating]:
    """What a lookup table says that blurs: each stored label spreads to all strings with weight similarity^distance.

    Positive for an odd parity. A ``similarity`` near 0 is the vote of the nearest stored strings.
    """
    strings = task.inputs
    stored = strings[split.train]
    distance = (strings[:, None] != stored[None]).sum(axis=2)
    signs = 2.0 * task.labels[split.train] - 1
    with np.errstate(divide="ignore"):
        return np.asarray(np.power(float(similarity), distance) @ signs)


def vote_accuracy(task: Parity, split: Split, similarity: float) -> float:
    """Held-out accuracy of :func:`kernel_vote`; a vote of zero counts one half."""
    vote = kernel_vote(task, split, similarity)[split.test]
    right = np.sign(vote) * (2 * task.labels[split.test] - 1)
    return float((right + 1).mean() / 2)


def popcounts_seen(task: Parity, split: Split) -> float:
    """Share of the held-out strings whose number of ones occurs among the training strings."""
    ones = task.inputs.sum(axis=1)
    return float(np.isin(ones[split.test], ones[split.train]).mean())


def needs_decay(table: pd.DataFrame) -> tuple[Verdict, str]:
    """Row 6, from the runs with positions and full attention.

    It holds if at both fractions every run with decay grokked and none without generalized. With limits if that is so
    at one fraction, or if generalizing is more frequent with decay (Fisher's exact test, p < 0.05). Otherwise it fails.
    Open where a fraction lacks runs with or without decay.
    """
    part = table[table["block"] == "decay"] if len(table) else table
    if not len(part) or part.groupby(["fraction", "decay"]).ngroups < 4:
        return "open", "not all conditions have stored runs"
    told, clean = [], []
    for fraction, group in part.groupby("fraction"):
        grokked = group[group["decay"] > 0]["fate"] == "grokked"
        without = ~group[group["decay"] == 0]["t_gen_censored"]
        clean.append(bool(grokked.all() and not without.any()))
        told.append(
            f"at {fraction:.0%} {grokked.sum()} of {len(grokked)} grok with decay, "
            f"{without.sum()} of {len(without)} generalize without"
        )
    ended = [~group["t_gen_censored"] for _, group in part.groupby(part["decay"] == 0)]
    p = float(fisher_exact([[done.sum(), (~done).sum()] for done in ended], alternative="greater").pvalue)
    reason = "; ".join(told)
    if all(clean):
        return "holds", reason
    if any(clean) or p < 0.05:
        return "holds with limits", f"{reason}; generalizing is more frequent with decay, one-sided p = {p:.2g}"
    return "fails", f"{reason}; generalizing is not more frequent with decay, one-sided p = {p:.2g}"


def verdicts(table: pd.DataFrame) -> dict[str, tuple[Verdict, str]]:
    """Row 6 by kinds of seeds: the verdict is that of all of them."""
    return {group: needs_decay(part) for group, part in by_seeds(table).items()}


def rows() -> list[Row]:
    """Rows 6 and 7."""
    table = runs()
    part = table[table["block"] == "decay"] if len(table) else table
    verdict, reason = needs_decay(table)
    parity = [name for name in PUBLIC_TASKS if "parity" in name or "xor" in name or "^" in name]
    waited = part[part["fate"].isin(["grokked", "not within budget"])] if len(part) else part
    grokked = part[part["fate"] == "grokked"] if len(part) else part
    ratios = {decayed: _range(grokked.loc[(grokked["decay"] > 0) == decayed, "ratio"]) for decayed in (True, False)}
    effect = (
        f"{int(waited['below'].sum())} of {len(waited)} runs that wait have a test accuracy below chance by two "
        f"standard errors; t_gen/t_mem of those that grok: with decay {ratios[True]}, without {ratios[False]}; "
        f"{int((grokked['at_mem'] < NEAR_CHANCE).sum())} of these {len(grokked)} were near chance at t_mem; "
        f"seeds that ran after the analysis, alone: {': '.join(verdicts(part)['afterwards'])}"
        if len(part)
        else "no runs are stored yet"
    )
    return [
        Row(
            number=6,
            claim="The parity of ten bits groks with weight decay and not without",
            source="the memo",
            experiment="parity: decay",
            runs=len(part),
            seeds=part["seed"].nunique() if len(part) else 0,
            censored=int(part["t_gen_censored"].sum()) if len(part) else 0,
            effect=effect,
            verdict=verdict,
            reason=reason,
            figure="parity-fates",
        ),
        Row(
            number=7,
            claim="The study that discovered grokking used the parity of bits",
            source="the memo",
            experiment="its public code, and the list of operations in its appendix A.1.1",
            runs=0,
            seeds=0,
            censored=0,
            effect=f"{len(parity)} of the {len(PUBLIC_TASKS)} tasks of its code are a parity of bits",
            verdict="holds" if parity else "fails",
            reason="two versions of its code read; they may not be all",
            figure="parity-source",
        ),
    ]


def _median(table: pd.DataFrame, column: str) -> str:
    step = median_wait(table[column], table[f"{column}_censored"])
    return f"{step:,.0f}" if np.isfinite(step) else "not within budget"


def _range(values: pd.Series) -> str:
    return f"{values.min():.1f} to {values.max():.1f}" if len(values) else "none"
