"""What can be asked of a run, by the names that predictions and records use, and one rule for waits.

``t_mem``, ``t_gen``, ``delay`` (t_gen − t_mem), ``delay_ratio`` (t_gen / t_mem), ``memorized``, ``generalized`` or
``diverged`` (yes or no), or ``COLUMN at MOMENT``: a column of the history, as ``decay_time`` or ``weight_norm``, at
``start``, ``t_mem``, ``t_gen`` or ``end``, or at an accumulated decay: ``m_hat at 12.5`` is m̂ at the last evaluation
with a ``decay_time`` of at most 12.5. It is not known of a run that ended before, by more decay than
lies between its last two evaluations, be it by its budget or because it had generalized.

Where a task measures subsets of its inputs (:attr:`~grokmodels.recipes.tasks.BaseTask.breakdown`), a wait, a moment and
an accuracy may be that of one: ``t_gen.3``, ``decay_time at t_gen.3``, ``test_accuracy.3 at end``. Of a subset that
stands apart, ``t_gen`` is when its accuracy lasts.
"""

from __future__ import annotations

import math
import re
from typing import TYPE_CHECKING, get_args

import numpy as np

from grokmodels.measures.lasting import LEVEL, Milestone, first_lasting
from grokmodels.recipes.tasks.base import Part

if TYPE_CHECKING:
    import pandas as pd

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
_NAME = re.compile(
    rf"""(?:{"|".join(SHARES)}) | (?:{"|".join(WAITS)})(?P<wait>\.\w+)?
    | (?:{"|".join(COLUMNS)} | (?:{"|".join(get_args(Part))})_accuracy(?P<column>\.\w+)) [ ]at[ ]
      (?:start | end | (?:t_mem | t_gen)(?P<moment>\.\w+)? | (?P<decay>\S+))""",
    re.VERBOSE,
)
# Values within this relative difference are one: rounding decides nothing.
ROUNDING = 1e-9


def is_known(quantity: str) -> bool:
    """Whether this is the name of a quantity."""
    name = _NAME.fullmatch(quantity)
    return name is not None and (name["decay"] is None or accumulated(name["decay"]) is not None)


def subsets(quantity: str) -> set[str]:
    """The subsets of a task's inputs that a quantity names."""
    name = _NAME.fullmatch(quantity)
    return set() if name is None else {name[of][1:] for of in ("wait", "column", "moment") if name[of]}


def measure(run: Run, quantity: str) -> tuple[float, bool]:
    """A quantity of a run, and whether it is only a lower bound; NaN where the run does not tell.

    The rule for waits: what lies within one evaluation is not seen, so none is below half the spacing of evaluations; a
    delay begins with memorization, and is not known of a run that did not memorize; one that has not ended is at least
    what was seen.
    """
    name, _, subset = quantity.partition(".")
    if name in WAITS:
        return _wait(run, name, *_milestones(run, subset))
    match quantity:
        case "memorized":
            return float(not run.milestones.t_mem.censored), False
        case "generalized":
            return float(not run.milestones.t_gen.censored), False
        case "diverged":
            return float(run.status == "diverged"), False
    column, moment = quantity.split(" at ")
    if run.history.empty or column not in run.history:
        return math.nan, False
    steps, values = run.history["step"].to_numpy(), run.history[column].to_numpy()
    if (decay := accumulated(moment)) is not None:
        row = _last_by(run.history["decay_time"].to_numpy(float), decay)
        return (math.nan if row is None else float(values[row])), False
    name, _, subset = moment.partition(".")
    t_mem, t_gen = _milestones(run, subset)
    came = {"start": Milestone(0, False), "end": Milestone(int(steps[-1]), False), "t_mem": t_mem, "t_gen": t_gen}[name]
    # Of a moment that has not come, only what never shrinks is known from below.
    if came is None or (came.censored and column != "decay_time"):
        return math.nan, False
    return float(values[np.searchsorted(steps, came.step)]), came.censored


def _wait(run: Run, name: str, t_mem: Milestone | None, t_gen: Milestone | None) -> tuple[float, bool]:
    resolved = run.experiment.evaluate_every / 2
    if name in ("t_mem", "t_gen"):
        came = t_mem if name == "t_mem" else t_gen
        return (math.nan, False) if came is None else (max(came.step, resolved), came.censored)
    if t_mem is None or t_gen is None or t_mem.censored:
        return math.nan, False
    if name == "delay":
        return max(t_gen.step - t_mem.step, resolved), t_gen.censored
    return max(t_gen.step, resolved) / max(t_mem.step, resolved), t_gen.censored


def _milestones(run: Run, subset: str) -> tuple[Milestone | None, Milestone | None]:
    """t_mem and t_gen of all inputs, or of a subset; None where no accuracy of it is measured."""
    if not subset:
        return run.milestones
    return _lasting(run.history, f"train_accuracy.{subset}"), (
        _lasting(run.history, f"test_accuracy.{subset}") or _lasting(run.history, f"apart_accuracy.{subset}")
    )


def _lasting(history: pd.DataFrame, column: str) -> Milestone | None:
    return first_lasting(history["step"], history[column], LEVEL) if column in history else None


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
