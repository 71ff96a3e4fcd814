"""How weights are updated, as a recipe."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, model_validator

from grokmodels.recipes.recipe import Recipe
from grokmodels.recipes.schedules import Schedule


class Optimizer(Recipe):
    """The update rule and its two schedules.

    ``adamw`` shrinks the weights by learning rate × decay each step, apart from the gradient (decoupled; Loshchilov and
    Hutter 2019, arXiv:1711.05101). ``adam`` and ``sgd`` add decay × weight to the gradient (L2). Decay acts on all
    parameters. ``clip`` bounds the norm of the whole gradient.
    """

    name: Literal["adamw", "adam", "sgd"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1.0
    betas: tuple[Annotated[float, Field(ge=0, lt=1)], Annotated[float, Field(ge=0, lt=1)]] = (0.9, 0.98)
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    momentum: Annotated[float, Field(ge=0, lt=1)] = 0.0
    clip: Annotated[float, Field(gt=0)] | None = None
    learning_rate_schedule: Schedule = Schedule.warmup(10)
    weight_decay_schedule: Schedule = Schedule.constant()

    @model_validator(mode="after")
    def _momentum_is_for_sgd(self) -> Optimizer:
        if self.momentum and self.name != "sgd":
            raise ValueError(f"momentum: got {self.momentum}; only sgd takes one, {self.name} has betas")
        return self
