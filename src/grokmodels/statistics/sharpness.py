"""What size and time do to a step in an order parameter, and the word for it: transition, crossover, or undecided."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, NamedTuple

import numpy as np

from grokmodels.statistics import scaling
from grokmodels.statistics.dip import dip
from grokmodels.statistics.intervals import Interval, percentiles
from grokmodels.statistics.scaling import LogisticSteps, OrderCurve

Kind = Literal["first order", "continuous", "crossover", "undecided"]


class Sharpness(NamedTuple):
    """Three tests of :mod:`grokmodels.statistics.scaling`, and the word for them.

    ``stretch`` and ``growth``; ``dip``, the P of the dip test at the largest size; ``kind``.
    """

    stretch: Interval
    growth: Interval
    dip: float
    kind: Kind


def sharpness(curves: Sequence[OrderCurve], draws: int = 60) -> Sharpness:
    """What size does to the step in one order parameter."""
    stretch, growth = scaling.stretch(curves, draws), scaling.growth(curves, draws)
    peaks = dip(scaling.widest(curves[-1]))
    return Sharpness(stretch, growth, peaks, kind(stretch, growth, peaks))


def kind(stretch: Interval, growth: Interval, dip: float) -> Kind:
    """What three tests say together, by a rule fixed on systems that are known.

    The mean of a crossover steepens a little, too, as its seeds come to agree on its place (a stretch of 0.05 or so).
    So it takes a stretch above 0.1, interval and all, to be a transition, and one below 0.25, half of what mean field
    has, and no growth above 0.1, to be a crossover. A transition whose fluctuations do not grow is none that we know.
    It is of first order where the order parameter has two peaks (dip below 0.05) at the largest size, else continuous.
    """
    if stretch.low <= 0.1:
        return "crossover" if stretch.high < 0.25 and growth.low <= 0.1 else "undecided"
    if growth.low <= 0:
        return "undecided"
    return "first order" if dip < 0.05 else "continuous"


def steepening(curves: Mapping[float, Sequence[OrderCurve]], draws: int = 40) -> Interval:
    """The exponent with which the step steepens in time: ``curves`` of the same runs at several moments.

    One slope for all sizes. Seeds are drawn anew, the same at every moment.
    """
    moments, made = np.log(list(curves)), list(curves.values())

    def exponent(drawn: Sequence[Sequence[OrderCurve]], near: list[LogisticSteps | None]) -> tuple[float, list[Any]]:
        fits = [scaling.fit_steps(c, 0.0, start) for c, start in zip(drawn, near, strict=True)]
        return float(np.polyfit(moments, [np.log(fit.slope[0]) for fit in fits], 1)[0]), fits

    estimate, fits = exponent(made, [None] * len(made))
    rng, again = np.random.default_rng(0), []
    for _ in range(draws):
        rows = [rng.integers(len(curve.values), size=len(curve.values)) for curve in made[0]]
        drawn = [[c._replace(values=c.values[r]) for c, r in zip(one, rows, strict=True)] for one in made]
        again.append(exponent(drawn, fits)[0])
    return percentiles(estimate, again)
