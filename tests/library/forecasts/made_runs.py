"""Runs made up from the toy's clock, whose turn is known."""

import numpy as np
import pandas as pd

from grokmodels import Experiment
from grokmodels.engine.run import Run
from grokmodels.forecasts.view import Moment, cases
from grokmodels.studies import Point, Record

EVERY, RATE, ROOT_AT_T_GEN = 25, 0.003, 9.0


def made(seed=0, turn=3.0, slope=4.0, decay=1.0, budget=4000, **changes):
    """A run whose signed root of the rule share and odds of m̂ are e^(slope (Λ − turn)) times their value at t_gen.

    It memorizes at step 100 and has a test accuracy of 99 % from Λ = ``turn`` on.
    """
    experiment = Experiment().but(
        optimizer__weight_decay=decay, optimizer__learning_rate=RATE,
        optimizer__learning_rate_schedule={"knots": [[0, 1.0]]}, steps=budget, evaluate_every=EVERY,
        seed=seed, **changes,
    )  # fmt: skip
    steps = np.arange(0, budget + 1, EVERY)
    decay_time = np.concatenate([[0], np.cumsum(experiment.optimizer.decay_times(np.arange(budget)))])[steps]
    odds = np.minimum(ROOT_AT_T_GEN * np.exp(slope * (decay_time - turn)), 1e4)
    history = pd.DataFrame({
        "step": steps, "decay_time": decay_time, "train_accuracy": np.where(steps >= 100, 1.0, 0.2),
        "train_loss": np.exp(-steps / 200), "train_margin": 1 + steps / 100, "train_signal": 1.0,
        "test_accuracy": np.where(decay_time >= turn - 1e-9, 1.0, 0.02), "test_loss": 5.0, "test_margin": 0.0,
        "test_signal": 1.0, "m_hat": odds / (1 + odds), "rule_share": odds**2 / (1 + odds**2),
        "rule_share_train": 0.5, "weight_norm": 40 * np.exp(-decay_time / 10), "norm.embedding": 1.0,
    })  # fmt: skip
    return Run(experiment, history, "finished", {"seconds": 0.0})


def record(*runs):
    """Their record."""
    return Record.of((Point("made", run.experiment, (), (), "look"), run) for run in runs)


def asked_of(*runs, times=2.0, sees="held-out"):
    """Their cases at a multiple of t_mem."""
    return [case for _, case in cases(record(*runs), "made", Moment(times=times), sees) if case]
