"""Ask every forecaster and ring every alarm of "Forecasting a transition before it happens" anew, some ten minutes.

    .venv/bin/python tools/score_forecasts.py

writes results/forecast.feather and results/forecast-alarms.feather.
"""

from grokmodels.forecasts import benchmark


def main() -> None:
    """Ask, ring and keep."""
    benchmark.keep(benchmark.alarms(), "forecast-alarms")
    benchmark.keep(benchmark.scores(), "forecast")


if __name__ == "__main__":
    main()
