"""How weights are updated, as a recipe."""

from __future__ import annotations

from typing import Annotated, Any, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from grokmodels.recipes.recipe import OrNone, Recipe
from grokmodels.recipes.schedules import Schedule

# All parameters as one vector, or each matrix (and embedding) as one of its own, vectors left alone.
Group = Literal["all", "matrices"]
Fading = Annotated[float, Field(ge=0, lt=1)]
Strength = Annotated[float, Field(gt=0)]


class ExponentialFilter(Recipe):
    """Adds to the gradient ``strength`` × its exponential average, h ← ``decay`` h + (1 − ``decay``) g from h = g on.

    Source: Lee et al. 2024 (arXiv:2405.20233), Grokfast-EMA.
    """

    kind: Literal["exponential"] = "exponential"
    strength: Strength = 2.0
    decay: Fading = 0.98


class MovingAverageFilter(Recipe):
    """Adds to the gradient ``strength`` × the mean of the last ``window`` gradients, from the first full window on.

    It remembers a window of gradients, so it takes as much memory as so many networks.
    Source: Lee et al. 2024 (arXiv:2405.20233), Grokfast-MA.
    """

    kind: Literal["moving-average"] = "moving-average"
    strength: Strength = 5.0
    window: Annotated[int, Field(ge=1, le=1000)] = 100


GradientFilter = Annotated[ExponentialFilter | MovingAverageFilter, Field(discriminator="kind")]


class Optimizer(Recipe):
    """The update rule, its schedules, and what is done to gradients before it and to weights after it.

    ``adamw`` shrinks the weights by learning rate × decay each step, apart from the gradient (decoupled; Loshchilov and
    Hutter 2019, arXiv:1711.05101), and so do ``lion``, which steps by the sign of its momentum (Chen et al. 2023,
    arXiv:2302.06675), and ``muon``, which orthogonalizes the ``momentum`` (usually 0.95) of hidden matrices (Jordan et
    al. 2024) and updates the other parameters as AdamW does, at one rate (Liu et al. 2025, arXiv:2502.16982). ``adam``
    and ``sgd`` add decay × weight to the gradient (L2). Lion steps by the sign even of a gradient that is zero but for
    rounding, as that of a key's bias is. ``weight_decay_on`` says which parameters decay. Where there is a choice,
    ``"all"`` are all parameters as one vector, and ``"matrices"`` each matrix by itself, embeddings and readout
    included, while biases, LayerNorm gains and the readout token are left alone.

    In their order, a step adds ``gradient_noise`` (independent normal numbers of this standard deviation) to the
    gradient, takes away what is parallel to the weights (``orthogonal``; Prieto et al. 2025, arXiv:2501.04697), filters
    it, bounds the norm of the whole of it (``clip``), updates, and scales weights back to the norm that they had at
    step ``hold_from`` (``hold_norm``).
    """

    name: Literal["adamw", "adam", "sgd", "lion", "muon"] = "adamw"
    learning_rate: Annotated[float, Field(gt=0)] = 3e-3
    weight_decay: Annotated[float, Field(ge=0)] = 1.0
    betas: tuple[Fading, Fading] = (0.9, 0.98)
    epsilon: Annotated[float, Field(gt=0)] = 1e-8
    momentum: Fading = 0.0
    weight_decay_on: Group = "all"
    clip: Annotated[Annotated[float, Field(gt=0)] | None, OrNone] = None
    orthogonal: Annotated[Group | None, OrNone] = None
    gradient_filter: Annotated[GradientFilter | None, OrNone] = None
    gradient_noise: Annotated[float, Field(ge=0)] = 0.0
    hold_norm: Annotated[Group | None, OrNone] = None
    hold_from: Annotated[int, Field(ge=0)] = 0
    learning_rate_schedule: Schedule = Schedule.warmup(10)
    weight_decay_schedule: Schedule = Schedule.constant()
    gradient_noise_schedule: Schedule = Schedule.constant()

    @model_validator(mode="after")
    def _heeds_every_number(self) -> Optimizer:
        if self.momentum and self.name not in ("sgd", "muon"):
            raise ValueError(f"momentum: got {self.momentum}; only sgd and muon take one, {self.name} has betas")
        if self.name == "muon" and not self.momentum:
            raise ValueError(f"momentum: got {self.momentum}; muon orthogonalizes one, usually 0.95")
        if not self.gradient_noise and self.gradient_noise_schedule != Schedule.constant():
            raise ValueError("gradient_noise_schedule: got one without gradient_noise; it is a factor of it")
        if self.hold_from and self.hold_norm is None:
            raise ValueError(f"hold_from: got {self.hold_from}; must be 0 unless there is a norm to hold")
        return self

    def decay_times(self, steps: NDArray[np.int64]) -> NDArray[np.float64]:
        """Learning rate × weight decay at each step: what it adds to Λ."""
        decay = self.weight_decay * self.weight_decay_schedule(steps)
        return np.asarray(self.learning_rate * self.learning_rate_schedule(steps) * decay)

    @property
    def structure(self) -> dict[str, Any]:
        """What makes an update another program, not the same one with other numbers."""
        kind = None if self.gradient_filter is None else self.gradient_filter.kind
        window = self.gradient_filter.window if isinstance(self.gradient_filter, MovingAverageFilter) else None
        return {
            "name": self.name, "weight_decay_on": self.weight_decay_on, "clip": self.clip is not None,
            "orthogonal": self.orthogonal, "filter": kind, "window": window, "noise": self.gradient_noise > 0,
            "hold_norm": self.hold_norm,
        }  # fmt: skip
