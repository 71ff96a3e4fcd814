"""Is it a phase transition? Sharpness, fluctuations, waits, loops and coexistence, and which mechanisms survive them.

Functions that load runs come first, then two models whose answer is known, then tests that take tables, then what the
tests say together. Sizes are numbers of pairs, p²; the control parameter is ln f, f the share of the pairs in training.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cache
from typing import Any, Literal, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels import statistics, studies
from grokmodels.claims.data import Clause
from grokmodels.claims.row import Row, Verdict
from grokmodels.recipes.schedules import Schedule
from grokmodels.statistics import Interval, scaling
from grokmodels.statistics.scaling import Curve
from grokmodels.theory import ridge
from grokmodels.theory.circuits import Circuits
from grokmodels.theory.hysteresis import sweep

FloatArray = NDArray[np.floating[Any]]
MECHANISMS = ("first order", "continuous", "saddle", "crossover", "smooth curve")
ALL = frozenset(MECHANISMS)
# The criteria of studies/size.toml, waiting-times.toml and sweeps.toml, as they were written before the runs.
NARROW, HALVED, LOUD, SHRINKS = 0.5, (0.4, 0.7), 0.5, 1 / 3
# Order parameters are read when this much decay has accumulated; the last is the whole budget of `size`.
MOMENTS = (4.0, 6.0, 8.0, 10.0)
ORDER = ("m_hat", "rule_share")


Seeds = Literal["look", "test", "all"]


class Runs(NamedTuple):
    """Stored runs: ``table``, a row per run; ``histories``, a row per evaluation, with the number of its ``run``."""

    table: pd.DataFrame
    histories: pd.DataFrame


@cache
def load(name: str) -> Runs:
    """The stored runs of a study, each read once.

    ``table``: ``run``, ``block``, ``p``, ``fraction``, ``decay``, ``batch`` (0 for the full one), ``seed``, ``test``,
    ``t_mem``, ``t_gen``, ``censored``. ``histories``: ``run``, ``step``, ``decay_time``, ``share`` (of the training
    set that the schedule leaves), ``decay_factor``, ``test_accuracy``, ``m_hat``, ``rule_share``.
    """
    rows, parts = [], []
    for number, (point, run) in enumerate(studies.runs(*studies.shipped(name))):
        recipe, (t_mem, t_gen), history = run.experiment, run.milestones, run.history
        rows.append(
            {"run": number, "block": point.block, "p": recipe.task.p, "fraction": recipe.fraction}  # type: ignore[union-attr]
            | {"decay": recipe.optimizer.weight_decay, "batch": recipe.batch_size or 0, "seed": recipe.seed}
            | {"test": point.test, "t_mem": t_mem.step, "t_gen": t_gen.step, "censored": t_gen.censored}
        )
        kept = history[["step", "decay_time", "test_accuracy", *ORDER]].assign(run=number)
        schedules = {"share": recipe.data_schedule, "decay_factor": recipe.optimizer.weight_decay_schedule}
        for column, schedule in schedules.items():
            kept[column] = 1.0 if schedule == Schedule() else [schedule(step) for step in history["step"]]
        parts.append(kept)
    empty = ["run", "block", "p", "fraction", "decay", "batch", "seed", "test", "t_mem", "t_gen", "censored"]
    table = pd.DataFrame(rows, columns=empty)
    return Runs(table, pd.concat(parts, ignore_index=True) if parts else pd.DataFrame())


def seen(runs: Runs, seeds: Seeds) -> Runs:
    """The runs of the seeds that were looked at while the rules were written, of the test seeds, or all."""
    if seeds == "all" or not len(runs.table):
        return runs
    table = runs.table[runs.table["test"].astype(bool) == (seeds == "test")]
    return Runs(table, runs.histories[runs.histories["run"].isin(table["run"])])


def order_parameters(runs: Runs, moments: Sequence[float] = MOMENTS) -> pd.DataFrame:
    """The order parameters of each run of ``size`` when Λ has reached each moment, beside its row of the table.

    Columns ``size``, ``x``, ``right`` (generalized within the budget, 0 or 1), and for each moment ``m_hat@Λ`` and
    ``rule_share@Λ``: the median of the last five evaluations, as single ones flicker. A run that stopped because it had
    generalized counts with its last ones.
    """
    table = runs.table.assign(
        size=runs.table["p"].astype(float) ** 2,
        x=np.log(runs.table["fraction"].astype(float)),
        right=(~runs.table["censored"].astype(bool)).astype(float),
    ).set_index("run")
    for moment in moments:
        until = runs.histories[runs.histories["decay_time"] <= moment + 1e-9]
        last = until.groupby("run").tail(5).groupby("run")[[*ORDER]].median()
        table = table.join(last.add_suffix(f"@{moment:g}"))
    return table.reset_index()


def complete(table: pd.DataFrame) -> pd.DataFrame:
    """The runs of sizes of which every seed has every fraction: what is still running cannot bias what is done."""
    kept = []
    for _, runs in table.groupby(["size", "test"]):
        per_seed = runs.groupby("seed")["x"].nunique()
        if len(per_seed) >= 5 and (per_seed == per_seed.max()).all() and per_seed.max() >= 4:
            kept.append(runs)
    return pd.concat(kept, ignore_index=True) if kept else table[:0]


def null_runs(sizes: Sequence[int] = (40, 80, 160, 320), seeds: int = 20) -> pd.DataFrame:
    """The null model at several sizes, examples = f · size: the columns of :func:`order_parameters` that tests need.

    ``m@Λ`` is the part of its squared answers on new inputs that is the rule, at three moments; ``right``: whether 90 %
    of the answers are within 0.5 of their target at Λ = 1.74; ``t_gen``: the 1000 Λ at which they are, within 2,000.
    """
    rows = []
    for size in sizes:
        for fraction in (0.1, 0.25, 0.4, 0.55, 0.7, 0.85):
            for seed in range(seeds):
                model = ridge.Ridge(
                    features=size, strong=max(2, size // 20), weak_variance=6 / size,
                    examples=round(fraction * size), seed=1000 * seed + size,
                )  # fmt: skip
                data = ridge.modes(model)
                moments = np.array([0.4, 0.55, 0.7, *np.linspace(0.2, 2, 91)])
                weights = ridge.student(model, data, moments / model.weight_decay)
                signal = (weights * data.variances) @ data.teacher
                share = signal**2 / (weights**2 @ data.variances)
                loss = (weights - data.teacher) ** 2 @ data.variances / 2
                right = ridge.within_tolerance(loss[3:], 0.5) >= 0.9
                rows.append(
                    {"size": float(size), "x": np.log(fraction), "fraction": fraction, "seed": seed}
                    | {"m@0.4": share[0], "m@0.55": share[1], "m@0.7": share[2]}
                    | {"right": float(right[77]), "censored": not right.any()}
                    | {"t_gen": 1000 * float(moments[3:][right.argmax() if right.any() else -1])}
                )
    return pd.DataFrame(rows)


def saddle_runs(moduli: Sequence[int] = (17, 23, 31, 43), seeds: int = 25) -> pd.DataFrame:
    """The toy at D = 2 with ρ = f / f_c and f_c = 8.5/p: the same columns. Seeds differ by the rule's first strength.

    The share m of the margin solves m/(1 − m)^ρ = K e^(2(ρ−1)Λ), with ln K a Gaussian of mean −8 and deviation 1 at
    every size; ρ scatters by 1/p. ``t_gen`` is 200 Λ at m = 1/2, within 2,000.
    """
    rng = np.random.default_rng(0)
    rows = []
    for p in moduli:
        for seed in range(seeds):
            luck, scatter = rng.normal(-8, 1), rng.normal(0, 1 / p)
            for ratio in (0.9, 1.1, 1.25, 1.4, 1.6, 1.9):
                rho = ratio * (1 + scatter)
                wait = ((rho - 1) * np.log(2) - luck) / (2 * (rho - 1)) if rho > 1 else np.inf
                row = {"size": float(p**2), "x": np.log(ratio * 8.5 / p), "fraction": ratio * 8.5 / p, "seed": seed}
                row |= {f"m@{moment:g}": _share(rho, luck + 2 * (rho - 1) * moment) for moment in MOMENTS}
                late = not wait <= MOMENTS[-1]
                rows.append(row | {"right": float(not late), "censored": late, "t_gen": 200 * min(wait, 10.0)})
    return pd.DataFrame(rows)


def _share(rho: float, reading: float) -> float:
    """The m that solves ln m − ρ ln(1 − m) = reading, by bisection of its log odds."""
    low, high = -60.0, 60.0
    for _ in range(60):
        middle = (low + high) / 2
        below = -np.logaddexp(0, -middle) + rho * np.logaddexp(0, middle) < reading
        low, high = (middle, high) if below else (low, middle)
    return float(1 / (1 + np.exp(-low)))


class Sharpness(NamedTuple):
    """What size does to one order parameter: see :mod:`grokmodels.statistics.scaling`. ``dip`` is at the largest."""

    stretch: Interval
    growth: Interval
    aic: Interval
    dip: float
    kind: scaling.Kind


def sharpness(table: pd.DataFrame, column: str, draws: int = 60) -> Sharpness:
    """Three tests of :func:`grokmodels.statistics.scaling.kind`, and the AIC of a crossover minus a transition's."""
    made = scaling.curves(table, column)
    stretch, growth = scaling.stretch(made, draws), scaling.growth(made, draws)
    dip = scaling.dip(scaling.widest(made[-1]))
    return Sharpness(stretch, growth, scaling.sharpening(made, draws), dip, scaling.kind(stretch, growth, dip))


def held_out(table: pd.DataFrame, column: str, draws: int = 100) -> Interval | None:
    """How much better a transition foretells the test seeds than a crossover; None before they have run."""
    looked, unseen = (
        (part for _, part in sorted(table.groupby("test"), key=lambda group: bool(group[0])))
        if (table["test"].nunique() == 2)
        else (table, table[:0])
    )
    sizes = set(looked["size"]) & set(unseen["size"])
    if len(sizes) < 2:
        return None
    one, other = (scaling.curves(part[part["size"].isin(sizes)], column) for part in (looked, unseen))
    return scaling.held_out(one, other, draws)


def steepening(table: pd.DataFrame, prefix: str, draws: int = 40) -> Interval:
    """The exponent with which the step in the order parameter steepens as Λ grows, one slope for all sizes.

    At one ρ the saddle's log odds are 2(ρ − 1)Λ and a constant: exponent 1, less as the step moves to smaller ρ. The
    null model's slope is 1/(1 − f), and falls as its step moves to smaller f.
    """
    columns = [name for name in table if str(name).startswith(f"{prefix}@")]
    moments = np.log([float(str(name).split("@")[1]) for name in columns])
    made = [scaling.curves(table, str(name)) for name in columns]

    def exponent(drawn: list[list[Curve]], near: list[scaling.Steps] | None) -> tuple[float, list[scaling.Steps]]:
        fits = [scaling.fit_steps(c, 0.0, None if near is None else near[i]) for i, c in enumerate(drawn)]
        return float(np.polyfit(moments, [np.log(fit.slope[0]) for fit in fits], 1)[0]), fits

    estimate, fits = exponent(made, None)
    rng = np.random.default_rng(0)
    again = [exponent(drawn, fits)[0] for drawn in _resampled(made, rng, draws)]
    return statistics.percentiles(estimate, again)


def limits(table: pd.DataFrame, prefix: str, draws: int = 40) -> dict[float, Interval]:
    """The middle of each size's step when Λ grows without bound, a fraction: the critical one, if there is one.

    A saddle's share is one half where 2(ρ − 1)Λ makes up for its tiny start, so with ρ ∝ f the middle lies on a
    straight line in 1/Λ that ends at ρ = 1. The line is through the middles at all moments; intervals are over seeds.
    """
    columns = [str(name) for name in table if str(name).startswith(f"{prefix}@")]
    inverse = np.array([1 / float(name.split("@")[1]) for name in columns])
    made = [scaling.curves(table, name) for name in columns]

    def ends(drawn: list[list[Curve]], near: list[scaling.Steps] | None) -> tuple[FloatArray, list[scaling.Steps]]:
        fits = [scaling.fit_steps(c, 0.0, None if near is None else near[i]) for i, c in enumerate(drawn)]
        return np.polyfit(inverse, np.exp([fit.critical for fit in fits]), 1)[1], fits

    estimate, fits = ends(made, None)
    rng = np.random.default_rng(0)
    again = np.array([ends(drawn, fits)[0] for drawn in _resampled(made, rng, draws)])
    low, high = np.quantile(again, [0.025, 0.975], axis=0)
    sizes = [curve.size for curve in made[0]]
    return {
        size: Interval(*map(float, x)) for size, x in zip(sizes, zip(estimate, low, high, strict=True), strict=True)
    }


def _resampled(made: list[list[Curve]], rng: np.random.Generator, draws: int) -> Iterator[list[list[Curve]]]:
    """Curves at several moments with seeds drawn anew, the same seeds at every moment: they are the same runs."""
    for _ in range(draws):
        rows = [rng.integers(len(curve.values), size=len(curve.values)) for curve in made[0]]
        yield [[c._replace(values=c.values[r]) for c, r in zip(curve, rows, strict=True)] for curve in made]


class Divergence(NamedTuple):
    """The delay against f − f_c at one size: ``critical`` f_c, ``exponent``, and by how much AIC prefers it to f^−g."""

    critical: Interval
    exponent: Interval
    aic_gain: float
    runs: int
    censored: int


def divergence(table: pd.DataFrame) -> dict[float, Divergence]:
    """The law of the delay near a critical fraction, per size; sizes with fewer than 8 runs that ended are left out.

    The delay is that of t_gen, from the first step. The law is :func:`grokmodels.statistics.fit_critical_law` over 40
    candidates for f_c; f_c = 0 is the power of f that it is compared with.
    """
    found = {}
    for size, runs in table.groupby("size"):
        fraction, times = np.asarray(runs["fraction"], float), np.maximum(np.asarray(runs["t_gen"], float), 1)
        open_ = np.asarray(runs["censored"], bool)
        if (~open_).sum() < 8 or len(np.unique(fraction[~open_])) < 3:
            continue
        candidates = np.linspace(0.3, 0.99, 40) * fraction[~open_].min()
        critical, law = statistics.fit_critical_law(fraction, times, open_, candidates.tolist())
        power, slope = statistics.fit_law(times, open_, ln_fraction=np.log(fraction)), law.slopes["ln_distance"]
        exponent = Interval(-slope.estimate, -slope.high, -slope.low)
        found[float(str(size))] = Divergence(critical, exponent, power.aic - law.aic, law.runs, law.censored)
    return found


class Waits(NamedTuple):
    """Waiting times of one cell: runs, how many censored, median steps, coefficient of variation."""

    runs: int
    censored: int
    median: float
    variation: Interval


def waits(table: pd.DataFrame, draws: int = 100) -> Waits:
    """The wait from memorization to generalization over seeds.

    The variation is that of a log-normal fitted by maximum likelihood, so censored runs count as what they are.
    """
    wait, open_ = _waits(table)

    def variation(rows: NDArray[np.integer[Any]]) -> float:
        return float(np.sqrt(np.expm1(statistics.spread(np.log(wait[rows]), open_[rows]) ** 2)))

    rng, n = np.random.default_rng(0), len(table)
    again = [variation(rng.integers(n, size=n)) for _ in range(draws)]
    return Waits(
        n,
        int(open_.sum()),
        statistics.median_wait(wait, open_),
        statistics.percentiles(variation(np.arange(n)), again),
    )


def wait_laws(table: pd.DataFrame) -> pd.DataFrame:
    """:func:`grokmodels.statistics.waiting_laws` of the waits of a cell, best first."""
    return statistics.waiting_laws(*_waits(table))


def _waits(table: pd.DataFrame) -> tuple[FloatArray, NDArray[np.bool_]]:
    """Steps from memorization to generalization, and whether each is censored."""
    return np.maximum(np.asarray(table["t_gen"] - table["t_mem"], float), 1), np.asarray(table["censored"], bool)


def factor(table: pd.DataFrame, more: pd.Series) -> Interval:
    """By how much the median wait of the runs that have ``more`` of something differs from that of the others."""
    wait = np.maximum(table["t_gen"] - table["t_mem"], 1)
    slope = statistics.fit_law(wait, table["censored"], more=more.astype(float)).slopes["more"]
    return Interval(*(float(np.exp(x)) for x in slope))


def loops(runs: Runs, column: str = "rule_share", points: int = 25) -> pd.DataFrame:
    """The data sweeps: one row per run and station, ``steps`` (each way), ``seed``, ``fraction``, ``down``, ``up``.

    Runs whose rule had not been found when the sweep began are left out.
    """
    made = []
    sweeps = runs.table[runs.table["block"].str.startswith("data,")] if len(runs.table) else runs.table
    for run in sweeps.itertuples():
        history = runs.histories[runs.histories["run"] == run.run]
        steps_seen, shares = np.asarray(history["step"], int), np.asarray(history["share"], float)
        turn = int(steps_seen[shares.argmin()])
        before = history[(shares == 1) & (steps_seen < turn)]
        start = int(np.asarray(before["step"], int)[-1])
        if before["test_accuracy"].iloc[-5:].median() < 0.99:
            continue
        stations = np.linspace(history["share"].min(), 1, points)
        steps = turn - start
        down = history[(history["step"] >= start) & (history["step"] <= turn)].iloc[::-1]
        up = history[(history["step"] >= turn) & (history["step"] <= turn + steps)]
        made.append(
            pd.DataFrame(
                {
                    "steps": round(steps, -2),
                    "seed": run.seed,
                    "test": run.test,
                    "fraction": run.fraction * stations,
                    "down": np.interp(stations, down["share"], down[column]),
                    "up": np.interp(stations, up["share"], up[column]),
                }
            )
        )
    return pd.concat(made, ignore_index=True) if made else pd.DataFrame()


def areas(loops: pd.DataFrame) -> pd.DataFrame:
    """The area between the way down and the way up, per run: ``steps``, ``seed``, ``rate`` (1/steps), ``area``.

    ``turn``: the rule share at the turn; ``lost``: whether it was below one half. A sweep that never lost the rule has
    no loop to measure.
    """
    rows = []
    for (steps, seed), loop in loops.groupby(["steps", "seed"]):
        area = np.trapezoid(loop["down"] - loop["up"], loop["fraction"])
        rows.append(
            {"steps": steps, "seed": seed, "rate": 1 / steps, "area": float(area)}  # type: ignore[operator]
            | {"turn": float(loop["down"].iloc[0]), "lost": bool(loop["down"].iloc[0] < 0.5)}
        )
    return pd.DataFrame(rows)


def at_zero_rate(areas: pd.DataFrame, power: float, draws: int = 500) -> Interval:
    """The area extrapolated to an infinitely slow sweep, along area = a + b · rate^power; interval over seeds."""

    def intercept(table: pd.DataFrame) -> float:
        return float(np.polyfit(table["rate"] ** power, table["area"], 1)[1])

    return statistics.bootstrap(areas, intercept, draws=draws)


# No fit to three rates can tell an area below this share of the slowest sweep's from none.
NEGLIGIBLE = 0.1


def loop_stays(areas: pd.DataFrame) -> bool | None:
    """Whether the loop survives an infinitely slow sweep: True, False, or None where the sweeps do not tell.

    The root of the rate is the law of a delayed exit, and gives the lower area at zero rate of the two. The loop stays
    if even that is above a negligible share of the slowest sweep's, interval and all. It closes if it is not and the
    area shrinks by at least a third.
    """
    mean = areas.groupby("steps")["area"].mean()
    if at_zero_rate(areas, 0.5).low > NEGLIGIBLE * mean.iloc[-1]:
        return True
    return False if mean.iloc[-1] <= (1 - SHRINKS) * mean.iloc[0] else None


def toy_loops(
    degree: float,
    dwells: Sequence[float] = (10, 30, 100),
    between: tuple[float, float] = (0.05, 20),
    floor: float = 0.15,
) -> pd.DataFrame:
    """Loops of the toy, as :func:`loops`: swept in ρ from the larger to the smaller of two values and back.

    Each of 20 values is held for a ``dwell``, at decay 0.2; no circuit falls below the ``floor``.
    """
    ratios = np.geomspace(*between, 20)
    made = []
    for dwell in dwells:
        way = [Circuits(degree=degree, generalizing_efficiency=r, weight_decay=0.2) for r in (*ratios[::-1], *ratios)]
        share = sweep(way, floor, 1.0, dwell=dwell, floor=floor)["share"].to_numpy()
        loop = {"steps": dwell * len(ratios), "seed": 0, "fraction": np.log(ratios)}
        made.append(pd.DataFrame(loop | {"down": share[19::-1], "up": share[20:]}))
    return pd.concat(made, ignore_index=True)


class Finding(NamedTuple):
    """One test: its ``question``, what was ``measured``, the mechanisms it ``allows``, how many ``runs`` it used."""

    question: str
    measured: str
    allows: frozenset[str]
    runs: int

    @property
    def decides(self) -> bool:
        """Whether it rules anything out."""
        return self.allows != ALL


def judge_sharpness(found: Sharpness, runs: int) -> list[Finding]:
    """Does the step in m̂ steepen with size, do fluctuations grow, are there two peaks?"""
    stretch, growth = found.stretch, found.growth
    if stretch.low > 0.1:
        steps = frozenset({"first order", "continuous"})
    else:
        steps = frozenset({"saddle", "crossover", "smooth curve"}) if stretch.high < 0.25 else ALL
    # The saddle's seeds may or may not agree in the limit: it says nothing of how fluctuations grow.
    noise = {"saddle"}
    noise |= {"crossover", "smooth curve"} if growth.low <= 0.1 else set()
    noise |= {"continuous"} if growth.low < 0.9 and growth.high > 0.1 else set()
    noise |= {"first order"} if growth.high >= 0.9 else set()
    peaks = {"first order", "saddle"} if found.dip < 0.05 else set(ALL)
    return [
        Finding("does the step in m̂ steepen with size?", f"stretch {stretch}", steps, runs),
        Finding("do fluctuations of m̂ grow with size?", f"growth {growth}", frozenset(noise), runs),
        Finding("two peaks at the critical fraction?", f"dip test p = {found.dip:.2f}", frozenset(peaks), runs),
    ]


def judge_steepening(found: Interval, runs: int) -> Finding:
    """Does the step steepen with time? The saddle of :func:`saddle_runs` has 0.5 or so, the null model less than 0."""
    allows = ALL - {"crossover", "smooth curve"} if found.low > 0.1 else (ALL - {"saddle"} if found.high < 0.1 else ALL)
    return Finding("does the step in m̂ steepen as Λ grows?", f"exponent {found}", allows, runs)


def judge_divergence(found: dict[float, Divergence]) -> Finding:
    """Does the delay diverge at a critical fraction?"""
    better = sum(one.aic_gain > 2 for one in found.values())
    worse = sum(one.aic_gain < -2 for one in found.values())
    allows = ALL
    if found and better == len(found):
        allows = frozenset({"continuous", "saddle"})
    elif found and worse == len(found):
        allows = frozenset({"crossover", "smooth curve", "first order"})
    exponents = ", ".join(f"{one.exponent.estimate:.1f}" for one in found.values())
    words = f"better than a power of f at {better} of {len(found)} sizes; exponents {exponents}"
    return Finding("does the delay diverge at a critical fraction?", words, allows, sum(d.runs for d in found.values()))


def judge_waits(
    cells: dict[tuple[str, float], Waits], decay: dict[str, Interval], noise: dict[str, Interval]
) -> list[Finding]:
    """Narrow or exponential? Stronger decay: shorter or longer? Noise: does it set the pace?

    ``decay`` and ``noise``: the factor on the wait by where it was measured. The first decides: full batches for the
    decay, so that noise does not mix in, and the weaker decay for noise, away from where the rule collapses.
    """
    if not cells or not decay:
        return [Finding("are waits narrow?", "not run yet", ALL, 0)]
    runs = sum(cell.runs for cell in cells.values())
    escape = frozenset({"first order"})
    high, low = max(c.variation.high for c in cells.values()), min(c.variation.low for c in cells.values())
    spread = ALL - escape if high < NARROW else (escape if low > NARROW else ALL)
    # The saddle, too, waits longer at decays close to the one at which its rule collapses.
    doubled = next(iter(decay.values()))
    sign = ALL - escape if doubled.high < 1 else (escape | {"saddle"} if doubled.low > 1 else ALL)
    found = [
        Finding("are waits narrow (variation below 0.5)?", f"variation {low:.2f} to {high:.2f}", spread, runs),
        Finding("does twice the decay shorten the wait?", _factors(decay), sign, runs),
    ]
    if noise:
        loud = next(iter(noise.values()))
        paced = escape | {"continuous"} if loud.high < LOUD else (ALL - escape if loud.low > LOUD else ALL)
        found.append(Finding("does batch noise shorten it several times?", _factors(noise), paced, runs))
    return found


def _factors(found: dict[str, Interval]) -> str:
    return "factor " + ", ".join(f"{interval} ({where})" for where, interval in found.items())


def judge_loops(areas: pd.DataFrame) -> Finding:
    """Does the loop of a data sweep stay as the sweep slows down?

    It is measured at the speeds at which most runs lost the rule. Where none did, nothing is decided: how soon a saddle
    loses the rule depends on how small the other circuit was when the sweep began.
    """
    question = "does the loop of a data sweep stay?"
    if len(areas) < 4 or areas["steps"].nunique() < 2 or areas["seed"].nunique() < 2:
        return Finding(question, "not run yet", ALL, 0)
    lost = areas.groupby("steps")["lost"].mean()
    words = "rule lost at " + ", ".join(f"{share:.0%} ({steps:,.0f} steps)" for steps, share in lost.items())
    if lost.iloc[-1] <= 0.5:
        shares = areas.groupby("steps")["turn"].mean().map("{:.2f}".format)
        words += f": no loop; mean rule share at the turn {', '.join(shares)}"
        return Finding(question, words, ALL, len(areas))
    opened = areas[areas["steps"].isin(lost.index[lost > 0.5])]
    if opened["steps"].nunique() < 2:
        return Finding(question, f"{words}: one speed, no rate", ALL, len(areas))
    stays, low = loop_stays(opened), at_zero_rate(opened, 0.5)
    allows = ALL if stays is None else (frozenset({"first order"}) if stays else ALL - {"first order"})
    words += f"; area at zero rate {low.estimate:.3f} [{low.low:.3f}, {low.high:.3f}]"
    return Finding(question, words, allows, len(areas))


def judge_exponent(law: statistics.Law) -> Finding:
    """Does stronger decay shorten the wait where it is weak, far from any collapse (study `weight-decay`)?"""
    exponent = law.slopes["ln_decay"]
    allows = ALL - {"first order"} if exponent.high < 0 else (ALL - {"smooth curve"} if exponent.low > 0 else ALL)
    words = f"delay as decay to the power {exponent} from 0.1 to 1, p = 97"
    return Finding("does weak decay set the wait?", words, allows, law.runs)


def decay_law(table: pd.DataFrame) -> statistics.Law:
    """Ln delay against ln decay, from 0.1 to 1, censored runs as such, in runs of `weight-decay`."""
    weak = table[table["decay"].between(0.1, 1)]
    wait = np.maximum(weak["t_gen"] - weak["t_mem"], 1)
    return statistics.fit_law(wait, weak["censored"], ln_decay=np.log(weak["decay"].astype(float)))


def decay_sweeps(runs: Runs) -> list[float]:
    """The lowest rule share, median of five evaluations, of each run whose decay was swept, from the sweep's start."""
    if not len(runs.table):
        return []
    swept = runs.table.loc[runs.table["block"].str.startswith("decay"), "run"]
    starts = runs.histories[(runs.histories["run"].isin(swept)) & (runs.histories["step"] >= 2000)]
    return [float(history["rule_share"].rolling(5).median().min()) for _, history in starts.groupby("run")]


def judge_plateau(runs: Runs) -> Finding:
    """Is the rule there when the data are fitted, as in the null model?"""
    at = runs.histories.merge(runs.table[["run", "t_mem", "t_gen", "censored"]], on="run")
    # Only runs with a plateau that ended: elsewhere there is no rule that could have been there.
    fitted = at[(at["step"] == at["t_mem"]) & ~at["censored"].astype(bool) & (at["t_gen"] > 2 * at["t_mem"])]
    small = fitted["m_hat"] < 0.5
    share = small.mean() if len(fitted) else float("nan")
    allows = ALL - {"smooth curve"} if share > 0.9 else (frozenset({"smooth curve"}) if share < 0.1 else ALL)
    words = f"m̂ below one half at the fit in {int(small.sum())} of {len(fitted)} runs"
    return Finding("does the signal grow after the fit?", words, allows, len(fitted))


def waiting_cells(table: pd.DataFrame) -> dict[tuple[str, float], Waits]:
    """The waits of each block and decay of `waiting-times` with at least ten runs."""
    cells = table.groupby(["block", "decay"]) if len(table) else ()
    return {key: waits(cell) for key, cell in cells if len(cell) >= 10}  # type: ignore[misc]


def doublings(table: pd.DataFrame) -> dict[str, Interval]:
    """The factor on the wait of decays above 1, for each batch that has both kinds; the full batch first."""
    cells = {int(batch): table[table["batch"] == batch] for batch in np.unique(table["batch"])}
    return {
        f"batch {batch}" if batch else "full batch": factor(cell, cell["decay"] > 1)
        for batch, cell in cells.items()
        if cell["decay"].nunique() > 1
    }


def waiting_evidence(table: pd.DataFrame, cells: dict[tuple[str, float], Waits]) -> list[Finding]:
    """The findings of `waiting-times`: its :func:`waiting_cells`, the effects of decay and of noise."""
    done = table.groupby(["block", "decay"]).filter(lambda cell: len(cell) >= 10) if len(table) else table
    decay = doublings(done)
    noise = {
        f"decay {decay:g}": factor(cell, cell["batch"] > 0)
        for decay, cell in done.groupby("decay")
        if cell["batch"].nunique() > 1
    }
    return judge_waits(cells, decay, noise)


class Evidence(NamedTuple):
    """What the tests measure on stored runs; ``table`` is that of study `size`, ``sharp`` its m̂ at the full budget."""

    table: pd.DataFrame
    sharp: Sharpness
    steep: Interval
    limit: dict[float, Interval]
    laws: dict[float, Divergence]
    cells: dict[tuple[str, float], Waits]
    loops: pd.DataFrame
    decay: statistics.Law | None


@cache
def evidence(seeds: Seeds = "all") -> Evidence | None:
    """The measurements behind the findings on some of the seeds, made once; None before two sizes have theirs."""
    table = complete(order_parameters(seen(load("size"), seeds)))
    if table["size"].nunique() < 2:
        return None
    decay = seen(load("weight-decay"), seeds).table
    return Evidence(
        table,
        sharpness(table, f"m_hat@{MOMENTS[-1]:g}"),
        steepening(table, "m_hat"),
        limits(table, "m_hat"),
        divergence(table),
        waiting_cells(seen(load("waiting-times"), seeds).table),
        loops(seen(load("sweeps"), seeds)),
        decay_law(decay) if len(decay) else None,
    )


@cache
def findings(seeds: Seeds = "all") -> tuple[Finding, ...]:
    """All tests on what is stored of some of the seeds, in the order of the chapter; none before they have run."""
    found = evidence(seeds)
    if found is None:
        return ()
    return (
        *judge_sharpness(found.sharp, len(found.table)),
        judge_steepening(found.steep, len(found.table)),
        judge_divergence(found.laws),
        judge_plateau(seen(load("size"), seeds)),
        *waiting_evidence(seen(load("waiting-times"), seeds).table, found.cells),
        *([judge_exponent(found.decay)] if found.decay else []),
        judge_loops(areas(found.loops) if len(found.loops) else found.loops),
    )


def side_by_side() -> dict[str, dict[Seeds, Finding]]:
    """Every question with its finding on the look seeds, on the test seeds and on all, where they have run."""
    names: tuple[Seeds, ...] = ("look", "test", "all")
    found = {seeds: {finding.question: finding for finding in findings(seeds)} for seeds in names}
    return {one: {name: found[name][one] for name in names if one in found[name]} for one in found["all"]}


def declared() -> list[Clause]:
    """The parts of the predictions of `size`, `waiting-times` and `sweeps` that this chapter tests, on all runs."""
    found, table, swept = evidence(), load("waiting-times").table, load("sweeps")
    if found is None or not len(table) or found.loops.empty:
        return []
    ended = found.table[~found.table["censored"]].assign(wait=lambda runs: runs["t_gen"] - runs["t_mem"])
    spread = ended.groupby(["p", "fraction"])["wait"].agg(["size", "mean", "std"]).query("size >= 8")
    widest = float((spread["std"] / spread["mean"]).max())
    longer = [bool(waits["mean"].is_monotonic_decreasing) for _, waits in spread.groupby("p")]
    cells = {f"{block}, {decay:g}": cell.variation for (block, decay), cell in found.cells.items()}
    doubled = doublings(table)
    by_speed = areas(found.loops).groupby("steps")[["lost", "area"]].mean()
    slowest = by_speed.iloc[-1]
    lowest = min(decay_sweeps(swept))
    shrunk = float(slowest["area"] / by_speed["area"].iloc[0])
    return [
        Clause("size", "variation of the waits in a cell below 0.5", f"at most {widest:.2f}", widest < NARROW),
        Clause("size", "waits grow toward f_c", f"at {sum(longer)} of {len(longer)} moduli", all(longer)),
        Clause(
            "waiting-times",
            "variation below 0.5 in every cell",
            "; ".join(f"{name}: {interval}" for name, interval in cells.items()),
            all(interval.estimate < NARROW for interval in cells.values()),
        ),
        Clause(
            "waiting-times",
            "twice the decay: factor 0.4 to 0.7, whatever the batch",
            _factors(doubled),
            all(HALVED[0] <= interval.estimate <= HALVED[1] for interval in doubled.values()),
        ),
        Clause(
            "sweeps",
            "the rule is lost on the way down",
            f"in {slowest['lost']:.0%} of the slowest",
            slowest["lost"] > 0.5,
        ),
        Clause("sweeps", "the area shrinks by a third", f"slowest over fastest {shrunk:.2f}", shrunk <= 1 - SHRINKS),
        Clause("sweeps", "the decay sweep loses nothing", f"rule share at least {lowest:.2f}", lowest > 0.5),
    ]


def surviving(found: Sequence[Finding]) -> list[str]:
    """The mechanisms that every test allows."""
    return [name for name in MECHANISMS if all(name in finding.allows for finding in found)]


def without_each(found: Sequence[Finding]) -> dict[str, list[str]]:
    """For every test that decides: the mechanisms that would be left without it."""
    return {one.question: surviving([other for other in found if other is not one]) for one in found if one.decides}


def verdict_transition(found: Sequence[Finding]) -> Verdict:
    """Row 5. Holds if only transitions survive, fails if neither they nor the saddle do.

    With limits if the saddle does and they do not: it has a threshold in the data, and a smooth turn in time.
    """
    left, transitions = set(surviving(found)), {"first order", "continuous"}
    if left and left <= transitions:
        return "holds"
    if left == {"saddle"}:
        return "holds with limits"
    return "open" if not left or left & (transitions | {"saddle"}) else "fails"


def verdict_basins(found: Sequence[Finding]) -> Verdict:
    """Row 4. Two basins are what a first-order transition has: holds if only that survives.

    Fails where two tests or more rule it out and some other mechanism survives them all. Where none does, no picture of
    the five is right, and nothing is decided.
    """
    left = surviving(found)
    if left == ["first order"]:
        return "holds"
    against = sum("first order" not in finding.allows for finding in found)
    return "fails" if left and against >= 2 else "open"


def in_words(found: Sequence[Finding]) -> str:
    """The two verdicts as a reader needs them."""
    transition = {
        "holds": "In these runs the sentence stands: only transitions are left.",
        "holds with limits": "In the data there is a threshold that shows as one waits; in time, no transition: "
        "one solution grows out of the other.",
        "fails": "In these runs it is not a phase transition: what is left has no singularity.",
        "open": "These runs do not decide whether it is a phase transition.",
    }
    basins = {
        "holds": "The two families of solutions are two basins.",
        "fails": "Two families of solutions, yes; two basins with a barrier between them, no.",
        "open": "Whether the two families of solutions are two basins is not decided here.",
    }
    return f"{transition[verdict_transition(found)]} {basins[verdict_basins(found)]}"


def rows() -> list[Row]:
    """Rows 4 and 5 of the ledger."""
    found = findings()
    used = [load(name).table for name in ("size", "waiting-times", "sweeps", "weight-decay")]
    runs = pd.concat(used, ignore_index=True)
    left = ", ".join(surviving(found)) or "no mechanism of the five"
    unseen = findings("test")
    alone = [f"; by the test seeds alone: {verdict(unseen)}" for verdict in (verdict_basins, verdict_transition)]
    alone = alone if unseen else ["", ""]
    basins = [f for f in found if ("first order" in f.allows) != ("saddle" in f.allows)]
    sharp = [f for f in found[:5] if f.decides]
    shared: dict[str, Any] = {
        "source": "the memo",
        "experiment": "size, waiting-times, sweeps, weight-decay",
        "runs": len(runs),
        "seeds": int(runs["seed"].nunique()),
        "censored": int(runs["censored"].sum()),
        "figure": "sec-transition-verdict",
    }
    return [
        Row(
            number=4,
            claim="The transition is a move between two basins.",
            effect="; ".join(f"{f.question} {f.measured}" for f in basins) or "no test decides",
            verdict=verdict_basins(found),
            reason=f"{len(basins)} of {len(found)} tests decide on it; left standing: {left}{alone[0]}",
            **shared,
        ),
        Row(
            number=5,
            claim="Grokking is a phase transition.",
            effect="; ".join(f"{f.question} {f.measured}" for f in sharp) or "no test decides",
            verdict=verdict_transition(found),
            reason=f"left standing after {len(found)} tests: {left}{alone[1]}",
            **shared,
        ),
    ]
