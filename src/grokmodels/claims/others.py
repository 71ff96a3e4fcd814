"""Others' numbers beside ours: what papers report, what stored runs give by their recipes, and one word for both.

The numbers of papers are citations, typed here with their place; ours are computed by
:mod:`grokmodels.claims.published`, and the words by :func:`compared`, :func:`required` and :func:`declared`.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Literal, NamedTuple

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims import data, delay, published
from grokmodels.statistics import Interval, median_interval, scaling, share_interval
from grokmodels.studies import Record
from grokmodels.studies.study import Study

Word = Literal["agrees", "differs", "partly", "not run", "not stated"]

# Verma 2026 (arXiv:2605.20441): exponent with its interval; the critical decay; mean t_grok in epochs by decay, from
# the 30 sample runs of eval/aggregates/a5_wdc_fit.json in its repository.
VERMA_EXPONENT, VERMA_CRITICAL = Interval(-0.757, -0.799, -0.725), Interval(0.0158, 0.0109, 0.0200)
VERMA_MEANS = {0.1: 1040.0, 0.5: 217.0, 1.0: 126.0, 2.0: 80.0}
# Khanh et al. 2026 (arXiv:2605.18845, README): κ with LayerNorm and biases, ± .018; κ of one layer without, the median
# ± its coefficient of variation of 27 %; mean absolute relative error of held-out runs, 17.7 to 23.3 % in three sets.
KAPPA_LAYER_NORM, KAPPA_PLAIN = Interval(0.175, 0.157, 0.193), Interval(0.242, 0.177, 0.307)
PASSAGE_ERROR = Interval(0.177, 0.0, 0.233)
# Khanh et al. 2026 (arXiv:2603.13331, tables of the decay and the rate sweep): mean T_grok, V_mem and V_post by decay,
# at rate 1e-3; mean T_grok by rate, at decay 1. V_post is of the end of the run.
SEPARATION_DECAY = {0.1: (12700, 13419, 1942), 0.3: (4900, 10272, 970), 0.5: (3150, 6225, 568), 1.0: (2100, 2648, 266)}
SEPARATION_RATE = {2e-3: 840.0, 1e-3: 1760.0, 5e-4: 5280.0, 2e-4: 35680.0, 1e-4: 100350.0}
# Bi et al. 2026 (arXiv:2603.24746): advantage in AIC of a power law in two sweeps. From 7 on studies/binder.toml
# counts it, and crossings within .05 of one value, one for each pair of neighbors, as common.
BI_AIC, COUNTS, COMMON = (11.4, 16.8), 7.0, 0.05
# Mohamadi et al. 2024 (arXiv:2407.12332): loss of kernels over that of the zero predictor, at least (theorem 4.3, for n
# < C p², C not given); power of p in the pairs that the rich regime needs, at most.
KERNEL_LOSS, RICH_POWER = 0.5, 5 / 3
FRACTIONS = (0.3, 0.6, 0.9, 0.97)
# Sharp statements: none of the runs; one over.
NONE, INVERSE = Interval(0, 0, 0), Interval(-1, -1, -1)
NAMES = {
    "bi2026falsifiable": "Bi et al. 2026", "verma2026regimes": "Verma 2026", "khanh2026passage": "Khanh et al. 2026b",
    "khanh2026separation": "Khanh et al. 2026a", "acharya2026variance": "Acharya and Dhakal 2026",
    "luo2026shells": "Luo et al. 2026", "huang2024unified": "Huang et al. 2024", "zhu2024critical": "Zhu et al. 2024",
    "varma2023explaining": "Varma et al. 2023", "gromov2023grokking": "Gromov 2023",
    "mohamadi2024grok": "Mohamadi et al. 2024",
}  # fmt: skip


class Statement(NamedTuple):
    """What a ``paper`` (its key in the bibliography) ``reports``, what is ``found`` here, the ``word``, and why."""

    paper: str
    reports: str
    found: str
    word: Word
    why: str


def compared(reported: Interval | None, found: Interval | None) -> Word:
    """By two intervals, or a sharp number and one; without them ``not stated`` or ``not run``.

    ``agrees`` where each estimate lies within the other's interval, ``differs`` where they share no number, else
    ``partly``. Of a sharp number (low = high) only our interval counts.
    """
    if reported is None or found is None or not np.isfinite(found.estimate):
        return "not stated" if reported is None else "not run"
    if found.low > reported.high or reported.low > found.high:
        return "differs"
    sharp = reported.low == reported.high
    ours = found.low <= reported.estimate <= found.high
    return "agrees" if ours and (sharp or reported.low <= found.estimate <= reported.high) else "partly"


def required(*met: bool) -> Word:
    """``agrees`` where every condition of a statement is met, ``differs`` where none is, else ``partly``."""
    return "agrees" if all(met) else "partly" if any(met) else "differs"


def declared(judged: pd.DataFrame, law: str, mechanism: str = "published") -> tuple[Word, str]:
    """The word on what ``published-laws`` declared of one ``law`` before its runs, and how many of it came true.

    Sentences that begin with dots belong to the law before them. One that is open or has no runs has not come true.
    """
    rows = judged[judged["cohort"] == "all"]
    laws = rows["sentence"].str.split(r"[:,]", n=1).str[0].where(~rows["sentence"].str.startswith("...")).ffill()
    verdicts = rows.loc[(laws == law) & rows["mechanism"].map(lambda names: mechanism in names), "verdict"]
    known = verdicts[verdicts.isin(["true", "false"])]
    missing = f"; {len(verdicts) - len(known)} not judged" if len(known) < len(verdicts) else ""
    if not len(known):
        return "not run", f"{len(verdicts)} sentences not run"
    return required(*(verdicts == "true")), f"{int((known == 'true').sum())} of {len(known)} true{missing}"


def share_of_contraction() -> list[float]:
    """(1 / 2ηλ) ln(V_mem / V_post) over T_grok from the printed means of arXiv:2603.13331, by decay; η = 1e-3."""
    return [np.log(mem / post) / (2e-3 * decay * t) for decay, (t, mem, post) in SEPARATION_DECAY.items()]


@cache
def part(study: str, *blocks: str) -> tuple[Study, Record]:
    """A study with only the blocks whose names end so, and the record of these; nothing else is read."""
    whole, folder = studies.shipped(study)
    few = whole.model_copy(update={"block": tuple(one for one in whole.block if one.name.endswith(blocks))})
    return few, studies.record(few, folder)


@cache
def judged() -> pd.DataFrame:
    """What became of the predictions of ``published-laws``."""
    return studies.verdicts("published-laws")


def by_its_recipe(paper: str, law: str, reports: str) -> Statement:
    """A statement on the runs of ``published-laws`` that were made for it."""
    (word, found), (_, ours) = (declared(judged(), law, whose) for whose in ("published", "ours"))
    why = "no runs by its recipe yet" if word == "not run" else f"of what we predicted, {ours}"
    return Statement(paper, reports, found, word, why)


# Budgets in steps by which t_gen of weight-decay is cut: its own and three that leave runs on both sides.
BUDGETS = (10000, 5000, 3000, 2000)


def on_decay() -> list[Statement]:
    """Verma 2026."""
    paper, runs, local = "verma2026regimes", studies.record("weight-decay").runs, published.powers_between(VERMA_MEANS)
    fitted, power = published.exponent_of_two_steps(runs), power_of_decay()
    theirs = studies.record("published-laws").runs
    theirs = theirs[theirs["block"].str.startswith(paper)]
    own = published.exponent_of_two_steps(theirs) if theirs[delay.DECAY].nunique() >= published.FEWEST else None
    products = published.by_budget(runs, BUDGETS)["product"]
    why = f"λ_c × budget is {products.min():,.0f} to {products.max():,.0f} at {len(BUDGETS)} budgets"
    printed = Interval(published.power_of_means(VERMA_MEANS), min(local), max(local))
    means = f"its printed means: powers of λ {', '.join(f'{one:.2f}' for one in local)}"
    return [
        Statement(paper, "t ∝ (λ − λ_c)^−0.757", f"{fitted}", compared(VERMA_EXPONENT, fitted), why),
        Statement(
            paper, means, f"{power}", compared(printed, power), "one power of λ, without λ_c"
        ),
        Statement(paper, "the same, by its recipe", f"{own or '–'}", compared(VERMA_EXPONENT, own), "four layers"),
        by_its_recipe(paper, "Decay regimes", "its recipe, declared"),
    ]  # fmt: skip


@cache
def power_of_decay() -> Interval:
    """:func:`published.power_of_decay` in ``weight-decay``, of the runs that generalized."""
    return published.power_of_decay(studies.record("weight-decay").runs, dropped=True)


@cache
def cells(study: str, block: str | None = None) -> pd.DataFrame:
    """:func:`published.passages` of a block of a study, or of all; without runs an empty table."""
    record = studies.record(study).only(block=block)
    return published.passages(record) if len(record) else cells("weight-decay")[:0]


def typical(table: pd.DataFrame, column: str) -> Interval | None:
    """The median over seeds of each seed's median; None without runs."""
    return median_interval(table.groupby("seed")[column].median()) if len(table) else None


def on_passage() -> list[Statement]:
    """Khanh et al. 2026, the first passage."""
    paper, with_norm = "khanh2026passage", cells("weight-decay")
    plain = cells("published-laws", paper)
    kappas = [typical(with_norm, "kappa"), typical(plain, "kappa")]
    weak, usual = (typical(with_norm[with_norm[delay.DECAY] == at], "kappa") for at in (0.3, 1.0))
    errors = published.typical_errors(with_norm)
    return [
        Statement(
            paper, "κ = 0.175 with LayerNorm", f"{kappas[0]}",
            required(*(compared(KAPPA_LAYER_NORM, one) == "agrees" for one in (kappas[0], usual))),
            f"median of our decays; no constant: {weak} at decay 0.3, {usual} at 1",
        ),
        Statement(
            paper, "κ = 0.242 without", f"{kappas[1] or '–'}", compared(KAPPA_PLAIN, kappas[1]),
            f"{plain['seed'].nunique()} seeds, its recipe as far as stated",
        ),
        Statement(
            paper, "one cell predicts the others, error 18 to 23 %", f"{errors['norm']}",
            compared(PASSAGE_ERROR, errors["norm"]), f"one Λ for all runs has an error of {errors['wait']}",
        ),
        by_its_recipe(paper, "First passage", "its recipe"),
        _interventions(paper),
    ]  # fmt: skip


def _interventions(paper: str) -> Statement:
    """The published interventions by their recipe: the norm held, the decay off, from soon after memorization."""
    arms = published.interventions(studies.record("published-laws")).set_index("arm").loc[["held norm", "decay off"]]
    done = arms[["generalized", "of"]].to_numpy().tolist()
    none = [compared(NONE, share_interval(*one)) == "agrees" for one in done]
    return Statement(
        paper, "norm held or decay off at t_mem: 0 of 3", " and ".join(f"{hits} of {n}" for hits, n in done),
        required(*none), "ours from the first of two fixed steps after t_mem",
    )  # fmt: skip


def on_separation() -> list[Statement]:
    """Khanh et al. 2026, the norm separation."""
    paper, shares = "khanh2026separation", share_of_contraction()
    printed = Interval(float(np.median(shares)), min(shares), max(shares))
    at_gen, at_end = typical(cells("weight-decay"), "kappa"), typical(cells("motion-rates"), "kappa_end")
    inverse = power_of_decay()
    decays = {at: float(t) for at, (t, *_) in SEPARATION_DECAY.items()}
    means = {"decay": published.power_of_means(decays), "rate": published.power_of_means(SEPARATION_RATE)}
    return [
        Statement(
            paper, f"ln(V_mem/V_post)/2ηλ is {min(shares):.2f} to {max(shares):.2f} of T", f"{at_gen}; {at_end}",
            required(*(compared(printed, one) == "agrees" for one in (at_gen, at_end))),
            "first with V at t_gen, then with V at the end, in small networks",
        ),
        Statement(
            paper, f"T ∝ 1/λ (printed means: power {means['decay']:.2f})", f"{inverse}",
            compared(INVERSE, inverse), "in λ alone, of runs that ended",
        ),
        Statement(
            paper, f"T ∝ 1/η (printed means: power {means['rate']:.2f})", f"{rates()['rate']}",
            compared(INVERSE, rates()["rate"]), "of the delay; small batches, a factor of 16",
        ),
        by_its_recipe(paper, "Norm separation", "its recipe"),
    ]  # fmt: skip


# The smaller of the two batches of `motion-rates`; the other is the whole.
SMALL_BATCH = 64


@cache
def rates() -> dict[str, Interval]:
    """:func:`published.powers` at a batch of 64 in ``motion-rates``: one layer, width 32, p = 31, 60 % of the pairs."""
    runs = studies.record("motion-rates").runs
    return published.powers(runs[runs["batch_size"] == SMALL_BATCH])


def on_gate() -> list[Statement]:
    """Acharya and Dhakal 2026."""
    paper, noisy = "acharya2026variance", part("motion-interventions", "quiet, noise on gradients")[1].runs
    turned = noisy.assign(turned=~noisy["t_gen_censored"].astype(bool)).groupby("optimizer.gradient_noise")["turned"]
    noise, (hits, n) = max(((noise, (int(one.sum()), len(one))) for noise, one in turned), key=lambda one: one[1])
    share = share_interval(hits, n)
    return [
        by_its_recipe(paper, "Variance gate", "its recipe: p < 23 fails, p > 67 has no delay, ε"),
        Statement(
            paper, "isotropic noise helps AdamW (Fig. 14)", f"{hits} of {n} turn", required(share.low > 0),
            f"at a noise of {noise:g}, the best of {len(turned)} levels",
        ),
        Statement(
            paper, "isotropic noise fails (abstract)", "–", compared(NONE, None), "theirs is with SGD: no runs"
        ),
    ]  # fmt: skip


def on_size() -> list[Statement]:
    """Bi et al. 2026."""
    paper, made = "bi2026falsifiable", published.contrast_curves(part("binder", "one split")[1])
    found, where = published.preference(made), published.crossings(made)
    power = scaling.bootstrap(made, lambda drawn: published.preference(drawn).power, draws=100)
    pairs = where["small"].value_counts()
    common = np.ptp(where["x"]) <= 2 * COMMON and len(pairs) == len(made) - 1 and (pairs == 1).all()
    return [
        Statement(
            paper, f"fluctuations grow as a power of p, AIC {BI_AIC[0]} and {BI_AIC[1]}",
            f"power {power}, AIC {found.better:.1f}", required(power.low > 0 and found.better >= COUNTS),
            f"not by its recipe (3,300 runs of 40,000 steps); below {COUNTS:g} is noise, as declared",
        ),
        Statement(
            paper, "Binder ratios cross at one f", f"{len(where)} crossings of {len(made) - 1} pairs",
            required(bool(common)),
            f"from {where['x'].min():.2f} to {where['x'].max():.2f} of a critical fraction; m passes 0",
        ),
    ]  # fmt: skip


def on_critical_size() -> list[Statement]:
    """Huang et al., Varma et al., Zhu et al., Gromov."""
    wide = by_width()
    ends = {p: part.sort_values("width").iloc[[0, -1]] for p, part in wide.groupby("p") if len(part) > 1}
    less = [bool(one["high"].iloc[1] < one["low"].iloc[0]) for one in ends.values()]
    words = ", ".join(f"{one['pairs'].iloc[0]:,.0f} → {one['pairs'].iloc[1]:,.0f}" for one in ends.values())
    study, record = part("literature", "varma2023")
    said = tuple(one for one in study.predicted if one.sentence.startswith("Varma"))
    literature = studies.verdicts(study.model_copy(update={"predicted": said}), record)
    word, found = declared(literature.assign(mechanism="published"), "Varma et al.")
    return [
        Statement(
            "huang2024unified", "wider networks need fewer pairs, 4,000 → 3,000", words, required(*less),
            f"width 32 → p, at p = {', '.join(map(str, ends))}",
        ),
        Statement("varma2023explaining", "below D_crit the rule is lost", found, word, "D_crit itself: no number"),
        by_its_recipe("zhu2024critical", "Critical size", "its recipe: 2,000 pairs at p = 113"),
        Statement("gromov2023grokking", "α_c falls with p", "–", compared(None, None), "no number for α_c"),
    ]  # fmt: skip


@cache
def by_width() -> pd.DataFrame:
    """:func:`data.by_width` with the number of ``pairs`` where half of the runs have turned."""
    table = data.by_width(studies.record("size-width"))
    return table.assign(pairs=table["middle"] * table["p"] ** 2)


def on_kernels() -> list[Statement]:
    """Mohamadi et al. 2024."""
    paper, wide = "mohamadi2024grok", by_width()
    grown = wide[wide["width"] >= wide["p"]]
    powers = published.local_powers(grown.sort_values("p"))
    made = [published.kernel_regression(p, fraction) for p in (31, 43) for fraction in FRACTIONS]
    losses, best = [one.loss for one in made], max(one.accuracy for one in made)
    return [
        Statement(
            paper, "kernels: loss at least half the trivial, n < C p²", f"{min(losses):.2f} to {max(losses):.2f}",
            required(min(losses) >= KERNEL_LOSS), f"at every fraction; held-out accuracy {best:.3f}",
        ),
        Statement(
            paper, "rich networks: n up to p^5/3", f"powers {', '.join(f'{one.estimate:.2f}' for one in powers)}",
            required(*(one.low <= RICH_POWER for one in powers)), f"at Λ = 10, width ∝ p; the last is {powers[-1]}",
        ),
    ]  # fmt: skip


def on_shells() -> list[Statement]:
    """Luo et al. 2026, of which the abstract could be read."""
    ours = f"powers {rates()['rate']} in η, {rates()['decay']} in λ"
    return [Statement("luo2026shells", "laws in η, batch, λ", ours, compared(None, None), "abstract only: no exponent")]


PARTS: tuple[Callable[[], list[Statement]], ...] = (
    on_size, on_decay, on_passage, on_gate, on_shells, on_separation, on_critical_size, on_kernels,
)  # fmt: skip


@cache
def statements() -> tuple[Statement, ...]:
    """All statements, in the order of the page."""
    return tuple(statement for part in PARTS for statement in part())
