"""Right and wrong answers to the exercises of the chapter "Forecasting a transition before it happens"."""

import numpy as np

from grokmodels import exercises
from tests.library.exercises.exercise import Exercise


def one_clock(view):
    return view.step_at(view.at_t_mem("decay_time") + 3)


def least_error(forecast, t_gen, censored):
    return 0.0 if censored and forecast >= t_gen else abs(np.log(forecast / t_gen))


def highest_promise(runs):
    return 1 - 1 / (runs + 1)


EXERCISES = [
    Exercise(
        exercises.check_forecaster,
        one_clock,
        {
            "260 runs: expected a typical error below that of a constant": lambda view: 1.0,
            "t_mem 225, now 450: expected a step, above 0, got None": lambda view: None,
        },
    ),
    Exercise(
        exercises.check_least_error,
        least_error,
        {
            "forecast 200, t_gen 100, censored True": lambda forecast, t_gen, late: abs(np.log(forecast / t_gen)),
            "forecast 50, t_gen 100, censored True": lambda *case: 0.0 if case[2] else least_error(*case),
            "forecast 50, t_gen 100, censored False": lambda forecast, t_gen, late: max(np.log(forecast / t_gen), 0),
        },
    ),
    Exercise(
        exercises.check_highest_promise,
        highest_promise,
        {
            "errors of 1 runs": lambda runs: 1 - 1 / runs,
            "errors of 99 runs": lambda runs: min(highest_promise(runs), 0.95),
        },
    ),
    Exercise(
        exercises.check_price,
        {"every": 1700, "first": 17_000, "rate": 0.005},
        {
            # A look priced as a step; one look; what all skills have together.
            "every: expected": {"every": 5000, "first": 17_000, "rate": 0.005},
            "first: expected": {"every": 1700, "first": 8500, "rate": 0.005},
            "rate: expected": {"every": 1700, "first": 17_000, "rate": 5},
        },
    ),
]
