"""Norms, paths, pruning and tickets: rows 3, 4 (paths and barriers), 8 and 9.

The tables of paths, pruning and tickets take minutes; ``make landscape`` computes them from the stored runs of
``circuits`` and keeps them in ``results/landscape``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims.row import Row, Verdict
from grokmodels.measures.norms import is_free
from grokmodels.measures.paths import barrier, memorizer_and_rule
from grokmodels.statistics import Interval, jackknife, median_interval

if TYPE_CHECKING:
    from grokmodels.studies import Record

# The studies whose runs are compared with themselves, before and after they generalized.
STUDIES = ("canonical", "weight-decay", "circuits", "delay")

# Row 3 compares runs that waited at least as long again as they took to memorize, and wants the norm to have fallen in
# this share of them, in every setting. Both are rules of the row, written with its analysis; no study declared them.
WAITED, FELL = 2, 0.95

# A barrier below this share of the loss of guessing, ln p, counts as none; fixed before any path was computed.
NO_BARRIER = 0.01

# A pruned network still does its task at this training accuracy; a rule of the row.
STANDS = 0.95


def norms_at_milestones() -> pd.DataFrame:
    """The runs with decay of :data:`STUDIES`, and the norm of their weights at t_gen over that at t_mem.

    ``all``, ``free`` and ``counting``: of all weights, of those that a LayerNorm sets free, of the others.
    ``censored``: the run did not memorize or not generalize. ``compared``: it did, t_gen at least :data:`WAITED` times
    t_mem. ``setting``: its width, and whether it has LayerNorms.
    """
    runs = pd.concat([_with_norms(studies.record(name)) for name in STUDIES], ignore_index=True)
    runs = runs[runs["optimizer.weight_decay"] > 0].reset_index(drop=True)
    censored = runs["delay_ratio"].isna() | runs["delay_ratio_censored"]
    norms = np.where(runs["architecture.norm"] == "none", ", no LayerNorm", ", LayerNorm")
    return runs.assign(
        censored=censored,
        compared=~censored & (runs["delay_ratio"] >= WAITED),
        setting="width " + runs["architecture.width"].astype(str) + norms,
    )


def _with_norms(record: Record) -> pd.DataFrame:
    parts = [name for name in map(str, record.histories) if name.startswith("norm.")]
    names = [f"{name} at {moment}" for name in ("weight_norm", *parts) for moment in ("t_mem", "t_gen")]
    table = record.measured(*names)

    def ratio(group: list[str]) -> pd.Series:
        # A parameter that a run does not have counts as none; where the moment has not come, no norm is known.
        after, before = (table[[f"{name} at {moment}" for name in group]].pow(2) for moment in ("t_gen", "t_mem"))
        return (after.sum(axis=1, min_count=1) / before.sum(axis=1, min_count=1)) ** 0.5

    free = [name for name in parts if is_free(name.removeprefix("norm."))]
    counting = sorted({*parts} - {*free})
    return record.measured("delay_ratio").assign(all=ratio(["weight_norm"]), free=ratio(free), counting=ratio(counting))


def norm_ratios(runs: pd.DataFrame, group: str = "all") -> pd.DataFrame:
    """Per setting of compared runs: runs, seeds, how many fell; the median over seeds of each seed's median ratio."""
    rows = []
    for setting, part in runs[runs["compared"]].groupby("setting"):
        seeds = part.groupby("seed")[group].median()
        counts = {"setting": setting, "runs": len(part), "seeds": len(seeds), "fell": int((part[group] < 1).sum())}
        rows.append(counts | {"median": median_interval(seeds)})
    return pd.DataFrame(rows, columns=["setting", "runs", "seeds", "fell", "median"])


def labels_table(record: Record) -> pd.DataFrame:
    """The runs of ``random-labels``: ``kind`` of labels, training ``examples``, and measures at the end.

    ``noise``: the held-out rule share times the number of held-out pairs, which is 1 on average for answers that are
    independent from pair to pair.
    """
    runs = record.measured("weight_norm at end", "test_accuracy at end", "m_hat at end", "rule_share at end")
    pairs = runs["task.p"].fillna(runs["task.base.p"]) ** 2
    return runs.assign(
        kind=np.where(runs["task.kind"] == "modular", "true", "random"),
        examples=(runs["fraction"] * pairs).round().astype(int),
        noise=runs["rule_share at end"] * (1 - runs["fraction"]) * pairs,
    )


def _of_norms(one: pd.DataFrame, other: pd.DataFrame) -> Interval:
    """Median over seeds of the last norm of one run over that of another; NaN without two seeds that have both."""
    last, rival = (runs.set_index("seed")["weight_norm at end"] for runs in (one, other))
    ratios = (last / rival).dropna()
    return median_interval(ratios) if len(ratios) > 1 else Interval(np.nan, np.nan, np.nan)


def _growth(runs: pd.DataFrame) -> Interval:
    """Norm at the largest number of examples over that at the smallest, seed by seed; NaN for a single number."""
    sizes = runs["fraction"]
    if sizes.nunique() < 2:
        return Interval(np.nan, np.nan, np.nan)
    return _of_norms(runs[sizes == sizes.max()], runs[sizes == sizes.min()])


def memorizer_growth(record: Record) -> Interval:
    """How the norm of a memorizer of random labels grows from the smallest training set to the largest."""
    runs = labels_table(record)
    return _growth(runs[runs["kind"] == "random"])


def rule_growth(record: Record) -> Interval:
    """The same of a rule, among the sizes at which every run has found it; NaN where that is one size or none."""
    runs = labels_table(record)
    rules = runs[runs["kind"] == "true"]
    return _growth(rules[~rules.groupby("fraction")["t_gen_censored"].transform("any")])


def rule_over_memorizer(record: Record) -> Interval:
    """Norm of the rule over that of the memorizer of random labels, seed by seed, at the largest training set."""
    runs = labels_table(record)
    largest = runs[runs["fraction"] == runs["fraction"].max()]
    return _of_norms(largest[largest["kind"] == "true"], largest[largest["kind"] == "random"])


def rule_share_over_noise(record: Record) -> Interval:
    """Mean over runs with random labels of the held-out rule share, over that of independent answers."""
    runs = labels_table(record)
    return jackknife(runs[runs["kind"] == "random"], lambda part: float(part["noise"].mean()))


def spikes() -> pd.DataFrame:
    """Per run of ``circuits``: how far its own train loss rose above memorizer and rule between the two (``spike``)."""
    rows = []
    for _, run in studies.with_weights("circuits"):
        start, end = memorizer_and_rule(run)
        between = run.history[run.history["step"].between(start, end)]["train_loss"]
        rows.append(
            {"p": run.experiment.task.n_classes, "seed": run.experiment.seed, "spike": barrier(between)}
            | {"loss ratio": between.iloc[-1] / between.iloc[0], "t_gen": run.milestones.t_gen.step}
        )
    return pd.DataFrame(rows)


def stored_table(name: str) -> pd.DataFrame:
    """``paths``, ``pruning`` or ``tickets``, as they were computed."""
    return pd.read_csv(studies.find_root() / "results" / "landscape" / f"{name}.csv")


def path_barriers(paths: pd.DataFrame) -> pd.DataFrame:
    """One row per path: its barrier in train loss, as a share of the loss of guessing; accuracy at worst.

    ``none`` where the barrier is below :data:`NO_BARRIER` of the loss of guessing.
    """
    grouped = paths.groupby(["kind", "path", "p", "seed", "other"])
    table = grouped["train_loss"].agg(barrier).rename("barrier").reset_index()
    share = table["barrier"] / np.log(table["p"])
    worst = grouped["train_accuracy"].min().to_numpy()
    return table.assign(share=share, none=share < NO_BARRIER, **{"worst accuracy": worst})


def tolerance(pruning: pd.DataFrame, method: str) -> pd.DataFrame:
    """How much pruning memorizer and rule of each run stand before their train accuracy falls below :data:`STANDS`.

    The largest share of weights dropped, or for ``Fourier`` the smallest share of frequencies kept. ``gap``: rule minus
    memorizer.
    """
    part = pruning[(pruning["method"] == method) & (pruning["train_accuracy"] >= STANDS)]
    grouped = part.groupby(["p", "seed", "network"])["amount"]
    wide = (grouped.min() if method == "Fourier" else grouped.max()).unstack().reset_index()
    if method == "Fourier":
        wide[["memorizer", "rule"]] = wide[["memorizer", "rule"]].div((wide["p"] - 1) // 2, axis=0)
    return wide.assign(gap=wide["rule"] - wide["memorizer"])


def faster_tickets(tickets: pd.DataFrame, other: str) -> tuple[int, int]:
    """In how many seeds, of how many, the ticket of the rule generalized earlier than that of another mask.

    A censored other counts as later where the rule's ticket had generalized by then; a censored rule's never wins.
    """
    wide = tickets.set_index(["seed", "mask"])[["t_gen", "t_gen_censored"]].unstack()
    rule, rival = wide["t_gen"]["rule"], wide["t_gen"][other]
    wins = (rule < rival) & ~wide["t_gen_censored"]["rule"].astype(bool)
    return int(wins.sum()), len(wins)


# -- verdicts ---------------------------------------------------------------------------------------------------------


def judge_norms(ratios: pd.DataFrame, matched: Interval, predicted: str) -> Verdict:
    """Holds where the norm fell in nearly all runs of every setting, and the matched rule's is as low as predicted."""
    falls = bool((ratios["fell"] >= FELL * ratios["runs"]).all())
    if falls and predicted == "true":
        return "holds"
    return "holds with limits" if falls or matched.high < 1 else "fails"


def judge_basins(barriers: pd.DataFrame) -> Verdict:
    """Fails where every curve from memorizer to rule is without a barrier; a path that is found can prove no basins."""
    curves = barriers[(barriers["kind"] == "memorizer to rule") & (barriers["path"] == "curved")]
    return "fails" if len(curves) and curves["none"].all() else "open"


def judge_pruning(pruning: pd.DataFrame, tickets: pd.DataFrame) -> Verdict:
    """Holds where both prunings tell rule from memorizer, and the rule's ticket beats every other in every seed."""
    gaps = [median_interval(tolerance(pruning, method)["gap"]) for method in ("magnitude", "Fourier")]
    wins = [faster_tickets(tickets, other) for other in ("memorizer", "random", "none")]
    tests = [gap.low > 0 or gap.high < 0 for gap in gaps] + [won == seeds for won, seeds in wins]
    return "holds" if all(tests) else "holds with limits" if any(tests) else "fails"


def judge_labels(runs: pd.DataFrame) -> Verdict:
    """Holds where all random labels are memorized and, at the largest size, all runs with true ones generalize."""
    random = runs[runs["kind"] == "random"]
    largest = runs[(runs["kind"] == "true") & (runs["fraction"] == runs["fraction"].max())]
    if random.empty or largest.empty:
        return "open"
    tests = [not random["t_mem_censored"].any(), not largest["t_gen_censored"].any()]
    return "holds" if all(tests) else "holds with limits" if any(tests) else "fails"


def rows() -> list[Row]:
    """Rows 3, 4 (paths and barriers), 8 and 9."""
    record, judged = studies.record("random-labels"), studies.verdicts("random-labels")
    labels, matched = labels_table(record), rule_over_memorizer(record)
    fitted = ~labels.loc[labels["kind"] == "random", "t_mem_censored"]
    of_norms = (judged["quantity"] == "rule over memorizer") & (judged["cohort"] == "all")
    predicted, bound = judged.loc[of_norms, "verdict"].item(), judged.loc[of_norms, "bounds"].item()[0]
    runs = norms_at_milestones()
    ratios, compared = norm_ratios(runs), int(runs["compared"].sum())
    lowest, *_, highest = sorted(median.estimate for median in ratios["median"])
    paths, pruning, tickets = map(stored_table, ("paths", "pruning", "tickets"))
    barriers, climbs = path_barriers(paths), spikes()
    heights = barriers[barriers["kind"] == "memorizer to rule"].groupby("path")["barrier"].agg(["min", "max"])
    straight, curved = (f"{heights['min'][name]:.2f} to {heights['max'][name]:.2f}" for name in ("straight", "curved"))
    magnitude, waves = (median_interval(tolerance(pruning, method)["gap"]) for method in ("magnitude", "Fourier"))
    shuffled, memorizers, none = (faster_tickets(tickets, other)[0] for other in ("random", "memorizer", "none"))
    return [
        Row(
            number=3,
            claim="Memorizing solutions have a higher weight norm than rules.",
            source="the memo",
            experiment=f"{', '.join(STUDIES)}: t_mem against t_gen; random-labels",
            runs=len(runs) + len(labels),
            seeds=int(runs["seed"].nunique()),
            censored=int(runs["censored"].sum() + labels["t_mem_censored"].sum()),
            effect=f"The norm is lower at t_gen than at t_mem in {ratios['fell'].sum()} of the {compared} runs with "
            f"t_gen at least twice t_mem; the median ratio is {lowest:.2f} to {highest:.2f}, by setting. The norm of a "
            f"rule is {matched} times that of its matched memorizer.",
            verdict=judge_norms(ratios, matched, predicted),
            reason="Before a LayerNorm a part of the norm means nothing. And t_mem is early, so part of the fall is "
            f"decay of the initial weights. That the ratio to the matched memorizer is at most {bound:g} was "
            f"predicted, and the prediction is {predicted}.",
            figure="norms-milestones",
            short=f"The norm of a rule is {matched} times that of its matched memorizer",
        ),
        Row(
            number=4,
            claim="The transition is a move between two basins: paths and barriers.",
            source="the memo",
            experiment="circuits: straight and curved paths from memorizer to rule",
            runs=len(climbs),
            seeds=int(climbs["seed"].nunique()),
            censored=0,
            effect=f"The barrier in the training loss is {straight} nats on the straight path from memorizer to rule, "
            f"and at most {curved} nats on a curved path of no larger norm. The spikes in the runs' own loss are "
            f"{climbs['spike'].min():.2f} to {climbs['spike'].max():.2f} nats high.",
            verdict=judge_basins(barriers),
            reason="A path that is found bounds the barrier from above and proves none. The runs' own loss spikes are "
            "higher than that bound.",
            figure="norms-barriers",
            part="b",
        ),
        Row(
            number=8,
            claim="At equal train loss, sparser or lower-norm solutions behave differently under pruning.",
            source="the memo",
            experiment="circuits: pruning of memorizer and rule; tickets at p = 31",
            runs=len(climbs) + len(tickets),
            seeds=int(climbs["seed"].nunique()),
            censored=int(tickets["t_gen_censored"].sum()),
            effect="Rule minus memorizer, the share of the weights that can be dropped differs by "
            f"{magnitude}, and the share of the frequencies that are needed by {waves}. The rule's lottery ticket "
            f"generalizes earlier than a shuffled one in {shuffled} of {tickets['seed'].nunique()} seeds, earlier than "
            f"the memorizer's in {memorizers}, and earlier than a network without a mask in {none}.",
            verdict=judge_pruning(pruning, tickets),
            reason="The rule's ticket is slower than the whole network. There is one network size and one sparsity, "
            "and there are no test seeds.",
            figure="norms-pruning",
            short=f"The share of the weights that a rule can do without is larger by {magnitude}",
        ),
        Row(
            number=9,
            claim="Random labels can be fitted by the same network that generalizes on real ones.",
            source="the memo; Zhang et al. 2016",
            experiment="random-labels",
            runs=len(labels),
            seeds=int(labels["seed"].nunique()),
            censored=int(labels["t_mem_censored"].sum()),
            effect=f"Random labels were memorized in {fitted.sum()} of {len(fitted)} runs.",
            verdict=judge_labels(labels),
            reason="There is one modulus and one network.",
            figure="norms-labels",
        ),
    ]
