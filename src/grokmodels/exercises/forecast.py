"""Checkers of the exercises of the chapter "Forecasting a transition before it happens"."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from grokmodels.checking import checker, expect
from grokmodels.forecasts import costs
from grokmodels.statistics import conformal


@checker
def check_forecaster(function: Callable[[Any], float]) -> None:
    """``function(view)``: a forecast of t_gen, in steps, from what a :class:`~grokmodels.forecasts.view.View` shows.

    It is asked of the test seeds at twice t_mem, from training data only, and must be better than a constant.
    """
    from grokmodels.forecasts.benchmark import placed

    print(placed(function))


@checker
def check_least_error(function: Callable[..., float]) -> None:
    """``function(forecast, t_gen, censored)``: |ln(forecast / t_gen)|; of a censored run the least that it can be."""
    from grokmodels.forecasts.scores import off

    for case in ((200.0, 100.0, False), (50.0, 100.0, False), (50.0, 100.0, True), (200.0, 100.0, True)):
        expect("forecast {:g}, t_gen {:g}, censored {}".format(*case), function(*case), off(*case), 1e-9)


@checker
def check_highest_promise(function: Callable[[int], float]) -> None:
    """``function(runs)``: the highest rate that a conformal interval can promise, with a finite reach.

    ``runs`` is the number of errors that are known.
    """
    for runs in (1, 4, 12, 99):
        low, high = 1e-6, 1 - 1e-6
        for _ in range(40):
            middle = (low + high) / 2
            finite = np.isfinite(conformal.radius(np.ones(runs), middle))
            low, high = (middle, high) if finite else (low, middle)
        expect(f"errors of {runs} runs", function(runs), low, tolerance=1e-4)


@checker
def check_price(every: float, first: float, rate: float) -> None:
    """The numbers of "The price of many eyes", each within 5 %.

    ``every``: steps from look to look; ``first``: the step from which on two looks fit in before a skill shows;
    ``rate``: false alarms of each skill, a share.
    """
    # What looking at every step costs, over what may be spent.
    looks = costs.probing(probes=1000 * 2000 * 100, every=1, batch=4_000_000) / 0.01
    for name, got, expected in (("every", every, looks), ("first", first, 2 * looks / 0.2), ("rate", rate, 5 / 1000)):
        expect(name, got, expected, tolerance=0.05 * expected)
