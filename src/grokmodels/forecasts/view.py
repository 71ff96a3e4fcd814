"""What a forecaster sees: the recipe of a run and its record up to a moment; and the question, with its answer.

Times are steps, Λ is the accumulated decay (``decay_time``).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from grokmodels.measures.lasting import EVALUATIONS, LEVEL, first_lasting
from grokmodels.recipes import keys
from grokmodels.recipes.experiment import Experiment
from grokmodels.studies.quantities import from_training

if TYPE_CHECKING:
    from grokmodels.engine.run import Run
    from grokmodels.studies import Record

FloatArray = NDArray[np.float64]
Sees = Literal["training", "held-out"]
# Fields that say how a run is watched and drawn, not what is trained.
WATCHED: dict[str, Any] = {
    "seed": 0, "split_seed": None, "init_seed": None, "batch_seed": None, "perturbation_seed": None, "steps": 1,
    "evaluate_every": 1, "stop_when_generalized": False, "motion": False, "spectral_contrast": False,
}  # fmt: skip
# Steps beyond which no schedule that repeats is followed.
FARTHEST = 2**20
# The decay that stands for none where there is no logarithm.
WEAKEST = 1e-4


@dataclass(frozen=True, eq=False)
class View:
    """A run as it looks at step ``now``: its ``recipe``, and the evaluations so far.

    ``view["weight_norm"]`` is a column of the record, (n,), one number an evaluation, the last at ``now``. A view from
    training data has no column that asks for more (:data:`grokmodels.studies.quantities.FROM_TRAINING`), and says so.
    ``t_mem`` is known: the network memorized at this step, and it has lasted. The recipe's budget and seeds are blank:
    they are no part of what is trained, and who set the budget may have known the answer.
    """

    recipe: Experiment
    columns: Mapping[str, FloatArray]
    t_mem: int
    sees: Sees = "training"

    def __getitem__(self, column: str) -> FloatArray:
        if column not in self.columns:
            raise KeyError(
                f"{column}: this view, of {self.sees} data, has no such column; must be one of {sorted(self.columns)}"
            )
        return self.columns[column]

    @property
    def now(self) -> int:
        """The step of the last evaluation."""
        return int(self["step"][-1])

    @property
    def waiting(self) -> NDArray[np.bool_]:
        """Which evaluations are at t_mem or after, (n,)."""
        return self["step"] >= self.t_mem

    def at_t_mem(self, column: str) -> float:
        """A column's value at memorization."""
        return float(self[column][np.searchsorted(self["step"], self.t_mem)])

    @cached_property
    def cell(self) -> str:
        """The name of what is trained: equal for runs that differ in seeds, budget and evaluations only."""
        return keys.key(self.recipe)

    @cached_property
    def network(self) -> str:
        """The name of all of the cell but its rate and its decay."""
        same = {"learning_rate": 1.0, "weight_decay": 1.0}
        rule = self.recipe.optimizer.model_copy(update=same)
        return keys.key(self.recipe.model_copy(update={"optimizer": rule}))

    @cached_property
    def place(self) -> FloatArray:
        """Where the recipe is among others: ln of rate, decay, batch share and number of examples; the fraction."""
        recipe, rule = self.recipe, self.recipe.optimizer
        examples = recipe.task.n_train(recipe.fraction)
        share = (recipe.batch_size or examples) / examples
        return np.append(
            np.log([rule.learning_rate, max(rule.weight_decay, WEAKEST), share, examples]), recipe.fraction
        )

    def step_at(self, decay_time: float) -> float:
        """The step at which Λ will be ``decay_time`` under the recipe's schedules; infinite where it never will.

        No step before ``now``: what should have come by now is taken to come at once.
        """
        left, step = decay_time - float(self["decay_time"][-1]), self.now
        if not left > 0:
            return float(step)
        rule, size = self.recipe.optimizer, 1024
        plans = (rule.learning_rate_schedule, rule.weight_decay_schedule)
        changing = max(FARTHEST if plan.period else plan.knots[-1][0] for plan in plans) if np.isfinite(left) else 0
        while step < changing:
            taken = np.cumsum(rule.decay_times(np.arange(step, step + size)))
            if taken[-1] >= left:
                return float(step + 1 + np.searchsorted(taken, left))
            left, step, size = left - taken[-1], step + size, 2 * size
        each = float(rule.decay_times(np.array([step]))[0])
        return float(step + np.ceil(left / each)) if each and np.isfinite(left) else float("inf")


class Case(NamedTuple):
    """A question to a forecaster: a ``view``, and the answer, which is t_gen, or, where ``censored``, later than that.

    ``run`` is all of it, for who learns from known runs; ``study``, ``cohort`` (look or test) and ``number``, that of
    its row in the record, say which run it is.
    """

    view: View
    t_gen: float
    censored: bool
    run: Run
    study: str
    cohort: str
    number: int

    def at_t_gen(self, column: str) -> float:
        """A column's value at t_gen; where that is censored, at the end of the record."""
        return _at(self.run, int(self.t_gen), column)


_KNOWN: dict[tuple[int, int, str], tuple[Run, float]] = {}


def _at(run: Run, step: int, column: str) -> float:
    """A column at a step; remembered, since learners ask it again for each recipe that is left out."""
    # With the run itself, so that its number is not given to another one.
    if (key := (id(run), step, column)) not in _KNOWN:
        row = int(np.searchsorted(run.history["step"].to_numpy(), step))
        _KNOWN[key] = run, float(run.history[column].to_numpy()[row])
    return _KNOWN[key][1]


class Moment(NamedTuple):
    """When a run is looked at: at ``times`` t_mem, or, in hindsight, once this ``share`` of its wait is over."""

    times: float | None = None
    share: float | None = None

    def row(self, steps: NDArray[Any], t_mem: int, t_gen: int) -> int:
        """The first evaluation at or after the moment; len(steps) where there is none."""
        at = t_mem * self.times if self.times is not None else t_mem + (self.share or 0) * (t_gen - t_mem)
        return int(np.searchsorted(steps, at - 1e-9))


def known_from(accuracy: FloatArray, first: int) -> int:
    """The row (n,) at which it is certain that the training accuracy lasts from row ``first`` on.

    That is when a majority of the evaluations that decide is above the level, whatever the rest will be.
    """
    above = np.flatnonzero(accuracy[first:] >= LEVEL)
    return first + int(above[EVALUATIONS // 2])


def cases(record: Record, study: str, moment: Moment, sees: Sees = "training") -> Iterator[tuple[str, Case | None]]:
    """Every run of a record at a moment: ``asked``, with its case, or why it is not.

    ``no memorization`` and ``diverged`` say it themselves; ``past``: it has generalized by then; ``ended``: its record
    ends before. A moment at which t_mem is not certain yet (:func:`known_from`) is put off until it is. In hindsight
    a run that did not generalize is ``ended``, as its wait is not known.
    """
    for number, (point, run) in enumerate(record.trained()):
        why, view = seen(run, moment, sees)
        t_gen = run.milestones.t_gen
        answer = float(t_gen.step), t_gen.censored
        yield why, None if view is None else Case(view, *answer, run, study, point.cohort, number)


def seen(run: Run, moment: Moment, sees: Sees) -> tuple[str, View | None]:
    """A run at a moment: ``asked`` and its view, or why it is not asked (:func:`cases`)."""
    t_mem, t_gen = run.milestones
    if run.status == "diverged" or run.history.empty:
        return "diverged", None
    if t_mem.censored:
        return "no memorization", None
    if moment.share is not None and t_gen.censored:
        return "ended", None
    steps = run.history["step"].to_numpy()
    first = int(np.searchsorted(steps, t_mem.step))
    row = max(
        moment.row(steps, t_mem.step, t_gen.step), known_from(run.history["train_accuracy"].to_numpy(float), first)
    )
    if not t_gen.censored and (row >= len(steps) or t_gen.step <= steps[row]):
        return "past", None
    if row >= len(steps) - 1:
        return "ended", None
    return "asked", look(run.experiment, run.history.iloc[: row + 1], sees)


def look(experiment: Experiment, history: Any, sees: Sees = "training") -> View:
    """The view of a run whose record so far is ``history``. ValueError where it may not have memorized yet."""
    accuracy, steps = history["train_accuracy"].to_numpy(float), history["step"].to_numpy()
    # Evaluations that have not come are taken to be below the level.
    unknown = np.zeros(EVALUATIONS - 1)
    times = np.append(steps, steps[-1] + 1 + np.arange(EVALUATIONS - 1))
    t_mem = first_lasting(times, np.append(accuracy, unknown), LEVEL)
    if t_mem.censored:
        raise ValueError(f"history: got none that has memorized by step {steps[-1]}; a forecast begins with t_mem")
    names = [name for name in history if sees == "held-out" or from_training(name)]
    columns = {name: history[name].to_numpy(float).copy() for name in names}
    return View(experiment.model_copy(update=WATCHED), columns, t_mem.step, sees)
