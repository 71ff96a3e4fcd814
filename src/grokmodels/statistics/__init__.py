"""Statistics of many runs: intervals over seeds, laws of delays that may be censored, whose luck it is, and scaling.

The functions of ``intervals``, ``crossing``, ``linear``, ``waits`` and ``components`` are at hand here. Modules of
their own: ``scaling``, ``sharpness`` (the words for it), ``collapse``, ``conformal`` and ``dip``; ``battery``,
which judges known systems by many statistics at once.
"""

from grokmodels.statistics.components import balanced, components, intraclass, shares
from grokmodels.statistics.crossing import Crossing, half_crossing
from grokmodels.statistics.intervals import (
    Interval,
    bootstrap,
    jackknife,
    median_interval,
    percentiles,
    resampled_rows,
    resamples,
    share_interval,
)
from grokmodels.statistics.linear import LinearFit, fit_linear
from grokmodels.statistics.waits import (
    Law,
    fit_critical_law,
    fit_law,
    fit_normal,
    median_wait,
    share_waiting,
    spread,
    variation,
    waiting_laws,
)

__all__ = [
    "Crossing",
    "Interval",
    "Law",
    "LinearFit",
    "balanced",
    "bootstrap",
    "components",
    "fit_critical_law",
    "fit_law",
    "fit_linear",
    "fit_normal",
    "half_crossing",
    "intraclass",
    "jackknife",
    "median_interval",
    "median_wait",
    "percentiles",
    "resampled_rows",
    "resamples",
    "share_interval",
    "share_waiting",
    "shares",
    "spread",
    "variation",
    "waiting_laws",
]
