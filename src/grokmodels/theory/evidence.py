"""Whole studies of a system whose answer is known: the tables of the real ones, at their sizes and seeds.

A :class:`System` says when the rule takes over; a design says where the runs stand and what they share, since runs of
one seed share luck. What luck hangs on (initial weights, the pair of split and weights, or the single run) is drawn for
each study, as no mechanism says it.
"""

from __future__ import annotations

from functools import cache
from typing import Any, NamedTuple, Protocol

import numpy as np
import pandas as pd
from numpy.typing import NDArray

FloatArray = NDArray[np.floating[Any]]
Codes = NDArray[np.integer[Any]]
Random = np.random.Generator

FRACTIONS = (0.5, 0.6, 0.7, 0.8, 0.9)
SHARES = (1.0, 1 / 2, 1 / 4, 1 / 8, 1 / 16)
RATES = (0.000625, 0.00125, 0.0025, 0.005, 0.01)
DECAYS = (0.5, 1.0, 2.0, 4.0)
# Batches of 64 among the 577 pairs that are 60 % of 31².
SMALL = 64 / 577
# Cells near the edge: fraction of the pairs, share of them in a batch.
EDGE = ((0.6, 0.26), (0.75, 1.0), (0.5, 1 / 12))
# The middle of the step of each modulus, a fraction; only distances from it matter.
STEPS = {23: 0.38, 31: 0.34, 43: 0.31, 59: 0.225, 97: 0.175}
# Where the steps were sought: at the decay time at which half of the runs should have turned, and how well.
REACH, MISSED = 10.0, 0.03
MOMENTS = (10.0, 20.0, 40.0)
LARGEST = 6.0
# A quench: log odds about which runs are when their noise is switched off, and for how long it is.
MIDWAY = -0.5
WINDOW = 6.0


class Evidence(NamedTuple):
    """The tables of one study of each kind; None where it was not made. Λ is decay time, f the fraction, x = b/N.

    - ``plane``, data against noise: ``fraction``, ``share`` (x), ``seed``, ``turn`` (the Λ at which the order parameter
      m passes one half, or the budget), ``censored``.
    - ``rates``: ``eta``, ``decay``, ``share``, ``seed``, ``turn``, ``censored``, at one fraction.
    - ``edge``, many seeds in three cells: ``cell``, ``seed``, ``turn``, ``censored``.
    - ``crossed``: ``p``, ``split_seed``, ``init_seed``, ``replica``, ``value`` (log odds of m at Λ = 10, within ±6).
    - ``sizes``: ``p``, ``x`` (ln f), ``run``, ``m@10``, ``m@20``, ``m@40``.
    - ``quench``: ``seed``, ``start`` and ``end`` (log odds of m before and after ΔΛ = 6 without motion), ``turned``
      (whether m is above one half in the end).
    """

    plane: pd.DataFrame | None = None
    rates: pd.DataFrame | None = None
    edge: pd.DataFrame | None = None
    crossed: pd.DataFrame | None = None
    sizes: pd.DataFrame | None = None
    quench: pd.DataFrame | None = None


class At(NamedTuple):
    """Where n runs stand, each (n,): ``fraction``, ``share`` b/N, rate ``eta``, ``decay``, modulus ``p``.

    ``luck`` and ``data`` are standard Gaussians: the luck of each run's weights, shared as its study says, and that of
    its split.
    """

    fraction: FloatArray
    share: FloatArray
    eta: FloatArray
    decay: FloatArray
    p: FloatArray
    luck: FloatArray
    data: FloatArray


class System(Protocol):
    """A world of one mechanism, its constants drawn; each call makes runs anew from a generator."""

    def turn(self, at: At, random: Random) -> FloatArray:
        """The decay time at which m passes one half, (n,); infinite for never."""

    def log_odds(self, at: At, offset: FloatArray, reach: float, moments: FloatArray, random: Random) -> FloatArray:
        """Log odds of m at decay times ``moments`` (k,), shape (k, n).

        The runs are noisy ones at a distance ``offset`` (n,) in ln f from where half have turned at Λ = ``reach``.
        """

    def quench(self, at: At, start: FloatArray, window: float, random: Random) -> FloatArray:
        """Log odds of m when a time ``window`` has passed since noisy runs at ``start`` (n,) became those ``at``."""


class Design(NamedTuple):
    """Where a table's runs stand: columns of ``labels``, ``at`` without luck, and what shares luck, as codes (n,)."""

    labels: dict[str, NDArray[Any]]
    at: At
    init: Codes
    pair: Codes
    split: Codes


def study(system: System, random: Random) -> Evidence:
    """One simulated study of each kind, all in the world of the ``system``."""
    mix = np.sqrt(random.dirichlet(np.ones(3)))
    return Evidence(
        plane=_turns(system, _plane(), np.array(20.0), mix, random),
        rates=_turns(system, _rates(), _budget(), mix, random),
        edge=_turns(system, _edge(), np.array(20.0), mix, random),
        crossed=_crossed(system, mix, random),
        sizes=_sizes(system, mix, random),
        quench=_quench(system, mix, random),
    )


def _turns(system: System, design: Design, budget: FloatArray, mix: FloatArray, random: Random) -> pd.DataFrame:
    turn = system.turn(_lucky(design, mix, random), random)
    return _table(design, {"turn": np.minimum(turn, budget), "censored": turn > budget})


def _crossed(system: System, mix: FloatArray, random: Random) -> pd.DataFrame:
    design = _crossing()
    value = _values(system, design, np.zeros(len(design.init)), np.array([10.0]), mix, random)[0]
    return _table(design, {"value": np.clip(value, -LARGEST, LARGEST)})


def _sizes(system: System, mix: FloatArray, random: Random) -> pd.DataFrame:
    design = _scaling()
    x = np.log(design.at.fraction / np.array([STEPS[int(p)] for p in design.at.p]))
    values = _values(system, design, x, np.array(MOMENTS), mix, random)
    shares = 1 / (1 + np.exp(-np.clip(values, -50, 50)))
    return _table(design, {f"m@{moment:g}": row for moment, row in zip(MOMENTS, shares, strict=True)})


def _values(
    system: System, design: Design, x: FloatArray, moments: FloatArray, mix: FloatArray, random: Random
) -> FloatArray:
    """Log odds at ``moments`` of runs at distances ``x`` from where their steps were thought to be."""
    missed = MISSED * _shared(np.unique(design.at.p, return_inverse=True)[1], random)
    return system.log_odds(_lucky(design, mix, random), x + missed, REACH, moments, random)


def _quench(system: System, mix: FloatArray, random: Random) -> pd.DataFrame:
    design = _quenching()
    start = random.normal(MIDWAY, 0.25, len(design.init))
    end = system.quench(_lucky(design, mix, random), start, WINDOW, random)
    return _table(design, {"start": start, "end": np.clip(end, -LARGEST, LARGEST), "turned": end > 0})


def _lucky(design: Design, mix: FloatArray, random: Random) -> At:
    """The design's runs with their luck: of initial weights, of pairs and of runs, weighted by ``mix`` (3,)."""
    alone = np.arange(len(design.init))
    luck = sum(w * _shared(codes, random) for w, codes in zip(mix, (design.init, design.pair, alone), strict=True))
    return design.at._replace(luck=np.asarray(luck), data=_shared(design.split, random))


def _shared(codes: Codes, random: Random) -> FloatArray:
    """A standard Gaussian for each code, (n,)."""
    return random.standard_normal(int(codes.max()) + 1)[codes]


def _table(design: Design, columns: dict[str, NDArray[Any]]) -> pd.DataFrame:
    return pd.DataFrame(design.labels | columns)


def _design(labels: pd.DataFrame, init: list[str], pair: list[str], split: list[str], **at: Any) -> Design:
    """A design from its labels; ``init``, ``pair`` and ``split`` name the labels that runs of one luck have in common.

    ``at``: what is not the usual, which is the fraction .6, batches of 64, the rate .00125, decay 2 and p = 31.
    """
    n = len(labels)
    usual = {"fraction": 0.6, "share": SMALL, "eta": 0.00125, "decay": 2.0, "p": 31.0, "luck": 0.0, "data": 0.0}
    filled = {name: np.broadcast_to(np.asarray(value, float), n) for name, value in (usual | at).items()}
    codes = (labels.groupby(names).ngroup().to_numpy() for names in (init, pair, split))
    return Design({str(name): labels[name].to_numpy() for name in labels}, At(**filled), *codes)


def _grid(**levels: Any) -> pd.DataFrame:
    return pd.MultiIndex.from_product(list(levels.values()), names=list(levels)).to_frame(index=False)


@cache
def _plane() -> Design:
    labels = _grid(fraction=FRACTIONS, share=SHARES, seed=range(10))
    pair = ["fraction", "seed"]
    return _design(labels, ["seed"], pair, pair, fraction=labels["fraction"], share=labels["share"])


@cache
def _rates() -> Design:
    labels = _grid(eta=RATES, decay=DECAYS, share=(1.0, SMALL), seed=range(6))
    return _design(labels, ["seed"], ["seed"], ["seed"], **{name: labels[name] for name in ("eta", "decay", "share")})


@cache
def _budget() -> FloatArray:
    """Decay time within reach of 15 and of 40,000 steps."""
    at = _rates().at
    return np.minimum(15.0, 40_000 * at.eta * at.decay)


@cache
def _edge() -> Design:
    labels = _grid(cell=range(len(EDGE)), seed=range(50))
    fraction, share = np.array(EDGE)[labels["cell"]].T
    return _design(labels, ["seed"], ["cell", "seed"], ["cell", "seed"], fraction=fraction, share=share)


@cache
def _crossing() -> Design:
    labels = _grid(p=(23, 43, 97), split_seed=range(8), init_seed=range(8), replica=range(2))
    both = ["p", "split_seed", "init_seed"]
    fraction = labels["p"].map(STEPS)
    return _design(labels, ["p", "init_seed"], both, ["p", "split_seed"], p=labels["p"], fraction=fraction)


@cache
def _scaling() -> Design:
    labels = _grid(p=(31, 59, 97), x=0.03 * np.arange(-4, 3), run=range(40))
    labels["x"] += np.log(labels["p"].map(STEPS))
    every = ["p", "x", "run"]
    return _design(labels, ["p", "run"], every, every, p=labels["p"], fraction=np.exp(labels["x"]))


@cache
def _quenching() -> Design:
    labels = _grid(seed=range(10))
    return _design(labels, ["seed"], ["seed"], ["seed"], share=1.0)
