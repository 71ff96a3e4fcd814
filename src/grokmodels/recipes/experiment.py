"""The complete recipe of one training run. Two equal recipes are the same run."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable
from typing import Annotated, Any, Literal

from pydantic import Field, field_validator, model_validator

from grokmodels.recipes.architecture import Architecture
from grokmodels.recipes.optimizer import Optimizer
from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule
from grokmodels.recipes.tasks import Modular, Task


class Experiment(Recipe):
    """Everything that decides the numbers of a run: task, data, network, optimizer, precision, budget, seed.

    ``seed`` draws the split, the initial weights and the order of the batches. ``batch_size`` None, or "full" in a file
    that has no None, is the full batch.
    ``steps`` is the budget; with ``stop_when_generalized`` the run ends as soon as test accuracy has lasted
    (:func:`grokmodels.measures.milestones`), and one that never does is censored at the budget.
    ``data_schedule`` trains on a share of the training inputs that changes with the step: pairs are taken away and put
    back in one fixed random order, while the test inputs stay the same.
    """

    task: Task = Modular()
    fraction: Annotated[float, Field(gt=0, le=1)] = 0.4
    # Left out of the record where it does nothing, so that runs stored before there was one keep their keys.
    data_schedule: Schedule = Field(Schedule.constant(), exclude_if=lambda schedule: schedule == Schedule.constant())
    architecture: Architecture = Architecture()
    optimizer: Optimizer = Optimizer()
    batch_size: Annotated[int, Field(ge=1)] | None = 512
    precision: Literal["float32", "tf32", "float64", "bfloat16"] = "float32"
    steps: Annotated[int, Field(ge=1)] = 2000
    evaluate_every: Annotated[int, Field(ge=1)] = 25
    stop_when_generalized: bool = False
    seed: Annotated[int, Field(ge=0)] = 0
    split_seed: int | None = Field(None, exclude=True)
    init_seed: int | None = Field(None, exclude=True)
    batch_seed: int | None = Field(None, exclude=True)
    perturbation_seed: int | None = Field(None, exclude=True)
    perturbation: float = Field(0.0, exclude=True)

    @field_validator("batch_size", mode="before")
    @classmethod
    def _full_batch(cls, size: object) -> object:
        return None if size == "full" else size

    @model_validator(mode="after")
    def _something_to_learn_and_to_test(self) -> Experiment:
        n_train = len(self.task.split(self.fraction, self.seed).train)
        if self.batch_size is not None and self.batch_size > n_train:
            raise ValueError(f"batch_size: got {self.batch_size}; must be at most the {n_train} training inputs")
        shares = [share for _, share in self.data_schedule.knots]
        if not (max(shares) <= 1 and round(min(shares) * n_train) >= 1):
            raise ValueError(
                f"data_schedule: got shares {shares}; must be at most 1 and leave one of {n_train} training inputs"
            )
        return self

    @property
    def seeds(self):
        from types import SimpleNamespace
        pick = lambda x: self.seed if x is None else x
        return SimpleNamespace(split=pick(self.split_seed), init=pick(self.init_seed), batch=pick(self.batch_seed), perturbation=pick(self.perturbation_seed))

    @property
    def same_data_throughout(self) -> bool:
        """Whether every step has the whole training split to draw from."""
        return all(share == 1 for _, share in self.data_schedule.knots)

    @property
    def split(self):
        return self.task.split(self.fraction, self.seeds.split)

    @property
    def key(self) -> str:
        """A name for this recipe: 16 hexadecimal digits of its SHA-256."""
        return hashlib.sha256(self.model_dump_json().encode()).hexdigest()[:16]

    @property
    def shape(self) -> str:
        """What runs must share to train as one stack: all but seed, early stopping, and rates with their schedules."""
        own = {"seed", "stop_when_generalized", "optimizer"}
        rates = {"betas", "epsilon", "momentum", "learning_rate", "weight_decay", "learning_rate_schedule", "weight_decay_schedule"}
        return self.model_dump_json(exclude=own) + self.optimizer.model_dump_json(exclude=rates)

    def require_evaluated(self, checkpoints: Iterable[int]) -> None:
        """ValueError for steps at which no run of this recipe is evaluated, so that none could keep its weights."""
        reached = {*range(0, self.steps, self.evaluate_every), self.steps}
        if never := sorted(set(checkpoints) - reached):
            allowed = f"multiples of {self.evaluate_every} up to {self.steps}, or {self.steps}"
            raise ValueError(f"checkpoints: got {never}; must be {allowed}")

    def fields(self) -> dict[str, Any]:
        """Every field as nested dictionaries, also one that the record leaves out."""
        return self.model_dump() | {"data_schedule": self.data_schedule.model_dump()}

    def but(self, **changes: object) -> Experiment:
        """The same recipe with some fields changed; ``optimizer__weight_decay=0`` reaches into a nested one.

        Raises ValueError for an unknown field or a bad value.
        """
        values = self.fields()
        for path, value in changes.items():
            *parents, field = path.split("__")
            place = values
            for parent in parents:
                if not isinstance(place.get(parent), dict):
                    nested = [name for name, inner in place.items() if isinstance(inner, dict)]
                    raise ValueError(
                        f"Experiment: {path}: got {value!r} for no such field; {parent!r} must be one of {nested}"
                    )
                place = place[parent]
            place[field] = value
        return Experiment(**values)
