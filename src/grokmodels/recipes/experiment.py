"""The complete recipe of one training run. Two equal recipes are the same run."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Annotated, Literal, NamedTuple

import numpy as np
from pydantic import Field, field_validator, model_validator

from grokmodels.recipes import keys
from grokmodels.recipes.architecture import AnyArchitecture, Architecture
from grokmodels.recipes.optimizer import Optimizer
from grokmodels.recipes.recipe import OrNone, Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.recipes.tasks import IntArray, Modular, Split, Task

Loss = Literal["cross-entropy", "squared", "stablemax"]
Seed = Annotated[int, Field(ge=0, lt=2**63)]
OwnSeed = Annotated[Seed | None, OrNone]
Share = Annotated[float, Field(ge=0, le=1)]


class Seeds(NamedTuple):
    """What draws the split, the initial weights, the order of the batches, and the change of the initial weights."""

    split: int
    init: int
    batch: int
    perturbation: int


class Experiment(Recipe):
    """Everything that decides the numbers of a run: task, data, network, optimizer, precision, budget, seed.

    ``seed`` draws the split, the initial weights, the order of the batches and the perturbation; each has a seed of its
    own where one is given (:attr:`seeds`). ``perturbation`` is the size of a random change of the initial weights,
    relative to them: replicas of one run begin so near to each other.
    ``precision`` "tf32" is float32 whose matrix products may be rounded to 10 bits where the device has units for that.
    ``batch_size`` None, or "full" in a file that has no None, is the full batch. ``steps`` is the budget; with
    ``stop_when_generalized`` the run ends as soon as test accuracy has lasted (:func:`grokmodels.measures.milestones`),
    and one that never does is censored at the budget.
    ``data_schedule`` trains on a share of the training inputs that changes with the step: they are taken away and put
    back in one fixed random order, those of the task's core last, while the test inputs stay the same.
    ``batch_size_schedule`` is a factor of the batch size (of all training inputs, for a full batch).
    ``corrupted`` is the share of the training inputs that carry a label drawn at random for the whole run (among all,
    so that some draws are right; each by itself, mirrors too), and
    ``label_noise`` the chance of each label in a batch to be drawn at random for one step; tests ask for the rule.
    ``motion`` also measures how the weights move, ``spectral_contrast`` how few directions the test inputs spread along
    where they are read out (:class:`grokmodels.engine.run.Run`).
    ``loss`` is the cross-entropy, with a ``label_smoothing``; the squared error of the logits against one-hot answers,
    mean over classes; or the cross-entropy of StableMax (Prieto et al. 2025, arXiv:2501.04697).
    """

    task: Task = Modular()
    fraction: Annotated[float, Field(gt=0, le=1)] = 0.4
    data_schedule: Schedule = Schedule.constant()
    corrupted: Share = 0.0
    label_noise: Share = 0.0
    architecture: AnyArchitecture = Architecture()
    loss: Loss = "cross-entropy"
    label_smoothing: Annotated[float, Field(ge=0, lt=1)] = 0.0
    optimizer: Optimizer = Optimizer()
    batch_size: Annotated[int, Field(ge=1)] | None = 512
    batch_size_schedule: Schedule = Schedule.constant()
    precision: Literal["float32", "tf32", "float64", "bfloat16"] = "float32"
    steps: Annotated[int, Field(ge=1)] = 2000
    evaluate_every: Annotated[int, Field(ge=1)] = 25
    motion: bool = False
    spectral_contrast: bool = False
    stop_when_generalized: bool = False
    seed: Seed = 0
    split_seed: OwnSeed = None
    init_seed: OwnSeed = None
    batch_seed: OwnSeed = None
    perturbation_seed: OwnSeed = None
    perturbation: Annotated[float, Field(ge=0)] = 0.0

    @field_validator("batch_size", mode="before")
    @classmethod
    def _full_batch(cls, size: object) -> object:
        return None if size == "full" else size

    @model_validator(mode="after")
    def _something_to_learn_and_to_test(self) -> Experiment:
        n_train = self.task.n_train(self.fraction)
        if self.batch_size is not None and self.batch_size > n_train:
            raise ValueError(
                f"batch_size: got {self.batch_size}; must be at most the {n_train} training inputs, or None for all"
            )
        shares = [share for _, share in self.data_schedule.knots]
        if not (max(shares) <= 1 and round(min(shares) * n_train) >= 1):
            raise ValueError(
                f"data_schedule: got shares {shares}; must be at most 1 and leave one of {n_train} training inputs"
            )
        sizes = self.batch_sizes
        if not (max(sizes) <= n_train and min(sizes) >= 1):
            raise ValueError(
                f"batch_size_schedule: got batches of {sizes}; must be 1 to {n_train} inputs; knots are factors"
            )
        if self.corrupted and not round(self.corrupted * n_train):
            raise ValueError(f"corrupted: got {self.corrupted}; must be 0 or reach one of {n_train} training inputs")
        if self.label_smoothing and self.loss != "cross-entropy":
            raise ValueError(f"label_smoothing: got {self.label_smoothing}; only the cross-entropy takes one")
        return self

    @property
    def key(self) -> str:
        """A name for this recipe that lasts (:mod:`grokmodels.recipes.keys`): equal recipes have equal keys."""
        return keys.key(self)

    @property
    def seeds(self) -> Seeds:
        """The seed of each thing that is drawn: its own, or ``seed`` where it has none."""
        own = (self.split_seed, self.init_seed, self.batch_seed, self.perturbation_seed)
        return Seeds(*(self.seed if seed is None else seed for seed in own))

    @property
    def split(self) -> Split:
        """The training and the test inputs, drawn anew at each call."""
        return self.task.split(self.fraction, self.seeds.split)

    @property
    def transformer(self) -> Architecture:
        """The architecture of an experiment whose network is a transformer. ValueError for another network."""
        if not isinstance(self.architecture, Architecture):
            raise ValueError(f"architecture: got {self.architecture!r}; must be a transformer here")
        return self.architecture

    def labels(self, split: Split) -> IntArray:
        """The label that training asks for, of every input, (n_inputs,): the rule's, but where it is corrupted."""
        if not self.corrupted:
            return self.task.labels
        # A stream of its own, so that the split is the one of the same run with right labels.
        rng, labels = np.random.default_rng([self.seeds.split, 1]), self.task.labels.copy()
        changed = rng.permutation(split.train)[: round(self.corrupted * len(split.train))]
        labels[changed] = rng.integers(self.task.n_classes, size=len(changed))
        return labels

    @property
    def batch_sizes(self) -> list[int]:
        """The inputs that a step draws, at each knot of the schedule; the largest and the smallest are among them."""
        base = self.batch_size or self.task.n_train(self.fraction)
        return [round(factor * base) for _, factor in self.batch_size_schedule.knots]

    @property
    def steady(self) -> bool:
        """Whether every step draws as many inputs, from the whole training split."""
        return {1.0} == {factor for plan in (self.data_schedule, self.batch_size_schedule) for _, factor in plan.knots}

    @property
    def shape(self) -> str:
        """What runs must share to train as one stack.

        That is all but what each member has of its own: seeds, perturbation, early stopping, initial scale, and the
        optimizer's numbers (:attr:`~grokmodels.recipes.optimizer.Optimizer.structure` is what must be shared).
        """
        shared = keys.deviations(self)
        for field in ("seed", *(f"{drawn}_seed" for drawn in Seeds._fields), "perturbation", "stop_when_generalized"):
            shared.pop(field, None)
        architecture = {field: x for field, x in shared.get("architecture", {}).items() if field != "init_scale"}
        return keys.text(shared | {"architecture": architecture, "optimizer": self.optimizer.structure})

    def require_evaluated(self, checkpoints: Iterable[int]) -> None:
        """ValueError for steps at which no run of this recipe is evaluated, so that none could keep its weights."""
        reached = {*range(0, self.steps, self.evaluate_every), self.steps}
        if never := sorted(set(checkpoints) - reached):
            allowed = f"multiples of {self.evaluate_every} up to {self.steps}, or {self.steps}"
            raise ValueError(f"checkpoints: got {never}; must be {allowed}")

    def but(self, **changes: object) -> Experiment:
        """The same recipe with some fields changed; ``optimizer__weight_decay=0`` reaches into a nested one.

        A part given as a whole replaces the whole part: what it leaves out has its default. So does a change of a kind.
        Raises ValueError for an unknown field or a bad value.

        >>> slow = Experiment().but(optimizer__weight_decay=0.1, steps=20_000)
        >>> slow.optimizer.weight_decay, slow.steps, slow.task.p
        (0.1, 20000, 97)
        """
        values = self.model_dump()
        # Kinds first: the fields of another kind are other ones.
        for path, value in sorted(changes.items(), key=lambda change: not change[0].endswith("__kind")):
            *parents, field = path.split("__")
            place = values
            for parent in parents:
                if not isinstance(place.get(parent), dict):
                    nested = [name for name, inner in place.items() if isinstance(inner, dict)]
                    raise ValueError(
                        f"Experiment: {path}: got {value!r} for no such field; {parent!r} must be one of {nested}"
                    )
                place = place[parent]
            if field == "kind" and place.get(field) != value:
                place.clear()
            place[field] = value
        return Experiment(**values)
