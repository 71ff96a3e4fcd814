"""Ask every forecaster and ring every alarm of "Forecasting a transition before it happens" anew, some ten minutes.

    .venv/bin/python tools/score_forecasts.py

writes results/forecast.feather and results/forecast-alarms.feather.
"""

from grokmodels.forecasts import benchmark as forecast


def main() -> None:
    """Ask, ring and keep."""
    forecast.keep(forecast.alarms(), "forecast-alarms")
    forecast.keep(forecast.scores(), "forecast")


if __name__ == "__main__":
    main()
