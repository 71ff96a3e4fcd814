"""What sets the delay: schedules on one clock, the power law, noise, the contraction of the norm, and no decay at all.

Λ is the accumulated decay, ``decay_time`` in code. Tables of runs have the columns of a record, and some of this page.
"""

from __future__ import annotations

import numpy as np
import pandas as pd

from grokmodels import studies
from grokmodels.claims import plane
from grokmodels.claims.row import Row, Verdict, sentence, tally
from grokmodels.measures.plateau import growth, plateau, signed_root
from grokmodels.recipes.schedules import Schedule
from grokmodels.statistics import Interval, fit_law, jackknife, median_wait
from grokmodels.studies import Record
from grokmodels.theory.plateau import DECAY_TIME

RATE, DECAY, SPENT = "optimizer.learning_rate", "optimizer.weight_decay", "decay_time at t_gen"
KNOTS, PERIOD = "optimizer.weight_decay_schedule.knots", "optimizer.weight_decay_schedule.period"

SCHEDULES = {
    "constant": Schedule(),
    "late 500": Schedule.delayed(500),
    "late 1500": Schedule.delayed(1500),
    "paused": Schedule.paused(400, 1400),
    "ramp up": Schedule(knots=((0, 0.0), (4000, 1.0))),
    "ramp down": Schedule(knots=((0, 1.0), (3000, 0.2))),
    "pulsed": Schedule.pulsed(400, 200),
}

# The recipe of each block with decay of the studies ``delay`` and ``weight-decay``, and those whose exponent is asked.
RECIPES = dict.fromkeys(("pre-LN", "strong"), "p = 97") | dict.fromkeys(("rate 0.005", "weak"), "p = 31")
RECIPES |= {"rate 0.002": "small rate", "no LayerNorm": "no LayerNorm"}
POWERS = ("p = 97", "p = 31", "no LayerNorm")

# The toy's share at t_gen: one half as the rule takes over; m̂ in "An order parameter" is about 0.9 at t_gen.
GOALS = {"growth": 0.5, "late growth": 0.9}

# Of the rules of rows 2 and 18, declared by no study: the share of most runs, the factor within which a delay is given.
MOST, ACCOUNTED = 0.5, 1.3


def named(runs: pd.DataFrame) -> pd.Series:
    """The name of each run's decay schedule."""
    names = {(schedule.knots, schedule.period or "none"): name for name, schedule in SCHEDULES.items()}
    return pd.Series([names[key] for key in zip(runs[KNOTS], runs[PERIOD], strict=True)], index=runs.index)


def apart(runs: pd.DataFrame) -> pd.DataFrame:
    """Largest over smallest of each seed's runs: of Λ at t_gen, and of t_gen. NaN where one has not ended."""
    grouped = runs.groupby("seed")
    ratios = grouped[[SPENT, "t_gen"]].max() / grouped[[SPENT, "t_gen"]].min()
    return ratios[~grouped["t_gen_censored"].any()].reindex(ratios.index)


def decay_times_apart(record: Record) -> float:
    """Largest over smallest Λ at t_gen, of the seed in which they are furthest apart; NaN where a run has not ended."""
    return float(apart(record.runs)[SPENT].max(skipna=False))


def steps_apart(record: Record) -> float:
    """Largest over smallest t_gen, of the seed in which they are nearest to each other; NaN where one has not ended."""
    return float(apart(record.runs)["t_gen"].min(skipna=False))


def spread_ratio(record: Record) -> float:
    """Standard deviation of ln Λ at t_gen over that of ln t_gen, of the runs that generalized."""
    decay_time, steps = np.log(record.runs.loc[~record.runs["t_gen_censored"], [SPENT, "t_gen"]]).std()
    return float(decay_time / steps)


def residuals(record: Record) -> pd.DataFrame:
    """Λ at t_gen less that of the seed's constant schedule: ``measured``, the ``toy``'s ½ ln of margins, ``off`` it."""
    runs = record.measured("train_margin at t_gen").rename(columns={"train_margin at t_gen": "margin"})
    runs = runs.assign(schedule=named(runs))
    constant = runs[runs["schedule"] == "constant"].set_index("seed")[[SPENT, "margin"]]
    other = runs[runs["schedule"] != "constant"]
    measured = other[SPENT] - other["seed"].map(constant[SPENT])
    toy = np.log(other["seed"].map(constant["margin"]) / other["margin"]) / 2
    return other.assign(measured=measured, toy=toy, off=measured - toy)


def decayed(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs with decay of ``delay`` or ``weight-decay``, with their ``recipe`` and the ``product`` ηλ."""
    some = runs[runs[DECAY] > 0]
    return some.assign(recipe=some["block"].map(RECIPES), product=(some[RATE] * some[DECAY]).round(9))


def with_plateau(runs: pd.DataFrame) -> pd.DataFrame:
    """The runs at decays that leave a plateau: there the median run has t_gen at least twice t_mem."""
    middle = runs.groupby(["block", "batch_size", DECAY])[["t_mem", "t_gen"]].transform("median")
    return runs[middle["t_gen"] >= 2 * middle["t_mem"]]


def exponent(runs: pd.DataFrame, time: str = "delay", of: str = "product", held: str | None = None) -> Interval:
    """Slope of ln(time), some censored, against ln(ηλ), or a field's with another ``held``; interval over seeds."""

    def slope(kept: pd.DataFrame) -> float:
        logs = {name: np.log(kept[name]) for name in (of, held) if name}
        return fit_law(kept[time], kept[f"{time}_censored"], **logs).slopes[of].estimate

    return jackknife(runs, slope)


def exponents(runs: pd.DataFrame) -> dict[str, Interval]:
    """The exponent of the delay in ηλ of each recipe, over the decays that leave a plateau."""
    some = with_plateau(runs)
    return {name: exponent(some[some["recipe"] == name]) for name in POWERS if name in set(some["recipe"])}


def exponent_with_layer_norm(record: Record) -> Interval:
    """That of the study ``delay`` at its usual rate."""
    return exponents(decayed(record.runs))["p = 31"]


def exponent_without_layer_norm(record: Record) -> Interval:
    """The same without LayerNorm."""
    return exponents(decayed(record.runs))["no LayerNorm"]


def highest_exponent(record: Record) -> float:
    """The highest end of the intervals of both."""
    return max(interval.high for interval in exponents(decayed(record.runs)).values())


def by_rate_and_decay(runs: pd.DataFrame, time: str = SPENT, late: str = "t_gen_censored") -> pd.DataFrame:
    """The median Λ at t_gen by decay (rows) and rate (columns), infinite where over half of the runs still wait."""
    grouped = runs.groupby([DECAY, RATE])
    return pd.Series({at: median_wait(part[time], part[late]) for at, part in grouped}).unstack()


def by_noise() -> dict[str, pd.DataFrame]:
    """The runs of ``motion-rates``, as :func:`plane.runs` has them: with small batches, and with all data in each."""
    runs = decayed(plane.runs(studies.record("motion-rates")))
    return {str(name): part for name, part in runs.groupby(np.where(runs["batch_size"] == "full", "quiet", "noisy"))}


def constant_decays_apart(record: Record) -> float:
    """Largest over smallest median Λ at t_gen of the constant decays; NaN where a median is beyond the budgets."""
    found = by_rate_and_decay(record.runs[record.runs[DECAY] > 0]).to_numpy()
    return float(found.max() / found.min()) if np.isfinite(found).all() else float("nan")


def m_hat_at_memorization(record: Record) -> pd.Series:
    """The median m̂ at t_mem of the recipe without LayerNorm, by decay."""
    runs = decayed(record.measured("m_hat at t_mem"))
    return runs[runs["recipe"] == "no LayerNorm"].groupby(DECAY)["m_hat at t_mem"].median()


def accounts(record: Record) -> pd.DataFrame:
    """The delay in units of Λ, ``measured``, beside what accounts make of it, of runs that generalized after a plateau.

    ``contraction``: ln(norm at t_mem / norm at t_gen). ``growth`` and ``late growth``: the toy's decay time from the
    share ``start`` at t_mem (of the signed root of the rule share; none where that is negative, the leak being louder)
    to those in :data:`GOALS`, with ``other_ratio``, the median ρ of the plateaus of the *other* seeds.
    """
    at_both = (f"{name} at {moment}" for name in ("weight_norm", "train_margin") for moment in ("t_mem", "t_gen"))
    runs = record.measured(*at_both, "rule_share at t_mem", "test_signal at t_mem")
    known = zip(record.histories.groupby("run"), runs["t_mem"], runs["task.p"], strict=True)
    runs["ratio"] = [growth(plateau(history, t_mem, p)).ratio for (_, history), t_mem, p in known]
    runs = with_plateau(decayed(runs))
    runs = runs[~runs["t_gen_censored"]]
    root = signed_root(runs["rule_share at t_mem"], runs["test_signal at t_mem"])
    other = [
        runs.loc[(runs["recipe"] == recipe) & (runs["seed"] != seed), "ratio"].median()
        for recipe, seed in zip(runs["recipe"], runs["seed"], strict=True)
    ]
    runs = runs.assign(
        measured=runs["delay"] * runs["product"],
        contraction=np.log(runs["weight_norm at t_mem"] / runs["weight_norm at t_gen"]),
        start=(root / (1 + root)).where(root > 0),
        other_ratio=other,
    )
    law = runs[["train_margin at t_gen", "start", "train_margin at t_mem", "other_ratio"]].to_numpy(float).T
    return runs.assign(**{name: DECAY_TIME(goal, *law) for name, goal in GOALS.items()})


def contractions(record: Record) -> pd.DataFrame:
    """Contraction from t_mem ``to t_gen`` and ``to the end``, over the measured delay, of runs after a plateau."""
    norms = [f"weight_norm at {moment}" for moment in ("t_mem", "t_gen", "end")]
    runs = with_plateau(decayed(record.measured(*norms)))
    runs = runs[~runs["t_gen_censored"]]
    start, turn, end = np.log(runs[norms].to_numpy(float)).T
    wait = runs["delay"] * runs["product"]
    return runs.assign(**{"to t_gen": (start - turn) / wait, "to the end": (start - end) / wait})


def shortfall_of_contraction(record: Record) -> float:
    """Measured delay over that of contraction, of the run in which they are nearest."""
    found = accounts(record)
    return float(1 / (found["contraction"] / found["measured"]).max())


def verdicts_on(judged: pd.DataFrame, quantity: str) -> list[str]:
    """The verdicts on the predictions of a quantity, over all runs."""
    return judged.loc[(judged["cohort"] == "all") & (judged["quantity"] == quantity), "verdict"].tolist()


def judge_without_decay(judged: pd.DataFrame) -> Verdict:
    """Row 2: ``fails`` if most runs of a control without decay generalized;
    else ``holds with limits``, as no budget shows 'indefinitely'.
    """
    controls = judged[(judged["cohort"] == "all") & (judged["quantity"] == "generalized")]
    if not controls["seeds"].sum():
        return "open"
    return "fails" if (controls["value"] > MOST).any() else "holds with limits"


def judge_clock(schedules: pd.DataFrame, delay: pd.DataFrame, rates: pd.DataFrame) -> Verdict:
    """Row 16: ``fails`` if what would refute the clock came true; ``holds`` if all
    else did, one ηλ is one delay, and what the clock says of quiet and noisy
    networks (``motion-rates``) is true; else ``holds with limits``.
    """
    judged, noise = (table[table["cohort"] == "all"] for table in (schedules, rates))
    refuting = judged["mechanism"].map(lambda names: "no clock" in names).astype(bool)
    if not judged["seeds"].sum():
        return "open"
    if "true" in set(judged.loc[refuting, "verdict"]):
        return "fails"
    of_clock = noise.loc[noise["mechanism"].map(lambda names: "clock" in names).astype(bool), "verdict"]
    parts = judged.loc[~refuting, "verdict"], verdicts_on(delay, "delay"), of_clock
    return "holds" if all(set(part) == {"true"} for part in parts) else "holds with limits"


def judge_power(delay: pd.DataFrame) -> Verdict:
    """Row 17: ``holds`` if the exponent is -1 with LayerNorm and without, and one
    ηλ is one delay; ``fails`` if nothing of this is true; else ``holds with limits``.
    """
    names = ("exponent with layer norm", "exponent without layer norm", "delay")
    asked = {verdict for name in names for verdict in verdicts_on(delay, name)}
    if asked <= {"no runs"}:
        return "open"
    return "holds" if asked == {"true"} else "holds with limits" if "true" in asked else "fails"


def judge_contraction(delay: pd.DataFrame, explained: pd.Series, ended: pd.Series) -> Verdict:
    """Row 18: ``holds`` if contraction to t_gen gives the median delay within 1.3;
    ``fails`` if it is too short in every run, as predicted, and contraction to the
    norm at the end does not give the median delay either; else ``holds with limits``.
    """
    if explained.empty:
        return "open"
    near, later = (1 / ACCOUNTED <= part.median() <= ACCOUNTED for part in (explained, ended))
    if near:
        return "holds"
    short = verdicts_on(delay, "shortfall of contraction") == ["true"]
    return "fails" if short and not later else "holds with limits"


def rows(judged: dict[str, pd.DataFrame] | None = None) -> list[Row]:
    """Rows 2, 16, 17 and 18 of the ledger, from the verdicts on what four studies predicted."""
    judged = judged or {name: studies.verdicts(name) for name in ("schedules", "weight-decay", "delay", "motion-rates")}
    return [_without_decay(judged), _clock(judged), _power_law(judged["delay"]), _contraction(judged["delay"])]


def _without_decay(judged: dict[str, pd.DataFrame]) -> Row:
    runs = pd.concat([studies.record(name).runs for name in ("canonical", "delay")])
    return Row(
        number=2,
        part="a",
        claim="Weight decay triggers generalization; without it the model can stay stuck indefinitely.",
        source="the memo",
        experiment="canonical, delay; judged by what delay and weight-decay predicted of runs without decay",
        **tally(runs),
        effect=f"{_woken(runs)}. In the test seeds alone, {_woken(runs[runs['cohort'] == 'test'])}.",
        verdict=judge_without_decay(pd.concat([judged["delay"], judged["weight-decay"]])),
        reason="No budget can show 'indefinitely': these runs can only say that nothing came within 10,000 steps. "
        "Other triggers are not excluded. All runs without decay have LayerNorm and add modulo p; some parity runs "
        "without decay did generalize (row 6).",
        figure="delay-still",
    )


def _clock(judged: dict[str, pd.DataFrame]) -> Row:
    noisy, quiet = (with_plateau(part) for part in by_noise().values())
    runs = pd.concat([studies.record("schedules").runs, decayed(studies.record("delay").runs), noisy, quiet])
    value = judged["schedules"].groupby(["cohort", "quantity"])["value"].first()
    words = "the schedules of one seed differ in Λ at t_gen by up to {:.2f} and in steps by {:.2f} or more; {}"
    names = ["decay times apart", "steps apart"]
    found = [words.format(*value[cohort][names], _products(judged["delay"], cohort)) for cohort in ("all", "test")]
    return Row(
        number=16,
        claim="Whatever the schedule of the decay, generalization comes at the same accumulated decay Λ = Σ ηλ.",
        source="this book's toy, D = 2",
        experiment="schedules (7 schedules), delay (two learning rates), motion-rates (rates, decays, batches)",
        **tally(runs),
        effect=f"{sentence(found[0])} In the test seeds alone: {found[1]}. At one ηλ, Λ at the turn (m̂ = ½) goes as "
        f"the power {exponent(noisy, 'turn', RATE, 'product')} of the rate with small batches, and as "
        f"{exponent(quiet, 'turn', RATE, 'product')} with all the data in each; of the latter runs "
        f"{quiet['turn_censored'].sum()} of {len(quiet)} had not turned at the end.",
        verdict=judge_clock(judged["schedules"], judged["delay"], judged["motion-rates"]),
        reason="The seven schedules are of one recipe, and not every seed is within the declared factors. Over recipes "
        "Λ is not one number: noise moves it, and without noise the rate does, down to rates at which no run turned.",
        figure="delay-noise",
    )


def _power_law(judged: pd.DataFrame) -> Row:
    records = [studies.record(name) for name in ("weight-decay", "delay")]
    runs = pd.concat([decayed(record.runs) for record in records])
    test = runs[runs["cohort"] == "test"]
    found = [", ".join(f"{law} ({name})" for name, law in exponents(part).items()) for part in (runs, test)]
    m_hat = m_hat_at_memorization(records[1])
    return Row(
        number=17,
        claim="The delay is inversely proportional to learning rate × decay.",
        source="Khanh et al. 2026",
        experiment="delay, weight-decay: decays that leave a plateau",
        **tally(with_plateau(runs)),
        effect=f"The exponent of the delay in ηλ is {found[0]}. In the test seeds alone it is {found[1]}.",
        verdict=judge_power(judged),
        reason=f"Inverse in the decay, but {_products(judged)}. Without LayerNorm m̂ is already {m_hat.min():.2f} to "
        f"{m_hat.max():.2f} at t_mem (medians by decay) and grows with the decay: that exponent is not of one wait.",
        figure="delay-power",
    )


def _contraction(judged: pd.DataFrame) -> Row:
    used = pd.concat([accounts(studies.record(name)) for name in ("weight-decay", "delay")])
    part = used["contraction"] / used["measured"]
    test = part[used["cohort"] == "test"].median()
    on = contractions(studies.record("motion-rates"))
    return Row(
        number=18,
        claim="Contraction of the norm alone explains the delay, t = (1/ηλ) ln(norm at t_mem / norm at t_gen).",
        source="after Khanh et al. 2026, whose law has the norm at the end",
        experiment="delay, weight-decay, and motion-rates for the end: runs that generalized after a plateau",
        **tally(pd.concat([used, on])),
        effect=f"Contraction to t_gen gives {part.median():.0%} of the delay in the median ({test:.0%} in the test "
        f"seeds), and in no run more than {part.max():.0%}; where runs went on, that to the norm at the end gives "
        f"{on['to the end'].median():.0%} (median of {len(on)} runs; in {(on['to the end'] < 0).sum()} it had grown).",
        verdict=judge_contraction(judged, part, on["to the end"]),
        reason="Censored runs have no norm at t_gen and are left out. A constant that is fitted to the delay can make "
        "up for the missing factor, but it is not the same at every decay.",
        figure="delay-prefactor",
    )


def _woken(runs: pd.DataFrame) -> str:
    """How many runs generalized with decay and without."""
    done = (~runs["t_gen_censored"]).groupby(runs[DECAY] > 0).agg(["sum", "size"])
    return "{} of {} runs with decay generalized, and {} of {} without".format(*done.loc[True], *done.loc[False])


def _products(judged: pd.DataFrame, cohort: str = "all") -> str:
    """What became of the predictions on two rates at one product."""
    rows = judged[(judged["cohort"] == cohort) & (judged["quantity"] == "delay")].sort_values("value")
    ratios = [f"{'at least ' * least}{value:.1f}" for value, least in zip(rows["value"], rows["at_least"], strict=True)]
    return f"at the same ηλ the small rate takes {', '.join(ratios)} times the delay of the large one"
