"""What keeps the weights moving: the statistics of the verdict, the same for runs and for simulated rivals.

A study becomes a vector of named statistics (:func:`statistics_of`); a mechanism is what the vectors of its simulated
studies look like (:func:`reference`); the verdict is by :mod:`grokmodels.statistics.battery`, and
:func:`calibration` says how often it is right.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from grokmodels import statistics
from grokmodels.statistics import battery
from grokmodels.statistics.dip import dip_statistic
from grokmodels.studies.places import find_root
from grokmodels.theory.evidence import Evidence, study
from grokmodels.theory.rivals import SYSTEMS

FloatArray = NDArray[np.floating[Any]]
# The error rate that the verdict asks for: a reference of a thousand studies scatters, and 5 % are to be kept.
ALPHA = 0.03
# Cells of the grids of motion-data and motion-rates that a statistic is about: fractions at which a quarter of the data
# in a batch turns, rates at which pilots saw full batches without and with dips; and less than a grid's spacing.
PLENTY, LOW_RATE, HIGH_RATE, BETWEEN = 0.7, 0.00125, 0.005, 0.0001
# A law of waits has two numbers.
FEWEST_WAITS = 3
# A table as its columns, (n,) each.
Columns = dict[str, NDArray[Any]]

# The statistics, in the words of the page, and the least scale of each: what a study of this size can tell at best. A
# finer one would let a statistic that hardly ever moves in some system set the bar for all. One run of ten for shares
# of few runs; a tenth for shares of variance, as eight levels hold no more; else a twentieth.
NAMES = {
    "full batch, 60 %: share that turns": 0.1,
    "full batch, 90 %: share that turns": 0.1,
    "batch 1/16, 60 %: share that turns": 0.1,
    "wait at batch 1/4 over 1/16, log": 0.05,
    "bend of the wait in the batch, log": 0.05,
    "wait against fraction, exponent": 0.05,
    "wait against decay, exponent": 0.05,
    "wait against rate, exponent": 0.05,
    "full batch, low rates: share that turns": 0.05,
    "full batch, high rates: share that turns": 0.05,
    "edge: share that turns": 0.05,
    "edge: spread of the log wait": 0.05,
    "edge: exponential against log-normal": 0.05,
    "p = 23: share of the split": 0.1,
    "p = 23: share of the weights": 0.1,
    "p = 23: share of replicas": 0.1,
    "p = 97: share of the split": 0.1,
    "p = 97: share of the weights": 0.1,
    "p = 97: share of replicas": 0.1,
    "size: steepening of the step": 0.05,
    "size: growth of fluctuations": 0.05,
    "size: dip at the largest": 0.005,
    "size: steepening from 10 to 40": 0.05,
    "quench: change of the log odds": 0.05,
    "quench: share that turns": 0.1,
}
INDEX = pd.Index(list(NAMES))
# The parts of a study that each group of statistics comes from.
PARTS = {"plane": slice(0, 6), "rates": slice(6, 10), "edge": slice(10, 13), "crossed": slice(13, 19)} | {
    "sizes": slice(19, 23),
    "quench": slice(23, 25),
}


def statistics_of(evidence: Evidence) -> pd.Series:
    """The statistics of one study, named as in ``NAMES``; NaN where its table is None or does not tell."""
    values: list[float] = []
    for part, table in evidence._asdict().items():
        nothing = [float("nan")] * (PARTS[part].stop - PARTS[part].start)
        values += nothing if table is None else MEASURES[part]({name: table[name].to_numpy() for name in table})
    return pd.Series(values, index=INDEX)


def plane_statistics(table: Columns) -> list[float]:
    """Shares that turn, and how medians of Λ* at f ≥ .7 hang on the batch, and at b/N = 1/16 on f.

    A median that the budget cuts off counts as the budget.
    """
    (fraction, share), turn = statistics.balanced(table, ["fraction", "share"], "turn")
    _, censored = statistics.balanced(table, ["fraction", "share"], "censored")
    wait, turned = np.log(np.median(turn, axis=-1)), 1 - censored.mean(axis=-1)
    sixteenth, eighth, quarter, full = (int(np.abs(share - x).argmin()) for x in (1 / 16, 1 / 8, 1 / 4, 1))
    some, most = (int(np.abs(fraction - f).argmin()) for f in (0.6, 0.9))
    much = wait[fraction >= PLENTY - BETWEEN]
    return [
        turned[some, full],
        turned[most, full],
        turned[some, sixteenth],
        float(np.median(much[:, quarter] - much[:, sixteenth])),
        float(np.median(much[:, quarter] - 2 * much[:, eighth] + much[:, sixteenth])),
        slope(np.log(fraction), wait[:, sixteenth]),
    ]


def rates_statistics(table: Columns) -> list[float]:
    """Exponents of Λ* in decay and rate where the batch is small; shares that turn in the full one, by rate."""
    full = table["share"] == 1
    (decay, eta), turn = statistics.balanced(where(table, ~full), ["decay", "eta"], "turn")
    wait = np.log(np.median(turn, axis=-1))
    _, censored = statistics.balanced(where(table, full), ["eta"], "censored")
    turned = 1 - censored.mean(axis=-1)
    return [
        slope(np.log(decay), wait.mean(axis=1)),
        slope(np.log(eta), wait.mean(axis=0)),
        float(turned[eta <= LOW_RATE + BETWEEN].mean()),
        float(turned[eta >= HIGH_RATE - BETWEEN].mean()),
    ]


def edge_statistics(table: Columns) -> list[float]:
    """The share that turns; the spread of ln Λ* and the gain per run of an exponential law over a log-normal one.

    The last two are medians over the cells in which at least three runs turned, by maximum likelihood; NaN where there
    is none.
    """
    cells = (statistics.balanced(table, ["cell"], name)[1] for name in ("turn", "censored"))
    found = [law for cell in zip(*cells, strict=True) if (law := wait_law(*cell))]
    spread, gain = np.median(found, axis=0) if found else (np.nan, np.nan)
    return [1 - float(table["censored"].mean()), float(spread), float(gain)]


def wait_law(turn: FloatArray, censored: NDArray[np.bool_]) -> tuple[float, float] | None:
    """Standard deviation of ln Λ*, and ln likelihood of an exponential less that of a log-normal, per run."""
    ended = ~censored
    if ended.sum() < FEWEST_WAITS:
        return None
    y = np.log(turn)
    fit = statistics.fit_normal(y, censored, np.ones((len(y), 1)))
    rate = ended.sum() / turn.sum()
    exponential = ended.sum() * (np.log(rate) - 1)
    return fit.scale, float(exponential - fit.log_likelihood + y[ended].sum()) / len(y)


def crossed_statistics(table: Columns) -> list[float]:
    """Whose luck the log odds are, as shares of their variance: split, weights, replicas; at p = 23 and 97."""
    return [share for p in (23, 97) for share in luck(where(table, table["p"] == p))]


def luck(cross: Columns) -> list[float]:
    """Shares of the split, the weights and the replicas in the variance; NaN where nothing varies."""
    parts = statistics.components(cross, "split_seed", "init_seed", "value")
    kept = np.maximum(parts[["split_seed", "init_seed", "within", "interaction"]].to_numpy(), 0)
    return (kept[:3] / kept.sum()).tolist() if kept.any() else [float("nan")] * 3


def sizes_statistics(table: Columns) -> list[float]:
    """How slope and fluctuations of the step in m grow with size (Λ = 40), with Λ, and the dip at the largest size.

    Every size has its own places x; a size is its number of pairs, p².
    """
    sizes = np.unique(table["p"])
    curves = {name: [curve(where(table, table["p"] == p), name) for p in sizes] for name in ("m@10", "m@40")}
    early, late = (np.array([step(*one) for one in made]) for made in curves.values())
    variances = [m.var(axis=-1, ddof=1) for _, m in curves["m@40"]]
    peaks = np.log([max(variance.max(), 1e-8) for variance in variances])
    size = 2 * np.log(sizes)
    return [
        slope(size, np.log(late)),
        slope(size, peaks + size),
        dip_statistic(curves["m@40"][-1][1][variances[-1].argmax()]),
        float(np.log(late / early).mean()),
    ]


def curve(table: Columns, value: str) -> tuple[FloatArray, FloatArray]:
    """One size's places x (k,) and order parameters there (k, runs)."""
    (x,), m = statistics.balanced(table, ["x"], value)
    return x, m


def step(x: FloatArray, m: FloatArray) -> float:
    """Slope in x of the log odds of the mean of m (k, runs), at least .1; means stay half a run from 0 and 1."""
    least = 1 / (2 * m.shape[1])
    mean = np.clip(m.mean(axis=1), least, 1 - least)
    return max(slope(x, np.log(mean / (1 - mean))), 0.1)


def quench_statistics(table: Columns) -> list[float]:
    """The median change of the log odds while nothing moves, and the share of the runs that turn meanwhile."""
    return [float(np.median(table["end"] - table["start"])), float(table["turned"].mean())]


def where(table: Columns, rows: NDArray[np.bool_]) -> Columns:
    """Some rows of a table."""
    return {name: column[rows] for name, column in table.items()}


def slope(x: Any, y: Any) -> float:
    """Least squares slope of y on x, (n,) both."""
    away = np.asarray(x, float) - np.mean(x)
    return float(away @ np.asarray(y, float) / (away @ away))


MEASURES = {
    "plane": plane_statistics,
    "rates": rates_statistics,
    "edge": edge_statistics,
    "crossed": crossed_statistics,
    "sizes": sizes_statistics,
    "quench": quench_statistics,
}


def simulated(system: str, studies: int, seed: int) -> pd.DataFrame:
    """The statistics of ``studies`` simulated studies of a system, a row each; every study draws its constants anew."""
    random = np.random.default_rng([seed, list(SYSTEMS).index(system)])
    return pd.DataFrame([statistics_of(study(SYSTEMS[system](random), random)) for _ in range(studies)])


def only(table: pd.DataFrame, parts: Iterable[str]) -> pd.DataFrame:
    """The statistics that come from some ``parts`` of a study: plane, rates, edge, crossed, sizes, quench."""
    return table[[name for part in parts for name in list(NAMES)[PARTS[part]]]]


def reference(studies: pd.DataFrame) -> battery.Reference:
    """:func:`grokmodels.statistics.battery.reference` with the resolutions of ``NAMES``."""
    return battery.reference(studies, {str(name): NAMES[str(name)] for name in studies})


class Calibration(NamedTuple):
    """Simulated studies by system: those that made the ``references`` and those that none has seen, ``fresh``."""

    seen: dict[str, pd.DataFrame]
    fresh: dict[str, pd.DataFrame]

    def references(self, parts: Iterable[str] = tuple(PARTS)) -> dict[str, battery.Reference]:
        """What each mechanism looks like to a study that has only these parts."""
        return {name: reference(only(table, parts)) for name, table in self.seen.items()}

    def confusion(self, parts: Iterable[str] = tuple(PARTS), alpha: float = ALPHA) -> pd.DataFrame:
        """How often the verdict on fresh studies of each system is right: :func:`battery.confusion`."""
        kept = tuple(parts)
        fresh = {name: only(table, kept) for name, table in self.fresh.items()}
        return battery.confusion(self.references(kept), fresh, alpha)


def calibration(studies: int = 1000, fresh: int = 400, seed: int = 0) -> Calibration:
    """Simulate every system ``studies`` times for its reference, and ``fresh`` times to see how often it is right."""
    return Calibration(
        {name: simulated(name, studies, 2 * seed) for name in SYSTEMS},
        {name: simulated(name, fresh, 2 * seed + 1) for name in SYSTEMS},
    )


def keep(made: Calibration, path: Path) -> None:
    """Write a calibration to a Feather file, in single precision."""
    parts = {"seen": made.seen, "fresh": made.fresh}
    tables = [table.assign(system=name, part=part) for part, by in parts.items() for name, table in by.items()]
    joined = pd.concat(tables, ignore_index=True)
    joined[INDEX] = joined[INDEX].astype("float32")
    joined.to_feather(path, compression="zstd")


def kept(path: Path | None = None) -> Calibration:
    """The calibration that is shipped, ``results/battery.feather``; ``tools/calibrate_battery.py`` makes it anew."""
    table = pd.read_feather(path or find_root() / "results" / "battery.feather")

    def of(part: str) -> dict[str, pd.DataFrame]:
        rows = table[table["part"] == part]
        return {str(name): own[INDEX].reset_index(drop=True) for name, own in rows.groupby("system", sort=False)}

    return Calibration(of("seen"), of("fresh"))
