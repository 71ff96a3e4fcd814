"""Ask every forecaster and ring every alarm of "Forecasting a transition before it happens" anew, some ten minutes.

    make forecasts

writes results/forecast.feather and results/forecast-….feather; ``python -m tools.score_forecasts forecast-desk`` writes
one of them.
"""

import sys

from grokmodels.claims import forecast
from grokmodels.forecasts import benchmark, desk

TABLES = {
    "forecast": benchmark.scores,
    "forecast-alarms": benchmark.alarms,
    "forecast-intervals": benchmark.covered,
    "forecast-changes": forecast.all_changes,
    "forecast-runs": desk.runs,
    "forecast-desk": desk.forecasts,
}


def main(*names: str) -> None:
    """Ask, ring and keep. The desk asks the best of the first table."""
    for name in names or TABLES:
        benchmark.keep(TABLES[name](), name)


if __name__ == "__main__":
    main(*sys.argv[1:])
