"""What can be asked of a run, by the names that predictions and records use, and one rule for waits.

``t_mem``, ``t_gen``, ``delay`` (t_gen − t_mem), ``delay_ratio`` (t_gen / t_mem), ``memorized``, ``generalized`` or
``diverged`` (yes or no), or ``COLUMN at MOMENT``: a column of the history, as ``decay_time`` or ``weight_norm``, at
``start``, ``t_mem``, ``t_gen`` or ``end``, or at an accumulated decay: ``m_hat at 12.5`` is m̂ at the last evaluation
with a ``decay_time`` of at most 12.5. It is not known of a run that ended before, by more decay than lies between its
last two evaluations, be it by its budget or because it had generalized.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from grokmodels.engine.run import Run

WAITS = ("t_mem", "t_gen", "delay", "delay_ratio")
SHARES = ("memorized", "generalized", "diverged")
COLUMNS = (
    "coherence", "decay_time", "m_hat", "rule_share", "rule_share_train", "spectral_contrast", "turned", "weight_norm",
    "test_accuracy", "test_loss", "test_margin", "test_signal",
    "train_accuracy", "train_loss", "train_margin", "train_rule_accuracy", "train_signal",
)  # fmt: skip
# What the columns ask for: nothing but the training inputs with their labels, and the weights; or what whoever trains a
# network on a problem without a known answer does not have: the rule (its symmetry, its answers on training inputs that
# are labeled otherwise) or inputs that are held out.
FROM_TRAINING = (
    "step", "decay_time", "train_loss", "train_accuracy", "train_margin", "train_signal", "weight_norm", "turned",
    "coherence",
)  # fmt: skip
FROM_THE_RULE = ("rule_share_train", "train_rule_accuracy")
HELD_OUT = ("m_hat", "rule_share", "spectral_contrast", "test_accuracy", "test_loss", "test_margin", "test_signal")
MOMENTS = ("start", "t_mem", "t_gen", "end")
# Values within this relative difference are one: rounding decides nothing.
ROUNDING = 1e-9


def measure(run: Run, quantity: str) -> tuple[float, bool]:
    """A quantity of a run, and whether it is only a lower bound; NaN where the run does not tell.

    The rule for waits: what lies within one evaluation is not seen, so none is below half the spacing of evaluations; a
    delay begins with memorization, and is not known of a run that did not memorize; one that has not ended is at least
    what was seen.
    """
    t_mem, t_gen = run.milestones
    resolved = run.experiment.evaluate_every / 2
    match quantity:
        case "memorized":
            return float(not t_mem.censored), False
        case "generalized":
            return float(not t_gen.censored), False
        case "diverged":
            return float(run.status == "diverged"), False
        case "t_mem":
            return max(t_mem.step, resolved), t_mem.censored
        case "t_gen":
            return max(t_gen.step, resolved), t_gen.censored
        case "delay" | "delay_ratio" if t_mem.censored:
            return math.nan, False
        case "delay":
            return max(t_gen.step - t_mem.step, resolved), t_gen.censored
        case "delay_ratio":
            return max(t_gen.step, resolved) / max(t_mem.step, resolved), t_gen.censored
    column, moment = quantity.split(" at ")
    if run.history.empty or column not in run.history:
        return math.nan, False
    steps, values = run.history["step"].to_numpy(), run.history[column].to_numpy()
    if (decay := accumulated(moment)) is not None:
        row = _last_by(run.history["decay_time"].to_numpy(float), decay)
        return (math.nan if row is None else float(values[row])), False
    step, censored = {"start": (0, False), "end": (steps[-1], False), "t_mem": t_mem, "t_gen": t_gen}[moment]
    # Of a moment that has not come, only what never shrinks is known from below.
    if censored and column != "decay_time":
        return math.nan, False
    return float(values[np.searchsorted(steps, step)]), censored


def from_training(column: str) -> bool:
    """Whether a column of a history asks for nothing but training data and weights; norms of parameters do not."""
    return column in FROM_TRAINING or column.startswith("norm.")


def accumulated(moment: str) -> float | None:
    """The accumulated decay that a moment is, a finite number of at least 0; None for every other moment."""
    try:
        decay = float(moment)
    except ValueError:
        return None
    return decay if 0 <= decay < math.inf else None


def _last_by(decay_times: np.ndarray, decay: float) -> int | None:
    """The row of the last evaluation by an accumulated decay; None where the history ends too long before it."""
    slack = ROUNDING * decay
    if decay - decay_times[-1] > np.diff(decay_times[-2:]).sum() + slack:
        return None
    return int(np.searchsorted(decay_times, decay + slack, side="right")) - 1
