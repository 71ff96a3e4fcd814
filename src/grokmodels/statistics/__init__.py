"""Statistics of many runs: intervals over seeds, laws of delays that may be censored, whose luck it is, and scaling.

The functions of ``intervals``, ``waits`` and ``components`` are at hand here; ``scaling`` and ``battery``, which judges
known systems by many statistics at once, are modules of their own.
"""

from grokmodels.statistics.components import balanced, components
from grokmodels.statistics.intervals import Interval, bootstrap, jackknife, median_interval, percentiles, resamples
from grokmodels.statistics.waits import (
    Law,
    fit_critical_law,
    fit_law,
    fit_normal,
    median_wait,
    share_waiting,
    spread,
    waiting_laws,
)

__all__ = [
    "Interval",
    "Law",
    "balanced",
    "bootstrap",
    "components",
    "fit_critical_law",
    "fit_law",
    "fit_normal",
    "jackknife",
    "median_interval",
    "median_wait",
    "percentiles",
    "resamples",
    "share_waiting",
    "spread",
    "waiting_laws",
]
