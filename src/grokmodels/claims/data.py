"""How much data: the delay against the fraction, critical fractions, the diagram over decay, and ungrokking.

Functions that load runs come first; all others take their tables. A *run* table has one row per run, with columns
``seed``, ``test`` (a seed that ran after this analysis was fixed), ``t_mem``, ``t_gen`` and ``censored`` (of t_gen).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Any, NamedTuple, cast

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.stats import binomtest

from grokmodels import measures, studies
from grokmodels.claims.row import Row, Verdict
from grokmodels.statistics import Interval, Law, fit_critical_law, fit_law

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

FloatArray = NDArray[np.floating[Any]]
PHASES = ("memorization", "grokking", "comprehension", "collapse")


def _stored(name: str, block: str | None = None) -> Iterator[tuple[dict[str, Any], Run]]:
    """Every stored run of a study with the fields that vary in this chapter; ``kept`` is the share after a cut."""
    for point, run in studies.runs(*studies.shipped(name), block):
        recipe = point.experiment
        labels = {"fraction": recipe.fraction, "weight_decay": recipe.optimizer.weight_decay, "seed": recipe.seed}
        labels |= {"kept": recipe.data_schedule.knots[-1][1], "p": recipe.task.n_classes, "test": point.test}
        yield labels, run


def _runs(name: str) -> pd.DataFrame:
    rows = []
    for labels, run in _stored(name):
        t_mem, t_gen = run.milestones
        rows.append(labels | {"t_mem": t_mem.step, "t_gen": t_gen.step, "censored": t_gen.censored})
    return pd.DataFrame(rows, columns=[*_FIELDS, "t_mem", "t_gen", "censored"])


def fraction_runs() -> pd.DataFrame:
    """Studies ``data-fraction`` and, for the fraction 0.4, ``weight-decay`` at decay 1: the same recipe, p = 97."""
    other = _runs("weight-decay")
    runs = [_runs("data-fraction"), other[other["weight_decay"] == 1.0]]
    return with_delay(pd.concat([table for table in runs if len(table)], ignore_index=True), spacing=50)


def size_runs() -> pd.DataFrame:
    """Study ``size``: one layer, several moduli ``p``."""
    return with_delay(_runs("size"), spacing=25)


def histories(name: str, block: str) -> pd.DataFrame:
    """All evaluations of a block, with its fields as columns; empty where no run is stored."""
    parts = [run.history[list(_CURVES)].assign(**labels) for labels, run in _stored(name, block)]
    return pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=[*_CURVES, *_FIELDS])


_FIELDS = ("fraction", "weight_decay", "seed", "kept", "p", "test")
_CURVES = ("step", "decay_time", "train_accuracy", "test_accuracy", "rule_share")


def with_delay(table: pd.DataFrame, spacing: int) -> pd.DataFrame:
    """Add ``delay``, t_gen − t_mem, and at least half the ``spacing`` of the evaluations, below which none is seen."""
    return table.assign(delay=(table["t_gen"] - table["t_mem"]).clip(lower=spacing / 2).astype(float))


class Laws(NamedTuple):
    """The two laws of the delay against the fraction: a pure power, and a power of the distance to ``edge``.

    ``better_by``: by how much Akaike's criterion prefers the one with the edge.
    """

    power: Law
    edge: Interval
    critical: Law
    better_by: float


def candidates(table: pd.DataFrame, count: int = 10) -> FloatArray:
    """The edges that are tried: from none at all to just below the first run that ended, ever more closely."""
    return float(table.loc[~table["censored"], "fraction"].min()) * (1 - np.geomspace(1, 0.02, count))


def laws(table: pd.DataFrame, count: int = 10) -> Laws | None:
    """Both laws fitted to the ``delay`` of a run table; None where runs ended at fewer than three fractions."""
    ended = table.loc[~table["censored"], "fraction"]
    if ended.nunique() < 3:
        return None
    power = fit_law(table["delay"], table["censored"], ln_fraction=np.log(table["fraction"]))
    tried = candidates(table, count)
    edge, critical = fit_critical_law(table["fraction"], table["delay"], table["censored"], tried.tolist())
    return Laws(power, edge, critical, power.aic - critical.aic)


def resolved(table: pd.DataFrame) -> pd.DataFrame:
    """The runs of ``data-fraction`` at fractions whose median delay is two evaluations (100 steps) or more."""
    return table[table.groupby("fraction")["delay"].transform("median") >= 100]


def shares(table: pd.DataFrame) -> pd.DataFrame:
    """For each fraction: runs ``n``, generalized ones ``done``, their ``share`` and its 95 % interval (Wilson)."""
    grouped = (~table["censored"]).groupby(table["fraction"])
    result = pd.DataFrame({"n": grouped.size(), "done": grouped.sum()}).astype(int)
    bounds = [binomtest(k, n).proportion_ci(method="wilson") for n, k in result.itertuples(index=False)]
    return result.assign(share=result["done"] / result["n"], low=[b.low for b in bounds], high=[b.high for b in bounds])


# A milestone counts once four more evaluations have been seen, in `size` 25 steps apart.
CONFIRMED = 4 * 25


def critical_fraction(table: pd.DataFrame, budget: float = np.inf) -> float:
    """The fraction at which half of the runs have generalized by ``budget`` steps; NaN where the data do not say.

    Shares are made to rise with the fraction (isotonic regression) and joined by straight lines.
    """
    return _crossing(*_done(table, budget))


def draws_of_critical(table: pd.DataFrame, draws: int = 500, budget: float = np.inf) -> FloatArray:
    """The critical fraction in ``draws`` tables of seeds drawn with replacement, (draws,)."""
    fractions, done = _done(table, budget)
    rng = np.random.default_rng(0)
    return np.array([_crossing(fractions, done[rng.integers(len(done), size=len(done))]) for _ in range(draws)])


def _done(table: pd.DataFrame, budget: float) -> tuple[FloatArray, FloatArray]:
    """The fractions, (k,), and whether each seed had generalized at each by then, (seeds, k); NaN where none ran."""
    done = (~table["censored"] & (table["t_gen"] + CONFIRMED <= budget)).astype(float)
    wide = table.assign(done=done).pivot(index="seed", columns="fraction", values="done")
    return wide.columns.to_numpy(float), wide.to_numpy(float)


def _crossing(fractions: FloatArray, done: FloatArray) -> float:
    runs = (~np.isnan(done)).sum(axis=0)
    there = runs > 0
    share = isotonic_regression(np.nansum(done[:, there], axis=0) / runs[there], weights=runs[there]).x
    above = int(np.argmax(share >= 0.5))
    # At the first fraction already, or at none: the edge lies outside.
    if above == 0:
        return float("nan")
    x, y = fractions[there][above - 1 : above + 1], share[above - 1 : above + 1]
    return float(x[0] + (0.5 - y[0]) / (y[1] - y[0]) * (x[1] - x[0]))


class Line(NamedTuple):
    """The law ln f_c = power · ln p + at_one, and that of each draw of seeds, (draws,)."""

    power: float
    at_one: float
    powers: FloatArray
    at_ones: FloatArray

    def at(self, p: float) -> Interval:
        """The critical fraction that the law foretells at p; the interval is that of the law, over seeds."""
        drawn = np.exp(self.powers * np.log(p) + self.at_ones)
        low, high = np.quantile(drawn, [0.025, 0.975])
        return Interval(float(np.exp(self.power * np.log(p) + self.at_one)), float(low), float(high))


class Scaling(NamedTuple):
    """How the critical fraction f_c depends on p.

    ``table``: p, seeds, f_c, low, high, per_token (f_c p). ``exponent``: that of f_c ∝ p^exponent; ``line``: this law.
    Both None where fewer than two sizes have an f_c.
    """

    table: pd.DataFrame
    exponent: Interval | None
    line: Line | None


def scaling(table: pd.DataFrame, budget: float = np.inf) -> Scaling:
    """Critical fraction of every p, and its exponent; intervals by drawing seeds within each p."""
    rows, drawn = [], []
    for p in np.unique(table["p"]).tolist():
        runs = table[table["p"] == p]
        estimate, sample = critical_fraction(runs, budget), draws_of_critical(runs, budget=budget)
        if not np.isfinite(estimate):
            continue
        low, high = np.nanquantile(sample, [0.025, 0.975])
        rows.append({"p": p, "seeds": runs["seed"].nunique(), "f_c": estimate, "low": low, "high": high})
        drawn.append(sample)
    result = pd.DataFrame(rows, columns=["p", "seeds", "f_c", "low", "high"])
    result["per_token"] = result["f_c"] * result["p"]
    if len(rows) < 2:
        return Scaling(result, None, None)
    power, at_one = _power_of_p(result["p"], result["f_c"].to_numpy()[:, None])
    powers, at_ones = _power_of_p(result["p"], np.array(drawn))
    exponent = Interval(float(power[0]), *map(float, np.quantile(powers, [0.025, 0.975])))
    return Scaling(result, exponent, Line(float(power[0]), float(at_one[0]), powers, at_ones))


def _power_of_p(p: pd.Series, edges: FloatArray) -> FloatArray:
    """Exponent and ln f_c at p = 1 of each column of critical fractions (sizes, draws) that is complete, (2, draws)."""
    logs = np.log(edges)
    return np.polyfit(np.log(p.to_numpy(float)), logs[:, np.isfinite(logs).all(axis=0)], 1)


def edge_by_budget(table: pd.DataFrame, budgets: list[int]) -> pd.DataFrame:
    """The critical fraction that a study with a smaller budget would have found: budget, f_c, low, high.

    Budgets at which more than one draw of seeds in 40 has none are left out.
    """
    rows = []
    for budget in budgets:
        estimate, drawn = critical_fraction(table, budget), draws_of_critical(table, budget=budget)
        if np.isfinite(estimate) and np.isfinite(drawn).mean() >= 0.975:
            low, high = np.nanquantile(drawn, [0.025, 0.975])
            rows.append({"budget": budget, "f_c": estimate, "low": low, "high": high})
    return pd.DataFrame(rows, columns=["budget", "f_c", "low", "high"])


def edge_without_end(table: pd.DataFrame, budgets: list[int]) -> Interval | None:
    """The critical fraction at an endless budget, extrapolated in 1/budget, as the two-layer toy says it converges.

    None where fewer than three budgets have one.
    """
    edges = edge_by_budget(table, budgets)
    if len(edges) < 3:
        return None
    inverse = 1 / edges["budget"].to_numpy(float)
    # Every budget draws the same seeds, so a column is one study.
    drawn = np.array([draws_of_critical(table, budget=budget) for budget in edges["budget"]])
    ends = np.polyfit(inverse, drawn[:, np.isfinite(drawn).all(axis=0)], 1)[1]
    low, high = np.quantile(ends, [0.025, 0.975])
    return Interval(float(np.polyfit(inverse, edges["f_c"], 1)[1]), float(low), float(high))


def phase(history: pd.DataFrame) -> str:
    """The phase of one run, named as in the toy.

    Comprehension: generalized, and at t_mem half of the test pairs are right already; grokking: generalized later;
    memorization: memorized and not generalized within the budget; collapse: neither.
    """
    t_mem, t_gen = measures.milestones(history)
    if t_gen.censored:
        return "collapse" if t_mem.censored else "memorization"
    then = history.loc[history["step"] == t_mem.step, "test_accuracy"].iloc[0]
    return "comprehension" if t_mem.censored or then >= 0.5 else "grokking"


def phase_runs(table: pd.DataFrame) -> pd.DataFrame:
    """One row per run of the diagram's histories: fraction, weight_decay, seed, test, milestones and ``phase``."""
    rows = []
    keys = ["fraction", "weight_decay", "seed", "test"]
    for values, history in table.groupby(keys):
        t_mem, t_gen = measures.milestones(history)
        times = {"t_mem": t_mem.step, "t_gen": t_gen.step, "censored": t_gen.censored, "phase": phase(history)}
        rows.append(dict(zip(keys, values, strict=True)) | times)
    return pd.DataFrame(rows, columns=[*keys, "t_mem", "t_gen", "censored", "phase"])


def edge_by_decay(runs: pd.DataFrame) -> pd.DataFrame:
    """The critical fraction of each decay: columns ``weight_decay`` and ``f_c``, NaN where it lies outside."""
    rows = [(decay, critical_fraction(cell)) for decay, cell in runs.groupby("weight_decay")]
    return pd.DataFrame(rows, columns=["weight_decay", "f_c"])


CUT = 2000


def losses_of_rule(table: pd.DataFrame) -> pd.DataFrame:
    """One row per run of the cut histories: what became of the rule.

    ``left``: the fraction trained on after the cut; ``before``: test accuracy at the cut; ``after``, ``share_after``:
    test accuracy and rule share at the end (median of five evaluations); ``lost``: decay time from the cut until test
    accuracy has fallen below one half for good, or until the end of the record where it has not (``kept_it``).
    """
    rows = []
    columns = ["left", "seed", "test", "before", "after", "share_after", "lost", "kept_it"]
    for key, history in table.groupby(["kept", "seed", "test"]):
        kept, seed, test = cast(tuple[float, int, bool], key)
        after = history[history["step"] > CUT]
        start = history.loc[history["step"] == CUT].iloc[0]
        # Accuracy that is gone is the mirror image of a milestone.
        gone = measures.first_lasting(after["step"], 1 - after["test_accuracy"], level=0.5)
        at = after.loc[after["step"] == gone.step, "decay_time"].iloc[0]
        end = after[["test_accuracy", "rule_share"]].tail(5).median()
        values = (0.6 * kept, seed, test, start["test_accuracy"], *end, at - start["decay_time"], gone.censored)
        rows.append(dict(zip(columns, values, strict=True)))
    return pd.DataFrame(rows, columns=columns)


class Clause(NamedTuple):
    """A part of a declared prediction, what was found, and whether it came true (None: not known yet)."""

    study: str
    declared: str
    found: str
    holds: bool | None


def check_fraction(table: pd.DataFrame, both: Laws | None) -> list[Clause]:
    """The prediction of ``data-fraction``."""
    name = "data-fraction"
    if both is None:
        return [Clause(name, "all", "runs ended at fewer than three fractions", None)]
    slope, g = both.power.slopes["ln_fraction"], both.critical.slopes["ln_distance"]
    medians = table.assign(wait=table["delay"].where(~table["censored"], np.inf)).groupby("fraction")["wait"].median()
    below = int((table["fraction"] <= both.edge.estimate).sum())
    clauses = [
        Clause(name, "the delay falls with the fraction", f"power of the fraction {slope}", slope.high < 0),
        Clause(
            name,
            "a law with an edge is better by AIC",
            f"by {both.better_by:.1f}, edge at {both.edge}",
            both.better_by > 0,
        ),
        Clause(
            name,
            "its exponent −g has g between 0.5 and 2",
            f"g = {-g.estimate:.2f} at an edge of {both.edge.estimate:.2f}",
            both.edge.estimate > 0 and 0.5 <= -g.estimate <= 2,
        ),
        # The fit puts the edge below every run that ended, so this cannot come out false and is no test.
        Clause(name, "below the edge no run generalizes", f"true of any fit; {below} runs lie there", None),
    ]
    if {0.4, 0.75} <= set(medians.index):
        factor = medians[0.75] / medians[0.4]
        clauses.append(
            Clause(name, "delay at 0.75 below half of that at 0.4", f"{factor:.2f} times (medians)", bool(factor < 0.5))
        )
    return clauses


def check_size(table: pd.DataFrame, found: Scaling) -> list[Clause]:
    """Parts (a) and (d) of the prediction of ``size``; (d) is there once p = 59 is."""
    clauses = []
    for p, runs in table.groupby("p"):
        share = shares(runs)["share"]
        clauses.append(
            Clause(
                "size",
                f"p = {p}: from below 10 % to above 90 % of seeds",
                f"{share.iloc[0]:.0%} to {share.iloc[-1]:.0%}",
                bool(share.iloc[0] < 0.1 and share.iloc[-1] > 0.9),
            )
        )
    edges = found.table["f_c"].to_numpy()
    clauses.append(
        Clause(
            "size",
            "critical fraction smaller for larger p",
            " > ".join(f"{edge:.2f}" for edge in edges),
            bool((np.diff(edges) < 0).all()) if len(edges) > 1 else None,
        )
    )
    late = table[table["p"] == LATE]
    return [*clauses, _check_late(late, found)] if len(late) else clauses


# The modulus that was added after the look seeds of the others, and where its critical fraction was foretold to be.
LATE, FORETOLD = 59, (0.27, 0.32)


def _check_late(runs: pd.DataFrame, found: Scaling) -> Clause:
    low, high = FORETOLD
    declared = f"critical fraction of p = {LATE} between {low} and {high}"
    edge = found.table[found.table["p"] == LATE]
    if edge.empty:
        # Then the shares cross one half at none of its fractions; all of them together span more than was foretold.
        share = shares(runs)["share"]
        where = f"below {share.index[0]:g}" if share.iloc[0] >= 0.5 else f"above {share.index[-1]:g}"
        return Clause("size", declared, where, False)
    estimate = Interval(*edge[["f_c", "low", "high"]].iloc[0])
    return Clause("size", declared, str(estimate), low <= estimate.estimate <= high)


def check_diagram(runs: pd.DataFrame) -> list[Clause]:
    """The prediction of ``phase-diagram``."""
    name = "phase-diagram"
    if runs.empty:
        return [Clause(name, "all", "not stored yet", None)]
    edges = edge_by_decay(runs).set_index("weight_decay")["f_c"]
    middle = edges[(edges.index >= 0.4) & (edges.index <= 1.2)]
    lowest = runs[runs["fraction"] == runs["fraction"].min()]
    weakest = runs[runs["weight_decay"] == runs["weight_decay"].min()]
    collapsed = (runs["phase"] == "collapse").groupby(runs["weight_decay"]).mean()
    dead = collapsed[collapsed == 1].index.tolist()
    return [
        Clause(
            name,
            f"at fraction {lowest['fraction'].iloc[0]:g} no decay helps",
            f"{(~lowest['censored']).sum()} of {len(lowest)} runs generalize",
            bool(lowest["censored"].all()),
        ),
        Clause(
            name,
            "weakest decay: the budget ends first",
            f"{weakest['censored'].sum()} of {len(weakest)} runs censored",
            bool(weakest["censored"].mean() > 0.5),
        ),
        Clause(
            name,
            "edge moves by 0.06 at most, decay 0.4 to 1.2",
            f"by {np.ptp(middle):.3f}",
            bool(np.ptp(middle) <= 0.06) if middle.notna().all() else None,
        ),
        Clause(
            name,
            "collapse at every fraction beyond some decay",
            f"at decay {dead[0]:g}" if dead else f"at most {collapsed.max():.0%} of the runs of one decay",
            bool(dead),
        ),
    ]


def check_ungrokking(runs: pd.DataFrame, critical: float) -> list[Clause]:
    """What the two-layer toy says of a cut: lost below the critical fraction, kept above, later nearer to it."""
    name = "sweeps"
    if runs.empty:
        return [Clause(name, "all", "not stored yet", None)]
    below, above = runs[runs["left"] < critical], runs[runs["left"] > critical]
    waits = below.assign(lost=below["lost"].where(~below["kept_it"], np.inf)).groupby("left")["lost"].median()
    later = bool((np.diff(waits) > 0).all()) if len(waits) > 1 and np.isfinite(waits[:-1]).all() else None
    return [
        Clause(
            name,
            "below: the rule is lost",
            f"{(~below['kept_it']).sum()} of {len(below)}",
            None if below.empty else not below["kept_it"].any(),
        ),
        Clause(
            name,
            "above: it is kept",
            f"{above['kept_it'].sum()} of {len(above)}",
            None if above.empty else bool(above["kept_it"].all()),
        ),
        Clause(
            name,
            "the nearer to the edge, the later",
            "decay times " + ", ".join(f"{wait:.1f}" if np.isfinite(wait) else "not lost" for wait in waits),
            later,
        ),
    ]


def data_size_verdict(both: Laws | None, edges: list[bool], declared: list[bool]) -> Verdict:
    """Claim 11, data: fewer pairs must lengthen the delay, every size have an edge, and all that was declared be true.

    Longer: the whole interval of the power is below 0. An edge: fewer than 10 % of the seeds generalize at the smallest
    fraction and more than 90 % at the largest. Declared: the clauses of ``data-fraction``. With limits where one of the
    first two is so.
    """
    if both is None or not edges:
        return "open"
    longer = both.power.slopes["ln_fraction"].high < 0
    if longer and all(edges) and all(declared):
        return "holds"
    return "holds with limits" if longer or all(edges) else "fails"


def rows() -> list[Row]:
    """Row 11, the part on the amount of data."""
    fractions, sizes = fraction_runs(), size_runs()
    return [data_size_row(fractions, sizes, laws(fractions), scaling(sizes))]


def data_size_row(fractions: pd.DataFrame, sizes: pd.DataFrame, both: Laws | None, found: Scaling) -> Row:
    """Row 11 from the run tables of the two recipes, their laws and their scaling."""
    clauses = [clause for clause in check_size(sizes, found) if clause.declared.startswith("p =")]
    edges = [bool(clause.holds) for clause in clauses]
    declared = [bool(clause.holds) for clause in check_fraction(fractions, both)]
    ends = found.table.iloc[[0, -1]] if len(found.table) else found.table
    says = [
        f"p = {p:.0f}: half of the seeds at a fraction of {Interval(*edge)}"
        for p, *edge in ends[["p", "f_c", "low", "high"]].to_numpy().tolist()
    ]
    if found.exponent is not None:
        says.append(f"critical fraction ∝ p^({found.exponent})")
    if both is not None:
        slope = both.power.slopes["ln_fraction"]
        edge = "better" if both.better_by > 0 else "no better"
        says.insert(0, f"p = 97: delay ∝ fraction^({slope}), a law with an edge {edge}, ΔAIC {both.better_by:+.1f}")
        if long := laws(resolved(fractions)):
            says.insert(1, f"without delays too short to be seen ∝ fraction^({long.power.slopes['ln_fraction']})")
    return Row(
        number=11,
        claim="Whether and when a network generalizes is sensitive to the amount of data.",
        source="memo",
        experiment="data-fraction; weight-decay at decay 1; size",
        runs=len(fractions) + len(sizes),
        seeds=pd.concat([fractions["seed"], sizes["seed"]]).nunique(),
        censored=int(fractions["censored"].sum() + sizes["censored"].sum()),
        effect="; ".join(says) + ".",
        verdict=data_size_verdict(both, edges, declared),
        reason=f"{sum(edges)} of {len(edges)} sizes have an edge within the budget; of the declared clauses of "
        f"data-fraction {sum(declared)} of {len(declared)} came true; one task, modular addition.",
        figure="fig-data-edges",
    )
